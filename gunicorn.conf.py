"""How gunicorn serves the app, here and on every Heroku-style platform."""

import atexit
import gc
import os
import resource
import shutil
import sys
import tempfile
from contextlib import suppress
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
host = f"[{settings.host}]" if ":" in settings.host else settings.host
bind = f"{host}:{settings.port}"
# No peer, not even one on this machine, has its headers believed here: see TRUSTED_PROXIES.
forwarded_allow_ips = ""
workers = settings.web_concurrency
# Its threads get whole requests: slow clients, such as phones that upload a photo, occupy none.
worker_class = "web.operation.server.Worker"
# Costly requests wait in them for their turn. The rate limit lets in fewer at a time.
threads = 20
# As many connections as the system allows, not as many as a shell does.
most_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
# Networks are loaded once, before the fork: workers share their memory, and start at once.
preload_app = True
timeout = 30
# Platforms kill what is still there 30 seconds after SIGTERM, and this project promises 25.
graceful_timeout = 20


def has_room(folder: str) -> bool:
    """Whether files can be made there: not where /dev/shm is read-only, or has no inode left."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


# Heartbeat files on a disk can stall a worker; this is memory.  They are empty.
worker_tmp_dir = "/dev/shm" if has_room("/dev/shm") else None
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
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    with suppress(OSError):  # then each worker has its own numbers, and says so
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
