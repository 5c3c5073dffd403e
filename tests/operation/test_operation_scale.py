"""Two instances of the app behind a real nginx, with a real Redis: as one, twice as large."""

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from nn.ink.strokes import draw
from nn.measure.robustness import encoded
from tests.support.missing import missing
from tests.support.nginx import find_nginx, nginx
from tests.support.service import PATIENCE, ROOT, Service, ask, free_port, load, service, wait_for

UNLIMITED = {"RATELIMIT_ENABLED": "false"}


@pytest.fixture(scope="module")
def seven(drawings):
    strokes = next(drawing["strokes"] for drawing in drawings if drawing["label"] == 7)
    image = draw(strokes, 280, 18, (140, 140), 170)
    return base64.b64encode(encoded(image.convert("RGB"), "JPEG", quality=90))


@pytest.fixture
def in_front():
    """Starts an nginx in front of such services, as deploy/nginx.conf says; gives its port."""
    program = find_nginx()
    if program is None:
        missing("there is no nginx here: apt install nginx-light")
    # not below pytest's folders, into which nginx's own user may not look
    folder = Path(tempfile.mkdtemp(prefix="digits-nginx-"))
    folder.chmod(0o755)
    yield lambda *services: nginx(program, folder / "run", [one.port for one in services])
    shutil.rmtree(folder)


def kill(one):
    """All of an instance at once, as when its machine is gone."""
    for pid in (one.process.pid, *one.workers()):
        os.kill(pid, signal.SIGKILL)
    one.process.wait(PATIENCE)


def test_an_instance_killed_under_load_loses_at_most_what_it_held(tmp_path, seven, in_front):
    """And of that only answers that had begun to arrive: for all else nginx asks the other one."""
    with service(tmp_path, **UNLIMITED) as one, service(tmp_path, **UNLIMITED) as other:
        with in_front(one, other) as port, load(port, seven, clients=8) as clients:
            for instance in (one, other):
                wait_for(lambda i=instance: len(i.requests()) > 20, "both have work")
            kill(one)
            clients.wait_for_more(200)
        assert set(clients.answered.values()) == {200}
        assert all("IncompleteRead" in what for _, what in clients.lost.values())
        assert set(clients.lost).isdisjoint(other.requests())
        assert len(clients.lost) <= 8
        assert set(clients.answered) <= {*one.requests(), *other.requests()}


def test_an_instance_that_is_stopped_or_restarted_loses_nothing(tmp_path, seven, in_front):
    with service(tmp_path, **UNLIMITED) as one, service(tmp_path, **UNLIMITED) as other:
        with in_front(one, other) as port, load(port, seven, keep_alive=True) as clients:
            other.process.send_signal(signal.SIGHUP)
            clients.wait_for_more()
            one.process.send_signal(signal.SIGTERM)
            clients.wait_for_more()
            assert one.process.wait(PATIENCE) == 0
            clients.wait_for_more()
        assert clients.lost == {}
        assert set(clients.answered.values()) == {200}


def test_limits_are_shared_and_a_client_cannot_name_itself_otherwise(
    tmp_path, seven, in_front, redis
):
    shared = {"REDIS_URL": redis.url, "RATELIMIT_PREDICT": "20 per day"}
    with service(tmp_path, **shared) as one, service(tmp_path, **shared) as other:
        with in_front(one, other) as port:
            answers = [
                ask(port, "POST", "/api/predict", seven, {"X-Forwarded-For": f"10.0.0.{n}"})
                for n in range(30)
            ]
        assert [status for status, _, _ in answers] == [200] * 20 + [429] * 10
        assert int(answers[-1][1]["Retry-After"]) > 0
        for instance in (one, other):
            read = [line for line in instance.requests().values() if "digit" in line]
            assert 0 < len(read) < 20


@pytest.fixture
def numbers_service():
    """A numbers service that tells another fact each time; its URL, and what it was asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            number = int(self.path.split("/")[1])
            told = {"text": f"It was asked {len(asked)} times.", "found": True, "number": number}
            body = json.dumps({**told, "type": "trivia"}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Cache-Control", "no-cache")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def test_what_a_numbers_service_told_one_instance_all_know(tmp_path, numbers_service, redis):
    url, asked = numbers_service
    shared = {"REDIS_URL": redis.url, "NUMBERS_API_URL": url, "WEB_CONCURRENCY": "1"}

    def told(instance):
        fact = json.loads(instance.get("/api/facts/7?kind=trivia")[2])
        return fact["text"] if fact["source"] == "127.0.0.1" else None

    with service(tmp_path, **shared) as one, service(tmp_path, **shared) as other:
        texts = {wait_for(lambda i=instance: told(i), "its fact") for instance in (one, other)}
        assert texts == {"It was asked 1 times."}
        assert asked == ["/7/trivia?json"]
        sources = {line.get("fact_source") for line in other.requests().values()}
        assert "upstream" in sources


def test_the_id_of_a_request_is_the_same_in_both_logs_and_numbers_stay_inside(
    tmp_path, seven, in_front
):
    with service(tmp_path) as one, in_front(one) as port:
        for sent, kept in (("from-a-router.1", True), ('"bad"', False)):
            _, headers, _ = ask(port, "POST", "/", seven, {"X-Request-ID": sent})
            assert (headers["X-Request-ID"] == sent) is kept
            assert headers["X-Request-ID"] in one.requests()
        status, headers, _ = ask(port, "GET", "/metrics", None, {})
        assert status == 200  # from this machine


def test_large_pictures_come_through(tmp_path, in_front, seven):
    noise = os.urandom(9_000_000)
    with service(tmp_path) as one, in_front(one) as port:
        for length, expected in ((9_000_000, 400), (30_000_000, 413)):
            body = b"\xff\xd8\xff" + (noise * 4)[: length - 3]
            headers = {"Content-Type": "image/jpeg"}
            try:
                assert ask(port, "POST", "/api/predict", body, headers)[0] == expected
            except OSError:
                assert expected == 413  # refused while it is still being sent
        assert json.loads(ask(port, "POST", "/api/predict", seven, {})[2])["digit"] == 7


def test_a_runner_of_procfiles_starts_and_ends_it(tmp_path, seven):
    """honcho, in the place of a platform: it reads the Procfile, and gives it a port."""
    port, log = free_port(), tmp_path / "log"
    bin_folder = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "NUMBERS_API_URL": "",
    }
    environment.pop("PORT", None)
    command = [sys.executable, "-m", "honcho", "--no-prefix", "start", "--port", str(port), "web"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
    one = Service(process, port, log)
    try:
        wait_for(one.answers, "it answers on the port of the platform")
        assert json.loads(one.post("/api/predict", seven)[2])["digit"] == 7
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
    lines = [line for line in log.read_text().splitlines() if line.startswith("{")]
    messages = [json.loads(line)["message"] for line in lines]
    assert "request" in messages
    assert "Shutting down: Master" in messages
