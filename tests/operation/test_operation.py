"""The Procfile's process: its log, its numbers, how it starts, reloads, loses workers, and ends."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from nn.ink.strokes import draw
from nn.measure.robustness import encoded
from tests.support.missing import missing
from tests.support.pictures import base64_jpeg, strokes_of
from tests.support.polling import PATIENCE, wait_for
from tests.support.servers.service import ROOT, load, procfile_command
from tests.support.sockets import is_read, read_all
from web.operation import health
from web.operation.logs import REQUEST_ID

UNLIMITED = {"RATELIMIT_ENABLED": "false"}


@pytest.fixture(scope="module")
def running(service, tmp_path_factory):
    """One for all tests that do it no harm."""
    with service(tmp_path_factory.mktemp("running"), **UNLIMITED) as one:
        yield one


def numbers(one):
    """What /metrics says: (name, labels) -> value."""
    status, headers, body = one.get("/metrics")
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


# ------------------------------------------------------------------------------------- the log


def test_request_log_is_one_json_line_with_the_prediction(running, seven):
    _, headers, body = running.post("/api/predict", seven)
    line = running.requests()[headers["X-Request-ID"]]
    assert (line["method"], line["path"], line["status"]) == ("POST", "/api/predict", 200)
    assert (line["digit"], line["rejected"], line["fact_source"]) == (7, None, "bundled")
    assert line["doubtful"] is False
    assert line["bytes"] == len(body)
    assert line["duration_ms"] > 0
    assert line["level"] == "INFO"
    assert line["process"] in running.workers()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", line["time"])


def test_request_log_of_a_batch_lists_all_predictions(running, drawings):
    images = [base64_jpeg(strokes_of(drawings, digit)).decode() for digit in (7, 0, 1)]
    body = json.dumps({"images": images})
    _, headers, _ = running.post("/api/predict", body, **{"Content-Type": "application/json"})
    line = running.requests()[headers["X-Request-ID"]]
    assert line["digit"] == [7, 0, 1]
    assert line["doubtful"] == [False] * 3
    assert line["rejected"] == [None] * 3


def test_request_log_shows_rejections_and_errors(running):
    blank = base64.b64encode(encoded(draw([[(0, 0), (1, 1)]], 50, 0.1, (900, 900), 9), "PNG"))
    _, headers, _ = running.post("/api/predict", blank)
    line = running.requests()[headers["X-Request-ID"]]
    assert (line["digit"], line["rejected"]) == (None, "blank")
    _, headers, _ = running.post("/api/predict", b"!!!")
    line = running.requests()[headers["X-Request-ID"]]
    assert line["status"] == 400
    assert "digit" not in line


@pytest.mark.parametrize(
    "name", ["a", "0fe3c1a2-6f1b-4f0e-9f5e-3c1a26f1b4f0", "Root=1-67:x/y+z_.q"]
)
def test_valid_request_id_is_echoed_and_logged(running, name):
    _, headers, _ = running.get("/healthz", **{"X-Request-ID": name})
    assert headers["X-Request-ID"] == name
    assert running.requests()[name]["path"] == "/healthz"


@pytest.mark.parametrize(
    "name", ["", "x" * 129, '"}', "a b", "<script>", "ä".encode().decode("latin-1")]
)
def test_invalid_request_id_is_replaced(running, name):
    _, headers, _ = running.get("/healthz", **{"X-Request-ID": name})
    assert headers["X-Request-ID"] != name
    assert REQUEST_ID.fullmatch(headers["X-Request-ID"])
    assert headers["X-Request-ID"] in running.requests()


def test_drawings_queries_and_keys_are_not_logged(running, seven):
    secrets = "tok3n-in-the-query", "k3y-in-a-header-0123456789"
    running.post(f"/api/predict?token={secrets[0]}", seven, **{"X-API-Key": secrets[1]})
    running.post(f"/api/predict?model={secrets[0]}", seven)
    running.post("/", seven)
    running.post("/api/predict", seven[:1001])
    running.get("/" + "x" * 3000)
    log = running.log.read_text()
    for secret in (*secrets, seven[:40].decode(), seven[400:440].decode()):
        assert secret not in log
    assert max(map(len, log.splitlines())) < 1000


def test_messages_of_gunicorn_are_json(running):
    messages = [line for line in running.lines() if line["logger"] == "gunicorn.error"]
    assert any("Listening at" in line["message"] for line in messages)


def test_exception_is_logged_as_one_json_line_with_the_request_id():
    code = (
        "import logging.config\nfrom web.api import routes\nfrom web.operation import logs\n"
        "logging.config.dictConfig(logs.LOGGING)\n"
        "import app\nfrom settings import Settings\n"
        "routes.parse_body = lambda request: 1 / 0\n"
        "one = app.create_app(Settings(numbers_api_url='')).test_client()\n"
        "one.post('/api/predict', data='x', headers={'X-Request-ID': 'broken'})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["request_id"] for line in lines] == ["broken"] * 2
    assert "ZeroDivisionError" in lines[0]["exc_info"]
    assert lines[1]["status"] == 500


# --------------------------------------------------------------------------------- the numbers


def test_metrics_aggregate_all_workers(service, tmp_path, drawings, seven):
    with service(tmp_path, **UNLIMITED) as one:
        with load(one.port, seven) as clients:
            wait_for(lambda: busy_workers(one) == set(one.workers()), "both workers have work")
            clients.wait_for_more(60)
        one.post("/api/predict", base64.b64encode(encoded(blank_sheet(), "PNG")))
        one.post("/api/predict?model=none", seven)
        one.get("/api/facts/12")
        one.get("/no/such/page/1")
        one.get("/no/such/page/2")
        metrics = numbers(one)
    count = len(clients.answered)
    assert metrics["digits_predictions_total", "7", "best"] == count
    assert metrics["digits_rejections_total", "best", "blank"] == 1
    assert metrics["digits_request_seconds_count", "/api/predict", "POST"] == count + 2
    assert metrics["digits_request_seconds_bucket", "+Inf", "/api/predict", "POST"] == count + 2
    assert metrics["digits_request_seconds_sum", "/api/predict", "POST"] > 0
    assert metrics["digits_errors_total", "/api/predict", "422"] == 1
    assert metrics["digits_errors_total", "404", "none"] == 2
    sources = [value for key, value in metrics.items() if key[0] == "digits_facts_total"]
    assert sum(sources) == count + 1


def busy_workers(one):
    """The process ids of the workers that have answered a prediction."""
    return {line["process"] for line in one.requests().values() if "digit" in line}


def blank_sheet():
    return draw([[(0, 0), (1, 1)]], 50, 0.1, (900, 900), 9)


def test_metrics_have_bounded_cardinality(running, seven):
    running.get("/")
    before = numbers(running).keys()
    for place in range(30):
        running.get(f"/nothing/{place}")
        running.get(f"/api/facts/{10**6 + place}")
        running.post(f"/api/predict?model=m{place}", seven)
        running.get("/healthz", Host=f"host{place}")
    first = numbers(running).keys()
    assert len(first) < len(before) + 4 * 16
    for place in range(30):
        running.get(f"/nothing/more/{place}")
        running.get(f"/api/facts/{10**7 + place}")
    assert numbers(running).keys() == first


def test_counters_survive_worker_deaths_and_files_do_not_pile_up(service, tmp_path, seven):
    with service(tmp_path, **UNLIMITED) as one:
        folder = metrics_folder(one)
        with load(one.port, seven) as clients:
            for _ in range(2):
                clients.wait_for_more()
                replaced(one, lambda: os.kill(one.workers()[0], signal.SIGKILL), 1)
                clients.wait_for_more()
                replaced(one, lambda: one.process.send_signal(signal.SIGHUP), 2)
        counted = numbers(one)["digits_predictions_total", "7", "best"]
        # a worker that is killed may have counted what it had no time to send
        assert len(clients.answered) <= counted <= len(clients.answered) + len(clients.lost)
        assert len(list(folder.iterdir())) <= 2 * (2 + 2) + 2
    assert not folder.exists()


def metrics_folder(one):
    prefix = f"digits-metrics-{one.process.pid}-"
    places = (Path("/dev/shm"), Path("/tmp"), Path(os.environ.get("TMPDIR", "/tmp")))
    return next(path for place in places if place.is_dir() for path in place.glob(f"{prefix}*"))


def replaced(one, act, count):
    """Do something that `count` workers are replaced after, and wait for the new ones."""
    before = set(one.workers())
    act()
    wait_for(
        lambda: len(set(one.workers()) - before) >= count and len(one.workers()) == 2,
        "new workers",
    )


# ---------------------------------------------------------------------------- whether it can serve


def test_healthz_and_readyz_return_200(running):
    for path, word in (("/healthz", "ok"), ("/readyz", "ready")):
        status, _, body = running.get(path)
        assert status == 200
        assert json.loads(body) == {"status": word}


def test_readyz_needs_no_other_service_and_no_key(service, tmp_path):
    nowhere = {"REDIS_URL": "redis://127.0.0.1:1/0", "NUMBERS_API_URL": "http://127.0.0.1:1"}
    with service(tmp_path, API_KEYS="k3y-0123456789abcdef", **nowhere) as one:
        for path in ("/healthz", "/readyz", "/metrics"):
            assert one.get(path)[0] == 200


def test_readyz_returns_503_if_the_self_test_fails(client, app, monkeypatch, tmp_path):
    """With a row of digits that stand in other places."""
    from PIL import Image, ImageOps

    from app import create_app
    from settings import Settings

    row = Image.open(health.ROW)
    ImageOps.mirror(row).save(tmp_path / "mirrored.jpg")
    (tmp_path / "cut.jpg").write_bytes(health.ROW.read_bytes()[:2000])
    for name in ("mirrored.jpg", "cut.jpg", "missing.jpg"):
        monkeypatch.setattr(health, "ROW", tmp_path / name)
        answer = create_app(Settings(numbers_api_url="")).test_client().get("/readyz")
        assert answer.status_code == 503
        assert answer.mimetype == "application/problem+json"
    monkeypatch.undo()
    assert client.get("/readyz").status_code == 200


# -------------------------------------------------------------------- where it runs, and as whom


@pytest.fixture
def read_only_release(tmp_path):
    """A copy of what is deployed, which nobody may write to."""
    folder = tmp_path / "release"
    folder.mkdir()
    for path in ROOT.iterdir():
        if path.suffix == ".py" or path.name == "Procfile":
            shutil.copy(path, folder)
        elif path.name in ("docs", "facts", "nn", "static", "templates", "web", "weights"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(path, folder / path.name, ignore=ignored)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    for parent in tmp_path.parents:  # pytest's own folders are for one user
        if os.geteuid() == 0 and parent.is_relative_to("/tmp") and parent != Path("/tmp"):
            parent.chmod(0o755)
    tmp_path.chmod(0o755)
    yield folder
    for path in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        path.chmod(0o755)


def unprivileged():
    """What to put before a command so that root's rights are gone, where there are any.

    The user nobody where that one can read this Python, else root without its capabilities.
    """
    if os.geteuid() != 0:
        return []
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    powerless = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"]
    for prefix in (nobody, powerless):
        if (
            subprocess.run(
                [*prefix, sys.executable, "-c", "import flask"], capture_output=True
            ).returncode
            == 0
        ):
            return prefix
    missing("root's rights cannot be given up here: setpriv of util-linux does it")


def test_service_runs_read_only_and_unprivileged(service, tmp_path, read_only_release, seven):
    prefix = unprivileged()
    write = subprocess.run([*prefix, "touch", read_only_release / "x"], capture_output=True)
    assert write.returncode != 0
    home = {"HOME": "/nonexistent", **UNLIMITED}
    with service(tmp_path, release=read_only_release, prefix=prefix, **home) as one:
        assert json.loads(one.post("/api/predict", seven)[2])["digit"] == 7
        assert one.get("/")[0] == 200
        assert numbers(one)["digits_predictions_total", "7", "best"] == 1
        assert {line["level"] for line in one.lines()} == {"INFO"}
    assert one.process.returncode == 0


def threads_of(pid):
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def test_worker_has_one_blas_thread_by_default(service, tmp_path, seven, monkeypatch):
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "GOTO_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)  # this process has imported the app, which sets it
    assert (
        threads_after_work(service, tmp_path, seven) == 2
    )  # the event loop, and the one that answers
    if os.cpu_count() > 1:  # the check can tell
        assert threads_after_work(service, tmp_path, seven, OPENBLAS_NUM_THREADS="2") == 3


def threads_after_work(service, folder, body, **environment):
    """How many threads a worker has that has read a drawing, if one thread answers."""
    with service(folder, "--threads", "1", **environment, **UNLIMITED) as one:
        one.post("/api/predict", body)
        worker = next(line["process"] for line in one.requests().values() if "digit" in line)
        return threads_of(worker)


def test_port_and_workers_come_from_the_environment(service, tmp_path):
    with service(tmp_path, WEB_CONCURRENCY="3") as one:
        wait_for(lambda: len(one.workers()) == 3, "three workers")


# ----------------------------------------------------------- reloads, dead workers, the end of it


@pytest.mark.parametrize("keep_alive", [False, True])
def test_sighup_under_load_loses_no_request(service, tmp_path, seven, keep_alive):
    with service(tmp_path, **UNLIMITED) as one:
        with load(one.port, seven, keep_alive=keep_alive) as clients:
            for _ in range(2):
                replaced(one, lambda: one.process.send_signal(signal.SIGHUP), 2)
                clients.wait_for_more()
        assert clients.lost == {}
        assert set(clients.answered.values()) == {200}


def test_killed_worker_loses_only_its_own_requests(service, tmp_path, seven):
    with service(tmp_path, **UNLIMITED) as one:
        with load(one.port, seven, clients=8) as clients:
            victim = one.workers()[0]
            replaced(one, lambda: os.kill(victim, signal.SIGKILL), 1)
            clients.wait_for_more(100)
        assert set(clients.answered.values()) == {200}
        # each client had one request under way, and went on with the next
        who = [client for client, _ in clients.lost.values()]
        assert len(who) == len(set(who))
        logged = one.requests()
        assert {logged[name]["process"] for name in clients.lost if name in logged} <= {victim}
        assert any("SIGKILL" in line["message"] for line in one.lines())


def unanswered(one, body, fraction=0.5):
    """A connection on which some of a request has been sent, and the rest of it."""
    head = f"POST /api/predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    whole = head + body
    cut = len(head) + int(fraction * len(body))
    connection = one.connect()
    connection.sendall(whole[:cut])
    return connection, whole[cut:]


def refuses(one):
    try:
        one.connect().close()
    except ConnectionRefusedError:
        return True
    return False


def test_sigterm_completes_pending_requests_and_refuses_new_ones(service, tmp_path, seven):
    with service(tmp_path, **UNLIMITED) as one:
        connection, rest = unanswered(one, seven)
        wait_for(lambda: is_read(connection), "a worker has the upload")
        one.process.send_signal(signal.SIGTERM)
        wait_for(lambda: refuses(one), "new connections are refused")
        assert one.process.poll() is None
        connection.sendall(rest)
        answer = read_all(connection)
        connection.close()
        assert one.process.wait(PATIENCE) == 0
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"digit":7' in answer


def test_sigterm_gives_up_stalled_uploads_after_the_graceful_timeout(service, tmp_path, seven):
    # a shorter time-out than the one that is served with, for the same thing
    with service(tmp_path, "--graceful-timeout", "1", stalls=True, **UNLIMITED) as one:
        connection, _ = unanswered(one, seven)
        wait_for(lambda: is_read(connection), "a worker has the upload")
        one.process.send_signal(signal.SIGTERM)
        assert one.process.wait(PATIENCE) == 0
        connection.close()


def test_graceful_timeout_is_at_most_20_seconds():
    command = [*procfile_command(), "--print-config"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert int(re.search(r"^graceful_timeout\s*= (\d+)$", done.stdout, re.M)[1]) <= 20
