"""Two actions timed alternately, so that a busy moment of the machine affects both."""

import statistics
import time
from collections.abc import Callable
from typing import Any


def alternate(
    first: Callable[[], Any], second: Callable[[], Any], rounds: int
) -> tuple[float, float]:
    """Median seconds of each, after one run of each to warm up."""
    first()
    second()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for action, seconds in ((first, times[0]), (second, times[1])):
            started = time.perf_counter()
            action()
            seconds.append(time.perf_counter() - started)
    return statistics.median(times[0]), statistics.median(times[1])


def repeat(count: int, action: Callable[[], Any]) -> None:
    for _ in range(count):
        action()
