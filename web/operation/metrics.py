"""Numbers for Prometheus, of all worker processes together.

Each worker keeps its own in a file of the folder PROMETHEUS_MULTIPROC_DIR, which gunicorn.conf.py
makes, and whichever worker is asked adds them up.  Files belong to places of workers and not to
processes: the next worker at a place counts on, so that no count falls when a worker dies, and
there are never more files than places.  Without that variable the numbers are this process's own.
"""

import os
from collections.abc import Iterable
from typing import Any

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector

SHARED = "PROMETHEUS_MULTIPROC_DIR" in os.environ
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH")  # what else is one label
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_place = 0  # of this process among the workers; 0 is the one that starts them

if SHARED:
    values.ValueClass = values.MultiProcessValue(lambda: _place)  # type: ignore[no-untyped-call]

LATENCY = Histogram(
    "digits_request_seconds",
    "Time to answer a request, from when all of it has arrived; its count is that of the requests.",
    ["route", "method"],
    buckets=SECONDS,
)
ERRORS = Counter("digits_errors", "Answers with a status of 400 or more.", ["route", "status"])
ANSWERS = Counter("digits_answers", "Drawings that were read, by the digit.", ["digit", "model"])
REJECTIONS = Counter("digits_rejections", "Drawings that show no digit.", ["reason", "model"])
FACTS = Counter("digits_facts", "Facts that were told, by where they come from.", ["source"])


def take_place(place: int) -> None:
    """To be called in a new worker: which of the places, counted from 1, it has."""
    global _place
    _place = place


def count(route: str, method: str, status: int, seconds: float) -> None:
    """A request.  The route is a rule, such as /api/facts/<number>: there are only so many."""
    LATENCY.labels(route, method if method in METHODS else "other").observe(seconds)
    if status >= 400:
        ERRORS.labels(route, str(status)).inc()


def count_answers(answers: Iterable[dict[str, Any]], origins: Iterable[str]) -> None:
    """What drawings were read as, and where the facts told with them came from."""
    for answer in answers:
        if answer["rejected"]:
            REJECTIONS.labels(answer["rejected"], answer["model"]).inc()
        else:
            ANSWERS.labels(str(answer["digit"]), answer["model"]).inc()
    for origin in origins:
        FACTS.labels(origin).inc()


def exposition() -> bytes:
    """All numbers as text, as Prometheus reads it (exposition format 0.0.4)."""
    if not SHARED:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
