"""Real gunicorn and clients that are slow, stall, or send what is no HTTP: others are answered."""

import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress

import pytest
import requests

from tests.support.pictures import JPEG, TEXT
from tests.support.polling import PATIENCE, wait_for
from tests.support.problems import problem_in
from tests.support.servers.service import memory_of
from tests.support.sockets import drip, is_held, is_read, read_all

STALLED = {
    "in the body": b"POST /api/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc",
    "in a chunk": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
    "between chunks": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
    "in a head": b"POST /api/predict HTTP/1.1\r\nHo",
    "in a form": b"POST /api/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n"
    b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n",
    "after being invited": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n"
    b"Expect: 100-continue\r\n\r\n",
}
PLENTY = 60  # two workers of twenty threads have forty


@pytest.fixture(scope="module")
def running(service, tmp_path_factory):
    """With a time limit that never comes, so that whoever is answered was not waited for."""
    folder = tmp_path_factory.mktemp("uploads")
    with service(folder, REQUEST_TIMEOUT="600", RATELIMIT_ENABLED="false") as running:
        yield running


@pytest.fixture(scope="module")
def hasty(service, tmp_path_factory):
    with service(tmp_path_factory.mktemp("hasty"), REQUEST_TIMEOUT="1") as running:
        yield running


@pytest.mark.parametrize("start", STALLED.values(), ids=STALLED)
def test_stalled_uploads_do_not_block_other_requests(running, start):
    stalled = [running.connect() for _ in range(PLENTY)]
    try:
        for connection in stalled:
            connection.sendall(start)
        wait_for(lambda: all(map(is_read, stalled)), "the workers have all of them")
        for _ in range(5):
            answer = requests.post(f"{running.url}/", TEXT, timeout=PATIENCE)
            assert answer.text.startswith("7 ")
    finally:
        for connection in stalled:
            connection.close()


@pytest.mark.parametrize("start", STALLED.values(), ids=STALLED)
def test_stalled_upload_returns_408(hasty, start):
    with hasty.connect() as connection:
        connection.sendall(start)
        answer = read_all(connection).removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert problem_in(answer)["status"] == 408


def test_idle_connection_is_closed(hasty):
    with hasty.connect() as connection:
        assert read_all(connection) == b""


def test_slow_upload_returns_408_at_the_time_limit(hasty):
    with hasty.connect() as connection:
        connection.sendall(STALLED["in the body"])
        over = threading.Event()
        dripping = threading.Thread(target=drip, args=(lambda: connection.sendall(b"x"), over))
        dripping.start()
        try:
            assert problem_in(read_all(connection))["status"] == 408
        finally:
            over.set()
            dripping.join()


def test_client_that_does_not_read_is_disconnected(hasty):
    """Its answers are larger than what the system buffers."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(PATIENCE)
        connection.connect(("127.0.0.1", hasty.port))
        for _ in range(40):  # one after another, so that none is too many at a time
            connection.sendall(b"GET /accuracy HTTP/1.1\r\nHost: x\r\n\r\n" * 10)
            wait_for(lambda: is_read(connection) or not is_held(connection), "it is read")
            if not is_held(connection):
                break
        wait_for(lambda: not is_held(connection), "the worker has closed it")


def test_upload_in_small_pieces_is_answered(running):
    body = b"--b\r\nContent-Disposition: form-data; name=image; filename=a\r\n\r\n" + JPEG
    body += b"\r\n--b--\r\n"
    head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    request = head.encode() + body
    with running.connect() as connection:
        for start in range(0, len(request), 100):
            connection.sendall(request[start : start + 100])
        assert read_all(connection).split(b"\r\n\r\n")[1].startswith(b"7 ")


def chunked(content, size):
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    return b"".join(b"%x;a=b\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n"


@pytest.mark.parametrize("size", [1, 7, 1000, 10**6])
@pytest.mark.parametrize("end", [b"\r\n", b"X-Sum: x\r\n\r\n"])
def test_chunks_of_any_size_are_assembled(running, size, end):
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nConnection: close\r\n"
    request = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(JPEG, size) + end
    with running.connect() as connection:
        middle = len(request) // 2  # in two parts, wherever that cuts
        connection.sendall(request[:middle])
        connection.sendall(request[middle:])
        assert read_all(connection).split(b"\r\n\r\n")[1].startswith(b"7 ")


def test_pipelined_requests_are_each_answered(running):
    """Sent without waiting, small and large, with and without chunks, on one connection."""
    filler = TEXT + b"\n" * 400_000  # white space in base64 does not matter
    plain = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    in_chunks = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    last = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    requests = [
        plain % len(TEXT) + TEXT,
        plain % len(filler) + filler,
        in_chunks + chunked(filler, 300_000) + b"\r\n",
        in_chunks + chunked(TEXT, 1000) + b"\r\n",
        plain % len(TEXT) + TEXT,
        last,
    ]
    with running.connect() as connection:
        sending = threading.Thread(target=connection.sendall, args=[b"".join(requests)])
        sending.start()
        answer = read_all(connection)
        sending.join()
    assert answer.count(b"HTTP/1.1 200 OK") == len(requests)
    assert answer.count(b"\r\n\r\n7 ") == len(requests) - 1


@pytest.mark.parametrize("close", [True, False])
def test_expect_100_continue_is_answered_once(running, close):
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nExpect: 100-continue\r\n"
    head += b"Connection: close\r\n\r\n"
    with running.connect() as connection:
        connection.sendall(head % len(TEXT))
        assert connection.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(TEXT)
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 200 OK")  # the 100 is sent once


def test_client_that_has_closed_its_side_is_answered(running):
    with running.connect() as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(TEXT) + TEXT
        )
        connection.shutdown(socket.SHUT_WR)
        assert read_all(connection).split(b"\r\n\r\n")[1].startswith(b"7 ")


@pytest.mark.parametrize("header", [b"SCRIPT_NAME: /x", b"Script-Name: /x", b"X_Request_ID: x"])
def test_peer_cannot_set_what_only_the_server_may(running, header):
    """WSGI's own variables, and headers by names that WSGI would take for others."""
    with running.connect() as connection:
        head = b"GET /api/openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        connection.sendall(head + header + b"\r\n\r\n")
        head, _, body = read_all(connection).partition(b"\r\n\r\n")
    assert json.loads(body)["servers"][0]["url"] == "/"
    assert b"x-request-id: x\r\n" not in head.lower() + b"\r\n"


LARGE_PAGE = b"GET /inside HTTP/1.1\r\nHost: x\r\n\r\n"


def send_without_reading(one, *parts):
    """A connection on which more is asked for than the system buffers, and nothing is read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(PATIENCE)
    connection.connect(("127.0.0.1", one.port))
    for part in (LARGE_PAGE * 16, LARGE_PAGE * 8, *parts):
        connection.sendall(part)
        wait_for(lambda: is_read(connection) or not is_held(connection), "it is read")
    return connection


@pytest.mark.parametrize("tail", [b"\0\r\n\r\n", b"G", b"G(T / HTTP/1.1\r\n\r\n"])
def test_connection_is_closed_whatever_follows_unread_responses(hasty, tail):
    with send_without_reading(hasty, tail) as connection:
        wait_for(lambda: not is_held(connection), "the worker has closed it")


def test_request_behind_another_has_its_own_time_limit(hasty):
    """In one segment with it, and then byte by byte."""
    with hasty.connect() as connection:
        behind = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + behind)
        over = threading.Event()
        dripping = threading.Thread(target=drip, args=(lambda: connection.sendall(b"x"), over))
        dripping.start()
        try:
            answer = read_all(connection)
        finally:
            over.set()
            dripping.join()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in answer


def test_body_with_upgrade_is_not_taken_for_a_request(running):
    body = b"GET /api/facts/7 HTTP/1.1\r\nHost: x\r\n\r\n"
    head = b"POST /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
    with running.connect() as connection:
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        answer = read_all(connection)
    assert problem_in(answer)["status"] == 501
    assert answer.count(b"HTTP/1.1 ") == 1


def test_upload_that_is_refused_hides_no_other(service, tmp_path):
    """Beside each real upload one that is refused for its address, and has more bytes."""
    with service(tmp_path, WEB_CONCURRENCY="1", REQUEST_TIMEOUT="600", stalls=True) as one:
        before = memory_of(one.workers()[0])
        connections = []
        for address, size in ((b"http://x", 13_990_000), (b"/", 13_500_000)) * 12:
            connection = one.connect()
            connections.append(connection)
            head = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 13990000\r\n\r\n" % address
            with suppress(OSError):
                connection.sendall(head + bytes(size))
        wait_for(lambda: is_read(connections[-1]), "the worker has the last upload")
        assert memory_of(one.workers()[0]) - before < 150_000_000
        for connection in connections:
            connection.close()


def test_unread_responses_do_not_take_the_memory_for_uploads(service, tmp_path):
    """Connections that read nothing, each with an upload that is nearly whole."""
    with service(tmp_path, WEB_CONCURRENCY="1", REQUEST_TIMEOUT="600", stalls=True) as one:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 13900000\r\n\r\n"
        hostile = []
        for _ in range(6):
            connection = send_without_reading(one)
            hostile.append(connection)
            connection.setblocking(False)
            with suppress(OSError):
                connection.send(head + bytes(13_800_000))  # as much as is taken
        wait_for(lambda: reads_a_seven_in_two_parts(one), "a drawing in two parts is read")
        for connection in hostile:
            connection.close()


def reads_a_seven_in_two_parts(one):
    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    with one.connect() as connection:
        connection.sendall(head % len(TEXT))
        wait_for(lambda: is_read(connection), "the head is read")
        connection.sendall(TEXT)
        return read_all(connection).split(b"\r\n\r\n")[1].startswith(b"7 ")


NO_HTTP = {
    "noise": (400, b"\x16\x03\x01 hello\r\n\r\n"),
    "a method that is none": (400, b"G(T / HTTP/1.1\r\nHost: x\r\n\r\n"),
    "two lengths": (400, b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    "a length and chunks": (
        400,
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    "an address of 9 kB": (414, b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
    "an address of 90 kB": (431, b"GET /" + b"a" * 90_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
    "a length of 19 digits": (
        413,
        b"POST / HTTP/1.1\r\nContent-Length: 9999999999999999999\r\n\r\n",
    ),
    "a length of 30 digits": (
        400,
        b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\n",
    ),
    "a header of 90 kB": (431, b"GET / HTTP/1.1\r\nX: " + b"a" * 90_000 + b"\r\n\r\n"),
    "a chunk of 268 MB": (
        413,
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n"
        + bytes(14_000_001),
    ),
    "chunks of one byte": (
        431,
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"1\r\na\r\n" * 20_000,
    ),
    "a length of 20 MB": (413, b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n"),
    "a chunk without a size": (
        400,
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n;" + b"a" * 2000,
    ),
    "endless trailers": (
        431,
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
        + b"X: a\r\n" * 20_000,
    ),
    "a coding that is not chunked": (
        501,
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ),
    "101 header fields": (431, b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 101 + b"\r\n"),
    "an endless head": (431, b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 20_000),
    "an expectation of something else": (
        417,
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: tea\r\n\r\na",
    ),
}


@pytest.mark.parametrize(("status", "sent"), NO_HTTP.values(), ids=NO_HTTP)
def test_malformed_http_returns_a_problem(running, status, sent):
    with running.connect() as connection:
        connection.sendall(sent)
        assert problem_in(read_all(connection))["status"] == status


def test_unfinished_uploads_have_bounded_memory(service, tmp_path):
    """Twenty of 13 MB, all but their ends, on one worker."""
    with service(tmp_path, WEB_CONCURRENCY="1", REQUEST_TIMEOUT="600") as running:
        before = memory_of(running.workers()[0])
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 13000000\r\n\r\n"
        connections = []
        for _ in range(20):
            connection = running.connect()
            connections.append(connection)
            connection.sendall(head + bytes(12_999_000))
        wait_for(lambda: is_read(connections[-1]), "the worker has the last upload")
        assert memory_of(running.workers()[0]) - before < 130_000_000
        assert problem_in(read_all(connections[0]))["status"] == 503  # of equals, the oldest
        assert requests.post(f"{running.url}/", TEXT, timeout=PATIENCE).text.startswith("7 ")
        for connection in connections:
            connection.close()


def test_worker_module_does_not_import_numpy():
    """It comes before the app, which says how many threads NumPy's library may start."""
    command = "import sys; from web.operation import server; sys.exit('numpy' in sys.modules)"
    subprocess.run(
        [sys.executable, "-c", command], check=True, timeout=PATIENCE, env={**os.environ}
    )
