"""A lean load: one thread, many connections, requests made beforehand; tells what it costs."""

import selectors
import socket
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Outcome:
    """`latencies` in milliseconds, of the requests that were answered with 200."""

    seconds: float = 0.0
    client_seconds: float = 0.0  # of processor time, for all requests
    failures: int = 0
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        ranked = sorted(self.latencies)
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def request_of(body: bytes) -> bytes:
    head = f"POST /api/predict HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Content-Type: text/plain\r\n\r\n" + body


class Connection:
    """One request at a time, on a connection that is kept and made anew when the server ends it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.socket = self._connected()
        self.began = 0.0
        self._received = b""

    def _connected(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self._port), 30)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def send(self, request: bytes, began: float) -> None:
        self.began, self._received = began, b""
        self.socket.sendall(request)

    def receive(self) -> int | None:
        """The status when the answer is whole, 0 when it never will be, None while more is due."""
        try:
            piece = self.socket.recv(65536)
        except OSError:
            piece = b""
        self._received += piece
        head, _, body = self._received.partition(b"\r\n\r\n")
        lower = head.lower()
        found = lower.find(b"content-length: ")
        if piece and (found < 0 or len(body) < int(lower[found + 16 :].split(b"\r", 1)[0])):
            return None
        if not piece or b"\r\nconnection: close" in lower:
            self.socket.close()
            self.socket = self._connected()
        return int(head[9:12]) if head[9:12].isdigit() and piece else 0


def drive(
    port: int,
    bodies: Sequence[bytes],
    connections: int,
    *,
    seconds: float = 0.0,
    count: int = 0,
    rate: float = 0.0,
) -> Outcome:
    """Ask for so long, or so often: each connection again as soon as it is answered or, with a
    rate, at the times that the rate gives, whatever is still unanswered.

    With a rate a latency counts from when the request was due, also where it had to wait for a
    connection: else a server that stalls would be asked less, and look better.
    """
    outcome, requests = Outcome(), [request_of(body) for body in bodies]
    selector = selectors.DefaultSelector()
    idle = deque(Connection(port) for _ in range(connections))
    total = count or (int(rate * seconds) if rate else 1 << 60)
    sent = busy = 0
    processor, began = time.process_time(), time.perf_counter()
    while True:
        now = time.perf_counter()
        over = sent >= total or (not rate and seconds and now > began + seconds)
        while idle and not over and (not rate or now >= began + sent / rate):
            connection = idle.popleft()
            due = began + sent / rate if rate else time.perf_counter()
            connection.send(requests[sent % len(requests)], due)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            sent, busy = sent + 1, busy + 1
            over = sent >= total
        if over and not busy:
            break
        wait = max(0.0, began + sent / rate - now) if rate and idle and not over else 1.0
        for key, _ in selector.select(wait):
            connection, used = key.data, key.fileobj
            status = connection.receive()
            if status is None:
                continue
            selector.unregister(used)
            busy -= 1
            if status == 200:
                outcome.latencies.append(1000 * (time.perf_counter() - connection.began))
            else:
                outcome.failures += 1
            idle.append(connection)
    outcome.seconds = time.perf_counter() - began
    outcome.client_seconds = time.process_time() - processor
    for connection in idle:
        connection.socket.close()
    return outcome
