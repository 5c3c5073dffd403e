"""The prediction for a drawing, and a fact that the session has not seen yet.

Which facts a session has seen is in a cookie, so that any process on any machine knows them.
"""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from threading import Lock
from typing import Any

from flask import Response, request

from facts.store import Fact, Facts
from nn.numbers.reader import Reading
from web.access.request_headers import cookie
from web.api.request_body import RequestBody
from web.models import Model
from web.operation.logs import record_fact, record_prediction

COOKIE = "seen_facts"
LARGE_BODY = 1_000_000  # bytes
MAX_SEEN = 48  # ids of facts in the cookie: more than there are facts about one number


class Predictor:
    """Predictions and facts of one process, and the lock to hold while it computes."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        # A worker has one core: threads that compute side by side take it from each other, in the
        # middle of their work, and all are late.  To be held while a drawing is read and predicted,
        # and not while anything waits for a client or for Redis.
        self.compute_lock = Lock()
        self._costly_lock = Lock()

    def parse(self, parser: Callable[[], RequestBody]) -> RequestBody:
        """The body of the request.  Large ones in turn: each takes several times its memory."""
        is_large = (request.content_length or 0) > LARGE_BODY
        with self.compute_lock if is_large else nullcontext():
            return parser()

    def turn(self, cost: int) -> AbstractContextManager[object]:
        """To be held during a request that counts as `cost` drawings.

        Those that count as several take turns, so that an ordinary drawing waits for one of them
        at most, and not for all that there are.
        """
        return self._costly_lock if cost > 1 else nullcontext()

    def describe(self, model: Model, reading: Reading | None) -> dict[str, Any]:
        """A reading, None for that of a blank sheet, as the API gives it."""
        prediction = model.describe_reading(reading)
        record_prediction(prediction)
        return prediction

    def fact_about(self, prediction: dict[str, Any], seen: list[str]) -> dict[str, Any] | None:
        """A fact about the number that was read, as the API gives it; None if none was."""
        if prediction["number"] is None:
            return None
        number = int(prediction["number"])
        return self.fact(number, None, seen).describe(number)

    def fact(self, number: int, kind: str | None, seen: list[str]) -> Fact:
        """A fact, whose id becomes the last of `seen`.  Raises ValueError as `Facts.about` does."""
        fact = self.facts.about(number, kind, seen)
        record_fact(fact.origin)
        if fact.id in seen:
            seen.remove(fact.id)
        seen.append(fact.id)
        return fact


def seen_facts() -> list[str]:
    """The ids of the facts this session has seen, the latest last; a client may send any."""
    return re.findall(r"[\w-]{4}", cookie(request, COOKIE)[-4 * MAX_SEEN :], re.ASCII)


def store_seen_facts(seen: list[str], response: Response) -> Response:
    if seen:
        ids = "".join(seen[-MAX_SEEN:])
        response.set_cookie(COOKIE, ids, httponly=True, samesite="Lax", secure=request.is_secure)
    return response


def uncached(response: Response) -> Response:
    """The response, marked not to be cached: the next one may differ."""
    response.headers["Cache-Control"] = "no-store"
    return response
