"""Fixtures of the tests of the running app."""

import pytest

from tests.support.pictures import base64_jpeg, strokes_of


@pytest.fixture(scope="session")
def seven(drawings):
    """A picture of a seven as text: what is sent to /api/predict."""
    return base64_jpeg(strokes_of(drawings, 7))
