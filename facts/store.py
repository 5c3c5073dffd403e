"""A fact for a number: what a numbers service has told, else a bundled one, else a computed one.

The bundled facts for 0 to 100 lie in bundled.json, each with a source that a reader can check.
Whatever the service does, `Facts.about` answers at once from memory. Nothing is remembered here of
who was told what: that is for the caller to keep, such as in a cookie, so any process may answer.
"""

import json
import random
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

from facts.numbers_api import Upstream
from facts.sentences import computed

BUNDLED = Path(__file__).with_name("bundled.json")
KINDS = ("trivia", "math")
SUBJECTS = ("mathematics", "nature", "language", "culture", "history", "technology")
SERVICE_SUBJECTS = {"trivia": "general", "math": "mathematics"}
FARTHEST = 10**12
LONGEST = 220  # characters of a bundled fact
PLENTY = 10  # facts about a number, to which no computed ones are added


@dataclass(frozen=True)
class Fact:
    """One fact, its subject and its source."""

    text: str
    subject: str  # one of SUBJECTS, or "general" for what a service calls trivia
    source: str
    url: str | None
    origin: str  # "upstream", "bundled" or "computed"

    @property
    def kind(self) -> str:
        return "math" if self.subject == "mathematics" else "trivia"

    @cached_property
    def id(self) -> str:
        """Four characters that tell it from the other facts about its number."""
        return urlsafe_b64encode(blake2b(self.text.encode(), digest_size=3).digest()).decode()

    def describe(self, number: int) -> dict[str, int | str | None]:
        """As the API tells it: number, text, kind, subject, source and url (or None)."""
        told: dict[str, int | str | None] = {"number": number, "text": self.text}
        names = ("kind", "subject", "source", "url")
        return told | {name: getattr(self, name) for name in names}


class Facts:
    """Facts about whole numbers. Safe to share between threads, and to make before a fork.

    `upstream` is a numbers service, or None. Raises ValueError where bundled.json is malformed.
    """

    def __init__(self, upstream: Upstream | None = None, *, path: Path = BUNDLED) -> None:
        self._bundled = load(path)
        self._upstream = upstream

    def about(self, number: int, kind: str | None = None, told: Sequence[str] = ()) -> Fact:
        """A fact about `number`, at once: one whose id is not in `told`, else the one that
        stands there first.

        Where fewer than two facts of the kind are known, computed ones are told as well. Raises
        ValueError for a number beyond ±10^12 or an unknown kind.
        """
        if kind is not None and kind not in KINDS:
            raise ValueError(f"A fact is of kind {' or '.join(KINDS)}, not {kind!r}.")
        if not -FARTHEST <= number <= FARTHEST:
            raise ValueError("Facts are told of whole numbers from -10^12 to 10^12.")
        known = self._known(number, KINDS if kind is None else (kind,))
        place = {identity: place for place, identity in enumerate(told)}
        return min(known, key=lambda fact: place.get(fact.id, -1))

    def _known(self, number: int, kinds: Sequence[str]) -> list[Fact]:
        """All that can be told about it now, what should be told first standing first."""
        known = []
        if self._upstream:
            for kind, text in self._upstream.told(number, kinds).items():
                host, subject = self._upstream.host, SERVICE_SUBJECTS[kind]
                known.append(Fact(text, subject, host, None, "upstream"))
        bundled = [fact for fact in self._bundled.get(number, ()) if fact.kind in kinds]
        known += random.sample(bundled, len(bundled))
        # Where much is known of a number, its Roman numeral need not be told as well.
        if len(known) < (PLENTY if "math" in kinds else 2):
            for text, source, url in computed(number):
                known.append(Fact(text, "mathematics", source, url, "computed"))
        return known


def load(path: Path) -> dict[int, tuple[Fact, ...]]:
    """The facts of a file laid out {"7": [{"text", "subject", "source", "url"?}, ...], ...}."""
    shelves = json.loads(path.read_text("utf-8"))
    facts = {int(number): tuple(map(_checked, entries)) for number, entries in shelves.items()}
    if missing := [number for number in range(101) if not facts.get(number)]:
        raise ValueError(f"{path.name} has no fact for {missing}.")
    return facts


def _checked(entry: dict[str, str]) -> Fact:
    if not {"text", "subject", "source"} <= entry.keys() <= {"text", "subject", "source", "url"}:
        raise ValueError(f"A fact has text, subject, source and perhaps url: {entry}.")
    if entry["subject"] not in SUBJECTS or not 0 < len(entry["text"]) < LONGEST:
        raise ValueError(f"A fact has a short text and one of the subjects {SUBJECTS}: {entry}.")
    return Fact(entry["text"], entry["subject"], entry["source"], entry.get("url"), "bundled")
