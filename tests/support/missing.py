"""What is not on this machine: it skips a test, or fails it where all must be there."""

import os

import pytest


def missing(what: str) -> None:
    """Skip this test because of what is not on this machine, or fail where all must be there."""
    if os.environ.get("REQUIRE_ALL"):
        pytest.fail(what)
    pytest.skip(what)
