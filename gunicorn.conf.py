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

# As in app.py: what is imported here, and the worker's class, may import NumPy before the app does.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from settings import Settings
from web.operation.malloc import reuse_memory

try:
    settings = Settings.from_environment()
except ValueError as error:
    sys.exit(str(error))

wsgi_app = "app:create_app()"
bind = f"0.0.0.0:{settings.port}"
workers = settings.web_concurrency
# Its threads get whole requests: slow clients, such as phones that upload a photo, occupy none.
worker_class = "web.operation.worker.PatientWorker"
threads = 8
# Networks are loaded once, before the fork: workers share their memory, and start at once.
preload_app = True
timeout = 30
# Platforms kill what is still there 30 seconds after SIGTERM, and this project promises 25.
graceful_timeout = 20
# Heartbeat files on a disk can stall a worker; this is memory.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None
# gunicorn is not controlled at run time here, and a read-only home cannot hold the socket.
control_socket_disable = True
# More than any array of a drawing, less than those of a photo: a worker retains 4 MiB at most.
reuse_memory(2 << 20)


def remove_folder(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # workers run this at their end, too
        shutil.rmtree(folder, ignore_errors=True)


# Where the workers count for /metrics; see web/operation/metrics.py.  SIGHUP has this file read
# again in the same process, SIGUSR2 in a new one, which inherits the environment.
prefix = f"digits-metrics-{os.getpid()}-"
if not Path(os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")).name.startswith(prefix):
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=worker_tmp_dir))
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    atexit.register(remove_folder, folder, os.getpid())

from web.operation.logs import LOGGING
from web.operation.metrics import use_slot

logconfig_dict = LOGGING


def pre_fork(server: Any, worker: Any) -> None:
    """Give the worker the first slot that no living worker has."""
    taken = {other.slot for other in server.WORKERS.values()}
    worker.slot = next(slot for slot in count(1) if slot not in taken)
    # What was loaded before the fork is never garbage. The collector's marks would make each worker
    # copy 15 MiB that they share.
    gc.freeze()


def post_fork(_server: Any, worker: Any) -> None:
    use_slot(worker.slot)
