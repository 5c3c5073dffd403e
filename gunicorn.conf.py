"""How gunicorn serves the app, here and on every Heroku-style platform."""

import atexit
import gc
import os
import shutil
import sys
import tempfile
from itertools import count
from pathlib import Path
from typing import Any

# As in app.py: what is imported here, and the worker's class, may bring NumPy before the app does.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from settings import Settings
from web.operation.malloc import keep_memory

try:
    settings = Settings.from_environment()
except ValueError as error:
    sys.exit(str(error))

wsgi_app = "app:create_app()"
bind = f"0.0.0.0:{settings.port}"
workers = settings.web_concurrency
# Requests come to its threads whole: slow clients, such as phones that upload a photo, hold none.
worker_class = "web.operation.worker.PatientWorker"
threads = 8
# Networks are loaded once, before the fork: workers share their memory, and start at once.
preload_app = True
timeout = 30
# Platforms kill what is still there 30 seconds after SIGTERM, and this project promises 25.
graceful_timeout = 20
# Heartbeat files on a disk can stall a worker; this is memory.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None
# Nobody steers gunicorn at run time here, and a read-only home has no room for the socket.
control_socket_disable = True
# More than any array of a drawing, less than those of a photo: a worker keeps 4 MiB at most.
keep_memory(2 << 20)


def remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # workers end like this process does
        shutil.rmtree(folder, ignore_errors=True)


# Where the workers keep their numbers for /metrics; see web/metrics.py.  SIGHUP has this file read
# again in the same process, SIGUSR2 in a new one, which inherits the environment.
prefix = f"digits-metrics-{os.getpid()}-"
if not Path(os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")).name.startswith(prefix):
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=worker_tmp_dir))
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    atexit.register(remove, folder, os.getpid())

from web.operation.logs import LOGGING
from web.operation.metrics import take_place

logconfig_dict = LOGGING


def pre_fork(server: Any, worker: Any) -> None:
    """A place among the workers that none of those alive has."""
    taken = {other.place for other in server.WORKERS.values()}
    worker.place = next(place for place in count(1) if place not in taken)
    # What was loaded before the fork is garbage never: left to the collector, its marks would make
    # each worker a copy of 15 MiB that they share.
    gc.freeze()


def post_fork(_server: Any, worker: Any) -> None:
    take_place(worker.place)
