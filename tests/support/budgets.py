"""What one answer costs: CPU time, in ordinary drawings, and memory.

A process of its own has the app loaded and forks for each request, so that each finds the same
memory.  CPU time is divided by that of an ordinary drawing in the same fork: a ratio is the same on
a slow machine and on one with other work.
"""

import io
import json
import os
import pickle
import resource
import select
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
MAX_DRAWINGS = 150  # about 0.3 s
SLACK = 2  # of a busy machine: other processes slow large pictures down more than small ones
MAX_MEGABYTES = 100
RUNS = 6  # of which the fastest counts; one is enough if it is far below the budget
PATIENCE = 120  # seconds after which a request is given up
PAGE = resource.getpagesize()
OVER = 3  # the exit status of a fork that finds no request


class Cost(NamedTuple):
    """An answer, and what it cost."""

    status: int
    drawings: float  # CPU time, as a multiple of that of an ordinary drawing
    megabytes: float  # how far memory grew, at most
    milliseconds: float  # CPU time, to be looked at and not to be asserted
    headers: dict[str, str]
    body: bytes

    def assert_within_budget(self):
        assert self.drawings <= SLACK * MAX_DRAWINGS, f"CPU: {self}"
        assert self.megabytes <= MAX_MEGABYTES, f"memory: {self}"


@contextmanager
def cost_meter(**settings):
    """A function that measures one request to an app with these settings, without limits.

    cost("/api/predict", body, headers={"Content-Type": "image/png"}) -> Cost

    With `again` it is the second of two such requests, and finds what the first has cached.
    """
    command = [sys.executable, "-m", "tests.support.budgets", json.dumps(settings)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe) as process:

        def cost(
            path: str,
            body: bytes = b"",
            method: str = "POST",
            headers: Mapping[str, str] | None = None,
            runs: int = RUNS,
            again: bool = False,
        ) -> Cost:
            found = []
            for _ in range(runs):
                request = method, path, dict(headers or {}), body, again
                pickle.dump(request, process.stdin, 5)
                process.stdin.flush()
                answer = pickle.load(process.stdout)
                assert isinstance(answer, tuple), f"{method} {path[:80]}: {answer}"
                found.append(Cost(*answer))
                if found[-1].drawings < MAX_DRAWINGS / 3:
                    break
            fastest = min(found, key=lambda cost: cost.drawings)
            return fastest._replace(megabytes=max(cost.megabytes for cost in found))

        yield cost
        process.stdin.close()


def main():
    """Answer requests from standard input until it is closed, each in a fork."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    import gc
    from collections.abc import Iterable

    from werkzeug.test import EnvironBuilder, run_wsgi_app

    from app import create_app
    from settings import Settings
    from tests.support.pictures import TEXT
    from web.operation.malloc import reuse_memory

    given = json.loads(sys.argv[1])
    given = {name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}
    reuse_memory(2 << 20)  # as gunicorn.conf.py has it
    app = create_app(Settings(**{"numbers_api_url": "", "ratelimit_enabled": False} | given))
    replies = sys.stdout.buffer

    def run(environ) -> tuple[float, int, Iterable[tuple[str, str]], bytes]:
        start = time.process_time()
        content, status, headers = run_wsgi_app(app, environ, buffered=True)
        body = b"".join(content)
        return time.process_time() - start, int(status.split()[0]), headers, body

    def ordinary() -> float:
        key = {"X-API-Key": given["api_keys"][0]} if "api_keys" in given else {}
        builder = EnvironBuilder("/api/predict", method="POST", data=TEXT, headers=key)
        seconds, status, *_ = run(builder.get_environ())
        assert status == 200
        return seconds

    def measure(method, path, headers, body, again) -> tuple:
        units = [ordinary() for _ in range(6)][1:]  # the first pages in what the fork shares
        environ = EnvironBuilder(
            path, method=method, headers=headers, input_stream=io.BytesIO(body)
        ).get_environ()
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.input_terminated"] = True
        if again:
            run(environ | {"wsgi.input": io.BytesIO(body)})
        before = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
        seconds, status, sent, content = run(environ)
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        # a long request has slow moments, too: the median, not the fastest
        unit = statistics.median(units + [ordinary() for _ in range(5)])
        megabytes = max(0, most - before) / 1e6
        return status, seconds / unit, megabytes, 1000 * seconds, dict(sent), content

    for _ in range(20):
        ordinary()
    gc.collect()
    gc.freeze()
    while True:
        select.select([0], [], [])
        if not (child := os.fork()):
            try:
                request = pickle.load(sys.stdin.buffer)
            except EOFError:
                os._exit(OVER)
            signal.alarm(PATIENCE)  # not RLIMIT_CPU, which makes Linux round the process's time
            pickle.dump(measure(*request), replies)
            replies.flush()
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status == OVER:
            return
        if status:
            pickle.dump(f"the request ended the process with {status}", replies)
            replies.flush()


if __name__ == "__main__":
    main()
