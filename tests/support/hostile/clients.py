"""Clients that mean no good.  `KINDS` says by name what each kind does with a connection.

    python -m tests.support.hostile.clients NAME PORT CONNECTIONS    until standard input is closed

One thread keeps up all connections of a kind: whenever one is refused, closed or done with, it is
opened again at once.  They come from 127.0.0.2, so that calm clients share no rate limit with them.
"""

import asyncio
import itertools
import json
import re
import socket
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.support.hostile import requests
from tests.support.hostile.requests import DRAWING, MB, SECRET, get, head
from tests.support.polling import wait_for

ADDRESS = "127.0.0.2"
DRIP = 0.1  # seconds between two bytes of a slow client
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
RESET = struct.pack("ii", 1, 0)  # on closing, send RST; this also leaves no port in TIME_WAIT


@dataclass
class Tally:
    """What became of the connections of a kind."""

    begun: int = 0  # connections that have sent what they send first, or could not
    # by status; "closed" and "reset" count connections that ended without any, "not let in" those
    # that could not be opened
    heard: Counter = field(default_factory=Counter)


class Peer:
    """An open connection to the server."""

    def __init__(self, connection: socket.socket, tally: Tally) -> None:
        self._socket, self._tally, self._begun = connection, tally, False
        self._answered, self._last = asyncio.Event(), b""
        self._loop = asyncio.get_running_loop()
        self.answers = 0

    async def send(self, data: bytes) -> None:
        try:
            await self._loop.sock_sendall(self._socket, data)
            await asyncio.sleep(0)  # a peer that can always send must not keep out the others
        finally:
            self._tally.begun += not self._begun
            self._begun = True

    async def read(self, size: int = 65536) -> bytes:
        """Up to so many bytes, b"" at the end; counts the statuses in them."""
        data = await self._loop.sock_recv(self._socket, size)
        # a status line may come in two pieces
        found = STATUS.findall(self._last + data)
        self._last = b"" if found else data[-12:]
        self._tally.heard.update(status.decode() for status in found)
        self.answers += sum(status != b"100" for status in found)  # 100 Continue is no answer yet
        if found:
            self._answered.set()
        return data

    async def listen(self) -> None:
        """Until the server closes."""
        while await self.read():
            pass

    async def ask(self, request: bytes) -> None:
        """Send it, and wait until its answer begins."""
        self._answered.clear()
        await self.send(request)
        await self._answered.wait()

    def end_sending(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)


async def nothing_more() -> None:
    """Until the server closes, which ends whatever a peer does."""
    await asyncio.Event().wait()


@dataclass(frozen=True)
class Kind:
    """What is done with each connection, until that is done or the server closes."""

    act: Callable[[Peer], Awaitable[None]]
    listens: bool = True
    receive_buffer: int = 0  # bytes; 0: as the system has it


def stalls(*starts: bytes) -> Kind:
    """Each connection sends the next of them, and then nothing."""
    turns = itertools.cycle(starts)

    async def act(peer: Peer) -> None:
        await peer.send(next(turns))
        await nothing_more()

    return Kind(act)


def tries(starts: Sequence[bytes]) -> Kind:
    """Each connection sends the next of them, and is given up when there is an answer, or none."""
    turns = itertools.cycle(starts)

    async def act(peer: Peer) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(peer.ask(next(turns)), 0.5)

    return Kind(act)


def endless(start: bytes, piece: bytes, pause: float = 0.0) -> Kind:
    """Sends the start, and then the same piece again and again."""

    async def act(peer: Peer) -> None:
        await peer.send(start)
        while True:
            await peer.send(piece)
            await asyncio.sleep(pause)

    return Kind(act)


def repeats(requests: Callable[[], Sequence[bytes]] | Sequence[bytes]) -> Kind:
    """Each connection asks the next thing whenever the last one has been answered."""
    number = itertools.count()

    async def act(peer: Peer) -> None:
        all_requests = requests() if callable(requests) else requests
        while True:
            await peer.ask(all_requests[next(number) % len(all_requests)])

    return Kind(act)


def pipelines(request: bytes, count: int) -> Kind:
    """Sends so many at once, without waiting for answers, and then once more."""

    batch = request * count

    async def act(peer: Peer) -> None:
        while True:
            expected = peer.answers + count
            await peer.send(batch)
            while peer.answers < expected:
                await asyncio.sleep(0.01)

    return Kind(act)


async def do_not_read(peer: Peer) -> None:
    while True:
        await peer.send(MANY_ANSWERS)


async def read_a_byte_a_second(peer: Peer) -> None:
    await peer.send(MANY_ANSWERS)
    while await peer.read(1):
        await asyncio.sleep(1)


def resets(start: bytes) -> Kind:
    async def act(peer: Peer) -> None:
        await peer.send(start)

    return Kind(act, listens=False)


def half_closes(start: bytes) -> Kind:
    async def act(peer: Peer) -> None:
        await peer.send(start)
        peer.end_sending()
        await nothing_more()

    return Kind(act)


CHUNKED = head("POST /api/predict", "Transfer-Encoding: chunked")
LARGE = head("POST /api/predict", "Content-Type: image/jpeg", f"Content-Length: {13 * MB}")
EXPECTS = head("POST /api/predict", f"Content-Length: {13 * MB}", "Expect: 100-continue")
ALMOST = bytes(13 * MB - 1)
MANY_ANSWERS = get("/api/openapi.json") * 50
CLOSING = DRAWING.replace(b"Host", b"Connection: close\r\nHost")

KINDS: dict[str, Kind] = {
    # slow, or without an end
    "idle": stalls(b""),
    "head byte by byte": endless(b"GET / HTTP/1.1\r\nX-API-Key: " + SECRET.encode(), b"x", DRIP),
    "body byte by byte": endless(LARGE, b"x", DRIP),
    "body in bytes, fast": endless(LARGE, b"x"),
    "uploads of 13 MB that stall": stalls(LARGE + ALMOST),
    "chunks of 13 MB that stall": stalls(CHUNKED + b"%x\r\n" % (13 * MB) + ALMOST),
    "Content-Length of 19 digits": stalls(*requests.HUGE_LENGTHS),
    "Expect, and then nothing": stalls(EXPECTS),
    "upgrades": stalls(*requests.UPGRADES),
    "request line without an end": endless(b"GET /?" + SECRET.encode(), b"x" * 60_000),
    "header line without an end": endless(head(end="X: " + SECRET), b"x" * 60_000),
    "header fields without an end": endless(head(end=""), b"X-Field: x\r\n" * 4000),
    "chunks of one byte": endless(CHUNKED, b"1\r\na\r\n" * 10_000),
    "chunk extension without an end": endless(CHUNKED + b"1;", b"a" * 60_000),
    "trailers without an end": endless(CHUNKED + b"1\r\na\r\n0\r\n", b"X-Field: x\r\n" * 4000),
    "chunks without an end": endless(CHUNKED, b"fffff\r\n" + b"A" * 0xFFFFF + b"\r\n"),
    # connections
    "readers that do not read": Kind(do_not_read, listens=False, receive_buffer=4096),
    "readers of a byte a second": Kind(read_a_byte_a_second, listens=False, receive_buffer=4096),
    "connections reset at once": resets(b""),
    "requests reset at once": resets(DRAWING),
    "half an upload, half closed": half_closes(LARGE + b"x"),
    "drawings, half closed": half_closes(DRAWING),
    "pipelined requests": pipelines(get("/healthz"), 2000),
    "pipelined drawings": pipelines(DRAWING, 50),
    # what is no HTTP, or no request that the app serves
    "malformed request lines": tries(requests.MALFORMED_LINES),
    "malformed headers": tries(requests.MALFORMED_HEADERS),
    # whole requests
    "drawings": repeats([DRAWING]),
    "drawings on new connections": repeats([CLOSING]),
    "facts of 4,000 zeros": repeats(requests.facts_of_zeros),
    "long queries": repeats(requests.long_queries),
    "costly headers": repeats(requests.costly_headers),
    "pages": repeats(requests.pages),
    "metrics": repeats(requests.metrics),
    "everything included": repeats(requests.everything_included),
    "pictures of 12 megapixels": repeats(requests.pictures_of_12_megapixels),
    "JPEG of many scans": repeats(requests.jpegs_of_many_scans),
    "JPEG of many markers": repeats(requests.jpegs_of_many_markers),
    "PNG of many chunks": repeats(requests.pngs_of_many_chunks),
    "base64 full of blanks": repeats(requests.base64_full_of_blanks),
    "garbage of 13 MB": repeats(requests.garbage),
    "urlencoded forms of 5 MB": repeats(requests.urlencoded_forms),
    "multipart of many parts": repeats(requests.multipart_forms),
    "nested JSON": repeats(requests.nested_json),
}  # fmt: skip


def opened(port: int, kind: Kind) -> socket.socket:
    """A socket to connect with."""
    connection = socket.socket()
    connection.setblocking(False)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    if kind.receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, kind.receive_buffer)
    return connection


async def keep_up(kind: Kind, port: int, tally: Tally) -> None:
    """One connection, for ever."""
    loop = asyncio.get_running_loop()
    while True:
        with opened(port, kind) as connection:
            try:
                connection.bind((ADDRESS, 0))
                await loop.sock_connect(connection, ("127.0.0.1", port))
            except OSError:
                tally.begun += 1
                tally.heard["not let in"] += 1
                await asyncio.sleep(DRIP)
                continue
            await serve(Peer(connection, tally), kind, tally)


async def serve(peer: Peer, kind: Kind, tally: Tally) -> None:
    """One connection, until it is over."""
    acting = asyncio.ensure_future(kind.act(peer))
    tasks = {acting, asyncio.ensure_future(peer.listen())} if kind.listens else {acting}
    try:
        done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if waiting and acting in done:  # an answer may still wait to be read
            done, _ = await asyncio.wait(waiting, timeout=1)
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception) and not isinstance(end, OSError):
            raise end
    if kind.listens and not peer.answers:
        was_reset = any(isinstance(end, OSError) for end in ends)
        tally.heard["reset" if was_reset else "closed"] += 1


async def keep_up_all(kind: Kind, port: int, connections: int, tally: Tally) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(keep_up(kind, port, tally))


@contextmanager
def hostile_clients(name: str, port: int, connections: int) -> Iterator[Tally]:
    """Connections of a kind, kept up by a thread while the block runs; all have begun."""
    tally, loop = Tally(), asyncio.new_event_loop()
    all_of_them = loop.create_task(keep_up_all(KINDS[name], port, connections, tally))

    def run() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(all_of_them)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        wait_for(
            lambda: tally.begun >= connections or not thread.is_alive(), "all clients have begun"
        )
        yield tally
        assert thread.is_alive(), "the hostile clients have failed"
    finally:
        loop.call_soon_threadsafe(all_of_them.cancel)
        thread.join()
        loop.close()


def main() -> None:
    """Prints "begun", and when standard input is closed the tally and CPU seconds as JSON."""
    name, port, connections = sys.argv[1:]
    with hostile_clients(name, int(port), int(connections)) as tally:
        print("begun", flush=True)
        used = time.process_time()
        started = time.perf_counter()
        sys.stdin.read()
        used, seconds = time.process_time() - used, time.perf_counter() - started
    print(json.dumps({"heard": tally.heard, "cores": used / seconds}))


if __name__ == "__main__":
    main()
