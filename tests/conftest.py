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

import numpy as np
import pytest
import requests

from tests.support.browser import FLAGS, find_browser
from tests.support.missing import missing
from tests.support.postgres import find_postgres, running_postgres
from tests.support.redis_server import find_redis, redis_server

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def drawings():
    """The drawings made for this project: label (None: no digit), style, strokes in 0..1."""
    return json.loads((ROOT / "tests" / "support" / "drawings.json").read_text())["drawings"]


# A two with corners is refused: it resembles a Korean letter that best has learnt is no digit.
REFUSED = (2, "square")


@pytest.fixture(scope="session")
def own_digits(drawings):
    """Our own drawings of digits, but for the one that is refused."""
    return [
        drawing
        for drawing in drawings
        if drawing["label"] is not None and (drawing["label"], drawing["style"]) != REFUSED
    ]


@pytest.fixture(scope="session")
def mnist_test():
    from nn.data import sets

    if not all(sets.find_file(file) for file in sets.FILES if file.startswith("mnist/t10k")):
        missing("MNIST is not here: `python -m nn data` fetches it")
    return sets.load("mnist", "test")


@pytest.fixture
def no_data(tmp_path, monkeypatch):
    """No data set is here, and no mirror can be reached."""
    from nn.data import alphabets, mnist, pen

    monkeypatch.setenv("DIGITS_DATA", str(tmp_path / "given"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(mnist, "MNIST_MIRRORS", ())
    monkeypatch.setattr(pen, "PEN_ARCHIVES", ())
    monkeypatch.setattr(alphabets, "CHARACTERS_ARCHIVES", ())
    monkeypatch.setattr(alphabets, "PICTURES_MIRRORS", ())


@pytest.fixture
def small_mnist(tmp_path, no_data):
    """A table of 600 images as the only MNIST there is; no mirror can be reached."""
    rng = np.random.default_rng(1)
    labels = np.arange(600) % 10
    images = rng.integers(0, 80, (600, 28, 28))
    for image, label in zip(images, labels, strict=True):
        image[4 + 2 * label : 6 + 2 * label, 4:24] = 255
    table = np.column_stack([labels, images.reshape(600, -1)])
    (tmp_path / "given" / "mnist").mkdir(parents=True)
    for name in ("mnist_train.csv", "mnist_test.csv"):
        np.savetxt(tmp_path / "given" / "mnist" / name, table, "%d", delimiter=",")
    return tmp_path


@pytest.fixture(scope="session")
def pen_test():
    """The drawings of the writers held out to the end, as strokes."""
    from nn.data import pen, sets

    if not sets.find_file(f"pen/{pen.PEN_FILE}.gz"):
        missing("the pen strokes are not here: `python -m nn data` fetches them")
    return pen.pen_drawings("test")


@pytest.fixture(scope="session")
def nondigits_here():
    """Nothing; the drawings that are no digits can be made, which takes the data sets."""
    from nn.data import sets

    if not all(sets.find_file(file) for file in sets.FILES):
        missing("some data sets are not here: `python -m nn data` fetches them")


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


@pytest.fixture(scope="session")
def postgres():
    """The URL of an empty database on a real server, started once for all tests."""
    binaries = find_postgres()
    if binaries is None:
        missing("there is no PostgreSQL here: apt install postgresql")
    with running_postgres(binaries) as url:
        yield url


@pytest.fixture
def redis():
    """A real, empty Redis, to be killed and restarted at will."""
    if find_redis() is None:
        missing("there is no Redis here: apt install redis-tools")
    with redis_server() as server:
        yield server
