"""Two things timed by turns, so that a busy moment of the machine falls on both."""

import statistics
import time
from collections.abc import Callable
from typing import Any


def alternate(ours: Callable[[], Any], peer: Callable[[], Any], turns: int) -> tuple[float, float]:
    """Median seconds of each, turn by turn."""
    ours()
    peer()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(turns):
        for action, kept in ((ours, times[0]), (peer, times[1])):
            started = time.perf_counter()
            action()
            kept.append(time.perf_counter() - started)
    return statistics.median(times[0]), statistics.median(times[1])
