"""What is told of each request: a line of JSON on standard output, and numbers for Prometheus.

Neither has drawings, bodies, queries, keys or addresses in it.
"""

import logging
import re
import time
import uuid
from typing import Any

from flask import Flask, Response, g, has_request_context, request

from web.operation import metrics

REQUEST_ID = re.compile(r"[A-Za-z0-9._:=+/-]{1,128}")
LONGEST_PATH = 200

log = logging.getLogger("digits.requests")


class WithRequestId(logging.Filter):
    """Whatever is logged while a request is answered can be found by the request's id."""

    def filter(self, record: logging.LogRecord) -> bool:
        if has_request_context() and not hasattr(record, "request_id"):
            record.request_id = g.get("request_id")
        return True


# For logging.config.dictConfig; the level of gunicorn's own logger stays what gunicorn was told.
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": WithRequestId}},
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": "{levelname}{name}{process}{message}",
            "style": "{",
            "rename_fields": {"levelname": "level", "name": "logger"},
            "timestamp": "time",
        }
    },
    "handlers": {
        "stdout": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "formatter": "json",
            "filters": ["request_id"],
        }
    },
    "root": {"level": "WARNING", "handlers": ["stdout"]},
    "loggers": {
        "gunicorn.error": {"handlers": ["stdout"], "propagate": False},
        "digits.requests": {"level": "INFO"},
    },
}


def observe(app: Flask) -> None:
    """Have every request of the app logged and counted.  To be called before other hooks are made:
    those before a request run in the order they were made, those after it in the opposite one."""

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        given = request.headers.get("X-Request-ID", "")
        # one of a router is kept, so that its log and ours can be laid side by side
        g.request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        g.answers, g.facts = [], []

    @app.after_request
    def end(response: Response) -> Response:
        seconds = time.perf_counter() - g.began
        response.headers["X-Request-ID"] = g.request_id
        route = request.url_rule.rule if request.url_rule else "none"
        metrics.count(route, request.method, response.status_code, seconds)
        metrics.count_answers(g.answers, g.facts)
        line = {
            "request_id": g.request_id,
            "method": request.method[:20],
            "path": request.path[:LONGEST_PATH],
            "status": response.status_code,
            "milliseconds": round(1000 * seconds, 2),
            "bytes": response.content_length,
        }
        for name in ("digit", "rejected"):
            if g.answers:
                line[name] = one_or_all([answer[name] for answer in g.answers])
        if g.facts:
            line["fact_source"] = one_or_all(g.facts)
        log.info("request", extra=line)
        return response


def one_or_all(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def note_answer(answer: dict[str, Any]) -> None:
    """Have it told of this request which digit was read, or why none was."""
    g.answers.append(answer)


def note_fact(origin: str) -> None:
    """Have it told of this request where its fact came from: upstream, bundled or computed."""
    g.facts.append(origin)
