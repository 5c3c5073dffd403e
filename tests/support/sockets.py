"""Plain TCP on this machine: a free port, and what a server sends until it closes."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def is_read(connection: socket.socket) -> bool:
    """Whether a process on this machine has accepted the connection and read all that was sent.

    From /proc/net/tcp (proc(5)): before it is accepted, a socket has no inode.
    """
    (_, own), (_, peer) = connection.getsockname(), connection.getpeername()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, _, queues, _, _, _, _, inode, *_ = line.split()
        if (int(local.split(":")[1], 16), int(remote.split(":")[1], 16)) == (peer, own):
            return inode != "0" and int(queues.split(":")[1], 16) == 0
    return False


def drip(send: Callable[[], object], over: threading.Event) -> None:
    """Sends a little at a time, with pauses, until it is over or the other side hangs up."""
    with suppress(OSError):
        while not over.wait(0.02):
            send()
