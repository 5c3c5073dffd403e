"""Predictions through gunicorn: how many, how soon, at what cost in memory; beside its peers.

    python bench/serving.py           side by side, a few seconds each, again and again (2 minutes)
    python bench/serving.py load      the most per second, and the latency at 300 per second
    python bench/serving.py soak [N]  memory of the workers over N requests (200,000)

Every request is a base64 JPEG of 280x280 as the page sends it: the drawings made for the tests, one
after another.  Limits are counted, but too high to be met; logs are written, to nowhere.  The peers
are what bench/peers.py makes: the same app with nothing in the network's place (the floor), with
onnxruntime, with PyTorch.  Turns alternate, so that a busy moment of the machine falls on all.
"""

import base64
import contextlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

import requests
from clients import Outcome, drive
from startup import children, free_port, memory_of

from nn.ink.strokes import draw
from nn.measure.robustness import encoded

WORKERS = 2
CONNECTIONS = 16
TURNS, SECONDS = 7, 4.0
TARGET = 600  # predictions per second
TICKS = os.sysconf("SC_CLK_TCK")

OURS = "this app"
PEERS = {
    OURS: ("app:create_app()", None),
    "nothing (floor)": ("peers:floor()", None),
    "onnxruntime": ("peers:in_onnxruntime()", "onnxruntime"),
    "PyTorch": ("peers:in_torch()", "torch"),
}


@dataclass
class Server:
    """A running gunicorn, and what was measured of it."""

    name: str
    port: int
    master: int
    boot: float  # seconds from its start to its first prediction
    rates: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)  # ms of the workers' processor time a request

    def turn(self, bodies: list[bytes], seconds: float) -> Outcome:
        before = self.processor_seconds()
        outcome = drive(self.port, bodies, CONNECTIONS, seconds=seconds)
        if outcome.failures:
            sys.exit(f"{self.name}: {outcome.failures} requests were not answered with 200")
        self.rates.append(outcome.rate)
        self.costs.append(1000 * (self.processor_seconds() - before) / len(outcome.latencies))
        return outcome

    def processor_seconds(self) -> float:
        """Of all workers (proc(5), stat: utime and stime)."""
        total = 0
        for pid in children(self.master):
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def answers(self, bodies: list[bytes]) -> list[int | None]:
        url = f"http://127.0.0.1:{self.port}/api/predict"
        return [requests.post(url, body, timeout=30).json()["digit"] for body in bodies]


@contextlib.contextmanager
def serving(name: str, app: str, bodies: list[bytes]) -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py"), app]
    environment = {
        **os.environ,
        "PORT": str(port),
        "WEB_CONCURRENCY": str(WORKERS),
        "NUMBERS_API_URL": "",
        "RATELIMIT_PREDICT": "100000000 per 10 seconds",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'bench'}",
    }
    began = time.perf_counter()
    # what peers say when they end, such as that their threads did not survive the fork, is theirs
    errors = None if name == OURS else subprocess.DEVNULL
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=errors
    )
    try:
        url = f"http://127.0.0.1:{port}/api/predict"
        while True:
            with contextlib.suppress(requests.ConnectionError):
                requests.post(url, bodies[0], timeout=30).raise_for_status()
                break
            if process.poll() is not None:
                sys.exit(f"{name} did not start")
            time.sleep(0.005)
        boot = time.perf_counter() - began
        while len(list(children(process.pid))) < WORKERS:
            time.sleep(0.005)
        yield Server(name, port, process.pid, boot)
    finally:
        process.terminate()
        process.wait(30)


def drawings() -> list[bytes]:
    """Base64 JPEGs, as a canvas makes them."""
    made = json.loads((ROOT / "tests" / "support" / "drawings.json").read_text())["drawings"]
    images = (draw(one["strokes"], 280, 20, (140, 140), 170) for one in made)
    return [base64.b64encode(encoded(image.convert("RGB"), "JPEG", quality=92)) for image in images]


def side_by_side() -> None:
    bodies = drawings()
    with contextlib.ExitStack() as stack:
        servers = []
        for name, (app, module) in PEERS.items():
            if module and not importlib.util.find_spec(module):
                print(f"{name} is left out: pip install -r bench/requirements.txt brings it")
                continue
            servers.append(stack.enter_context(serving(name, app, bodies)))
        ours = servers[0]
        for server in servers:
            if server.name != "nothing (floor)" and server.answers(bodies) != ours.answers(bodies):
                sys.exit(f"{server.name} reads other digits than this app")
            server.turn(bodies, SECONDS)  # to warm up
            server.rates.clear()
            server.costs.clear()
        clients = [
            outcome.client_seconds / len(outcome.latencies)
            for _ in range(TURNS)
            for outcome in [server.turn(bodies, SECONDS) for server in servers]
        ]
        print(
            f"{WORKERS} workers, {CONNECTIONS} connections, {TURNS} turns of {SECONDS:g} s each, "
            f"{os.cpu_count()} cores, of which the clients take "
            f"{1000 * statistics.median(clients):.2f} ms a request"
        )
        print(
            "in its place      requests/s   ours is   ms of CPU   ours is   memory    first answer"
        )
        for server in servers:
            ratio = statistics.median(a / b for a, b in zip(ours.rates, server.rates, strict=True))
            less = statistics.median(a / b for a, b in zip(ours.costs, server.costs, strict=True))
            print(
                f"{server.name:16} {statistics.median(server.rates):11.0f} {ratio:9.2f} "
                f"{statistics.median(server.costs):11.2f} {less:9.2f} "
                f"{memory_of(server.master):5.0f} MiB {server.boot:10.2f} s"
            )


def load() -> None:
    bodies = drawings()
    with serving(OURS, PEERS[OURS][0], bodies) as server:
        server.turn(bodies, SECONDS)
        most = [server.turn(bodies, SECONDS) for _ in range(TURNS)]
        clients = statistics.median(o.client_seconds / len(o.latencies) for o in most)
        print(
            f"as fast as it can: {statistics.median(o.rate for o in most):.0f} per second, "
            f"at best {max(o.rate for o in most):.0f}; "
            f"{statistics.median(server.costs[1:]):.2f} ms of the workers' processor time each, "
            f"and {1000 * clients:.2f} of the clients'; {os.cpu_count()} cores"
        )
        calm = [
            drive(server.port, bodies, 64, seconds=SECONDS, rate=TARGET / 2) for _ in range(TURNS)
        ]
        all_of_them = Outcome(latencies=[x for one in calm for x in one.latencies])
        print(
            f"at {TARGET // 2} per second: median {all_of_them.percentile(0.5):.1f} ms, "
            f"99th percentile {all_of_them.percentile(0.99):.1f} ms in all and "
            f"{statistics.median(o.percentile(0.99) for o in calm):.1f} ms in the median turn, "
            f"slowest {all_of_them.percentile(1):.1f} ms, failures {sum(o.failures for o in calm)}"
        )
        print(f"memory after it: {memory_of(server.master):.0f} MiB in all (Pss)")


def soak(count: int) -> None:
    """Private memory of each worker: what it shares with the others cannot grow by itself."""
    bodies = drawings()
    with serving(OURS, PEERS[OURS][0], bodies) as server:
        workers = list(children(server.master))
        drive(server.port, bodies, CONNECTIONS, count=4000)
        first = last = [private_of(pid) for pid in workers]
        print(f"after 4000 to warm up: {', '.join(f'{size:.1f}' for size in first)} MiB private")
        failures = 0
        for step in range(1, 11):
            outcome = drive(server.port, bodies, CONNECTIONS, count=count // 10)
            failures += outcome.failures
            last = [private_of(pid) for pid in workers]
            told = ", ".join(f"{size:.1f}" for size in last)
            print(
                f"{step * count // 10:7} requests: {told} MiB private, {outcome.rate:.0f}/s",
                flush=True,
            )
        growth = ", ".join(f"{b - a:+.2f}" for a, b in zip(first, last, strict=True))
        same = "the same" if workers == list(children(server.master)) else "not the same"
        print(f"growth after the first 4000: {growth} MiB; {failures} failures, {same} workers")


def private_of(pid: int) -> float:
    """Unique set size of a process, in MiB (proc(5), smaps_rollup)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            side_by_side()
        case ["load"]:
            load()
        case ["soak"]:
            soak(200_000)
        case ["soak", number] if number.isdecimal() and int(number) >= 10:
            soak(int(number))
        case _:
            sys.exit("usage: python bench/serving.py [load | soak [N]]")
