"""What the environment says, read here and nowhere else.

DIGITS_DATA is the one variable not in this list: it concerns the library alone, see nn/data.py.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Settings:
    """The defaults hold for variables that are not set."""

    port: int = 8000
    web_concurrency: int = 2  # worker processes
    numbers_api_url: str = "http://numbersapi.com"  # empty: no numbers service is asked
    redis_url: str = ""  # for what processes share; nothing does yet
    ratelimit_enabled: bool = True  # for limits on requests; there are none yet

    @staticmethod
    def from_environment(environ: Mapping[str, str] = os.environ) -> "Settings":
        """Raises ValueError, in a sentence for the operator, when a variable makes no sense."""
        url = environ.get("NUMBERS_API_URL", Settings.numbers_api_url).strip().rstrip("/")
        parts = urlsplit(url)
        if url and not (parts.scheme in ("http", "https") and parts.hostname):
            raise ValueError(f"NUMBERS_API_URL is {url!r}: make it an http(s) address, or empty")
        return Settings(
            port=whole_number(environ, "PORT", Settings.port, 1, 65535),
            web_concurrency=whole_number(
                environ, "WEB_CONCURRENCY", Settings.web_concurrency, 1, 256
            ),
            numbers_api_url=url,
            redis_url=environ.get("REDIS_URL", ""),
            ratelimit_enabled=switch(environ, "RATELIMIT_ENABLED", Settings.ratelimit_enabled),
        )


def whole_number(environ: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit()) or not low <= int(text) <= high:
        raise ValueError(f"{name} is {text!r}: make it a whole number from {low} to {high}")
    return int(text)


def switch(environ: Mapping[str, str], name: str, default: bool) -> bool:
    text = environ.get(name, "").strip().lower() or str(default).lower()
    if text not in ("true", "false", "1", "0", "yes", "no", "on", "off"):
        raise ValueError(f"{name} is {text!r}: make it true or false")
    return text in ("true", "1", "yes", "on")
