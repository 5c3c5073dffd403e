"""Fixtures of the tests of pages: the front page, in two windows."""

import pytest

from tests.support.page import DESKTOP, PHONE, opened


@pytest.fixture
def desktop(chromium, server):
    with opened(chromium, server, **DESKTOP) as page:
        yield page


@pytest.fixture
def phone(chromium, server):
    with opened(chromium, server, **PHONE) as page:
        yield page
