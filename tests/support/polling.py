"""Waiting for a state, the one place where tests look again and again until something holds."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 120.0  # seconds until a test gives up; no passing test waits that long for anything
LOOKS_EVERY = 0.02  # seconds


def wait_for(
    condition: Callable[[], T],
    what: str,
    process: subprocess.Popen | None = None,
    log: Path | None = None,
) -> T:
    """What `condition()` returns, as soon as that is true.

    Raises:
        AssertionError: `PATIENCE` is over, or the process that should make it true has ended.
            The message names `what` and quotes the log.
    """
    ended = False
    deadline = time.monotonic() + PATIENCE
    while not ended and time.monotonic() < deadline:
        ended = process is not None and process.poll() is not None
        if found := condition():
            return found
        time.sleep(LOOKS_EVERY)
    text = log.read_text() if log and log.exists() else ""
    raise AssertionError(
        f"{'the process ended before' if ended else 'no sign that'} {what}:\n{text}"
    )
