"""Seconds from the app's start to its first response, its memory, and the networks' loading times.

    python bench/startup.py
    python bench/startup.py size    size on disk of the app and of its packages, installed anew

An empty Flask app under the same gunicorn settings is measured beside it.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests
from server import ONE, ROOT, run_server

RUNS = 5
WORKERS = 2
EMPTY_APP = (
    "from flask import Flask\napp = Flask(__name__)\napp.post('/api/predict')(lambda: 'ok')\n"
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "empty.py").write_text(EMPTY_APP)
        ours, empty = [], []
        for _ in range(RUNS):
            ours.append(measure_startup(ROOT, "app:create_app()"))
            empty.append(measure_startup(Path(folder), "empty:app"))
    for name, runs in (("this app", ours), ("an empty Flask app", empty)):
        seconds = statistics.median(run[0] for run in runs)
        memory = statistics.median(run[1] for run in runs)
        print(f"{name:20} first response after {seconds:5.2f} s, {memory:4.0f} MiB in all (Pss)")
    ratio = statistics.median(a[0] / b[0] for a, b in zip(ours, empty, strict=True))
    print(f"ratio of the times   {ratio:.2f}")
    print()
    for path in sorted((ROOT / "weights").glob("*.npz")):
        print(f"{path.stem:16} loads in {load_milliseconds(path):5.1f} ms")


def measure_startup(folder: Path, app: str) -> tuple[float, float]:
    """Seconds from the start of gunicorn to its first response, and MiB of all its processes."""
    with run_server(app, folder=folder, workers=WORKERS, first_request=predict) as server:
        return server.startup_seconds, server.memory()


def predict(url: str) -> requests.Response:
    return requests.post(f"{url}/api/predict", json=ONE, timeout=10)


def size() -> None:
    """Packages of requirements.txt with their dependencies, and the app itself, in MB (10^6)."""
    with tempfile.TemporaryDirectory() as folder:
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", folder]
        requirements = ["--requirement", str(ROOT / "requirements.txt")]
        quiet = ["--disable-pip-version-check", "--no-warn-conflicts"]
        subprocess.run([*install, *quiet, *requirements], check=True, stderr=subprocess.DEVNULL)
        packages = {path.name: disk_usage(path) for path in Path(folder).iterdir()}
    app = {
        name: disk_usage(ROOT / name) for name in ("weights", "static", "templates", "nn", "facts")
    }
    for name, megabytes in sorted(packages.items(), key=lambda item: -item[1])[:8]:
        print(f"{name:24} {megabytes:6.1f} MB")
    print(f"{'packages in all':24} {sum(packages.values()):6.1f} MB")
    print(f"{'the app':24} {sum(app.values()):6.1f} MB")


def disk_usage(path: Path) -> float:
    """As du counts: blocks, not bytes."""
    files = [path, *path.rglob("*")] if path.is_dir() else [path]
    return sum(file.lstat().st_blocks * 512 for file in files) / 1e6


def load_milliseconds(path: Path) -> float:
    """The median of many loads in a process that has imported NumPy already."""
    # Not at the top: a NumPy loaded here would share pages with the servers, and lower their Pss.
    from nn.network import Network

    times = []
    for _ in range(20):
        started = time.perf_counter()
        Network.load(path)
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


if __name__ == "__main__":
    size() if sys.argv[1:] == ["size"] else main()
