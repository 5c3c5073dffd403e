"""The app as a platform runs it: the process of the Procfile, under load, watched from outside."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.polling import PATIENCE, wait_for
from tests.support.sockets import free_port

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Service:
    """A running process of the Procfile."""

    process: subprocess.Popen
    port: int
    log: Path

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def connect(self):
        """A plain connection of TCP."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def get(self, path, **headers):
        """Status, headers and body, through a connection of its own."""
        return ask(self.port, "GET", path, None, headers)

    def post(self, path, body, **headers):
        return ask(self.port, "POST", path, body, headers)

    def workers(self):
        """Process ids."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def lines(self):
        """What it has logged; every line has to be JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def requests(self):
        """Its log of requests, by the request's id."""
        return {
            line["request_id"]: line for line in self.lines() if line["logger"] == "digits.requests"
        }

    def is_ready(self):
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False


def memory_of(pid):
    """The resident memory of a process in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def ask(port, method, path, body, headers, connection=None):
    one = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        one.request(method, path, body, headers)
        response = one.getresponse()
        return response.status, response.headers, response.read()
    except http.client.HTTPException as error:
        raise ConnectionError(f"no whole answer: {error!r}") from error
    finally:
        if connection is None:
            one.close()


def procfile_command():
    command = (ROOT / "Procfile").read_text().split("web:")[1].split()
    command[0] = str(Path(sys.executable).with_name(command[0]))
    return command


@contextmanager
def run_service(
    folder, *arguments, command=None, release=ROOT, prefix=(), stalls=False, **environment
) -> Iterator[Service]:
    """The Procfile's process, or what `command` starts on "{port}", ready to answer.

    Its log goes to a file in `folder`.  `environment` are variables, None for one that shall not be
    set.  Its end has to be an orderly one, unless a client `stalls` it.

    Tests get this by the fixture `service`, which marks them as tests that need a server.
    """
    port = free_port()
    log = folder / f"log-{port}"
    program = [part.format(port=port) for part in command or procfile_command()]
    variables = {**os.environ, "NUMBERS_API_URL": "", "PORT": str(port), **environment}
    variables = {name: value for name, value in variables.items() if value is not None}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*prefix, *program, *arguments], cwd=release, env=variables, stdout=out, stderr=out
        )
    running = Service(process, port, log)
    try:
        wait_for(running.is_ready, "the service is ready", process, log)
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
        ending = log.read_text().rpartition("Handling signal: term")[2]
        # gunicorn kills a worker that has not ended in time
        assert stalls or "SIGKILL" not in ending, ending


@dataclass
class Load:
    """Clients that ask one thing after another; what became of each request, by its id."""

    port: int
    body: bytes
    keep_alive: bool = False
    answered: dict[str, int] = field(default_factory=dict)
    lost: dict[str, tuple[int, str]] = field(default_factory=dict)  # client, what went wrong
    _over: threading.Event = field(default_factory=threading.Event)

    def _ask(self, client):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        number = 0
        while not self._over.is_set():
            number += 1
            name = f"{id(self)}-{client}-{number}"
            headers = {"X-Request-ID": name, "Content-Type": "text/plain"}
            try:
                status, _, _ = ask(
                    self.port, "POST", "/api/predict", self.body, headers, connection
                )
                self.answered[name] = status
            except OSError as error:
                self.lost[name] = client, repr(error)
                connection.close()
            if not self.keep_alive:
                connection.close()
        connection.close()

    def wait_for_more(self, count=50):
        """Until so many more requests have been answered."""
        before = len(self.answered)
        wait_for(lambda: len(self.answered) >= before + count, f"{count} more answers")


@contextmanager
def load(port, body, clients=6, keep_alive=False) -> Iterator[Load]:
    """Under way while the block runs; then all have their answers, or know they have none."""
    running = Load(port, body, keep_alive)
    threads = [threading.Thread(target=running._ask, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    try:
        running.wait_for_more(20)
        yield running
    finally:
        running._over.set()
        for thread in threads:
            thread.join()
