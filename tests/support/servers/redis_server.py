"""The system's Redis: where it is, how it is started; `--install` gets one where it may."""

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.packages import apt_install
from tests.support.polling import PATIENCE, wait_for
from tests.support.sockets import free_port


def find_redis() -> str | None:
    """The server's program; Debian has it once more in redis-tools, under the second name."""
    return shutil.which("redis-server") or shutil.which("redis-check-rdb")


def install_redis() -> None:
    """By the system's package manager, where that goes without a question.

    Not the package redis-server: that one also starts a server, now and on each boot.
    """
    apt_install("redis-tools")


class RedisServer:
    """A server on a free port of this machine that keeps nothing on disk."""

    def __init__(self, program: str, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._program, self._folder = program, folder
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        """Comes back when the server answers; what an earlier one knew is gone."""
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--save", "", "--appendonly", "no", "--dir", str(self._folder)]
        log = self._folder / "log"
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                command, executable=self._program, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        wait_for(self._answers, "Redis is up", self._process, log)

    def kill(self) -> None:
        """As a power cut does: without a word to its clients."""
        if self._process:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None

    def restart(self) -> None:
        """On the same port, empty."""
        self.kill()
        self.start()

    def pause(self) -> None:
        """It takes connections and requests, and does not answer them until `resume`."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(7) == b"+PONG\r\n"
        except OSError:
            return False


@contextmanager
def redis_server(program: str | None = None) -> Iterator[RedisServer]:
    """A new server for as long as the block runs: `with redis_server() as redis: ... redis.url`."""
    program = program or find_redis()
    if program is None:
        raise RuntimeError("there is no Redis here: apt install redis-tools")
    folder = Path(tempfile.mkdtemp(prefix="digits-redis-"))
    server = RedisServer(program, folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder)


if __name__ == "__main__":
    if sys.argv[1:] == ["--install"] and not find_redis():
        print("Installing Redis for the tests of what processes share ...", flush=True)
        install_redis()
        if not find_redis():
            print("There is no Redis, and none could be installed.")
