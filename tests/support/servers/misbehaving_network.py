"""A real HTTP server between page and app, that holds answers back, fails, or turns away."""

import contextlib
import threading

import requests

from tests.support.polling import PATIENCE
from tests.support.servers.local_http import local_server

HOP_BY_HOP = {"connection", "content-encoding", "content-length", "transfer-encoding"}


class MisbehavingNetwork:
    """Passes all on to the app at that address; what it does with predictions is up to `plan`.

    plan(number) gets the number of the prediction, from 0, and returns None to pass it on, or a
    status and headers to respond with.  It runs in a thread of its own, and may wait.
    """

    def __init__(self, app):
        self.app = app
        self.address = ""
        self.plan = lambda number: None
        self.readings = 0
        self.under_way = self.most_under_way = 0
        self._changed = threading.Condition()

    def wait_for_readings(self, count):
        with self._changed:
            assert self._changed.wait_for(lambda: self.readings >= count, PATIENCE)

    def wait_until_idle(self):
        """Until every prediction asked for has been responded to, or given up by its client."""
        with self._changed:
            assert self._changed.wait_for(lambda: not self.under_way, PATIENCE)

    @contextlib.contextmanager
    def _reading(self):
        with self._changed:
            number = self.readings
            self.readings += 1
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            self._changed.notify_all()
        try:
            yield number
        finally:
            with self._changed:
                self.under_way -= 1
                self._changed.notify_all()

    def behave(self, request):
        body = request.body()
        # the page may have given the request up meanwhile
        with contextlib.suppress(ConnectionError):
            if not request.path.startswith("/api/predict"):
                return self.pass_on(request, body)
            with self._reading() as number:
                if refusal := self.plan(number):
                    status, headers = refusal
                    return request.respond(b"{}", status, headers)
                return self.pass_on(request, body)

    def pass_on(self, request, body):
        headers = {k: v for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP}
        answer = requests.request(
            request.command,
            self.app + request.path,
            data=body,
            headers=headers,
            timeout=PATIENCE,
            allow_redirects=False,
        )
        passed = {k: v for k, v in answer.headers.items() if k.lower() not in HOP_BY_HOP}
        request.respond(answer.content, answer.status_code, passed)


@contextlib.contextmanager
def misbehaving_network(app):
    """One in front of the app at that address, while the block runs; its own is `address`."""
    network = MisbehavingNetwork(app)
    with local_server(network.behave, protocol="HTTP/1.1") as server:
        network.address = server.url
        yield network
