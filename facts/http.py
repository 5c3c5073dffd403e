"""A page of a server that nobody vouches for: bounded in time, in size and in where it leads."""

import socket
import threading
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urljoin, urlsplit

from requests import HTTPError, Request
from requests.adapters import HTTPAdapter
from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)
from urllib3.exceptions import HTTPError as BrokenAnswer

MOST_BYTES = 64 * 1024
ATTEMPTS = 3
PORTS = {"http": 80, "https": 443}
# Without Accept-Encoding: identity a few bytes could unpack to many.
HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "digits/1.0"}


def fetch(url: str, patience: float) -> bytes | None:
    """The body behind a URL, of at most 64 kB; None where the server says there is none (404).

    All takes `patience` seconds at most, the look-up of the host's name aside: a second and third
    attempt after a failure that may pass, and one redirect, which may lead to the same host only.
    Raises OSError, urllib3's HTTPError or ValueError where there is no such answer.
    """
    deadline = time.monotonic() + patience
    attempts = Retrying(
        retry=retry_if_exception_type((OSError, BrokenAnswer)),
        wait=wait_random_exponential(multiplier=0.1, max=0.5),
        stop=stop_after_attempt(ATTEMPTS) | stop_before_delay(patience),
        reraise=True,
    )
    return attempts(_follow, url, deadline)


def _follow(url: str, deadline: float) -> bytes | None:
    status, location, body = _get(url, deadline)
    if status in (301, 302, 303, 307, 308):
        target = urljoin(url, location)
        allowed = (_origin(url), ("https", urlsplit(url).hostname, PORTS["https"]))
        if _origin(target) not in allowed:
            raise ValueError("led to another host")
        status, _, body = _get(target, deadline)
    if status >= 500:
        raise HTTPError(f"status {status}")
    if status not in (200, 404) or len(body) > MOST_BYTES:
        raise ValueError("no answer of a usable size")
    return body if status == 200 else None


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme)


def _get(url: str, deadline: float) -> tuple[int, str, bytes]:
    """The status, where it leads, and the first 64 kB of the body, and one byte more."""
    request, left = Request("GET", url, HEADERS).prepare(), _until(deadline)
    # without a Session, which would read all of what comes with a redirect
    with Deadline(left) as watch, watch.send(request, stream=True, timeout=left) as response:
        body = response.raw.read(MOST_BYTES + 1, decode_content=False)
        if watch.over:  # a connection that was shut can look like a complete answer
            raise TimeoutError
        return response.status_code, response.headers.get("Location", ""), body


def _until(deadline: float) -> float:
    if (left := deadline - time.monotonic()) <= 0:
        raise TimeoutError
    return left


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
