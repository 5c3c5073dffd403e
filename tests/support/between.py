"""A real HTTP server between page and app, that holds answers back, fails, or turns away."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

HOP_BY_HOP = {"connection", "content-encoding", "content-length", "transfer-encoding"}


class Between:
    """Passes all on to the app; what it does with readings is told by `plan`.

    plan(number) gets the number of the reading, from 0, and returns None to pass it on, or a status
    and headers to answer with.  It runs in a thread of its own, and may wait.
    """

    def __init__(self, app):
        self.app = app
        self.plan = lambda number: None
        self.readings = 0
        self.under_way = self.most_under_way = 0
        self._lock = threading.Lock()
        self.came = threading.Condition(self._lock)

    def wait_for_readings(self, count):
        with self.came:
            assert self.came.wait_for(lambda: self.readings >= count, timeout=30)

    @contextlib.contextmanager
    def _reading(self):
        with self.came:
            number = self.readings
            self.readings += 1
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            self.came.notify_all()
        try:
            yield number
        finally:
            with self._lock:
                self.under_way -= 1

    def answer(self, handler, method):
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length)
        if not handler.path.startswith("/api/predict"):
            return self.pass_on(handler, method, body)
        with self._reading() as number:
            refusal = self.plan(number)
            if refusal is None:
                return self.pass_on(handler, method, body)
            status, headers = refusal
            return self.send(handler, status, headers, b"{}")

    def pass_on(self, handler, method, body):
        headers = {k: v for k, v in handler.headers.items() if k.lower() not in HOP_BY_HOP}
        url = self.app + handler.path
        answer = requests.request(
            method, url, data=body, headers=headers, timeout=30, allow_redirects=False
        )
        kept = {k: v for k, v in answer.headers.items() if k.lower() not in HOP_BY_HOP}
        self.send(handler, answer.status_code, kept, answer.content)

    def send(self, handler, status, headers, body):
        # the page may have given the question up meanwhile
        with contextlib.suppress(ConnectionError):
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)


@contextlib.contextmanager
def standing_between(app):
    """A Between in front of the app at that address; its own is `address`."""
    between = Between(app)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            between.answer(self, "GET")

        def do_POST(self):
            between.answer(self, "POST")

        def log_message(self, *args):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request, client_address):
            pass  # the browser hangs up when it is closed

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        between.address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield between
        finally:
            server.shutdown()
            thread.join()
