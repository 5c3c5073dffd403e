"""A numbers service: any server that speaks the protocol of numbersapi.com (/7/trivia?json).

Its facts are returned at once, from a cache in memory. Requests are made in the background by a
daemon thread, one at a time and at most one a second; further ones are dropped. With Redis, all
processes and machines share the cached replies and the circuit breaker; without, or while Redis is
unreachable, each process has its own.

Clients choose the numbers. Only those up to `LARGEST_NUMBER` are asked for, so that nobody can make
the service, the cache or Redis work through numbers without end.
"""

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cachetools import TLRUCache
from pybreaker import STATE_CLOSED, CircuitBreaker, CircuitBreakerError, CircuitRedisStorage
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

# A drawing is a digit, and beyond a thousand a service knows little. The replies of both kinds for
# all of them fit into the cache, in about a megabyte, so that none ever displaces another.
LARGEST_NUMBER = 999
CACHE_SIZE = 2048  # replies in the memory of a process
MAX_STALE = 30 * 24 * 3600  # seconds after which even a stale fact is dropped
NO_FACT_TTL = 3600  # seconds after which it is forgotten that there is no fact
MAX_LENGTH = 300  # characters of a text
NO_FACT = ("boring number", "unremarkable", "missing a fact", "uninteresting number")
FAILURES = 3  # in a row open the circuit breaker

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reply:
    """A text from the service, None where it has no fact; `received` in seconds since 1970."""

    text: str | None
    received: float


def lifetime(reply: Reply) -> int:
    """Seconds after which a reply is dropped."""
    return MAX_STALE if reply.text else NO_FACT_TTL


class Upstream:
    """A numbers service at a base URL. Safe to share between threads, and to make before a fork.

    A fact is fresh for `ttl` seconds, and used for up to a month while there is no newer one.
    A request takes at most `timeout` seconds. After it there is none for `interval` seconds, or for
    `retry_delay` seconds if it failed, after three failures in a row none for `reset_timeout`
    seconds: the circuit breaker is open.
    Raises ValueError for a malformed URL.
    """

    def __init__(
        self,
        url: str,
        redis_url: str = "",
        *,
        timeout: float = 2.0,
        ttl: float = 24 * 3600.0,
        reset_timeout: float = 60.0,
        retry_delay: float = 1.0,
        interval: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.host = urlsplit(url).hostname or ""
        if not (self.host and url.startswith(("http://", "https://"))):
            raise ValueError(f"the URL of the numbers service is {url!r}: make it an http(s) URL")
        self._url = url.rstrip("/")
        self._timeout, self._ttl, self._retry_delay, self._clock = timeout, ttl, retry_delay, clock
        self._interval = interval
        self._replies: TLRUCache[tuple[int, str], Reply] = TLRUCache(
            CACHE_SIZE, lambda _, reply, now: reply.received + lifetime(reply), clock
        )
        self._lock = threading.Lock()  # of the replies
        self._requesting = threading.Lock()  # held while a request is under way
        self._next_at = 0.0  # no request before that
        self._breaker = CircuitBreaker(FAILURES, reset_timeout)
        self._shared = (
            SharedReplies(redis_url, self._url, reset_timeout, retry_delay) if redis_url else None
        )
        self._failing = False

    def facts(self, number: int, kinds: Iterable[str]) -> dict[str, str]:
        """The cached facts by kind. Requests one that is missing or stale in the background."""
        if not 0 <= number <= LARGEST_NUMBER:
            return {}
        with self._lock:
            cached = {kind: self._replies.get((number, kind)) for kind in kinds}
        stale = self._clock() - self._ttl
        wanted = [kind for kind, reply in cached.items() if not reply or reply.received <= stale]
        if wanted and time.monotonic() >= self._next_at:
            self._request_later(number, wanted[0])
        return {kind: reply.text for kind, reply in cached.items() if reply and reply.text}

    def settle(self, timeout: float) -> bool:
        """Wait for the request under way; True when there is none any more. For tests."""
        settled = self._requesting.acquire(timeout=timeout)
        if settled:
            self._requesting.release()
        return settled

    def _request_later(self, number: int, kind: str) -> None:
        if not self._requesting.acquire(blocking=False):
            return
        try:
            # Not a pool: its threads do not survive a fork, and hold up the end of the process.
            threading.Thread(target=self._request, args=(number, kind), daemon=True).start()
        except RuntimeError:  # the process is ending, or has no thread to spare
            self._requesting.release()

    def _request(self, number: int, kind: str) -> None:
        try:
            reply = self._reply(number, kind)
            with self._lock:
                self._replies[number, kind] = reply
            self._next_at = time.monotonic() + self._interval
            self._failing = False
        except Exception as error:  # an unknown server can cause any, and none is worth a crash
            self._next_at = time.monotonic() + self._retry_delay
            if not self._failing and not isinstance(error, CircuitBreakerError):
                logger.warning("%s gives no facts (%s).", self.host, type(error).__name__)
                self._failing = True
        finally:
            self._requesting.release()

    def _reply(self, number: int, kind: str) -> Reply:
        """From the other processes if one has it, else from the service."""
        now, key = self._clock(), f"{kind}/{number}"
        reply = self._shared.get(key) if self._shared else None
        if reply and now - min(self._ttl, lifetime(reply)) < reply.received <= now:
            return reply
        breaker = (self._shared.breaker if self._shared else None) or self._breaker
        reply = Reply(breaker.call(self._fetch, number, kind), now)
        if self._shared:
            self._shared.put(key, reply)
        return reply

    def _fetch(self, number: int, kind: str) -> str | None:
        from facts.http import fetch  # here: `requests` takes long to import, which delays a start

        body = fetch(f"{self._url}/{number}/{kind}?json", self._timeout)
        return None if body is None else parse_reply(body, number)


class SharedReplies:
    """Replies and a circuit breaker in Redis. Used in the background only: Redis may be slow.

    While Redis is unreachable `get` and `breaker` are None, and `put` does nothing.
    """

    def __init__(
        self, redis_url: str, service: str, reset_timeout: float, retry_delay: float
    ) -> None:
        # One more attempt: a connection from before a restart of Redis fails at first.
        options: dict[str, Any] = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
        self._redis = Redis.from_url(redis_url, retry=Retry(NoBackoff(), 1), **options)
        self._prefix = f"digits:facts:{service}"
        self._reset_timeout, self._retry_delay = reset_timeout, retry_delay
        self._retry_at, self._failing = 0.0, False
        self._breaker: CircuitBreaker | None = None
        # Its storage logs a traceback for each command that fails; `_try` logs a line.
        logging.getLogger("pybreaker").setLevel(logging.CRITICAL)

    @property
    def breaker(self) -> CircuitBreaker | None:
        return None if self._is_backing_off else self._breaker

    @property
    def _is_backing_off(self) -> bool:
        return time.monotonic() < self._retry_at

    def get(self, key: str) -> Reply | None:
        found = self._try(lambda: self._redis.get(f"{self._prefix}:{key}"))
        if self._breaker is None:
            self._try(self._make_breaker)
        try:
            entry = json.loads(found)
            text, received = entry["text"], float(entry["received"])
            return Reply(clean(text) if text else None, received)
        except (TypeError, ValueError, KeyError, RecursionError):  # nothing, or nothing of ours
            return None

    def put(self, key: str, reply: Reply) -> None:
        entry = json.dumps({"text": reply.text, "received": reply.received})
        self._try(lambda: self._redis.set(f"{self._prefix}:{key}", entry, ex=lifetime(reply)))

    def _make_breaker(self) -> None:
        storage = CircuitRedisStorage(STATE_CLOSED, self._redis, namespace=self._prefix)
        self._breaker = CircuitBreaker(FAILURES, self._reset_timeout, state_storage=storage)

    def _try(self, command: Callable[[], Any]) -> Any:
        if self._is_backing_off:
            return None
        try:
            result = command()
        except (RedisError, OSError) as error:
            self._retry_at = time.monotonic() + self._retry_delay
            if not self._failing:
                logger.warning("Redis shares no facts now (%s).", type(error).__name__)
            self._failing = True
            return None
        self._failing = False
        return result


def parse_reply(body: bytes, number: int) -> str | None:
    """The text in a numbers service's JSON, or None where it has no fact.

    Raises ValueError, KeyError, TypeError or RecursionError for anything else.
    """
    reply = json.loads(body.decode())
    text, found = reply["text"], reply["found"]
    if str(reply["number"]) != str(number) or not isinstance(text, str) or type(found) is not bool:
        raise ValueError(f"the reply is not about {number}")
    return clean(text) if found else None


def clean(text: str) -> str | None:
    """The text on one line, or None for what is no fact: dull, too long, or with markup in it."""
    # Beside control characters this removes what turns the direction of writing, and half of a
    # surrogate pair, which JSON can spell and UTF-8 cannot.
    shown = "".join(c if c.isprintable() else " " if c.isspace() else "" for c in text)
    text = " ".join(shown.split())
    dull = any(words in text.lower() for words in NO_FACT) or re.search(r"<[a-z/!]", text, re.I)
    return text if not dull and 0 < len(text) <= MAX_LENGTH else None
