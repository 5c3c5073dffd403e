"""Metrics for Prometheus, of all worker processes together.

Each worker counts in files of its own in PROMETHEUS_MULTIPROC_DIR, a folder that gunicorn.conf.py
makes, and whichever worker is asked adds them up.  A worker that cannot have its files keeps its
numbers to itself, and so does a process that gunicorn has not started.

The files are mapped into memory.  Where their bytes are not there, because /dev/shm is full, the
first write to them ends the process with SIGBUS.  So all bytes of a file are allocated before it is
used, and no file grows: `MAX_LABELS` bounds what is written to it.

A file belongs to the slot of a worker, not to its process: the next worker in a slot counts on
where the last one stopped.  prometheus_client's own way is a file for each process id, with
`mark_process_dead` called from gunicorn's `child_exit`; but that removes live gauges only, of which
there are none here.  Counters survive a worker either way.  By process id, the files of the dead
stay until the server is restarted: measured with 1000 replaced workers, 2000 files, and 540 ms for
a scrape instead of 2.  With slots there are as many files as workers, however often one dies.
"""

import logging
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH")  # what else is one label
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# Of the two files of a worker, each with all metrics of one kind; prometheus_client names them so.
FILE_BYTES = {"histogram": 384 << 10, "counter": 128 << 10}

# What makes values for metrics, from when they have labels: shared ones from `use_slot` on.
values.ValueClass = values.MutexValue
_is_shared = False

log = logging.getLogger(__name__)

LATENCY = Histogram(
    "digits_request_seconds",
    "Seconds to handle a request, from when all of it has arrived.",
    ["route", "method"],
    buckets=SECONDS,
)
ERRORS = Counter("digits_errors", "Responses with a status of 400 or more.", ["route", "status"])
PREDICTIONS = Counter(
    "digits_predictions", 'Drawings read, by their digit, or "several".', ["digit", "model"]
)
DOUBTS = Counter("digits_doubts", "Those of them that may be no digit.", ["digit", "model"])
REJECTIONS = Counter("digits_rejections", "Drawings rejected: no digit.", ["reason", "model"])
FACTS = Counter("digits_facts", "Facts given, by source.", ["source"])

# How many sets of labels each may have: there are fewer, and so many fit into the files.  Any more
# would be counted as "other".
MAX_LABELS: dict[Counter | Histogram, int] = {
    LATENCY: 80,
    ERRORS: 400,
    PREDICTIONS: 100,
    DOUBTS: 100,
    REJECTIONS: 50,
    FACTS: 10,
}
_labels: dict[Counter | Histogram, set[tuple[str, ...]]] = {metric: set() for metric in MAX_LABELS}

Metric = TypeVar("Metric", Counter, Histogram)


def use_slot(slot: int) -> None:
    """Count in the files of this slot, from 1 on, if they can be made; before anything is counted.

    A slot belongs to one living worker at a time.
    """
    global _is_shared
    try:
        allocate_files(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]), slot)
    except (OSError, KeyError, AttributeError) as error:  # macOS has no posix_fallocate
        log.warning(
            "A worker keeps its numbers for /metrics to itself: its files cannot be made (%s).",
            error,
        )
        return
    values.ValueClass = values.MultiProcessValue(lambda: slot)  # type: ignore[no-untyped-call]
    _is_shared = True
    # The first count opens a file, for which there may be no descriptor later.
    labelled(LATENCY, "/api/predict", "POST")
    labelled(FACTS, "bundled")


def allocate_files(folder: Path, slot: int) -> None:
    """The files of a slot, with all their bytes.  Raises OSError where there is no room for them.

    They appear whole, because others may read them at once.
    """
    for kind, size in FILE_BYTES.items():
        path = folder / f"{kind}_{slot}.db"
        if path.exists():  # from the last worker in the slot
            continue
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            os.posix_fallocate(file.fileno(), 0, size)
            os.link(file.name, path)


def labelled(metric: Metric, *labels: str) -> Metric:
    """The metric with these labels, or with "other" in place of all once it has too many."""
    known = _labels[metric]
    if labels not in known:
        if len(known) >= MAX_LABELS[metric]:
            labels = ("other",) * len(labels)
        known.add(labels)
    return metric.labels(*labels)


def count_request(route: str, method: str, status: int, seconds: float) -> None:
    """Count a request; its route is a rule such as /api/facts/<number>, of which there are few."""
    labelled(LATENCY, route, method if method in METHODS else "other").observe(seconds)
    if status >= 400:
        labelled(ERRORS, route, str(status)).inc()


def count_predictions(predictions: Iterable[dict[str, Any]]) -> None:
    """What drawings were read as, with or without doubt, or why they were rejected."""
    for prediction in predictions:
        if prediction["rejected"]:
            labelled(REJECTIONS, prediction["rejected"], prediction["model"]).inc()
        else:
            digit = prediction["digit"]
            read_as = "several" if digit is None else str(digit)
            labelled(PREDICTIONS, read_as, prediction["model"]).inc()
            if prediction["doubtful"]:
                labelled(DOUBTS, read_as, prediction["model"]).inc()


def count_facts(sources: Iterable[str]) -> None:
    for source in sources:
        labelled(FACTS, source).inc()


def exposition() -> bytes:
    """All metrics as text, in Prometheus's exposition format 0.0.4."""
    if _is_shared:
        registry = CollectorRegistry()
        try:
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            return generate_latest(registry)
        except (OSError, ValueError):  # somebody has removed the folder
            pass
    return generate_latest(REGISTRY)
