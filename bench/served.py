"""The app as `make run` serves it, on a free port, for as long as it is measured."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parent.parent


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The address of the app once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
    environment = {**os.environ, "PORT": str(port), "NUMBERS_API_URL": ""}
    quiet = [*command, "--log-level", "critical"]
    process = subprocess.Popen(quiet, cwd=ROOT, env=environment)
    try:
        while True:
            with contextlib.suppress(requests.ConnectionError):
                requests.get(f"{address}/healthz", timeout=10).raise_for_status()
                break
            if process.poll() is not None:
                sys.exit("the server did not start")
            time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(30)
