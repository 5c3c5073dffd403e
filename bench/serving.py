"""Throughput, latency and memory of predictions through gunicorn, beside other inference backends.

    python bench/serving.py           all backends alternately, a few seconds each (2 minutes)
    python bench/serving.py load      highest throughput, and the latency at 300 requests per second
    python bench/serving.py soak [N]  memory of the workers over N requests (200,000)
    python bench/serving.py instances one and two instances behind nginx with a Redis, and what
                                      many drawings a second would need (1 minute)

Every request is a base64 JPEG of 280x280 as the page sends it, one after another of the drawings
made for the tests.  Rate limits are counted, but too high to be met; the log is written, and
discarded.  The backends are those of bench/backends.py: no network at all, onnxruntime, PyTorch.
Runs alternate, so that a busy moment of the machine affects all.
"""

import base64
import contextlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import requests
from instances import measure_instances
from load_generator import LoadResult, generate_load
from server import ROOT, Server, run_server

sys.path.insert(0, str(ROOT))

from nn.ink.strokes import draw
from nn.measure.robustness import encoded

WORKERS = 2
CONNECTIONS = 16
RUNS, SECONDS = 7, 4.0
STEADY_RATE = 300  # requests per second, at which latency is measured
STEADY_CONNECTIONS = 64
WARM_UP_REQUESTS = 4000

OURS, NO_NETWORK = "this app", "no network"
# the app as gunicorn imports it, and the package that it needs
BACKENDS = {
    OURS: ("app:create_app()", None),
    NO_NETWORK: ("backends:no_network()", None),
    "onnxruntime": ("backends:with_onnxruntime()", "onnxruntime"),
    "PyTorch": ("backends:with_torch()", "torch"),
}


@dataclass
class Backend:
    """A server with a backend, and the figures of its runs."""

    name: str
    server: Server
    throughputs: list[float] = field(default_factory=list)  # requests per second
    costs: list[float] = field(default_factory=list)  # ms of the workers' CPU time per request

    def run(self, bodies: list[bytes], seconds: float) -> LoadResult:
        before = self.server.cpu_seconds()
        result = generate_load(self.server.port, bodies, CONNECTIONS, seconds=seconds)
        if result.failures:
            sys.exit(f"{self.name}: {result.failures} requests were not answered with status 200")
        self.throughputs.append(result.throughput)
        cpu_seconds = self.server.cpu_seconds() - before
        self.costs.append(1000 * cpu_seconds / len(result.latencies))
        return result

    def predict(self, body: bytes) -> int | None:
        return post(self.server.url, body).json()["digit"]


def post(url: str, body: bytes) -> requests.Response:
    return requests.post(f"{url}/api/predict", body, timeout=30)


@contextlib.contextmanager
def run_backend(name: str, bodies: list[bytes]) -> Iterator[Backend]:
    with run_server(
        BACKENDS[name][0],
        workers=WORKERS,
        first_request=lambda url: post(url, bodies[0]),
        # the other libraries complain at shutdown, such as of threads that did not survive the fork
        stderr=None if name == OURS else subprocess.DEVNULL,
        RATELIMIT_PREDICT="100000000 per 10 seconds",
        PYTHONPATH=f"{ROOT}:{ROOT / 'bench'}",
    ) as server:
        yield Backend(name, server)


def read_drawings() -> list[bytes]:
    """Base64 JPEGs, as a canvas makes them; Chromium's colour profile has 456 bytes."""
    drawings = json.loads((ROOT / "tests" / "support" / "drawings.json").read_text())["drawings"]
    images = (draw(drawing["strokes"], 280, 20, (140, 140), 170) for drawing in drawings)
    options = {"quality": 92, "icc_profile": bytes(456)}
    return [base64.b64encode(encoded(image.convert("RGB"), "JPEG", **options)) for image in images]


def compare_backends() -> None:
    bodies = read_drawings()
    with contextlib.ExitStack() as stack:
        backends = []
        for name, (_, package) in BACKENDS.items():
            if package and not importlib.util.find_spec(package):
                print(f"{name} is left out: to measure it, pip install -r bench/requirements.txt")
                continue
            backends.append(stack.enter_context(run_backend(name, bodies)))
        ours = backends[0]
        digits = [ours.predict(body) for body in bodies]
        for backend in backends:
            if backend.name != NO_NETWORK and [backend.predict(x) for x in bodies] != digits:
                sys.exit(f"{backend.name} predicts other digits than this app")
            backend.run(bodies, SECONDS)  # to warm up
            backend.throughputs.clear()
            backend.costs.clear()
        client_costs = [
            result.client_cpu_seconds / len(result.latencies)
            for _ in range(RUNS)
            for result in [backend.run(bodies, SECONDS) for backend in backends]
        ]
        print(
            f"{WORKERS} workers, {CONNECTIONS} connections, {RUNS} runs of {SECONDS:g} s each, "
            f"{os.cpu_count()} cores, of which the load generator takes "
            f"{1000 * statistics.median(client_costs):.2f} ms per request"
        )
        print(
            "backend           requests/s     ratio   ms of CPU     ratio   memory  first response"
        )
        for backend in backends:
            print(
                f"{backend.name:16} {statistics.median(backend.throughputs):11.0f} "
                f"{median_ratio(ours.throughputs, backend.throughputs):9.2f} "
                f"{statistics.median(backend.costs):11.2f} "
                f"{median_ratio(ours.costs, backend.costs):9.2f} "
                f"{backend.server.memory():5.0f} MiB {backend.server.startup_seconds:12.2f} s"
            )


def median_ratio(ours: list[float], others: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(ours, others, strict=True))


def load() -> None:
    bodies = read_drawings()
    with run_backend(OURS, bodies) as backend:
        backend.run(bodies, SECONDS)  # to warm up
        closed = [backend.run(bodies, SECONDS) for _ in range(RUNS)]
        client_cost = statistics.median(r.client_cpu_seconds / len(r.latencies) for r in closed)
        print(
            f"throughput: {statistics.median(r.throughput for r in closed):.0f} per second, "
            f"in the best run {max(r.throughput for r in closed):.0f}; "
            f"{statistics.median(backend.costs[1:]):.2f} ms of the workers' CPU time per request, "
            f"and {1000 * client_cost:.2f} of the load generator's; {os.cpu_count()} cores"
        )
        port = backend.server.port
        steady = [
            generate_load(port, bodies, STEADY_CONNECTIONS, seconds=SECONDS, rate=STEADY_RATE)
            for _ in range(RUNS)
        ]
        in_all = LoadResult(latencies=[latency for run in steady for latency in run.latencies])
        print(
            f"at {STEADY_RATE} per second: median {in_all.quantile(0.5):.1f} ms, "
            f"99th percentile {in_all.quantile(0.99):.1f} ms over all runs and "
            f"{statistics.median(run.quantile(0.99) for run in steady):.1f} ms in the median run, "
            f"slowest {in_all.quantile(1):.1f} ms, failures {sum(r.failures for r in steady)}"
        )
        print(f"memory after it: {backend.server.memory():.0f} MiB in all (Pss)")


def soak(count: int) -> None:
    """Private memory of each worker: what it shares with the others cannot grow by itself."""
    bodies = read_drawings()
    with run_backend(OURS, bodies) as backend:
        server = backend.server
        workers = server.workers()
        generate_load(server.port, bodies, CONNECTIONS, count=WARM_UP_REQUESTS)
        first = last = server.private_memory()
        print(f"after {WARM_UP_REQUESTS} to warm up: {listed(first, '.1f')} MiB private")
        failures = 0
        for step in range(1, 11):
            result = generate_load(server.port, bodies, CONNECTIONS, count=count // 10)
            failures += result.failures
            last = server.private_memory()
            print(
                f"{step * count // 10:7} requests: {listed(last, '.1f')} MiB private, "
                f"{result.throughput:.0f}/s",
                flush=True,
            )
        growth = listed([b - a for a, b in zip(first, last, strict=True)], "+.2f")
        same = "the same" if workers == server.workers() else "not the same"
        print(
            f"growth after the first {WARM_UP_REQUESTS}: {growth} MiB; "
            f"{failures} failures, {same} workers"
        )


def listed(numbers: list[float], format_spec: str) -> str:
    return ", ".join(format(number, format_spec) for number in numbers)


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            compare_backends()
        case ["load"]:
            load()
        case ["soak"]:
            soak(200_000)
        case ["soak", number] if number.isdecimal() and int(number) >= 10:
            soak(int(number))
        case ["instances"]:
            measure_instances(read_drawings())
        case _:
            sys.exit("usage: python bench/serving.py [load | soak [N] | instances]")
