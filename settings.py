"""What the environment says, read here and nowhere else.

DIGITS_DATA is the one variable not in this list: it concerns the library alone, see nn/data.py.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from limits import parse

SHORTEST_KEY = 16  # characters; what is shorter can be guessed


@dataclass(frozen=True)
class Settings:
    """The defaults hold for variables that are not set."""

    port: int = 8000
    web_concurrency: int = 2  # worker processes
    numbers_api_url: str = "http://numbersapi.com"  # empty: no numbers service is asked
    redis_url: str = ""  # where processes and machines share what they count and remember
    ratelimit_enabled: bool = True
    # A page that is drawn on without a pause asks about seven times a second: this is room for a
    # class that draws behind one address, and a sixth of what two cores answer.
    ratelimit_predict: str = "1000 per 10 seconds"  # drawings
    ratelimit_facts: str = "300 per 10 seconds"
    trusted_proxies: int = 1  # how many in front of us add to X-Forwarded-For
    request_timeout: int = 30  # seconds in which a request has to arrive
    api_keys: tuple[str, ...] = field(default=(), repr=False)  # none: everybody may ask
    cors_origins: tuple[str, ...] = ()  # other sites whose scripts may ask; ("*",): all

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
            redis_url=redis_address(environ),
            ratelimit_enabled=switch(environ, "RATELIMIT_ENABLED", Settings.ratelimit_enabled),
            ratelimit_predict=rate(environ, "RATELIMIT_PREDICT", Settings.ratelimit_predict),
            ratelimit_facts=rate(environ, "RATELIMIT_FACTS", Settings.ratelimit_facts),
            trusted_proxies=whole_number(
                environ, "TRUSTED_PROXIES", Settings.trusted_proxies, 0, 10
            ),
            request_timeout=whole_number(
                environ, "REQUEST_TIMEOUT", Settings.request_timeout, 1, 600
            ),
            api_keys=keys(environ, "API_KEYS"),
            cors_origins=origins(environ, "CORS_ORIGINS"),
        )


def redis_address(environ: Mapping[str, str]) -> str:
    """REDIS_URL, with what REDIS_TLS_VERIFY says in it: both libraries that use it read it there.

    The address may hold a password, so no error repeats it.
    """
    url = environ.get("REDIS_URL", "").strip()
    if url and not re.match(r"(rediss?://[^/]|unix:///)", url):
        raise ValueError("REDIS_URL is no address of a Redis: make it redis://..., or empty")
    if switch(environ, "REDIS_TLS_VERIFY", True) or not url.startswith("rediss:"):
        return url
    return f"{url}{'&' if '?' in url else '?'}ssl_cert_reqs=none"


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


def rate(environ: Mapping[str, str], name: str, default: str) -> str:
    text = environ.get(name, "").strip() or default
    try:
        parse(text)
    except ValueError:
        raise ValueError(f"{name} is {text!r}: make it such as {default!r}") from None
    return text


def keys(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Keys between commas.  A variable that is set but holds none is a mistake: taken for "no key
    is needed" it would let everybody in by accident.  No message repeats a key."""
    if name not in environ:
        return ()
    found = tuple(key.strip() for key in environ[name].split(",") if key.strip())
    if not found:
        raise ValueError(f"{name} is set but empty: put keys in it, or unset it to need none")
    for place, key in enumerate(found, 1):
        if len(key) < SHORTEST_KEY or not (key.isascii() and key.isprintable() and " " not in key):
            raise ValueError(
                f"{name} is no list of keys between commas (see key {place}): "
                f"make it of keys of {SHORTEST_KEY} or more ASCII characters without spaces"
            )
    return found


def origins(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Origins between commas, such as https://example.org, or * alone."""
    found = tuple(part.strip().rstrip("/") for part in environ.get(name, "").split(","))
    found = tuple(part for part in found if part)
    if found == ("*",):
        return found
    for origin in found:
        try:
            parts = urlsplit(origin)
            right = origin.lower() == f"{parts.scheme}://{parts.netloc}".lower()
            right = right and parts.scheme in ("http", "https") and parts.port != 0
        except ValueError:
            right = False
        # flask-cors would take what has one of the last group for a regular expression
        if not right or not parts.hostname or set(origin) & set("@*?$^()[]\\|"):
            raise ValueError(
                f"{name} is {environ[name]!r}: make it origins such as https://example.org "
                "between commas, or * alone"
            )
    return found
