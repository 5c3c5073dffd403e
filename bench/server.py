"""The app under gunicorn on a free port, and what its processes cost (Linux: /proc)."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.sockets import free_port

ROOT = Path(__file__).resolve().parent.parent
# A vertical bar in 28x28 pixels: a one.
ONE = {"pixels": [1.0 if 5 <= i // 28 < 23 and i % 28 in (13, 14) else 0.0 for i in range(784)]}
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")  # per second
POLL_SECONDS = 0.005


@dataclass
class Server:
    """A running gunicorn."""

    pid: int
    port: int
    startup_seconds: float  # from its start to its first response

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def workers(self) -> list[int]:
        """Process ids."""
        return children_of(self.pid)

    def memory(self) -> float:
        """Proportional set size of all processes, in MiB."""
        return sum(process_memory(pid, "Pss:") for pid in [self.pid, *self.workers()])

    def private_memory(self) -> list[float]:
        """Unique set size of each worker, in MiB."""
        return [process_memory(pid, "Private_") for pid in self.workers()]

    def cpu_seconds(self) -> float:
        """Of all workers."""
        return sum(map(cpu_seconds_of, self.workers()))


def children_of(pid: int) -> list[int]:
    """Process ids."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in children.split()]


def cpu_seconds_of(pid: int) -> float:
    """What a process has used (proc(5), stat: utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def process_memory(pid: int, field: str) -> float:
    """The sum of the fields that start with `field`, in MiB (proc(5), smaps_rollup)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def get_health(url: str) -> requests.Response:
    return requests.get(f"{url}/healthz", timeout=10)


@contextlib.contextmanager
def run_server(
    app: str = "app:create_app()",
    *,
    folder: Path = ROOT,
    workers: int | None = None,
    first_request: Callable[[str], requests.Response] = get_health,
    stderr: int | None = None,
    log: Path | None = None,
    **environment: str,
) -> Iterator[Server]:
    """`app`, imported from `folder`, under the project's gunicorn settings.

    Its log goes to the file `log`, or is discarded.  It is ready when `first_request(url)` succeeds
    and, if their number is given, all workers run.  No numbers service is asked unless
    `environment` names one.
    """
    port = free_port()
    variables = {**os.environ, "PORT": str(port), "NUMBERS_API_URL": "", **environment}
    if workers:
        variables["WEB_CONCURRENCY"] = str(workers)
    command = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py"), app]
    started = time.perf_counter()
    with (log or Path(os.devnull)).open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, env=variables, stdout=out, stderr=stderr)
    server = Server(process.pid, port, 0.0)
    try:
        while True:
            with contextlib.suppress(requests.ConnectionError):
                first_request(server.url).raise_for_status()
                server.startup_seconds = time.perf_counter() - started
                break
            if process.poll() is not None:
                reason = log.read_text() if log else "see its log"
                sys.exit(f"{app} did not start under gunicorn: {reason}")
            time.sleep(POLL_SECONDS)
        while workers and len(server.workers()) < workers:
            time.sleep(POLL_SECONDS)
        yield server
    finally:
        process.terminate()
        process.wait(60)
