"""An HTTP load generator: one thread, many connections, requests built beforehand."""

import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass
class LoadResult:
    """`latencies` are in milliseconds, of the requests that were answered with 200."""

    seconds: float = 0.0
    client_cpu_seconds: float = 0.0  # of the load generator, for all requests
    failures: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0
    latencies: list[float] = field(default_factory=list)

    @property
    def throughput(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds

    def quantile(self, fraction: float) -> float:
        ranked = sorted(self.latencies)
        return ranked[min(len(ranked) - 1, int(fraction * len(ranked)))]


def http_request(body: bytes) -> bytes:
    head = f"POST /api/predict HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Content-Type: text/plain\r\n\r\n" + body


class Connection:
    """One request at a time on a persistent connection, opened again when the server closes it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.socket = self._connect()
        self.due = 0.0
        self._received = b""

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self._port), 30)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def send(self, request: bytes, due: float) -> None:
        """`due` is when its latency starts, by time.perf_counter."""
        self.due, self._received = due, b""
        self.socket.sendall(request)

    @property
    def received_bytes(self) -> int:
        """Of the response, as far as it has arrived."""
        return len(self._received)

    def receive(self) -> int | None:
        """The status of a whole response, 0 of one that broke off, None while more is to come."""
        try:
            chunk = self.socket.recv(65536)
        except OSError:
            chunk = b""
        self._received += chunk
        head, _, body = self._received.partition(b"\r\n\r\n")
        lower = head.lower()
        length_at = lower.find(b"content-length: ")
        if chunk and (length_at < 0 or len(body) < int(lower[length_at + 16 :].split(b"\r", 1)[0])):
            return None
        if not chunk or b"\r\nconnection: close" in lower:
            self.socket.close()
            self.socket = self._connect()
        return int(head[9:12]) if head[9:12].isdigit() and chunk else 0


def generate_load(
    port: int,
    bodies: Sequence[bytes],
    connections: int,
    *,
    seconds: float = 0.0,
    count: int = 0,
    rate: float = 0.0,
    as_request: Callable[[bytes], bytes] = http_request,
) -> LoadResult:
    """Send requests for so many `seconds`, or `count` of them.

    Without a rate the loop is closed: each connection sends the next request when it has received a
    response. With a rate, in requests per second, it is open: requests are due at fixed times, and
    latencies count from then, also where a request waited for a connection. Otherwise a server that
    stalls would get fewer requests, and look better (coordinated omission).
    """
    result, requests = LoadResult(), [as_request(body) for body in bodies]
    selector = selectors.DefaultSelector()
    idle = deque(Connection(port) for _ in range(connections))
    total = count or (int(rate * seconds) if rate else 1 << 60)
    sent = in_flight = 0
    cpu_started, started = time.process_time(), time.perf_counter()
    while True:
        now = time.perf_counter()
        done = sent >= total or (not rate and seconds and now > started + seconds)
        while idle and not done and (not rate or now >= started + sent / rate):
            connection = idle.popleft()
            due = started + sent / rate if rate else time.perf_counter()
            connection.send(requests[sent % len(requests)], due)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            result.sent_bytes += len(requests[sent % len(requests)])
            sent, in_flight = sent + 1, in_flight + 1
            done = sent >= total
        if done and not in_flight:
            break
        wait = max(0.0, started + sent / rate - now) if rate and idle and not done else 1.0
        for key, _ in selector.select(wait):
            connection, used_socket = key.data, key.fileobj
            status = connection.receive()
            if status is None:
                continue
            result.received_bytes += connection.received_bytes
            selector.unregister(used_socket)
            in_flight -= 1
            if status == 200:
                result.latencies.append(1000 * (time.perf_counter() - connection.due))
            else:
                result.failures += 1
            idle.append(connection)
    result.seconds = time.perf_counter() - started
    result.client_cpu_seconds = time.process_time() - cpu_started
    for connection in idle:
        connection.socket.close()
    return result
