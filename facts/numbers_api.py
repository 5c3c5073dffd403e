"""A numbers service: any server that speaks the protocol of numbersapi.com (/7/trivia?json).

What it has told is answered at once, from memory. It is asked in the background, one question at a
time and further ones dropped, by a thread that keeps no process alive. With Redis, all processes
and machines share what it told and the circuit breaker that leaves it alone while it fails;
without, or while Redis is away, each process has its own.
"""

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from cachetools import TTLCache
from pybreaker import STATE_CLOSED, CircuitBreaker, CircuitBreakerError, CircuitRedisStorage

REMEMBERED = 2048  # answers in the memory of a process
STALE = 30 * 24 * 3600  # seconds after which even a stale answer is forgotten
LONGEST = 300  # characters
NO_FACT = ("boring number", "unremarkable", "missing a fact", "uninteresting number")
FAILURES = 3  # in a row, and the breaker opens

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """What the service told; None: that it has no fact. `asked` is in seconds since 1970."""

    text: str | None
    asked: float


class Upstream:
    """A numbers service at a base URL. Safe to share between threads, and to make before a fork.

    An answer is kept for `keep` seconds, and told for another month while a new one cannot be had.
    A question takes `patience` seconds at most; after one that failed there is none for `pause`
    seconds, and after three in a row, for `rest` seconds. Raises ValueError for a malformed URL.
    """

    def __init__(
        self,
        url: str,
        redis_url: str = "",
        *,
        patience: float = 2.0,
        keep: float = 24 * 3600.0,
        rest: float = 60.0,
        pause: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.host = urlsplit(url).hostname or ""
        if not (self.host and url.startswith(("http://", "https://"))):
            raise ValueError(f"The numbers service needs an http(s) URL, not {url!r}.")
        self._url = url.rstrip("/")
        self._patience, self._keep, self._pause, self._clock = patience, keep, pause, clock
        self._answers: TTLCache[tuple[int, str], Answer] = TTLCache(REMEMBERED, STALE, clock)
        self._lock = threading.Lock()  # of the answers
        self._asking = threading.Lock()  # held while a question is under way
        self._resting_until = 0.0
        self._breaker = CircuitBreaker(FAILURES, rest)
        self._shared = Shared(redis_url, self._url, rest, pause) if redis_url else None
        self._failing = False

    def told(self, number: int, kinds: Iterable[str]) -> dict[str, str]:
        """The facts known by now, by kind. Has the service asked for what is missing or old."""
        with self._lock:
            known = {kind: self._answers.get((number, kind)) for kind in kinds}
        old = self._clock() - self._keep
        wanted = [kind for kind, answer in known.items() if not answer or answer.asked <= old]
        if wanted and time.monotonic() >= self._resting_until:
            self._ask_later(number, wanted[0])
        return {kind: answer.text for kind, answer in known.items() if answer and answer.text}

    def settle(self, timeout: float) -> bool:
        """Wait for the question under way; True when there is none any more. For tests."""
        settled = self._asking.acquire(timeout=timeout)
        if settled:
            self._asking.release()
        return settled

    def _ask_later(self, number: int, kind: str) -> None:
        if not self._asking.acquire(blocking=False):
            return
        try:
            # Not a pool: its threads do not survive a fork, and hold up the end of the process.
            threading.Thread(target=self._ask, args=(number, kind), daemon=True).start()
        except RuntimeError:  # the process is ending, or has no thread to spare
            self._asking.release()

    def _ask(self, number: int, kind: str) -> None:
        try:
            answer = self._answer(number, kind)
            with self._lock:
                self._answers[number, kind] = answer
            self._failing = False
        except Exception as error:  # a stranger's server can cause any, and none is worth a crash
            self._resting_until = time.monotonic() + self._pause
            if not self._failing and not isinstance(error, CircuitBreakerError):
                logger.warning("%s tells no facts (%s).", self.host, type(error).__name__)
                self._failing = True
        finally:
            self._asking.release()

    def _answer(self, number: int, kind: str) -> Answer:
        """From the other processes if one has it, else from the service."""
        now, place = self._clock(), f"{kind}/{number}"
        answer = self._shared.get(place) if self._shared else None
        if answer and now - self._keep < answer.asked <= now:
            return answer
        breaker = (self._shared.breaker if self._shared else None) or self._breaker
        answer = Answer(breaker.call(self._question, number, kind), now)
        if self._shared:
            self._shared.put(place, answer)
        return answer

    def _question(self, number: int, kind: str) -> str | None:
        from facts.http import (
            fetch,  # here, for requests takes long to import, and a start need not
        )

        body = fetch(f"{self._url}/{number}/{kind}?json", self._patience)
        return None if body is None else read_answer(body, number)


class Shared:
    """Answers and a circuit breaker in Redis. Used in the background only: Redis may be slow.

    While Redis is away nothing is shared: `get` and `breaker` are None, and `put` does nothing.
    """

    def __init__(self, redis_url: str, service: str, rest: float, pause: float) -> None:
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        # One more attempt: a connection kept from before Redis was restarted fails at first.
        options: dict[str, Any] = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
        self._redis = Redis.from_url(redis_url, retry=Retry(NoBackoff(), 1), **options)
        self._names, self._rest, self._pause = f"digits:facts:{service}", rest, pause
        self._away_until, self._failing = 0.0, False
        self._breaker: CircuitBreaker | None = None
        # Its storage logs a traceback for each command that fails; `_try` logs a line.
        logging.getLogger("pybreaker").setLevel(logging.CRITICAL)

    @property
    def breaker(self) -> CircuitBreaker | None:
        return None if self._away else self._breaker

    @property
    def _away(self) -> bool:
        return time.monotonic() < self._away_until

    def get(self, place: str) -> Answer | None:
        found = self._try(lambda: self._redis.get(f"{self._names}:{place}"))
        if self._breaker is None:
            self._try(self._make_breaker)
        try:
            entry = json.loads(found)
            return Answer(plain(entry["text"]) if entry["text"] else None, float(entry["asked"]))
        except (TypeError, ValueError, KeyError, RecursionError):  # nothing, or nothing of ours
            return None

    def put(self, place: str, answer: Answer) -> None:
        entry = json.dumps(asdict(answer))
        self._try(lambda: self._redis.set(f"{self._names}:{place}", entry, ex=STALE))

    def _make_breaker(self) -> None:
        storage = CircuitRedisStorage(STATE_CLOSED, self._redis, namespace=self._names)
        self._breaker = CircuitBreaker(FAILURES, self._rest, state_storage=storage)

    def _try(self, command: Callable[[], Any]) -> Any:
        from redis.exceptions import RedisError

        if self._away:
            return None
        try:
            result = command()
        except (RedisError, OSError) as error:
            self._away_until = time.monotonic() + self._pause
            if not self._failing:
                logger.warning("Redis shares no facts now (%s).", type(error).__name__)
            self._failing = True
            return None
        self._failing = False
        return result


def read_answer(body: bytes, number: int) -> str | None:
    """The text of a numbers service's JSON answer, or None where it has no fact to tell.

    Raises an error for anything that does not answer a question about this number.
    """
    answer = json.loads(body.decode())
    text, found = answer["text"], answer["found"]
    if str(answer["number"]) != str(number) or not isinstance(text, str) or type(found) is not bool:
        raise ValueError("not an answer to the question")
    return plain(text) if found else None


def plain(text: str) -> str | None:
    """The text on one line, or None for what is no fact: dull, too long, or with markup in it."""
    # Beside control characters this removes what turns the direction of writing, and half of a
    # surrogate pair, which JSON can spell and UTF-8 cannot.
    shown = "".join(c if c.isprintable() else " " if c.isspace() else "" for c in text)
    text = " ".join(shown.split())
    dull = any(words in text.lower() for words in NO_FACT) or re.search(r"<[a-z/!]", text, re.I)
    return text if not dull and 0 < len(text) <= LONGEST else None
