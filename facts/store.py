"""A fact about a number: any that the numbers service has sent, a bundled one or a computed one.

The bundled facts about 0 to 100 are in bundled.json, each with a source that a reader can check.
Whatever the service does, `Facts.about` returns at once, from memory. Which facts a session has
seen is stored by the caller, such as in a cookie, so that any process can serve any session.
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
MAX_NUMBER = 10**12
MAX_LENGTH = 220  # characters of a bundled fact
ENOUGH = 10  # facts about a number: computed ones are added only to fewer


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
        """Four characters, different for each fact about a number."""
        return urlsafe_b64encode(blake2b(self.text.encode(), digest_size=3).digest()).decode()

    def describe(self, number: int) -> dict[str, int | str | None]:
        """As the API gives it: number, text, kind, subject, source and url (or None)."""
        names = ("text", "kind", "subject", "source", "url")
        return {"number": number, **{name: getattr(self, name) for name in names}}


class Facts:
    """Facts about whole numbers. Safe to share between threads, and to make before a fork.

    `upstream` is a numbers service, or None. Raises ValueError where bundled.json is malformed.
    """

    def __init__(self, upstream: Upstream | None = None, *, path: Path = BUNDLED) -> None:
        self._bundled = load(path)
        self._upstream = upstream

    def about(self, number: int, kind: str | None = None, seen: Sequence[str] = ()) -> Fact:
        """A fact about `number`: any whose id is not in `seen`, else the one seen longest ago.

        Those that the service has sent, those that are bundled and the first computed one are
        equally likely; a computed one is told as trivia only when there is no other. `seen` holds
        ids, the latest last. Raises ValueError for a number beyond ±10^12 or an unknown kind.
        """
        if kind is not None and kind not in KINDS:
            raise ValueError(
                f"there is no kind of fact {kind[:40]!r}: choose from {', '.join(KINDS)}"
            )
        if not -MAX_NUMBER <= number <= MAX_NUMBER:
            raise ValueError("the number is beyond ±10^12: ask for one from -10^12 to 10^12")
        kinds = KINDS if kind is None else (kind,)
        known = self._known(number, kinds)
        unseen = [fact for fact in known if fact.id not in seen]
        if not unseen:
            last_seen = {identity: index for index, identity in enumerate(seen)}
            return min(known, key=lambda fact: last_seen[fact.id])
        fitting = [fact for fact in unseen if fact.kind in kinds] or unseen
        told = sum(fact.origin != "computed" for fact in fitting)
        # Only the first of the computed ones: they are many, and the later ones say less.
        return random.choice(fitting[: told + 1])

    def _known(self, number: int, kinds: Sequence[str]) -> list[Fact]:
        """All facts known now, the computed ones last, in their order."""
        known = []
        if self._upstream:
            for kind, text in self._upstream.facts(number, kinds).items():
                host, subject = self._upstream.host, SERVICE_SUBJECTS[kind]
                known.append(Fact(text, subject, host, None, "upstream"))
        known += [fact for fact in self._bundled.get(number, ()) if fact.kind in kinds]
        # Where much is known of a number, its Roman numeral adds little.
        if len(known) < (ENOUGH if "math" in kinds else 2):
            for text, source, url in computed(number):
                known.append(Fact(text, "mathematics", source, url, "computed"))
        return known


def load(path: Path) -> dict[int, tuple[Fact, ...]]:
    """The facts of a file laid out {"7": [{"text", "subject", "source", "url"?}, ...], ...}."""
    content = json.loads(path.read_text("utf-8"))
    facts = {int(number): tuple(map(_checked, entries)) for number, entries in content.items()}
    if missing := [number for number in range(101) if not facts.get(number)]:
        raise ValueError(f"{path.name} has no facts about {missing}: add some")
    return facts


def _checked(entry: dict[str, str]) -> Fact:
    if not {"text", "subject", "source"} <= entry.keys() <= {"text", "subject", "source", "url"}:
        raise ValueError(f"{entry} is not a fact: give it text, subject, source and perhaps url")
    if entry["subject"] not in SUBJECTS or not 0 < len(entry["text"]) < MAX_LENGTH:
        raise ValueError(
            f"{entry} is not a fact: give it a text of fewer than {MAX_LENGTH} characters and one "
            f"of the subjects {', '.join(SUBJECTS)}"
        )
    return Fact(entry["text"], entry["subject"], entry["source"], entry.get("url"), "bundled")
