"""A gunicorn worker that slow clients do not block.

gunicorn's threaded worker reads a request in the thread that handles it, without a time limit, so
as many stalled uploads as there are threads stop it. This one gathers each request in the event
loop, which waits for a thousand clients as easily as for one, and hands it to a thread when all of
it is there. What has not arrived in time gets 408; what does not fit into memory, 503.

Here a request is read only to find where it ends, so that no thread has to wait for that;
gunicorn's parser then gets the same bytes.

This module is imported before the app, and so must not import NumPy: see app.py.
"""

import re
import selectors
import socket
import struct
import time
from collections import OrderedDict
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from select import select
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from settings import Settings
from web.operation.arrival import CONTINUE, PIECE, Arrival, BufferedUnreader
from web.problems import DETAILS, content_of

MAX_PENDING_BYTES = 64_000_000  # of all unfinished requests of a worker
FIRST_BYTE_TIMEOUT = 5.0  # seconds in which a new connection has to send its first byte
LINGER_TIMEOUT = 2.0  # seconds in which a client has to close what we have closed
ABORT = struct.pack("ii", 1, 0)  # close without sending what still waits to be sent

REFUSALS = {
    400: "the request is not valid HTTP: check the client that sends it",
    408: "the request did not arrive in {:g} seconds: send it again",
    413: DETAILS[413],
    414: "the address is too long: shorten it",
    417: "the header Expect is not supported: send 100-continue, or leave it out",
    431: "the headers are too long: shorten them",
    500: DETAILS[500],
    501: "the transfer coding is not supported: use chunked, or none",
    503: "too many uploads are under way: send it again in a few seconds",
}


def problem(status: int, detail: str) -> bytes:
    """A whole response, as it goes over the wire."""
    title, body = content_of(status, detail)
    head = f"HTTP/1.1 {status} {title}\r\nContent-Type: application/problem+json\r\n"
    head += f"Content-Length: {len(body)}\r\nConnection: close\r\nCache-Control: no-store\r\n"
    head += "Retry-After: 5\r\n\r\n" if status == 503 else "\r\n"
    return head.encode() + body


class StatusRecorder:
    """In place of a socket: records the status of the response that gunicorn sends."""

    status = 400

    def sendall(self, data: bytes) -> None:
        self.status = int(data.split(b" ", 2)[1])

    def gettimeout(self) -> float:
        return 0.0

    def setblocking(self, _: bool) -> None:
        pass


@dataclass
class PendingRequests:
    """By connection: bytes in memory of its request, and the time by which to finish it."""

    size: dict[TConn, int] = field(default_factory=dict)
    until: dict[TConn, float] = field(default_factory=dict)
    total: int = 0

    def add(self, connection: TConn, size: int) -> None:
        self.size[connection] = self.size.get(connection, 0) + size
        self.total += size

    def release(self, connection: TConn) -> None:
        self.until.pop(connection, None)
        self.total -= self.size.pop(connection, 0)


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threaded worker; requests come to its threads whole."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.limit = float(Settings.from_environment().request_timeout)
        self.arrivals: OrderedDict[TConn, Arrival] = OrderedDict()  # the oldest first
        self.pending = PendingRequests()
        self.lingering: dict[TConn, float] = {}  # until when

    # All but `handle` runs in the thread of the event loop, so there is nothing to lock.

    def set_accept_enabled(self, enabled: bool) -> None:
        """At shutdown: accept connections that already wait, then close the socket.

        Left open, it would go on accepting connections that are never served. When refused, a proxy
        connects elsewhere at once. Other workers have their own copies of the socket.
        """
        super().set_accept_enabled(enabled)
        if enabled or self.alive:
            return
        for listener in self.sockets:
            while self.nr_conns < self.worker_connections and select([listener], [], [], 0)[0]:
                self.accept(listener)
            listener.close()

    def enqueue_req(self, conn: TConn) -> None:
        """Read the next request of a connection that is new, or has just become readable."""
        if self.cfg.is_ssl:  # its bytes are no request before they are deciphered
            return self._hand_over(conn)
        content = bytearray(conn.parser.unreader.take_buffered() if conn.parser else b"")
        conn.sock.setblocking(False)
        self.pending.add(conn, len(content))
        self.arrivals[conn] = arrival = Arrival(conn, content, time.monotonic())
        self._receive(arrival)  # most requests are here already
        return None

    def _receive(self, arrival: Arrival, _sock: socket.socket | None = None) -> None:
        conn = arrival.connection
        try:
            while not arrival.is_whole():
                if arrival.head and (expects := CONTINUE.search(arrival.content, 0, arrival.head)):
                    self._send_continue(arrival, expects)
                    continue
                piece = conn.sock.recv(min(arrival.missing(), PIECE))
                if not piece:
                    # The client will send no more; a thread reports the error.
                    break
                arrival.content += piece
                self.pending.add(conn, len(piece))
                while self.pending.total > MAX_PENDING_BYTES and conn in self.arrivals:
                    self._refuse(next(iter(self.arrivals.values())), 503)
                if conn not in self.arrivals:
                    return
        except (BlockingIOError, InterruptedError):
            if not arrival.awaited:
                more = partial(self._receive, arrival)
                self.poller.register(conn.sock, selectors.EVENT_READ, more)
                arrival.awaited = True
            return
        except OSError:
            return self._close(arrival)
        if not arrival.content:
            return self._close(arrival)
        if arrival.refusal:
            return self._refuse(arrival, arrival.refusal)
        self._forget(arrival)
        conn.buffered = arrival.content
        self._hand_over(conn)

    def _send_continue(self, arrival: Arrival, expects: re.Match[bytes]) -> None:
        """Send 100 Continue to a client that waits for it, and remove its Expect header."""
        start, end = expects.span()
        if len(arrival.content) == arrival.head:
            arrival.connection.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        del arrival.content[start:end]
        arrival.head -= end - start
        arrival.chunk -= end - start
        arrival.needed -= (end - start) if arrival.needed else 0

    def _hand_over(self, conn: TConn) -> None:
        # What the threads still do with the client, mostly writing, has the same time again.
        self.pending.until[conn] = time.monotonic() + self.limit
        super().enqueue_req(conn)

    def handle(self, conn: TConn) -> Any:
        """In a thread: handle the request."""
        content = conn.__dict__.pop("buffered", None)
        if content is not None:
            conn.sock.setblocking(True)
            conn.data_ready = True
            conn.init()
            conn.parser.unreader = BufferedUnreader(content, conn.sock)
        try:
            return super().handle(conn)
        finally:
            if content is not None:
                conn.parser.unreader.keep_rest()

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        self.pending.release(conn)
        if getattr(conn, "late", False):
            return self._end(conn)
        handled = not fs.cancelled() and fs.exception() is None
        if handled and not fs.result() and not self.cfg.is_ssl:
            return self._linger(conn)  # gunicorn's own way to do so stops the event loop
        super().finish_request(conn, fs)
        return None

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer invalid HTTP with problem+json; gunicorn determines the status and logs it."""
        recorder = StatusRecorder()
        super().handle_error(req, recorder, addr, exc)
        with suppress(OSError):
            client.sendall(problem(recorder.status, REFUSALS.get(recorder.status, REFUSALS[400])))

    def _linger(self, conn: TConn) -> None:
        """Close, but let the client read the response first (RFC 9112, 9.6)."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
        except OSError:
            return self._end(conn)
        self.lingering[conn] = time.monotonic() + LINGER_TIMEOUT
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))
        return None

    def _drain(self, conn: TConn, sock: socket.socket) -> None:
        try:
            if sock.recv(PIECE):
                return
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            pass
        self._end(conn)

    def _end(self, conn: TConn) -> None:
        if self.lingering.pop(conn, None) is not None:
            self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def murder_pending(self) -> None:
        """Called about once a second: close what takes too long."""
        super().murder_pending()
        now = time.monotonic()
        for arrival in list(self.arrivals.values()):
            if arrival.content and now > arrival.began + self.limit:
                self._refuse(arrival, 408)
            elif not arrival.content and now > arrival.began + min(FIRST_BYTE_TIMEOUT, self.limit):
                self._close(arrival)
        for conn, until in list(self.lingering.items()):
            if now > until:
                self._end(conn)
        for conn, until in self.pending.until.items():
            if now > until:  # the thread that reads from it, or writes to it, goes on at once
                conn.late = True
                with suppress(OSError):
                    conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
                    conn.sock.shutdown(socket.SHUT_RDWR)

    def _refuse(self, arrival: Arrival, status: int) -> None:
        conn = arrival.connection
        detail = REFUSALS[status].format(self.limit)
        self.log.info("A request was refused: %s", detail)
        self._forget(arrival)
        self.pending.release(conn)
        with suppress(OSError):
            conn.sock.send(problem(status, detail))
        self._linger(conn)

    def _close(self, arrival: Arrival) -> None:
        self._forget(arrival)
        self.pending.release(arrival.connection)
        self._end(arrival.connection)

    def _forget(self, arrival: Arrival) -> None:
        del self.arrivals[arrival.connection]
        if arrival.awaited:
            self.poller.unregister(arrival.connection.sock)
