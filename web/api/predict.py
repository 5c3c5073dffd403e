"""What a drawing is answered with: what a network reads in it, and a fact not told yet.

The facts a session has been told are in a cookie, so that any process on any machine knows them.
"""

import re
from threading import Lock
from typing import Any

from flask import Response, request

from facts.store import Fact, Facts
from nn.layers import Array
from web.models import Model
from web.operation.logs import note_answer, note_fact

TOLD = "told"  # the cookie
REMEMBERED = 48  # facts: more than are known of one number


class Answers:
    """Those of one process."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        # A worker has one core: threads that compute side by side take it from each other, in the
        # middle of their work, and all are late.  To be held while a drawing is looked at, and not
        # while anything waits for a client or for Redis.
        self.turn = Lock()

    def read(self, model: Model, drawing: Array | None) -> dict[str, Any]:
        """What the network reads in a drawing (28, 28), or None for a blank sheet."""
        read = model.read(drawing)
        note_answer(read)
        return read

    def about(self, number: int, kind: str | None, told: list[str]) -> Fact:
        """A fact, which is added to those told.  Raises ValueError as `Facts.about` does."""
        fact = self.facts.about(number, kind, told)
        note_fact(fact.origin)
        if fact.id in told:
            told.remove(fact.id)
        told.append(fact.id)
        return fact


def told_before() -> list[str]:
    """The ids of the facts that this session has been told, the latest last; they may be any."""
    cookie = request.cookies.get(TOLD, "")
    return re.findall("....", cookie) if re.fullmatch(r"([\w-]{4})*", cookie, re.ASCII) else []


def remember(told: list[str], response: Response) -> Response:
    if told:
        cookie = "".join(told[-REMEMBERED:])
        response.set_cookie(TOLD, cookie, httponly=True, samesite="Lax", secure=request.is_secure)
    return response
