"""Rate limits of each client, counted in Redis for all processes, or else in each process."""

import ipaddress
import logging
import math
import time
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, request
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter, RateLimiter
from redis.exceptions import RedisError

from settings import Settings
from web.problems import ProblemError

# Whose requests a process counts for itself, in some MB. The clean-up goes through all up to 100
# times a second. With more, all begin anew: whoever has so many addresses needs no other trick.
MAX_CLIENTS = 10_000
REDIS_TIMEOUT = 0.25  # seconds
REDIS_RETRY_DELAY = 5.0  # seconds in which a Redis that has failed is not asked

View = TypeVar("View", bound=Callable[..., Any])

log = logging.getLogger(__name__)


def limited(what: str) -> Callable[[View], View]:
    """Mark a view: each request to it counts as one of "drawings" or of "facts"."""

    def mark(view: View) -> View:
        view.rate_limit = what  # type: ignore[attr-defined]
        return view

    return mark


class RateLimits:
    """The limits of each client.  While Redis fails, each process counts for itself.

    Windows are fixed, so that a client that comes back after Retry-After is let in.
    """

    def __init__(self, settings: Settings) -> None:
        self._limits: dict[str, RateLimitItem] = {}
        if settings.ratelimit_enabled:
            self._limits = {
                "drawings": parse(settings.ratelimit_predict),
                "facts": parse(settings.ratelimit_facts),
            }
        self._forget_all()
        self._shared: RateLimiter | None = None
        self._retry_at = -math.inf
        if settings.redis_url:
            timeout = {"socket_timeout": REDIS_TIMEOUT, "socket_connect_timeout": REDIS_TIMEOUT}
            storage = storage_from_string(settings.redis_url, key_prefix="digits", **timeout)
            self._shared = FixedWindowRateLimiter(storage)

    def _forget_all(self) -> None:
        self._memory = MemoryStorage()  # its `reset` is not safe while other threads count
        self._own: RateLimiter = FixedWindowRateLimiter(self._memory)

    def enforce(self, app: Flask) -> None:
        """Count every request to a view that is marked, before its body is read."""

        @app.before_request
        def count() -> None:
            view = app.view_functions.get(request.endpoint or "")
            if what := getattr(view, "rate_limit", None):
                self.count(what, request.remote_addr)

    def count(self, what: str, address: str | None, cost: int = 1) -> None:
        """Count so many drawings or facts.  Raises ProblemError (429) above the limit."""
        limit = self._limits.get(what)
        if limit is None or cost < 1:
            return
        # what counts for more than the limit takes all that the request's own count has left
        cost = min(cost, max(1, limit.amount - 1))
        client = client_of(address)
        if self._shared and time.monotonic() >= self._retry_at:
            try:
                return hit(self._shared, limit, what, client, cost)
            except (RedisError, OSError) as error:
                self._retry_at = time.monotonic() + REDIS_RETRY_DELAY
                log.warning(
                    "Redis failed (%s): each process counts requests for itself for %g seconds.",
                    type(error).__name__,
                    REDIS_RETRY_DELAY,
                )
        if len(self._memory.storage) >= MAX_CLIENTS:
            self._forget_all()
        return hit(self._own, limit, what, client, cost)


def hit(limiter: RateLimiter, limit: RateLimitItem, what: str, client: str, cost: int) -> None:
    if limiter.hit(limit, what, client, cost=cost):
        return
    wait = limiter.get_window_stats(limit, what, client).reset_time - time.time()
    seconds = min(max(math.ceil(wait), 1), limit.get_expiry())
    raise ProblemError(
        429,
        f"more than {limit.amount} {what} in {limit.get_expiry()} seconds: "
        f"wait {seconds} s, then go on",
        {"Retry-After": str(seconds)},
    )


def client_of(address: str | None) -> str:
    """Whose requests are counted together: an IPv4 address, or the IPv6 network (/64) of one."""
    try:
        ip = ipaddress.ip_address((address or "").split("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ip.ipv4_mapped or ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)
