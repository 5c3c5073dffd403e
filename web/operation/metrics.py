"""Metrics for Prometheus, of all worker processes together.

Each worker counts in files of its own in PROMETHEUS_MULTIPROC_DIR, a folder that gunicorn.conf.py
makes, and whichever worker is asked adds them up.  Without that variable the numbers are those of
this process alone.

A file belongs to the slot of a worker, not to its process: the next worker in a slot counts on
where the last one stopped.  prometheus_client's own way is a file for each process id, with
`mark_process_dead` called from gunicorn's `child_exit`; but that removes live gauges only, of which
there are none here.  Counters survive a worker either way.  By process id, the files of the dead
stay until the server is restarted: measured with 1000 replaced workers, 2000 files, and 540 ms for
a scrape instead of 2.  With slots there are as many files as workers, however often one dies.
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

_slot = 0  # of this process among the workers; 0 is the one that starts them

if SHARED:
    # MultiProcessValue takes another identifier than the process id, but only by being put here.
    values.ValueClass = values.MultiProcessValue(lambda: _slot)  # type: ignore[no-untyped-call]

LATENCY = Histogram(
    "digits_request_seconds",
    "Time to handle a request, from when all of it has arrived; its count is that of the requests.",
    ["route", "method"],
    buckets=SECONDS,
)
ERRORS = Counter("digits_errors", "Responses with a status of 400 or more.", ["route", "status"])
PREDICTIONS = Counter("digits_predictions", "Drawings read as a digit.", ["digit", "model"])
REJECTIONS = Counter("digits_rejections", "Drawings rejected: no digit.", ["reason", "model"])
FACTS = Counter("digits_facts", "Facts given, by source.", ["source"])


def use_slot(slot: int) -> None:
    """Set the slot of this worker, counted from 1, before it counts anything."""
    global _slot
    _slot = slot


def count_request(route: str, method: str, status: int, seconds: float) -> None:
    """Count a request; its route is a rule such as /api/facts/<number>, of which there are few."""
    LATENCY.labels(route, method if method in METHODS else "other").observe(seconds)
    if status >= 400:
        ERRORS.labels(route, str(status)).inc()


def count_predictions(predictions: Iterable[dict[str, Any]]) -> None:
    """What drawings were read as, or why they were rejected."""
    for prediction in predictions:
        if prediction["rejected"]:
            REJECTIONS.labels(prediction["rejected"], prediction["model"]).inc()
        else:
            PREDICTIONS.labels(str(prediction["digit"]), prediction["model"]).inc()


def count_facts(sources: Iterable[str]) -> None:
    for source in sources:
        FACTS.labels(source).inc()


def exposition() -> bytes:
    """All metrics as text, in Prometheus's exposition format 0.0.4."""
    if not SHARED:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
