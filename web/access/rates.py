"""How often one client may ask, counted where all processes see it, or else in each."""

import ipaddress
import logging
import math
import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter, RateLimiter
from redis.exceptions import RedisError

from settings import Settings
from web.problems import Problem

PATIENCE = 0.25  # seconds for Redis to answer
REST = 5.0  # seconds in which a Redis that has failed is left alone

log = logging.getLogger(__name__)


class Rates:
    """The limits of each client.  Where Redis fails each process counts for itself.

    Windows are fixed, so that who comes back after Retry-After is let in.
    """

    def __init__(self, settings: Settings) -> None:
        self._limits: dict[str, RateLimitItem] = {}
        if settings.ratelimit_enabled:
            self._limits = {
                "drawings": parse(settings.ratelimit_predict),
                "facts": parse(settings.ratelimit_facts),
            }
        self._own: RateLimiter = FixedWindowRateLimiter(MemoryStorage())
        self._shared: RateLimiter | None = None
        self._resting_until = -math.inf
        if settings.redis_url:
            patience = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
            storage = storage_from_string(settings.redis_url, key_prefix="digits", **patience)
            self._shared = FixedWindowRateLimiter(storage)

    def spend(self, what: str, address: str | None, cost: int = 1) -> None:
        """Count a request for "drawings" or "facts".  Raises Problem (429) above the limit."""
        limit = self._limits.get(what)
        if limit is None or cost < 1:
            return
        who = client_of(address)
        if self._shared and time.monotonic() >= self._resting_until:
            try:
                return spend(self._shared, limit, what, who, cost)
            except (RedisError, OSError) as error:
                self._resting_until = time.monotonic() + REST
                log.warning(
                    "Redis failed (%s): each process counts requests for itself for %g seconds.",
                    type(error).__name__,
                    REST,
                )
        return spend(self._own, limit, what, who, cost)


def spend(limiter: RateLimiter, limit: RateLimitItem, what: str, who: str, cost: int) -> None:
    if limiter.hit(limit, what, who, cost=cost):
        return
    wait = limiter.get_window_stats(limit, what, who).reset_time - time.time()
    seconds = min(max(math.ceil(wait), 1), limit.get_expiry())
    raise Problem(
        429,
        f"more than {limit.amount} {what} in {limit.get_expiry()} seconds: "
        f"wait {seconds} s, then go on",
        {"Retry-After": str(seconds)},
    )


def client_of(address: str | None) -> str:
    """Who a limit is counted for: an IPv4 address, or an IPv6 network of one subscriber (/64)."""
    try:
        ip = ipaddress.ip_address((address or "").split("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ip.ipv4_mapped or ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)
