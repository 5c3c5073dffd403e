"""Fixtures of all tests, and their markers, by which `make test-fast` leaves the slow ones out.

What is missing on a machine skips a test; under REQUIRE_ALL, as in CI, it fails.
"""

import json
import os
from pathlib import Path

# As app.py does, before NumPy is imported: threads of BLAS that wait for each other on a machine
# with other work make a prediction take ten times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest

pytest.register_assert_rewrite("tests.support")

from tests.support.browser import FLAGS, find_browser
from tests.support.budgets import cost_meter
from tests.support.missing import missing
from tests.support.servers.postgres import find_postgres, running_postgres
from tests.support.servers.redis_server import find_redis, redis_server
from tests.support.servers.service import run_service

ROOT = Path(__file__).resolve().parent.parent
# A test has a marker if it requests one of these fixtures, itself or by another fixture.
FIXTURES_OF_MARKERS = {
    "server": {"service"},
    "browser": {"chromium"},
    "database": {"postgres", "redis"},
    "data": {"mnist_test", "pen_test", "alphabets_here", "nondigits_here", "fonts_here"},
    "training": {"small_mnist", "image_folder", "few_seams"},
}
# All tests of these modules have that marker.
MARKED_MODULES = {"tests/cli/test_tune.py": "training", "tests/nn/test_training.py": "training"}


def pytest_collection_modifyitems(items):
    for item in items:
        for marker, fixtures in FIXTURES_OF_MARKERS.items():
            if not fixtures.isdisjoint(item.fixturenames):
                item.add_marker(marker)
        if marker := MARKED_MODULES.get(item.path.relative_to(ROOT).as_posix()):
            item.add_marker(marker)


@pytest.fixture(autouse=True)
def _training_is_marked(request, monkeypatch):
    """A test that trains a network without being marked as one that does so fails."""
    if not request.node.get_closest_marker("training"):
        monkeypatch.setattr("nn.training.train_epoch", train_nothing)


def train_nothing(*_):
    pytest.fail("this test trains a network: see FIXTURES_OF_MARKERS in tests/conftest.py")


@pytest.fixture(scope="session")
def drawings():
    """The drawings made for this project: label (None: no digit), style, strokes in 0..1."""
    return json.loads((ROOT / "tests" / "support" / "drawings.json").read_text())["drawings"]


@pytest.fixture(scope="session")
def own_digits(drawings):
    """Our own drawings of digits."""
    return [drawing for drawing in drawings if drawing["label"] is not None]


@pytest.fixture(scope="session")
def mnist_test():
    from nn.data import sets

    if not all(sets.find_file(file) for file in sets.FILES if file.startswith("mnist/t10k")):
        missing("MNIST is not here: `python -m nn data` fetches it")
    return sets.load("mnist", "test")


@pytest.fixture
def no_data(tmp_path, monkeypatch):
    """No data set is here, and no mirror can be reached."""
    from nn.data import alphabets, fonts, mnist, pen, pictures

    monkeypatch.setenv("DIGITS_DATA", str(tmp_path / "given"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(mnist, "MNIST_MIRRORS", ())
    monkeypatch.setattr(pen, "PEN_ARCHIVES", ())
    monkeypatch.setattr(alphabets, "CHARACTERS_ARCHIVES", ())
    monkeypatch.setattr(pictures, "PICTURES_MIRRORS", ())
    monkeypatch.setattr(fonts, "FONT_MIRRORS", ())


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
def alphabets_here():
    """Nothing; the characters of other alphabets are here."""
    from nn.data import sets

    if not sets.find_file("nondigits/omniglot.json.gz"):
        missing("the alphabets are not here: `python -m nn data` fetches them")


@pytest.fixture(scope="session")
def fonts_here():
    """Nothing; the handwriting fonts are here."""
    from nn.data import sets

    if not all(sets.find_file(file) for file in sets.FILES if file.startswith("fonts/")):
        missing("the fonts are not here: `python -m nn data` fetches them")


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
def cost():
    """Measures a request: `cost("/api/predict", body, headers={...}).assert_within_budget()`."""
    with cost_meter() as measure:
        yield measure


@pytest.fixture(scope="session")
def service():
    """Starts the app as the Procfile does: `with service(folder, PORT="8000") as running: ...`."""
    return run_service


@pytest.fixture(scope="session")
def shared_service(service, tmp_path_factory):
    """One app with the default settings for all tests that do it no harm."""
    with service(tmp_path_factory.mktemp("server"), stalls=True) as running:
        yield running


@pytest.fixture(scope="session")
def server(shared_service):
    """Its address."""
    return shared_service.url


@pytest.fixture(scope="session")
def server_log(shared_service):
    """The file that its output goes to."""
    return shared_service.log


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
