"""A request to a server that is not trusted: bounded in time, in size and in redirects."""

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
from urllib3.exceptions import HTTPError as BrokenResponseError

MAX_BYTES = 64 * 1024
ATTEMPTS = 3
PORTS = {"http": 80, "https": 443}
# Without Accept-Encoding: identity a few bytes could unpack to many.
HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "digits/1.0"}


def fetch(url: str, timeout: float) -> bytes | None:
    """The body of the response, at most 64 kB; None for status 404.

    Takes at most `timeout` seconds, the look-up of the host's name aside, for up to three attempts
    after failures that may pass. Follows one redirect, to the same host only.
    Raises OSError, urllib3's HTTPError or ValueError for any other response, or none.
    """
    deadline = time.monotonic() + timeout
    attempts = Retrying(
        retry=retry_if_exception_type((OSError, BrokenResponseError)),
        wait=wait_random_exponential(multiplier=0.1, max=0.5),
        stop=stop_after_attempt(ATTEMPTS) | stop_before_delay(timeout),
        reraise=True,
    )
    return attempts(_follow, url, deadline)


def _follow(url: str, deadline: float) -> bytes | None:
    status, location, body = _get(url, deadline)
    if status in (301, 302, 303, 307, 308):
        target = urljoin(url, location)
        allowed = (_origin(url), ("https", urlsplit(url).hostname, PORTS["https"]))
        if _origin(target) not in allowed:
            raise ValueError("the redirect leads to another host")
        status, _, body = _get(target, deadline)
    if status >= 500:
        raise HTTPError(f"status {status}")
    if status not in (200, 404) or len(body) > MAX_BYTES:
        raise ValueError(f"the response has status {status} and {len(body)} bytes")
    return body if status == 200 else None


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme)


def _get(url: str, deadline: float) -> tuple[int, str, bytes]:
    """Status, header Location, and the body up to one byte more than the limit."""
    request, seconds = Request("GET", url, HEADERS).prepare(), _seconds_until(deadline)
    # without a Session, which would read all of what comes with a redirect
    with (
        DeadlineAdapter(seconds) as adapter,
        adapter.send(request, stream=True, timeout=seconds) as response,
    ):
        body = response.raw.read(MAX_BYTES + 1, decode_content=False)
        if adapter.is_over:  # a connection that was shut can look like a complete response
            raise TimeoutError
        return response.status_code, response.headers.get("Location", ""), body


def _seconds_until(deadline: float) -> float:
    if (left := deadline - time.monotonic()) <= 0:
        raise TimeoutError
    return left


class DeadlineAdapter(HTTPAdapter):
    """An adapter that shuts its connections when the time is up.

    A socket's own time-out starts anew with each byte, so a server that drips its headers, or its
    part of the TLS handshake, would hold on for days.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._sockets: list[socket.socket] = []
        self.is_over = False
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True

    def __enter__(self) -> "DeadlineAdapter":
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
        if self.is_over:
            self._shut()
        return sock

    def _shut(self) -> None:
        self.is_over = True
        for sock in tuple(self._sockets):
            with suppress(OSError):  # not connected any more
                sock.shutdown(socket.SHUT_RDWR)
