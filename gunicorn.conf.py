"""How gunicorn serves the app, here and on every Heroku-style platform."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from settings import Settings

try:
    settings = Settings.from_environment()
except ValueError as error:
    sys.exit(str(error))

wsgi_app = "app:create_app()"
bind = f"0.0.0.0:{settings.port}"
workers = settings.web_concurrency
# Slow clients, such as phones that upload a photo, each hold a thread and not the whole worker.
worker_class = "gthread"
threads = 8
# Networks are loaded once, before the fork: workers share their memory, and start at once.
preload_app = True
timeout = 30
graceful_timeout = 20
# Heartbeat files on a disk can stall a worker; this is memory.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
# Nobody steers gunicorn at run time here, and a read-only home has no room for the socket.
control_socket_disable = True
