"""Fixtures of the tests of pages: the front page, in two windows; a server with API keys."""

import pytest

from tests.support.page import DESKTOP, KEY, PHONE, opened


@pytest.fixture
def desktop(chromium, server):
    with opened(chromium, server, **DESKTOP) as page:
        yield page


@pytest.fixture
def phone(chromium, server):
    with opened(chromium, server, **PHONE) as page:
        yield page


@pytest.fixture(scope="session")
def guarded_service(service, tmp_path_factory):
    """An app that requires an API key, or the session token of a page."""
    with service(tmp_path_factory.mktemp("guarded"), API_KEYS=KEY) as running:
        yield running
