"""How soon the app answers after it is started, how much memory it takes, how fast networks load.

    python bench/startup.py
    python bench/startup.py size    what serving takes on disk, installed by pip into a new place

The peer is an empty Flask app under the same gunicorn settings: what is above it is ours.
"""

import contextlib
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parent.parent
RUNS = 5
WORKERS = 2
# A 28x28 with a vertical bar in it: a one.
ONE = {"pixels": [1.0 if 5 <= i // 28 < 23 and i % 28 in (13, 14) else 0.0 for i in range(784)]}
EMPTY_APP = (
    "from flask import Flask\napp = Flask(__name__)\napp.post('/api/predict')(lambda: 'ok')\n"
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "empty.py").write_text(EMPTY_APP)
        ours, peer = [], []
        for _ in range(RUNS):
            ours.append(first_answer(ROOT, "app:create_app()"))
            peer.append(first_answer(Path(folder), "empty:app"))
    for name, runs in (("this app", ours), ("an empty Flask app", peer)):
        seconds = statistics.median(run[0] for run in runs)
        memory = statistics.median(run[1] for run in runs)
        print(f"{name:20} first answer after {seconds:5.2f} s, {memory:4.0f} MiB in all (Pss)")
    ratio = statistics.median(a[0] / b[0] for a, b in zip(ours, peer, strict=True))
    print(f"ratio of the times   {ratio:.2f}")
    print()
    for path in sorted((ROOT / "weights").glob("*.npz")):
        print(f"{path.stem:16} loads in {load_time(path):5.1f} ms")


def first_answer(folder: Path, app: str) -> tuple[float, float]:
    """Seconds from the start of gunicorn to its first answer, and MiB of all its processes then."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py"), app]
    told = {"PORT": str(port), "NUMBERS_API_URL": "", "WEB_CONCURRENCY": str(WORKERS)}
    environment = {**os.environ, **told}
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    try:
        while True:
            with contextlib.suppress(requests.ConnectionError):
                url = f"http://127.0.0.1:{port}/api/predict"
                requests.post(url, json=ONE, timeout=10).raise_for_status()
                seconds = time.perf_counter() - started
                while len(list(children(process.pid))) < WORKERS:
                    time.sleep(0.005)
                return seconds, memory_of(process.pid)
            if process.poll() is not None:
                sys.exit("the server did not start")
            time.sleep(0.005)
    finally:
        process.terminate()
        process.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def size() -> None:
    """Packages of requirements.txt with what they need, and the release itself, in MB (10^6)."""
    with tempfile.TemporaryDirectory() as folder:
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", folder]
        requirements = ["--requirement", str(ROOT / "requirements.txt")]
        quietly = ["--disable-pip-version-check", "--no-warn-conflicts"]
        subprocess.run([*install, *quietly, *requirements], check=True, stderr=subprocess.DEVNULL)
        packages = {path.name: on_disk(path) for path in Path(folder).iterdir()}
    release = {
        name: on_disk(ROOT / name) for name in ("weights", "static", "templates", "nn", "facts")
    }
    for name, megabytes in sorted(packages.items(), key=lambda item: -item[1])[:8]:
        print(f"{name:24} {megabytes:6.1f} MB")
    print(f"{'packages in all':24} {sum(packages.values()):6.1f} MB")
    print(f"{'the release':24} {sum(release.values()):6.1f} MB")


def on_disk(path: Path) -> float:
    """As du counts: blocks, not bytes."""
    files = [path, *path.rglob("*")] if path.is_dir() else [path]
    return sum(file.lstat().st_blocks * 512 for file in files) / 1e6


def memory_of(pid: int) -> float:
    """Proportional set size of a process and its children, in MiB (proc(5), smaps_rollup)."""
    total = 0.0
    for member in [pid, *children(pid)]:
        text = Path(f"/proc/{member}/smaps_rollup").read_text()
        match = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
        total += int(match.group(1)) / 1024 if match else 0.0
    return total


def children(pid: int) -> Iterator[int]:
    for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield int(word)


def load_time(path: Path) -> float:
    """Milliseconds to load a network, the median of many in a process that has NumPy already."""
    sys.path.insert(0, str(ROOT))
    from nn.network import Network

    times = []
    for _ in range(20):
        started = time.perf_counter()
        Network.load(path)
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


if __name__ == "__main__":
    size() if sys.argv[1:] == ["size"] else main()
