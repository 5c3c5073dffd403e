"""Parts the tests share.  What is missing skips a test; under REQUIRE_ALL, as in CI, it fails."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests
from browser import FLAGS, find_browser

ROOT = Path(__file__).resolve().parent.parent


def missing(what: str) -> None:
    """Skip this test because of what is not on this machine, or fail where all must be there."""
    if os.environ.get("REQUIRE_ALL"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def drawings():
    """The drawings made for this project: label (None: no digit), style, strokes in 0..1."""
    return json.loads((ROOT / "tests" / "drawings.json").read_text())["drawings"]


@pytest.fixture(scope="session")
def mnist_test():
    from nn import data

    if not all(data.find_file(file) for file in data.FILES if file.startswith("mnist/t10k")):
        missing("MNIST is not here: `python -m nn data` fetches it")
    return data.load("mnist", "test")


@pytest.fixture(scope="session")
def pen_test():
    """The drawings of the writers held out to the end, as strokes."""
    from nn import data

    if not data.find_file(f"pen/{data.PEN_FILE}.gz"):
        missing("the pen strokes are not here: `python -m nn data` fetches them")
    return data.pen_drawings("test")


@pytest.fixture(scope="session")
def app():
    from app import create_app
    from settings import Settings

    return create_app(Settings(numbers_api_url=""))


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture(scope="session")
def server_log(tmp_path_factory):
    """The file that the server's output goes to."""
    return tmp_path_factory.mktemp("server") / "log"


@pytest.fixture(scope="session")
def server(server_log):
    """The address of the app as the Procfile starts it, with real gunicorn."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = (ROOT / "Procfile").read_text().split("web:")[1].split()
    command[0] = str(Path(sys.executable).with_name(command[0]))
    environment = {**os.environ, "PORT": str(port), "NUMBERS_API_URL": ""}
    with server_log.open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        address = f"http://127.0.0.1:{port}"
        try:
            wait_until_up(address, process, server_log)
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def wait_until_up(address, process, log):
    deadline = time.monotonic() + 30
    while True:
        try:
            requests.get(f"{address}/healthz", timeout=5).raise_for_status()
            return
        except requests.RequestException:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the server did not come up:\n{log.read_text()}")
            threading.Event().wait(0.02)


@pytest.fixture(scope="session")
def chromium():
    """A real browser, started once for all tests."""
    path = find_browser()
    if path is None:
        missing("there is no Chromium here: apt install chromium")
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        except Error as error:  # without its libraries, for one
            missing(f"{path} does not start: {str(error).splitlines()[0]}")
        yield browser
        browser.close()
