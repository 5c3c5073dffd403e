"""Two instances of the app behind a real nginx, with a real Redis: as one, twice as large."""

import http.client
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.support.missing import missing
from tests.support.polling import PATIENCE, wait_for
from tests.support.servers.local_http import local_server
from tests.support.servers.nginx import find_nginx, nginx
from tests.support.servers.service import ask, load

BEHIND = {"HOST": "127.0.0.1", "TRUSTED_PROXIES": "1"}  # as deploy/nginx.conf says
UNLIMITED = {**BEHIND, "RATELIMIT_ENABLED": "false"}


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


def test_killed_instance_behind_nginx_loses_only_begun_responses(
    service, tmp_path, seven, in_front
):
    """For all other requests nginx asks the other instance."""
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


def test_stopped_and_reloaded_instances_behind_nginx_lose_no_request(
    service, tmp_path, seven, in_front
):
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


def test_rate_limit_is_shared_by_redis_and_ignores_forged_forwarded_for(
    service, tmp_path, seven, in_front, redis
):
    shared = {**BEHIND, "REDIS_URL": redis.url, "RATELIMIT_PREDICT": "20 per day"}
    with service(tmp_path, **shared) as one, service(tmp_path, **shared) as other:
        with in_front(one, other) as port:
            answers = [
                ask(port, "POST", "/api/predict", seven, {"X-Forwarded-For": f"10.0.0.{n}"})
                for n in range(30)
            ]
            elsewhere = http.client.HTTPConnection(
                "127.0.0.1", port, timeout=PATIENCE, source_address=("127.0.0.2", 0)
            )
            assert ask(port, "POST", "/api/predict", seven, {}, elsewhere)[0] == 200
            elsewhere.close()
        assert [status for status, _, _ in answers] == [200] * 20 + [429] * 10
        assert int(answers[-1][1]["Retry-After"]) > 0
        for instance in (one, other):
            read = [line for line in instance.requests().values() if "digit" in line]
            assert 0 < len(read) < 21


@pytest.fixture
def numbers_service():
    """A numbers service that sends another fact each time."""

    def send(request):
        number = int(request.path.split("/")[1])
        text = f"It was asked {len(server.asked)} times."
        fact = {"text": text, "found": True, "number": number, "type": "trivia"}
        headers = {"Content-Type": "application/json", "Cache-Control": "no-cache"}
        request.respond(json.dumps(fact).encode(), headers=headers)

    with local_server(send) as server:
        yield server


def test_upstream_facts_are_shared_between_instances(service, tmp_path, numbers_service, redis):
    shared = {"REDIS_URL": redis.url, "NUMBERS_API_URL": numbers_service.url}
    shared["WEB_CONCURRENCY"] = "1"

    def upstream_text(instance):
        # There is no bundled fact about 729: trivia about it come from the service alone.
        fact = json.loads(instance.get("/api/facts/729?kind=trivia")[2])
        return fact["text"] if fact["source"] == "127.0.0.1" else None

    with service(tmp_path, **shared) as one, service(tmp_path, **shared) as other:
        texts = {
            wait_for(lambda i=instance: upstream_text(i), "its fact") for instance in (one, other)
        }
        assert texts == {"It was asked 1 times."}
        assert numbers_service.asked == ["/729/trivia?json"]
        sources = {line.get("fact_source") for line in other.requests().values()}
        assert "upstream" in sources


def test_nginx_forwards_request_ids_and_hides_metrics(service, tmp_path, seven, in_front):
    with service(tmp_path, **BEHIND) as one, in_front(one) as port:
        for sent, is_valid in (("from-a-router.1", True), ('"bad"', False)):
            _, headers, _ = ask(port, "POST", "/", seven, {"X-Request-ID": sent})
            assert (headers["X-Request-ID"] == sent) is is_valid
            assert headers["X-Request-ID"] in one.requests()
        for path in ("/metrics", "/readyz"):
            assert ask(port, "GET", path, None, {})[0] == 404
            assert one.get(path)[0] == 200
        assert not any("TRUSTED_PROXIES" in line["message"] for line in one.lines())


STALLED = 30  # uploads that fill nearly all of the 64 MB of a worker, none of them large
PART = bytes(2_100_000)


def test_refused_uploads_take_no_instance_out(service, tmp_path, seven, in_front):
    """Uploads get 503; nginx sends both instances small requests all the while."""
    head = b"POST /api/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n"
    large = b"\xff\xd8\xff" + os.urandom(13_900_000)
    statuses, over = [], threading.Event()

    def upload(port):
        while not over.is_set():
            with suppress(OSError):  # refused while it is still being sent
                headers = {"Content-Type": "image/jpeg"}
                statuses.append(ask(port, "POST", "/api/predict", large, headers)[0])

    patient = {**UNLIMITED, "WEB_CONCURRENCY": "1", "REQUEST_TIMEOUT": "600"}
    with (
        service(tmp_path, stalls=True, **patient) as one,
        service(tmp_path, stalls=True, **patient) as other,
        in_front(one, other) as port,
        ExitStack() as stalled,
    ):
        for instance in (one, other):
            for _ in range(STALLED):
                connection = stalled.enter_context(instance.connect())
                connection.sendall(head + PART)
        uploads = [threading.Thread(target=upload, args=(port,)) for _ in range(12)]
        for thread in uploads:
            thread.start()
        try:
            wait_for(lambda: statuses.count(503) > 10, "uploads are refused")
            seen = [len(instance.requests()) for instance in (one, other)]
            small = {ask(port, "POST", "/api/predict", seven, {})[0] for _ in range(40)}
        finally:
            over.set()
            for thread in uploads:
                thread.join()
        assert small == {200}
        assert set(statuses) <= {413, 503}
        for instance, before in zip((one, other), seen, strict=True):
            read = [line for line in list(instance.requests().values())[before:] if "digit" in line]
            assert len(read) >= 5


def test_nginx_passes_uploads_up_to_the_size_limit(service, tmp_path, in_front, seven):
    noise = os.urandom(9_000_000)
    with service(tmp_path, **BEHIND) as one, in_front(one) as port:
        for length, expected in ((9_000_000, 400), (30_000_000, 413)):
            body = b"\xff\xd8\xff" + (noise * 4)[: length - 3]
            headers = {"Content-Type": "image/jpeg"}
            try:
                assert ask(port, "POST", "/api/predict", body, headers)[0] == expected
            except OSError:
                assert expected == 413  # refused while it is still being sent
        assert json.loads(ask(port, "POST", "/api/predict", seven, {})[2])["digit"] == 7


def test_procfile_runs_under_honcho(service, tmp_path, seven):
    """honcho, in the place of a platform: it reads the Procfile, and gives it a port."""
    command = [sys.executable, "-m", "honcho", "--no-prefix", "start", "--port", "{port}", "web"]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with service(tmp_path, command=command, PATH=path, PORT=None) as one:
        assert json.loads(one.post("/api/predict", seven)[2])["digit"] == 7
    lines = [line for line in one.log.read_text().splitlines() if line.startswith("{")]
    messages = [json.loads(line)["message"] for line in lines]
    assert "request" in messages
    assert "Shutting down: Master" in messages
