"""gunicorn's worker: uvicorn, and limits so that no client holds its threads or fills its memory.

uvicorn frames HTTP and waits for sockets.  This module must not import NumPy: see app.py.
"""

from asyncio import TimerHandle, Transport, get_running_loop
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from typing import Any, cast

from a2wsgi.wsgi import build_environ
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn_worker import UvicornWorker
from werkzeug.test import run_wsgi_app

from settings import MAX_REQUEST_BYTES, Settings
from web.problems import http_response

TIMEOUT = Settings.from_environment().request_timeout  # seconds for a request, and its response
FIRST_BYTE_TIMEOUT, LINGER_TIMEOUT = min(5, TIMEOUT), 2  # seconds
MAX_HEAD_BYTES, MAX_FIELDS = 64 * 1024, 100  # also of chunk sizes and trailers
PIECE = 16 * 1024  # bytes that are parsed before the limits are looked at
MAX_TARGET_BYTES = 8 * 1024  # of path and query
MAX_PENDING_BYTES = 64_000_000  # of all requests and unsent responses
MAX_PIPELINE = 16  # requests that wait on one connection
FRAMING_FIELDS = (b"content-length", b"transfer-encoding")

pending: dict["Connection", int] = {}  # how many bytes each connection has in memory


class Connection(HttpToolsProtocol):
    """A client's connection, whose requests reach the app when they are whole."""

    refused = leaving = False
    arriving = False  # whether a request has begun, and is not whole
    content: bytearray  # of the request that is arriving
    framing = 0  # how many bytes of it are not its content
    unanswered = 0  # how many bytes of content the app has, or will get from here
    timer: TimerHandle
    scope: Any

    def limit(self, seconds: float, action: Callable[..., object], *arguments: object) -> None:
        """Do that after so many seconds, unless the connection waits for something else by then."""
        self.timer.cancel()
        self.timer = self.loop.call_later(seconds, action, *arguments)

    def hold(self) -> None:
        """Count what it has in memory.  If all have too much, refuse whoever can free most."""
        pending[self] = self.framing + len(self.content) + self.unanswered
        pending[self] += self.transport.get_write_buffer_size()
        if sum(pending.values()) > MAX_PENDING_BYTES:
            others = (one for one in pending if not one.refused)
            max(others, key=Connection.releasable, default=self).refuse(503)
        elif not pending[self]:
            del pending[self]

    def releasable(self) -> int:
        """How many bytes are free when it is refused: not those that the app works on."""
        return len(self.content) if self.is_waited_for() else pending[self]

    def is_waited_for(self) -> bool:
        """Whether the app works for it, and not only its own reading is waited for."""
        return self.is_computing() and not self.flow.write_paused

    def is_computing(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.content = bytearray()
        self.timer = self.loop.call_later(FIRST_BYTE_TIMEOUT, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.timer.cancel()
        pending.pop(self, None)
        self.content, self.scope = bytearray(), None  # what is in cycles is freed late

    def data_received(self, data: bytes) -> None:
        if not self.arriving and not self.refused:
            self.begin()
        for start in range(0, len(data), PIECE):
            if self.refused:  # only the client's closing is waited for
                return
            piece = data[start : start + PIECE]
            self.framing += len(piece)
            super().data_received(piece)
            if self.refused:
                return
            self.hold()
            if self.framing > MAX_HEAD_BYTES:
                self.refuse(431)

    def begin(self) -> None:
        self.arriving = True
        self.limit(TIMEOUT, self.refuse, 408)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if not self.arriving:  # behind a whole request, in the same piece
            self.begin()

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client will send no more: answer what it has sent."""
        if self.is_computing():
            self.cycle.keep_alive = False
            return True
        if self.arriving:
            self.refuse(400)
        return False

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self.headers) == MAX_FIELDS:
            self.stop(431)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        headers = dict(self.headers)
        if len(self.url) > MAX_TARGET_BYTES:
            self.stop(414)
        if int(headers.get(b"content-length", 0)) > MAX_REQUEST_BYTES:
            self.stop(413)
        if headers.get(b"expect", b"100-continue").lower() != b"100-continue":
            self.stop(417)
        coding = headers.get(b"transfer-encoding", b"").lower()
        if coding not in (b"", b"chunked"):
            self.stop(501)
        if self.parser.should_upgrade() and (coding or int(headers.get(b"content-length", 0))):
            self.stop(501)  # httptools would take the content for the next request
        if len(self.pipeline) == MAX_PIPELINE:
            self.stop(400)
        if self.expect_100_continue and not self.is_computing():
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.expect_100_continue = False  # uvicorn would send it, too
        # WSGI would take a name with _ for the one with -, which a proxy in front may have checked.
        kept = (f for f in self.headers if b"_" not in f[0] and f[0] not in FRAMING_FIELDS)
        self.scope["headers"] = list(kept)

    def on_body(self, body: bytes) -> None:
        self.framing -= len(body)
        self.content += body
        if len(self.content) > MAX_REQUEST_BYTES:
            self.stop(413)

    def on_message_complete(self) -> None:
        self.arriving = False
        self.limit(TIMEOUT, self.transport.abort)
        self.scope["headers"] += [(b"content-length", b"%d" % len(self.content))]
        self.scope["extensions"] = {"connection": self, "content": bytes(self.content)}
        self.unanswered += len(self.content)
        self.framing, self.content = 0, bytearray()
        super().on_headers_complete()  # starts the app
        super().on_message_complete()
        if self.leaving or self.parser.should_upgrade():
            self.cycle.keep_alive = False

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.is_computing():
            self.unanswered = 0
            self.hold()
        if self.arriving and self.timeout_keep_alive_task:
            self.timeout_keep_alive_task.cancel()  # the connection is not idle

    def resume_writing(self) -> None:
        super().resume_writing()
        self.hold()

    def send_400_response(self, msg: str) -> None:
        self.refuse(400)

    def stop(self, status: int) -> None:
        self.refuse(status)
        raise ValueError("the rest of the request is not parsed")

    def refuse(self, status: int) -> None:
        """Send an error and close, or break off the response that is being sent."""
        if self.refused:
            return
        self.refused, self.content, self.scope = True, bytearray(), None
        self.logger.info("A request was refused with status %d.", status)
        if self.is_waited_for():  # that request is answered first
            self.cycle.keep_alive = False
            self.hold()
            return self.limit(TIMEOUT, self.transport.abort)
        pending.pop(self, None)
        if self.transport.get_write_buffer_size():
            return self.transport.abort()
        self.transport.write(http_response(status))
        if self.transport.can_write_eof():
            self.transport.write_eof()  # so that the client can read it first: RFC 9112, 9.6
        self.limit(LINGER_TIMEOUT, self.transport.abort)

    def shutdown(self) -> None:
        """End after the response under way, or to the request that is just arriving."""
        Connection.leaving = True  # also for those that are just being accepted
        if self.is_computing():
            super().shutdown()
        elif not self.arriving:
            self.limit(LINGER_TIMEOUT, self.transport.close)


class App:
    """The WSGI app as an ASGI app, in threads that only compute."""

    def __init__(self, app: Callable[..., Any], threads: int) -> None:
        self.app, self.executor = app, ThreadPoolExecutor(threads)

    async def __call__(self, scope: Any, _receive: object, send: Callable[..., Any]) -> None:
        loop, connection = get_running_loop(), scope["extensions"]["connection"]
        answer = partial(self.answer, scope, connection.transport)
        body, status, headers = await loop.run_in_executor(self.executor, answer)
        fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await send({"type": "http.response.start", "status": int(status[:3]), "headers": fields})
        await send({"type": "http.response.body", "body": b"".join(body)})

    def answer(self, scope: Any, transport: Transport) -> Any:
        """What the app answers; nothing if the client has gone while it waited for a thread."""
        # what holds the content is in cycles, and would otherwise be there until they are collected
        with BytesIO(scope["extensions"].pop("content")) as content:
            if transport.is_closing():
                return [], "408", []
            environ: Any = build_environ(scope, cast(Any, content))
            return run_wsgi_app(self.app, environ, buffered=True)


class Worker(UvicornWorker):  # type: ignore[misc]
    """uvicorn under gunicorn, with asyncio's own loop: short of file descriptors, it waits."""

    CONFIG_KWARGS = {  # noqa: RUF012
        "http": Connection,
        "loop": "asyncio",
        "backlog": 1,  # asyncio accepts so many connections at a time: more would starve others
        "ws": "none",
        "lifespan": "off",
        "access_log": False,
        "proxy_headers": False,  # see app.py
        "server_header": False,
    }

    async def callback_notify(self) -> None:
        await super().callback_notify()
        for listener in self.sockets:
            listener.listen(self.cfg.backlog)  # which asyncio has set to 1, too

    def load_wsgi(self) -> None:
        super().load_wsgi()
        self.wsgi: Any = App(self.wsgi, self.cfg.threads)
