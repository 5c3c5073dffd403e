"""Plain TCP on this machine: a free port, and what a server sends until it closes."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("0.0.0.0", 0))  # free at all addresses: the app listens at each
        return probe.getsockname()[1]


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def is_held(connection: socket.socket) -> bool:
    """Whether a process on this machine has the other end of the connection."""
    return _other_end(connection)[0]


def is_read(connection: socket.socket) -> bool:
    """Whether a process on this machine has accepted the connection and read all that was sent."""
    held, unread = _other_end(connection)
    return held and unread == 0


def _other_end(connection: socket.socket) -> tuple[bool, int]:
    """Whether a process has it, and the bytes that it has not read, from /proc/net/tcp (proc(5)).

    Before it is accepted, and after it is closed, a socket has no inode.
    """
    try:
        (_, own), (_, peer) = connection.getsockname(), connection.getpeername()
    except OSError:  # it has been reset
        return False, 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, _, queues, _, _, _, _, inode, *_ = line.split()
        if (int(local.split(":")[1], 16), int(remote.split(":")[1], 16)) == (peer, own):
            return inode != "0", int(queues.split(":")[1], 16)
    return False, 0


def drip(send: Callable[[], object], over: threading.Event) -> None:
    """Sends a little at a time, with pauses, until it is over or the other side hangs up."""
    with suppress(OSError):
        while not over.wait(0.02):
            send()
