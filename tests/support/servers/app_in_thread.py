"""The app in a thread of this process, for tests that choose its networks."""

import threading
from contextlib import contextmanager

from werkzeug.serving import make_server


@contextmanager
def app_in_thread(app):
    """The app's address, while the block runs."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
