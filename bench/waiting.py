"""How long answers take while the numbers service, and Redis, behave and misbehave.

    python bench/waiting.py

Real gunicorn as the Procfile starts it, and a real service on this machine that answers, hangs,
floods, or is not there. With Redis installed, also one that hangs. One client, one request after
another: what is measured is waiting, not load.
"""

import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
REQUESTS = 1000
# A 28x28 with a vertical bar in it: a one.
ONE = {"pixels": [1.0 if 5 <= i // 28 < 23 and i % 28 in (13, 14) else 0.0 for i in range(784)]}


class Service(BaseHTTPRequestHandler):
    behaviour = "answers"
    asked = 0

    def do_GET(self) -> None:
        Service.asked += 1
        number = int(self.path.split("/")[1])
        if self.behaviour == "hangs":
            threading.Event().wait(60)
            return
        answer = json.dumps({"text": f"{number} is told.", "number": number, "found": True})
        with suppress(OSError):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer.encode())
            while self.behaviour == "floods":
                self.wfile.write(b" " * 65_536)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def app(numbers_api: str, redis: str) -> Iterator[http.client.HTTPConnection]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py")]
    environment = {**os.environ, "PORT": str(port), "NUMBERS_API_URL": numbers_api}
    environment |= {"REDIS_URL": redis, "RATELIMIT_ENABLED": "false"}
    process = subprocess.Popen(
        [*command, "--log-level", "critical"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        while True:
            try:
                ask(connection, "GET", "/healthz")
                break
            except OSError:
                connection.close()
                if process.poll() is not None:
                    sys.exit("the server did not start")
                time.sleep(0.05)
        yield connection
    finally:
        connection.close()
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: str = "") -> bytes:
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    with connection.getresponse() as response:
        answer = response.read()
        if response.status != 200:
            raise ValueError(f"{path} answered {response.status}")
    connection.close()  # gunicorn would, after two seconds without a request
    return answer


def measure(name: str, numbers_api: str, redis: str = "") -> None:
    """Asks an app without a service, and then the one with it, in turn."""
    Service.asked = told = 0
    times: dict[tuple[str, bool], list[float]] = {}
    body = json.dumps(ONE)
    with app("", "") as peer, app(numbers_api, redis) as ours:
        for number in range(REQUESTS):
            # A number that is new to the service each second time, else 7.
            path = f"/api/facts/{number if number % 2 else 7}"
            for connection in (peer, ours):
                for request in (("POST", "/api/predict", body), ("GET", path, "")):
                    start = time.perf_counter()
                    answer = json.loads(ask(connection, *request))
                    taken = 1000 * (time.perf_counter() - start)
                    times.setdefault((request[0], connection is ours), []).append(taken)
            told += answer["source"] == "127.0.0.1"
    row = [f"{name:32}"]
    for method in ("POST", "GET"):
        for figure in (statistics.median, percentile, max):
            row += [f"{figure(times[method, who]):7.1f}" for who in (True, False)]
    print(*row, f"{told:7}{Service.asked:7}", flush=True)


def percentile(times: list[float]) -> float:
    return statistics.quantiles(times, n=100)[98]


@contextmanager
def service(behaviour: str) -> Iterator[str]:
    Service.behaviour = behaviour
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.daemon_threads = True
    if behaviour == "is gone":
        server.server_close()
    else:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    if behaviour != "is gone":
        server.shutdown()


def main() -> None:
    print(
        f"Milliseconds of {REQUESTS} requests each, and those of the app without a service beside"
    )
    print("them. Told: facts of which the service was the source. Asked: requests that it got.\n")
    print(f"{'':33}{'POST /api/predict':47} GET /api/facts/N")
    columns = "".join(f"{title:>7} without" for title in ("median", "99 %", "max"))
    print(f"{'':32} {columns} {columns}   told  asked")
    for behaviour in ("answers", "hangs", "floods", "is gone"):
        with service(behaviour) as url:
            measure(f"a service that {behaviour}", url)
    from redis_server import find_redis, redis_server  # type: ignore[import-not-found]

    if find_redis():
        with redis_server() as redis, service("hangs") as url:
            redis.pause()
            measure("a service and a Redis that hang", url, redis.url)
            redis.resume()


if __name__ == "__main__":
    main()
