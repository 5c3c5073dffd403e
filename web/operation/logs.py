"""What is recorded of each request: a line of JSON on standard output, and metrics for Prometheus.

Neither has drawings, bodies, queries, keys or addresses in it.
"""

import logging
import re
import sys
import time
import uuid
from select import select
from typing import Any, TextIO

from flask import Flask, Response, g, has_request_context, request
from pythonjsonlogger.core import RESERVED_ATTRS

from web.operation import metrics

REQUEST_ID = re.compile(r"[A-Za-z0-9._:=+/-]{1,128}")
MAX_PATH_LENGTH = 200  # characters
# What no route has in it, and what follows: it may be a query, with a key, that was sent malformed.
NO_PATH = re.compile(r"[^\w/.-].*", re.ASCII | re.DOTALL)

log = logging.getLogger("digits.requests")


class RequestIdFilter(logging.Filter):
    """Adds the request's id to whatever is logged while the request is handled."""

    def filter(self, record: logging.LogRecord) -> bool:
        if has_request_context() and not hasattr(record, "request_id"):
            record.request_id = g.get("request_id")
        return True


class OnceASecondFilter(logging.Filter):
    """Lets one record a second through: asyncio logs each connection that it cannot accept."""

    next_time = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        is_due = record.created >= self.next_time
        if is_due:
            self.next_time = record.created + 1
        return is_due


class StdoutHandler(logging.StreamHandler[TextIO]):
    """Drops an entry rather than wait: a reader that has stopped must not stop the server, too.

    A pipe counts as writable while it has room for 4096 bytes, which is more than an entry has.
    """

    def emit(self, record: logging.LogRecord) -> None:
        if select([], [self.stream], [], 0)[1]:
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # the reader is gone, and nobody to tell
            super().handleError(record)


# For logging.config.dictConfig; the level of gunicorn's own logger is left to its --log-level.
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": RequestIdFilter}, "once": {"()": OnceASecondFilter}},
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": "{levelname}{name}{process}{message}",
            "style": "{",
            "rename_fields": {"levelname": "level", "name": "logger"},
            "timestamp": "time",
            "reserved_attrs": [*RESERVED_ATTRS, "color_message"],  # uvicorn's, for terminals
        }
    },
    "handlers": {
        "stdout": {
            "class": f"{__name__}.StdoutHandler",
            "stream": "ext://sys.stdout",
            "formatter": "json",
            "filters": ["request_id"],
        }
    },
    "root": {"level": "WARNING", "handlers": ["stdout"]},
    "loggers": {
        "gunicorn.error": {"handlers": ["stdout"], "propagate": False},
        "digits.requests": {"level": "INFO"},
        "asyncio": {"filters": ["once"]},
    },
}


def log_requests(app: Flask) -> None:
    """Log and count every request of the app.

    Call it before other hooks are made: those before a request run in the order they were made,
    those after it in the opposite one.
    """

    @app.before_request
    def start_request() -> None:
        g.start = time.perf_counter()
        given = request.headers.get("X-Request-ID", "")
        # a router's id is used again, so that its log and ours can be laid side by side
        g.request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        g.predictions, g.fact_sources = [], []

    @app.after_request
    def finish_request(response: Response) -> Response:
        seconds = time.perf_counter() - g.start
        response.headers["X-Request-ID"] = g.request_id
        route = request.url_rule.rule if request.url_rule else "none"
        metrics.count_request(route, request.method, response.status_code, seconds)
        metrics.count_predictions(g.predictions)
        metrics.count_facts(g.fact_sources)
        line = {
            "request_id": g.request_id,
            "method": request.method[:20],
            "path": NO_PATH.sub("", request.path[:MAX_PATH_LENGTH]),
            "status": response.status_code,
            "duration_ms": round(1000 * seconds, 2),
            "bytes": response.content_length,
        }
        for name in ("digit", "number", "doubtful", "rejected"):
            if g.predictions:
                line[name] = one_or_all([prediction[name] for prediction in g.predictions])
        if g.fact_sources:
            line["fact_source"] = one_or_all(g.fact_sources)
        log.info("request", extra=line)
        return response


def one_or_all(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def record_prediction(prediction: dict[str, Any]) -> None:
    """Add what a drawing was read as, or why it was not, to the record of this request."""
    g.predictions.append(prediction)


def record_fact(source: str) -> None:
    """Add where a fact came from, "upstream", "bundled" or "computed", to the record."""
    g.fact_sources.append(source)
