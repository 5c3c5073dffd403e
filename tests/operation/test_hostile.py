"""Beside hostile clients of every kind calm ones are answered, and the workers live on."""

import json
from pathlib import Path

import pytest

from tests.support.hostile.clients import KINDS, hostile_clients
from tests.support.hostile.requests import DRAWING, SECRET
from tests.support.polling import wait_for

CONNECTIONS = 30
ROUNDS = 5  # of a calm client
# What a worker may take at most beside what it starts with: 64 MB of requests, 100 of one picture
# while it is read, and as much again for copies and for what the memory allocator keeps.
MAX_GROWTH = 2 * (64_000_000 + 100_000_000)  # bytes
FILES = 64  # that a worker may have open; of these it needs about twenty itself


@pytest.fixture(scope="module")
def running(service, tmp_path_factory):
    with service(tmp_path_factory.mktemp("hostile"), stalls=True) as one:
        two_workers(one)
        one.start_memory = max(map(peak_memory, one.workers()))
        yield one


def two_workers(one):
    return wait_for(lambda: len(pids := set(one.workers())) == 2 and pids, "both workers")


def have_read(one):
    """The workers that have read a drawing."""
    return {line["process"] for line in one.requests().values() if "digit" in line}


def peak_memory(pid):
    """The most resident memory that a process has had, in bytes (proc(5), status)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def open_files(pid):
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def answers(one, picture):
    """Whether a new client is answered, for its health check and for its drawing."""
    try:
        if one.get("/healthz")[0] != 200:
            return False
        status, _, body = one.post("/api/predict", picture)
    except OSError:
        return False
    return status == 200 and json.loads(body)["digit"] == 7


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_clients_cost_calm_ones_and_workers_nothing(running, seven, kind):
    workers, logged = set(running.workers()), running.log.stat().st_size
    with hostile_clients(kind, running.port, CONNECTIONS):
        for _ in range(ROUNDS):
            wait_for(lambda: answers(running, seven), "a calm client is answered")
    wait_for(lambda: answers(running, seven), "a client is answered afterwards")
    assert set(running.workers()) == workers
    growth = max(map(peak_memory, workers)) - running.start_memory
    assert growth <= MAX_GROWTH, f"{growth / 1e6:.0f} MB"
    log = running.log.read_bytes()[logged:].decode()
    assert SECRET not in log
    levels = ("INFO", "WARNING")
    assert [line for line in log.splitlines() if json.loads(line)["level"] not in levels][:3] == []


def test_worker_without_a_file_to_open_keeps_its_connections(service, tmp_path, seven):
    prefix = ["prlimit", f"--nofile={FILES}"]
    with service(
        tmp_path, prefix=prefix, stalls=True, REQUEST_TIMEOUT="600", RATELIMIT_ENABLED="false"
    ) as one:
        workers = two_workers(one)
        wait_for(lambda: answers(one, seven) and have_read(one) == workers, "both have read")
        begun = [one.connect() for _ in range(8)]
        for connection in begun:
            connection.sendall(DRAWING[:-10])
        with hostile_clients("idle", one.port, 200):
            wait_for(
                lambda: max(map(open_files, workers)) > FILES - 4, "a worker has no file to open"
            )
            for connection in begun:
                connection.sendall(DRAWING[-10:])
                assert connection.recv(12) == b"HTTP/1.1 200"
        for connection in begun:
            connection.close()
        wait_for(lambda: answers(one, seven), "new clients are answered after the flood")
        assert set(one.workers()) == workers
