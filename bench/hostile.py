"""Is a calm client answered while hostile ones do their worst?  A table, by kind of hostile client.

    python bench/hostile.py [--kind NAME] [--connections 60] [--seconds 2] [--no-limits]

For each kind the app starts anew, and a process of its own keeps up so many hostile connections.
The calm client asks for /healthz and sends a drawing by turns, each on a new connection.  Rate
limits are the usual ones, and count the two apart: hostile clients have another address.  The exit
status is 1 when something took longer than a second.
"""

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from server import ROOT, Server, run_server

sys.path.insert(0, str(ROOT))

from tests.support.hostile.clients import KINDS
from tests.support.hostile.requests import TEXT

WORKERS = 2
PROMISED = 1.0  # seconds
GIVEN_UP = 5.0  # seconds after which the calm client does not wait any longer
CALM = "(none)"


@dataclass
class Result:
    """How a kind of clients was borne; times in seconds, GIVEN_UP for what was not answered."""

    health: list[float] = field(default_factory=list)
    drawing: list[float] = field(default_factory=list)
    memory: dict[int, float] = field(default_factory=dict)  # MiB at most, by process id
    lost: int = 0  # workers
    heard: dict[str, int] = field(default_factory=dict)  # by the hostile, by status
    cores: float = 0.0  # that they took

    @property
    def is_good(self) -> bool:
        return max(self.health + self.drawing) <= PROMISED and not self.lost


def seconds_for(port: int, method: str, path: str, body: bytes | None = None) -> float:
    """On a connection of its own; GIVEN_UP if there is no answer, or another than 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=GIVEN_UP)
    started = time.perf_counter()
    try:
        connection.request(method, path, body, {"Content-Type": "text/plain"} if body else {})
        response = connection.getresponse()
        response.read()
        return time.perf_counter() - started if response.status == 200 else GIVEN_UP
    except (OSError, http.client.HTTPException):
        return GIVEN_UP
    finally:
        connection.close()


@contextmanager
def hostile_process(kind: str, port: int, connections: int, result: Result) -> Iterator[None]:
    """The clients at work, in another process, so that they do not hold up the calm one."""
    if kind == CALM:
        yield
        return
    command = [sys.executable, "-m", "tests.support.hostile.clients", kind, str(port)]
    with subprocess.Popen(
        [*command, str(connections)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        yield
        process.stdin.close()
        tally = json.loads(process.stdout.readline())
        result.heard, result.cores = tally["heard"], tally["cores"]


@contextmanager
def memory_watched(server: Server, result: Result) -> Iterator[None]:
    """The most resident memory that each worker has had (proc(5), status: VmHWM)."""
    over = threading.Event()

    def look() -> None:
        while True:
            last = over.is_set()
            for pid in server.workers():
                try:
                    status = Path(f"/proc/{pid}/status").read_text()
                    result.memory[pid] = int(status.split("VmHWM:")[1].split()[0]) / 1024
                except (OSError, IndexError):  # it has just ended
                    pass
            if last:
                return
            over.wait(0.2)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def measure(kind: str, connections: int, seconds: float, limits: bool) -> Result:
    result = Result()
    with (
        tempfile.TemporaryDirectory() as folder,
        run_server(
            workers=WORKERS,
            log=Path(folder, "log"),
            RATELIMIT_ENABLED="true" if limits else "false",
            # what hostile clients leave behind need not be waited for
            GUNICORN_CMD_ARGS="--graceful-timeout 1",
        ) as server,
    ):
        before = set(server.workers())
        with (
            memory_watched(server, result),
            hostile_process(kind, server.port, connections, result),
        ):
            end = time.perf_counter() + seconds
            while time.perf_counter() < end or not result.drawing:
                result.health.append(seconds_for(server.port, "GET", "/healthz"))
                result.drawing.append(seconds_for(server.port, "POST", "/api/predict", TEXT))
        result.lost = len(before - set(server.workers()))
    return result


def row(kind: str, result: Result) -> str:
    times = [
        f"{format_time(choose(times)):>10}"
        for times in (result.health, result.drawing)
        for choose in (statistics.median, max)
    ]
    ranked = sorted(result.heard.items(), key=lambda item: -item[1])
    heard = ", ".join(f"{status}: {count}" for status, count in ranked)
    return (
        f"{kind:32}{''.join(times)}{max(result.memory.values()):8.0f}{result.lost:6}"
        f"{result.cores:8.2f}  {heard}"
    )


def format_time(seconds: float) -> str:
    return f"{1000 * seconds:.0f}" if seconds < GIVEN_UP else "no answer"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=KINDS, help="only this one")
    parser.add_argument("--connections", type=int, default=60, help="hostile ones at a time")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each kind")
    parser.add_argument("--no-limits", action="store_true", help="switch rate limits off")
    given = parser.parse_args()
    print(
        f"{given.connections} hostile connections of each kind for {given.seconds:g} s, "
        f"{WORKERS} workers, rate limits {'off' if given.no_limits else 'as usual'}; milliseconds, "
        "MiB of the\nlarger worker at its peak (RSS), workers lost, cores that the clients took, "
        "what they heard\n"
    )
    print(f"{'':32}{'/healthz':>20}{'drawing':>20}")
    print(f"{'':32}{'    median   slowest' * 2}     MiB  lost   cores  answers")
    failed = []
    for kind in [given.kind] if given.kind else [CALM, *KINDS]:
        result = measure(kind, given.connections, given.seconds, not given.no_limits)
        print(row(kind, result), flush=True)
        if not result.is_good:
            failed.append(kind)
    if failed:
        sys.exit(f"\nnot answered within {PROMISED:g} s, or workers lost: {', '.join(failed)}")
    print(f"\nall were answered within {PROMISED:g} s, and no worker was lost")


if __name__ == "__main__":
    main()
