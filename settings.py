"""Settings from environment variables, which are read here and nowhere else.

DIGITS_DATA is not among them: it is for the library alone, see nn/data/.
"""

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from limits import parse

MAX_REQUEST_BYTES = 14_000_000  # a picture of 10 MB in base64
SHORTEST_KEY = 16  # characters; a shorter one could be guessed
LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"  # between the dots of a host name (RFC 1123)
HOST_NAME = re.compile(rf"({LABEL}\.)*(?![0-9]+$){LABEL}", re.IGNORECASE)


@dataclass(frozen=True)
class Settings:
    """The settings; the defaults are for variables that are not set."""

    port: int = 8000
    host: str = "0.0.0.0"  # the address to listen on; behind a proxy on this machine: 127.0.0.1
    web_concurrency: int = 2  # worker processes
    numbers_api_url: str = "http://numbersapi.com"  # empty: no numbers service is used
    redis_url: str = ""  # shared limits and cache; empty: in the memory of each process
    ratelimit_enabled: bool = True
    # A page sends about seven requests a second while one draws: this is enough for a class behind
    # one address, and a sixth of what two cores can handle.
    ratelimit_predict: str = "1000 per 10 seconds"  # drawings
    ratelimit_facts: str = "300 per 10 seconds"
    # How many proxies in front add to X-Forwarded-For.  Without one, clients write it themselves.
    trusted_proxies: int = 0
    request_timeout: int = 30  # seconds for all of a request to arrive
    api_keys: tuple[str, ...] = field(default=(), repr=False)  # none: no key is needed
    cors_origins: tuple[str, ...] = ()  # whose scripts may call the API; ("*",): all

    @staticmethod
    def from_environment(environ: Mapping[str, str] = os.environ) -> "Settings":
        """Raises ValueError for a value that is not valid, in a sentence for the operator."""
        url = environ.get("NUMBERS_API_URL", Settings.numbers_api_url).strip().rstrip("/")
        parts = urlsplit(url)
        if url and not (parts.scheme in ("http", "https") and parts.hostname):
            raise ValueError(
                f"NUMBERS_API_URL is {url!r}: set it to an http(s) URL, or leave it empty"
            )
        # Heroku sets DYNO, and lets nobody connect but by its router.
        proxies = 1 if "DYNO" in environ else Settings.trusted_proxies
        return Settings(
            port=whole_number(environ, "PORT", Settings.port, 1, 65535),
            host=host(environ, "HOST", Settings.host),
            web_concurrency=whole_number(
                environ, "WEB_CONCURRENCY", Settings.web_concurrency, 1, 256
            ),
            numbers_api_url=url,
            redis_url=redis_url_from(environ),
            ratelimit_enabled=switch(environ, "RATELIMIT_ENABLED", Settings.ratelimit_enabled),
            ratelimit_predict=rate(environ, "RATELIMIT_PREDICT", Settings.ratelimit_predict),
            ratelimit_facts=rate(environ, "RATELIMIT_FACTS", Settings.ratelimit_facts),
            trusted_proxies=whole_number(environ, "TRUSTED_PROXIES", proxies, 0, 10),
            request_timeout=whole_number(
                environ, "REQUEST_TIMEOUT", Settings.request_timeout, 1, 600
            ),
            api_keys=keys(environ, "API_KEYS"),
            cors_origins=origins(environ, "CORS_ORIGINS"),
        )


def redis_url_from(environ: Mapping[str, str]) -> str:
    """REDIS_URL, with REDIS_TLS_VERIFY as a parameter, where both libraries that use it read it.

    Without verification a self-signed certificate is accepted.  The URL may hold a password, so no
    error repeats it.
    """
    url = environ.get("REDIS_URL", "").strip()
    if url and not re.match(r"(rediss?://[^/]|unix:///)", url):
        raise ValueError("REDIS_URL is not a Redis URL: set it to redis://..., or leave it empty")
    if switch(environ, "REDIS_TLS_VERIFY", True) or not url.startswith("rediss:"):
        return url
    return f"{url}{'&' if '?' in url else '?'}ssl_cert_reqs=none"


def host(environ: Mapping[str, str], name: str, default: str) -> str:
    text = environ.get(name, "").strip() or default
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        if HOST_NAME.fullmatch(text) and len(text) <= 253:
            return text
    raise ValueError(f"{name} is {text!r}: set it to an IP address or a host name to listen on")


def whole_number(environ: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit()) or not low <= int(text) <= high:
        raise ValueError(f"{name} is {text!r}: set it to a whole number from {low} to {high}")
    return int(text)


def switch(environ: Mapping[str, str], name: str, default: bool) -> bool:
    text = environ.get(name, "").strip().lower() or str(default).lower()
    if text not in ("true", "false", "1", "0", "yes", "no", "on", "off"):
        raise ValueError(f"{name} is {text!r}: set it to true or false")
    return text in ("true", "1", "yes", "on")


def rate(environ: Mapping[str, str], name: str, default: str) -> str:
    text = environ.get(name, "").strip() or default
    try:
        parse(text)
    except ValueError:
        raise ValueError(f"{name} is {text!r}: set it to a rate such as {default!r}") from None
    return text


def keys(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Keys separated by commas.

    A variable that is set but empty is an error: it must not open the API by accident.  No message
    repeats a key.
    """
    if name not in environ:
        return ()
    found = tuple(key.strip() for key in environ[name].split(",") if key.strip())
    if not found:
        raise ValueError(f"{name} is empty: set it to keys, or unset it so that none is needed")
    for position, key in enumerate(found, 1):
        if len(key) < SHORTEST_KEY or not (key.isascii() and key.isprintable() and " " not in key):
            raise ValueError(
                f"{name} is not a list of keys separated by commas (see key {position}): "
                f"use keys of {SHORTEST_KEY} or more ASCII characters without spaces"
            )
    return found


def origins(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Origins separated by commas, such as https://example.org, or * alone."""
    found = tuple(part.strip().rstrip("/") for part in environ.get(name, "").split(","))
    found = tuple(part for part in found if part)
    if found == ("*",):
        return found
    for origin in found:
        try:
            parts = urlsplit(origin)
            valid = origin.lower() == f"{parts.scheme}://{parts.netloc}".lower()
            valid = valid and parts.scheme in ("http", "https") and parts.port != 0
        except ValueError:
            valid = False
        # flask-cors would take an origin with one of these characters for a regular expression
        if not valid or not parts.hostname or set(origin) & set("@*?$^()[]\\|"):
            raise ValueError(
                f"{name} is {environ[name]!r}: set it to origins such as https://example.org "
                "separated by commas, or to * alone"
            )
    return found
