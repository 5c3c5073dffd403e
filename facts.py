"""A fact for a number: bundled, computed, or from a numbers service.

The bundled facts for 0 to 9 lie in facts.json, each with a source that a reader can check. Every
other number is told something computed, and therefore true. A numbers service that speaks the
protocol of numbersapi.com may add to both. It is asked in the background, one question at a time:
whatever it does, `Facts.about` answers at once from memory.
"""

import json
import logging
import os
import random
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf, isqrt
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

BUNDLED = Path(__file__).with_name("facts.json")
KINDS = ("trivia", "math")
SUBJECTS = ("mathematics", "nature", "language", "culture", "history", "technology")
FARTHEST = 10**12
REMEMBERED = 1024  # numbers other than the bundled ones whose rotation is kept
LONGEST_BUNDLED, LONGEST_UPSTREAM, MOST_BYTES = 220, 300, 64 * 1024
NO_FACT = ("boring number", "unremarkable", "missing a fact", "uninteresting number")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fact:
    """One fact, its subject and its source; `expires` is a reading of the clock."""

    text: str
    subject: str  # one of SUBJECTS, or "general" for what a service calls trivia
    source: str
    url: str | None = None
    expires: float = inf

    @property
    def kind(self) -> str:
        return "math" if self.subject == "mathematics" else "trivia"


@dataclass
class Shelf:
    """All that can be told about one number, the least recently told first."""

    facts: list[Fact]
    settled: dict[str, float] = field(default_factory=dict)  # kind -> when to ask upstream again

    def tell(self, kind: str | None, now: float) -> Fact:
        """The fact of this kind (of any kind, where there is none) that was told longest ago."""
        self.facts = [fact for fact in self.facts if fact.expires > now]
        fact = next((fact for fact in self.facts if kind in (None, fact.kind)), self.facts[0])
        self.facts.remove(fact)
        self.facts.append(fact)
        return fact

    def add(self, fact: Fact) -> None:
        """Put a new fact where it is told next, in place of the service's last one of its kind."""
        kept = [old for old in self.facts if old.expires == inf or old.kind != fact.kind]
        self.facts = [fact, *kept]


class Facts:
    """Facts about whole numbers. Safe to share between threads, and to make before a fork.

    `upstream_url` is the base URL of a numbers service; empty: none is asked. What it tells is
    kept for `keep` seconds; after a failure it is left alone for `rest` seconds; one question
    takes `patience` seconds at most. Raises ValueError where facts.json or the URL is malformed.
    """

    def __init__(
        self,
        upstream_url: str = "",
        *,
        path: Path = BUNDLED,
        patience: float = 2.0,
        keep: float = 24 * 3600.0,
        rest: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bundled = load(path)
        self._upstream, self._host = upstream_url.rstrip("/"), urlsplit(upstream_url).hostname or ""
        if upstream_url and not (self._host and upstream_url.startswith(("http://", "https://"))):
            raise ValueError(f"The numbers service needs an http(s) URL, not {upstream_url!r}.")
        self._patience, self._keep, self._rest, self._clock = patience, keep, rest, clock
        self._shelves: OrderedDict[int, Shelf] = OrderedDict()
        self._lock = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None
        self._process = 0  # the one that the executor's thread lives in
        self._question: Future[None] | None = None
        self._failing, self._resting_until = False, -inf

    def about(self, number: int, kind: str | None = None) -> dict[str, int | str | None]:
        """A fact about `number`, at once, and not the one told last time if there is another.

        Answers number, text, kind ("trivia" or "math"), subject, source and url (or None). A
        number of which only mathematics is known gets that, whatever `kind` is. Raises ValueError
        for a number beyond ±10^12 or an unknown kind.
        """
        if kind is not None and kind not in KINDS:
            raise ValueError(f"A fact is of kind {' or '.join(KINDS)}, not {kind!r}.")
        if not -FARTHEST <= number <= FARTHEST:
            raise ValueError("Facts are told of whole numbers from -10^12 to 10^12.")
        known = self._bundled.get(number) or computed(number)
        with self._lock:
            shelf, now = self._shelf(number, known), self._clock()
            fact = shelf.tell(kind, now)
            self._ask_later(number, kind, shelf, now)
        told: dict[str, int | str | None] = {"number": number, "text": fact.text}
        return told | {name: getattr(fact, name) for name in ("kind", "subject", "source", "url")}

    def settle(self, timeout: float) -> bool:
        """Wait for the question under way; True when there is none any more. For tests."""
        question = self._question
        return question is None or not wait([question], timeout).not_done

    def _shelf(self, number: int, known: tuple[Fact, ...]) -> Shelf:
        if number not in self._shelves:
            self._shelves[number] = Shelf(random.sample(known, len(known)))
        self._shelves.move_to_end(number)
        if len(self._shelves) > REMEMBERED + len(self._bundled):
            del self._shelves[next(old for old in self._shelves if old not in self._bundled)]
        return self._shelves[number]

    def _ask_later(self, number: int, kind: str | None, shelf: Shelf, now: float) -> None:
        """Have upstream asked for what is missing, unless it rests or is being asked: questions
        are dropped rather than queued."""
        kinds = KINDS if kind is None else (kind,)
        missing = [wanted for wanted in kinds if shelf.settled.get(wanted, -inf) <= now]
        if not self._upstream or not missing or now < self._resting_until:
            return
        if self._executor is None or self._process != os.getpid():
            # Threads do not survive a fork, so each process makes its own.
            self._executor, self._question = ThreadPoolExecutor(1, "facts"), None
            self._process = os.getpid()
        if self._question is None or self._question.done():
            with suppress(RuntimeError):  # the process is ending, or has no thread to spare
                self._question = self._executor.submit(self._ask, number, missing[0], shelf)

    def _ask(self, number: int, kind: str, shelf: Shelf) -> None:
        try:
            url = f"{self._upstream}/{number}/{kind}?json"
            text = read_answer(fetch(url, self._patience), number)
        except Exception as error:  # a stranger's server can cause any, and none is worth a crash
            with self._lock:
                first, self._failing = not self._failing, True
                self._resting_until = self._clock() + self._rest
            if first:
                logger.warning("%s tells no facts (%s).", self._host, type(error).__name__)
            return
        with self._lock:
            self._failing = False
            shelf.settled[kind] = expires = self._clock() + self._keep
            if text:
                subject = "mathematics" if kind == "math" else "general"
                shelf.add(Fact(text, subject, self._host, expires=expires))


# Bundled


def load(path: Path) -> dict[int, tuple[Fact, ...]]:
    """The facts of a file laid out {"7": [{"text", "subject", "source", "url"?}, ...], ...}."""
    shelves = json.loads(path.read_text("utf-8"))
    facts = {int(number): tuple(map(_checked, entries)) for number, entries in shelves.items()}
    if missing := [digit for digit in range(10) if not facts.get(digit)]:
        raise ValueError(f"{path.name} has no fact for {missing}.")
    return facts


def _checked(entry: dict[str, str]) -> Fact:
    if not {"text", "subject", "source"} <= entry.keys() <= {"text", "subject", "source", "url"}:
        raise ValueError(f"A fact has text, subject, source and perhaps url: {entry}.")
    if entry["subject"] not in SUBJECTS or not 0 < len(entry["text"]) < LONGEST_BUNDLED:
        raise ValueError(f"A fact has a short text and one of the subjects {SUBJECTS}: {entry}.")
    return Fact(entry["text"], entry["subject"], entry["source"], entry.get("url"))


# Computed

Source = tuple[str, str | None]  # and its URL
BINARY: Source = ("G. W. Leibniz, Explication de l'arithmétique binaire (1703)", None)
HEXADECIMAL: Source = ("D. E. Knuth, The Art of Computer Programming, vol. 2, section 4.1", None)
NEGATIVE: Source = ("Brahmagupta, Brāhmasphuṭasiddhānta (628), chapter 18", None)
PRODUCT: Source = ("C. F. Gauss, Disquisitiones Arithmeticae (1801), article 16", None)
NUMERALS: Source = ('Wikipedia, "Roman numerals"', "https://en.wikipedia.org/wiki/Roman_numerals")
LETTERS = ("M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I")
WORTH = (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1)
MINUS, TIMES = "\N{MINUS SIGN}", " \N{MULTIPLICATION SIGN} "
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@lru_cache(REMEMBERED)
def computed(number: int) -> tuple[Fact, ...]:
    """What arithmetic alone can tell about a number that is not 0 or 1: at least two facts.

    Takes time in proportion to the square root of the number: some hundredths of a second at 10^12.
    """
    return tuple(Fact(text, "mathematics", *source) for text, source in _computed(number))


def _computed(n: int) -> Iterator[tuple[str, Source]]:
    name, size, sign = say(n), abs(n), MINUS if n < 0 else ""
    if size > 9:
        yield f"In binary {name} is {sign}{size:b}.", BINARY
        yield f"In hexadecimal {name} is {sign}{size:X}.", HEXADECIMAL
    if n < 0:
        yield f"{name} is the opposite of {say(size)}: together they make 0.", NEGATIVE
        yield f"{name} times itself is {say(n * n)}, as {say(size)} times itself is.", NEGATIVE
        return
    factors = factorise(n)
    if factors == {n: 1}:
        yield f"{name} is a prime: only 1 and {name} divide it.", _oeis("A000040")
    else:
        powers = (say(p) + (str(k).translate(RAISED) if k > 1 else "") for p, k in factors.items())
        product = TIMES.join(powers)
        yield f"{name} = {product}, and no other primes multiply to it.", PRODUCT
    if n < 4000:
        yield f"In Roman numerals {name} is {roman(n)}.", NUMERALS
    side, edge, row = isqrt(n), round(n ** (1 / 3)), isqrt(2 * n)
    if side**2 == n:
        yield f"{name} is a square: {TIMES.join([say(side)] * 2)}.", _oeis("A000290")
    if edge**3 == n:
        yield f"{name} is a cube: {TIMES.join([say(edge)] * 3)}.", _oeis("A000578")
    if row * (row + 1) == 2 * n:
        parts = f"the sum of the numbers from 1 to {say(row)}"
        yield f"{name} is triangular: {parts}.", _oeis("A000217")
    before, last = 1, 2
    while last < n:
        before, last = last, before + last
    if last == n:
        parts = f"{say(last - before)} + {say(before)}"
        yield f"{name} is a Fibonacci number: {parts}, the two before it.", _oeis("A000045")


def _oeis(sequence: str) -> Source:
    return f"OEIS {sequence}", f"https://oeis.org/{sequence}"


def say(n: int) -> str:
    """The number as one prints it: 1234, or 12,345; with the sign that is as wide as a plus."""
    return (f"{n:,}" if abs(n) > 9999 else str(n)).replace("-", MINUS)


def factorise(n: int) -> dict[int, int]:
    """The primes that n > 0 is made of, the smallest first, each with its exponent."""
    factors: dict[int, int] = {}
    while n > 1:
        divisors = range(3, isqrt(n) + 1, 2) if n % 2 else (2,)
        prime = next((divisor for divisor in divisors if n % divisor == 0), n)
        factors[prime] = factors.get(prime, 0) + 1
        n //= prime
    return factors


def roman(n: int) -> str:
    """The Roman numeral of 1 to 3999."""
    written = ""
    for letters, value in zip(LETTERS, WORTH, strict=True):
        written += letters * (n // value)
        n %= value
    return written


# From a numbers service


def read_answer(body: bytes, number: int) -> str | None:
    """The text of a numbers service's JSON answer, or None where it has no fact to tell.

    Raises an error for anything that does not answer a question about this number.
    """
    answer = json.loads(body.decode())
    text, found = answer["text"], answer["found"]
    if str(answer["number"]) != str(number) or not isinstance(text, str) or type(found) is not bool:
        raise ValueError("not an answer to the question")
    # Beside control characters this removes what turns the direction of writing, and half of a
    # surrogate pair, which JSON can spell and UTF-8 cannot.
    shown = "".join(c if c.isprintable() else " " if c.isspace() else "" for c in text)
    text = " ".join(shown.split())
    dull = any(words in text.lower() for words in NO_FACT)
    return text if found and not dull and 0 < len(text) <= LONGEST_UPSTREAM else None


def fetch(url: str, patience: float) -> bytes:
    """The body behind a URL; raises an error unless it comes with status 200, in at most 64 kB,
    without a redirect, and in `patience` seconds (the look-up of the host's name aside)."""
    with requests.Session() as session, Deadline(patience) as deadline:
        session.mount("http://", deadline)
        session.mount("https://", deadline)
        with session.get(url, timeout=patience, allow_redirects=False, stream=True) as response:
            body: bytes = response.raw.read(MOST_BYTES + 1, decode_content=True)
            if response.status_code != 200 or len(body) > MOST_BYTES:
                raise ValueError("no answer of a usable size")
            if deadline.over:  # a connection that was shut can look like a complete answer
                raise TimeoutError
            return body


class Deadline(HTTPAdapter):
    """Shuts the connections made through it when the time is up.

    A socket's own time-out starts anew with each byte, so a server that drips its headers, or its
    part of the TLS handshake, would hold on for days.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._sockets: list[socket.socket] = []
        self.over = False
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True

    def __enter__(self) -> "Deadline":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()
        for sock in self._sockets:
            sock.close()

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        connect = pool.ConnectionCls

        def watched(*args: Any, **kwargs: Any) -> Any:
            connection = connect(*args, **kwargs)
            dial = connection._new_conn
            connection._new_conn = lambda: self._watch(dial())
            return connection

        pool.ConnectionCls = watched
        return pool

    def _watch(self, sock: socket.socket) -> socket.socket:
        self._sockets.append(sock.dup())  # TLS takes over the original
        if self.over:
            self._shut()
        return sock

    def _shut(self) -> None:
        self.over = True
        for sock in tuple(self._sockets):
            with suppress(OSError):  # not connected any more
                sock.shutdown(socket.SHUT_RDWR)
