"""The prediction for a drawing, and a fact that the session has not seen yet.

Which facts a session has seen is in a cookie, so that any process on any machine knows them.
"""

import re
from threading import Lock
from typing import Any

from flask import Response, request

from facts.store import Fact, Facts
from nn.layers import Array
from web.models import Model
from web.operation.logs import record_fact, record_prediction

COOKIE = "seen_facts"
MAX_SEEN = 48  # ids of facts in the cookie: more than there are facts about one number


class Predictor:
    """Predictions and facts of one process, and the lock to hold while it computes."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        # A worker has one core: threads that compute side by side take it from each other, in the
        # middle of their work, and all are late.  To be held while a drawing is read and predicted,
        # and not while anything waits for a client or for Redis.
        self.compute_lock = Lock()

    def predict(self, model: Model, drawing: Array | None) -> dict[str, Any]:
        """The model's prediction for a drawing (28, 28), or for a blank sheet (None)."""
        prediction = model.predict(drawing)
        record_prediction(prediction)
        return prediction

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
    cookie = request.cookies.get(COOKIE, "")
    return re.findall("....", cookie) if re.fullmatch(r"([\w-]{4})*", cookie, re.ASCII) else []


def store_seen_facts(seen: list[str], response: Response) -> Response:
    if seen:
        cookie = "".join(seen[-MAX_SEEN:])
        response.set_cookie(COOKIE, cookie, httponly=True, samesite="Lax", secure=request.is_secure)
    return response
