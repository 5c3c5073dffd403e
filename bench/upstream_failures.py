"""Response times while the numbers service and Redis work, and while they fail.

    python bench/upstream_failures.py

The app runs under gunicorn, beside a numbers service on this machine that answers, hangs, floods or
is gone.  With Redis installed, one that hangs is measured, too.  One client sends one request after
another: the figures are latencies, not throughput.
"""

import http.client
import json
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from server import ONE, ROOT, run_server

sys.path.insert(0, str(ROOT))

from tests.support.servers.redis_server import find_redis, redis_server

REQUESTS = 1000


class NumbersService(BaseHTTPRequestHandler):
    behaviour = "answers"
    requests = 0

    def do_GET(self) -> None:
        NumbersService.requests += 1
        number = int(self.path.split("/")[1])
        if self.behaviour == "hangs":
            threading.Event().wait(60)
            return
        fact = json.dumps({"text": f"{number} is a number.", "number": number, "found": True})
        with suppress(OSError):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(fact.encode())
            while self.behaviour == "floods":
                self.wfile.write(b" " * 65_536)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def numbers_service(behaviour: str) -> Iterator[str]:
    """Its address."""
    NumbersService.behaviour = behaviour
    server = ThreadingHTTPServer(("127.0.0.1", 0), NumbersService)
    server.daemon_threads = True
    if behaviour == "is gone":
        server.server_close()
    else:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    if behaviour != "is gone":
        server.shutdown()


@contextmanager
def run_app(numbers_api: str, redis: str) -> Iterator[http.client.HTTPConnection]:
    """A connection to the app."""
    with (
        run_server(
            NUMBERS_API_URL=numbers_api, REDIS_URL=redis, RATELIMIT_ENABLED="false"
        ) as server,
        closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection,
    ):
        yield connection


def request(
    connection: http.client.HTTPConnection, method: str, path: str, body: str = ""
) -> bytes:
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    with connection.getresponse() as response:
        content = response.read()
        if response.status != 200:
            raise ValueError(f"{path} was answered with status {response.status}")
    connection.close()  # gunicorn would, after two seconds without a request
    return content


def measure(title: str, numbers_api: str, redis: str = "") -> None:
    """Alternates between the app without a numbers service and the one with it."""
    NumbersService.requests = facts = 0
    times: dict[tuple[str, bool], list[float]] = {}
    body = json.dumps(ONE)
    with run_app("", "") as without, run_app(numbers_api, redis) as ours:
        for number in range(REQUESTS):
            # A number that is new to the service each second time, else 7.
            path = f"/api/facts/{number if number % 2 else 7}"
            for connection in (without, ours):
                for arguments in (("POST", "/api/predict", body), ("GET", path, "")):
                    start = time.perf_counter()
                    answer = json.loads(request(connection, *arguments))
                    milliseconds = 1000 * (time.perf_counter() - start)
                    times.setdefault((arguments[0], connection is ours), []).append(milliseconds)
            facts += answer["source"] == "127.0.0.1"
    row = [f"{title:32}"]
    for method in ("POST", "GET"):
        for statistic in (statistics.median, percentile_99, max):
            row += [f"{statistic(times[method, app]):7.1f}" for app in (True, False)]
    print(*row, f"{facts:7}{NumbersService.requests:10}", flush=True)


def percentile_99(times: list[float]) -> float:
    return statistics.quantiles(times, n=100)[98]


def main() -> None:
    print(f"Milliseconds over {REQUESTS} requests each, and without a numbers service.")
    print("Facts: how many came from the service. Requests: how many it got.\n")
    print(f"{'':33}{'POST /api/predict':47} GET /api/facts/N")
    columns = "".join(f"{title:>7} without" for title in ("median", "99 %", "max"))
    print(f"{'':32} {columns} {columns}  facts  requests")
    for behaviour in ("answers", "hangs", "floods", "is gone"):
        with numbers_service(behaviour) as url:
            measure(f"a service that {behaviour}", url)
    if find_redis():
        with redis_server() as redis, numbers_service("hangs") as url:
            redis.pause()
            measure("a service and a Redis that hang", url, redis.url)
            redis.resume()


if __name__ == "__main__":
    main()
