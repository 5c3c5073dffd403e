"""A real HTTP server on this machine that does whatever a test wants of it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Request(BaseHTTPRequestHandler):
    """One request and the connection it came on, in a thread of its own."""

    server: "LocalServer"

    def setup(self) -> None:
        self.protocol_version = self.server.protocol_version
        super().setup()

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.entered.set()
        self.server.behave(self)

    do_POST = do_GET

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def respond(
        self, body: bytes, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        """Send a whole response; its Content-Length is that of the body, unless `headers` has one.

        The body is sent in full even where its Content-Length says otherwise.
        """
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class LocalServer(ThreadingHTTPServer):
    """`behave` is called with each request, and may be replaced at any time.

    `asked` has the paths of all requests, `entered` is set by the first one.  A `behave` that hangs
    should wait for `released`, which is set at the end.
    """

    daemon_threads = True
    protocol_version = "HTTP/1.0"

    def __init__(self, behave: Callable[[Request], None]) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.behave = behave
        self.asked: list[str] = []
        self.entered, self.released = threading.Event(), threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        pass  # clients that hang up are what some tests are about


@contextmanager
def local_server(
    behave: Callable[[Request], None], protocol: str = "HTTP/1.0"
) -> Iterator[LocalServer]:
    """A server on a free port, while the block runs."""
    with LocalServer(behave) as server:
        server.protocol_version = protocol
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            thread.join()
