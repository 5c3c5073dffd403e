"""A numbers service may do what it likes: facts are told at once, and only their source changes."""

import json
import os
import ssl
import subprocess
import sys
import threading
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any

import pytest
from redis import Redis
from requests.exceptions import SSLError
from urllib3.exceptions import HTTPError as BrokenAnswer

from app import create_app
from facts.http import fetch
from facts.numbers_api import FAILURES, Upstream
from facts.store import Fact, Facts
from settings import Settings
from tests.support.redis_server import RedisServer

ROOT = Path(__file__).resolve().parents[2]
GENEROUS = 30.0  # seconds that no passing test comes near
FAR = 1e6  # seconds that no test lasts
TOLD = "7 is told from afar."


# A server that is real and on this machine


class Handler(BaseHTTPRequestHandler):
    server: "Server"

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.entered.set()
        self.server.behave(self)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingMixIn, HTTPServer):
    """A server that behaves as told; `released` ends whatever it is in the middle of."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.entered, self.released = threading.Event(), threading.Event()
        self.behave: Callable[[Handler], None] = tells()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        pass  # a client that hangs up is what some of these tests are about


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


def send(handler: Handler, body: bytes, status: int = 200, **headers: str) -> None:
    handler.send_response(status)
    for name, value in ({"Content_Length": str(len(body))} | headers).items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def tells(text: Any = TOLD, **changes: Any) -> Callable[[Handler], None]:
    """A service that answers every question with this text, as numbersapi.com does."""

    def behave(handler: Handler) -> None:
        *_, number, kind = handler.path.removesuffix("?json").split("/")
        answer = {"text": text, "found": True, "number": int(number), "type": kind} | changes
        send(handler, json.dumps(answer).encode(), Content_Type="application/json")

    return behave


def says(body: bytes, status: int = 200, **headers: str) -> Callable[[Handler], None]:
    return lambda handler: send(handler, body, status, **headers)


class Clock:
    """A clock that stands still until it is told to go on."""

    now = 1e9

    def __call__(self) -> float:
        return self.now


def facts_of(server: Server, redis: RedisServer | None = None, **options: Any) -> Facts:
    """As in the app, but patient, and asking again at once after a failure."""
    options = {"patience": GENEROUS, "rest": FAR, "pause": 0.0} | options
    return Facts(Upstream(server.url, redis.url if redis else "", **options))


def ask(facts: Facts, number: int = 7, kind: str | None = "trivia") -> Fact:
    """A fact, and after it the end of the question that it may have led to."""
    told = facts.about(number, kind)
    assert facts._upstream
    assert facts._upstream.settle(GENEROUS)
    return told


def from_afar(fact: Fact) -> bool:
    return fact.origin == "upstream"


# What it tells


def test_a_fact_from_upstream_is_told_next(server: Server) -> None:
    facts = facts_of(server)
    assert ask(facts).origin == "bundled"
    assert ask(facts).describe(7) == {
        "number": 7,
        "text": TOLD,
        "kind": "trivia",
        "subject": "general",
        "source": "127.0.0.1",
        "url": None,
    }
    assert server.asked == ["/7/trivia?json"]


def test_who_has_been_told_it_is_told_a_bundled_one(server: Server) -> None:
    facts = facts_of(server)
    ask(facts)
    told = ask(facts)
    assert facts.about(7, "trivia", [told.id]).origin == "bundled"


def test_the_only_fact_of_a_kind_is_not_told_twice_in_a_row(server: Server) -> None:
    facts = facts_of(server)
    ask(facts, 1729)
    told = ask(facts, 1729)
    assert from_afar(told)
    assert facts.about(1729, "trivia", [told.id]).origin == "computed"


def test_the_kinds_are_asked_one_by_one_when_any_will_do(server: Server) -> None:
    facts = facts_of(server)
    told = [ask(facts, kind=None) for _ in range(4)]
    assert [from_afar(fact) for fact in told] == [False, True, True, True]
    assert server.asked == ["/7/trivia?json", "/7/math?json"]
    assert {fact.kind for fact in (ask(facts, kind=kind) for kind in ("trivia", "math"))} == {
        "trivia",
        "math",
    }


def test_upstream_tells_of_numbers_that_have_no_bundled_fact(server: Server) -> None:
    facts = facts_of(server)
    assert ask(facts, -1729).origin == "computed"
    assert from_afar(ask(facts, -1729))


def test_the_base_url_may_have_a_path_and_end_in_a_slash(server: Server) -> None:
    facts = Facts(Upstream(f"{server.url}/numbers/api/", patience=GENEROUS))
    ask(facts)
    assert from_afar(ask(facts))
    assert server.asked == ["/numbers/api/7/trivia?json"]


@pytest.mark.parametrize(
    "answer",
    [
        lambda handler: tells(number="7")(handler),
        lambda handler: send(
            handler,
            json.dumps({"text": TOLD, "number": 7, "found": True, "type": "trivia"}).encode(),
            Cache_Control="no-cache, no-store",
            Expires="0",
            Pragma="no-cache",
        ),
        lambda handler: redirects_once(handler),
    ],
    ids=["number as a string", "no-cache", "one redirect to the same host"],
)
def test_it_is_believed_and_remembered(server: Server, answer: Callable[[Handler], None]) -> None:
    server.behave = answer
    facts = facts_of(server)
    ask(facts)
    asked = len(server.asked)
    assert all(from_afar(ask(facts)) for _ in range(20))
    assert len(server.asked) == asked


def redirects_once(handler: Handler) -> None:
    if handler.path.startswith("/7/"):
        send(handler, b"", 302, Location="/moved" + handler.path)
    else:
        send(handler, json.dumps({"text": TOLD, "number": 7, "found": True}).encode())


def test_control_characters_and_halves_of_characters_are_removed(server: Server) -> None:
    server.behave = tells("7\x00 is\n\n told\x1b[31m \u202efrom\ud800 afar\t. ")
    facts = facts_of(server)
    ask(facts)
    assert ask(facts).text == "7 is told[31m from afar ."


def test_an_old_fact_is_told_while_it_is_asked_for_again(server: Server) -> None:
    clock = Clock()
    facts = facts_of(server, clock=clock, keep=100)
    ask(facts)
    clock.now += 99
    assert from_afar(ask(facts))
    assert len(server.asked) == 1
    clock.now += 2
    server.behave = tells("7 is told anew.")
    assert ask(facts).text == TOLD
    assert ask(facts).text == "7 is told anew."
    assert len(server.asked) == 2


def test_an_old_fact_is_told_when_the_service_is_gone(server: Server) -> None:
    clock = Clock()
    facts = facts_of(server, clock=clock, keep=100)
    ask(facts)
    server.behave = says(b"", 503)
    clock.now += 200
    assert all(from_afar(ask(facts)) for _ in range(5))
    clock.now += 40 * 24 * 3600
    assert ask(facts).origin == "bundled"


@pytest.mark.parametrize(
    "no_fact",
    [
        tells(found=False),
        tells("7 is a boring number."),
        tells("7 is an unremarkable number."),
        tells("7 is a number for which we're missing a fact (submit one to us)."),
        tells("7 is an uninteresting number."),
        tells(""),
        tells(" \n\x00 "),
        tells("7 " * 151),
        tells("7 is <b>bold</b>."),
        tells("7 is <script>alert(7)</script>."),
        says(b'{"text": "7.", "found": true, "number": 7}', 404),
    ],
)
def test_where_upstream_knows_no_fact_it_is_not_asked_again(
    server: Server, no_fact: Callable[[Handler], None]
) -> None:
    server.behave = no_fact
    facts = facts_of(server)
    assert not any(from_afar(ask(facts)) for _ in range(30))
    assert server.asked == ["/7/trivia?json"]
    server.behave = tells("8 is told from afar.")
    ask(facts, 8)
    assert from_afar(ask(facts, 8)), "knowing no fact of one number is no failure"


# What else it may do


def hangs(handler: Handler) -> None:
    handler.server.released.wait(GENEROUS)


def hangs_up(handler: Handler) -> None:
    handler.close_connection = True


def hangs_up_in_the_body(handler: Handler) -> None:
    send(handler, b'{"text": "7 is', Content_Length="200")
    handler.close_connection = True


def drips(handler: Handler) -> None:
    """One byte after another, for ever; each in time for a time-out that starts anew."""
    with suppress(OSError):
        while not handler.server.released.wait(0.02):
            handler.wfile.write(b"a")


def drips_its_headers(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    drips(handler)


def drips_its_body(handler: Handler) -> None:
    send(handler, b'{"text": "', Content_Length="60000")
    drips(handler)


def redirects(handler: Handler) -> None:
    send(handler, b"", 302, Location=handler.path)


FAILURES_AT_ONCE: dict[str, Callable[[Handler], None]] = {
    "not JSON": says(b"7 is told from afar."),
    "HTML": says(b"<html><body>7</body></html>", Content_Type="text/html"),
    "nothing": says(b""),
    "not UTF-8": says(b'{"text": "\xff", "found": true, "number": 7}'),
    "a list": says(b"[7]"),
    "a number": says(b"7"),
    "depths": says(b"[" * 60_000),
    "digits": says(b"9" * 60_000),
    "another number": tells(number=8),
    "no number": tells(number=None),
    "true as the number": says(b'{"text": "1.", "found": true, "number": true}'),
    "a text that is none": tells(["7"]),
    "a text of null": tells(None),
    "found that is none": tells(found="yes"),
    "an empty object": says(b"{}"),
    "a huge body": says(b'{"text": "7.", "found": true, "number": 7}' + b" " * 70_000),
    "a flood": lambda handler: send(handler, b" " * 5_000_000),
    "a broken gzip": says(b"7 is 7", Content_Encoding="gzip"),
    "an error": says(b'{"text": "7.", "found": true, "number": 7}', 500),
    "hanging up": hangs_up,
    "hanging up in the body": hangs_up_in_the_body,
}
SLOW_FAILURES: dict[str, Callable[[Handler], None]] = {
    "hanging": hangs,
    "dripping its headers": drips_its_headers,
    "dripping its body": drips_its_body,
}


def floods(start: bytes, status: int = 200, **headers: str) -> Callable[[Handler], None]:
    """Without end, as fast as it is read."""

    def behave(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(start)
        with suppress(OSError):
            while not handler.server.released.is_set():
                handler.wfile.write(b"7" * 65_536)

    return behave


FAILURES_OF_A_SERVICE = FAILURES_AT_ONCE | {
    "a flood without end": floods(b'{"text": "'),
    "a flood of headers": floods(b"", X_Flood="7" * 65_000),
    "a flood with an error": floods(b"", 500),
    "a flood with a redirect": floods(b"", 302, Location="/8/trivia?json"),
    "redirects without end": redirects,
    "a redirect to another host": says(b"", 302, Location="http://localhost:1/7/trivia?json"),
    "a redirect to another port": says(b"", 302, Location="http://127.0.0.1:1/7/trivia?json"),
    "a redirect to a file": says(b"", 302, Location="file:///etc/passwd"),
    "a redirect to nonsense": says(b"", 302, Location="http://[7"),
    "a redirect to nowhere": says(b"", 302),
    "a reset": lambda handler: handler.connection.close(),
    "no HTTP": lambda handler: handler.wfile.write(b"7 is not HTTP\r\n\r\n"),
    "not modified": says(b"", 304),
}


@pytest.mark.parametrize("failure", [*FAILURES_OF_A_SERVICE, *SLOW_FAILURES])
def test_a_failing_upstream_changes_nothing_and_is_left_alone_for_a_while(
    server: Server, failure: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.behave = (FAILURES_OF_A_SERVICE | SLOW_FAILURES)[failure]
    facts = facts_of(server, patience=0.3)
    asked = []
    for _ in range(12):
        assert not from_afar(ask(facts))
        asked.append(len(server.asked))
    assert 0 < asked[FAILURES - 1] == asked[-1], "after some failures it is not asked at all"
    warned = [record for record in caplog.records if record.name == "facts.numbers_api"]
    assert [record.levelname for record in warned] == ["WARNING"], "one line, not one a failure"


def test_a_failure_that_passes_is_tried_again_at_once(server: Server) -> None:
    answers = iter([says(b"", 503), hangs_up, tells()])
    server.behave = lambda handler: next(answers)(handler)
    facts = facts_of(server)
    ask(facts)
    assert from_afar(ask(facts))
    assert len(server.asked) == 3


def test_an_upstream_that_recovers_is_believed_again(server: Server) -> None:
    server.behave = says(b"", 500)
    facts = facts_of(server, rest=0.0)
    for _ in range(FAILURES + 2):
        ask(facts)
    server.behave = tells()
    ask(facts)
    assert from_afar(ask(facts))


def test_an_upstream_that_is_absent_changes_nothing() -> None:
    with Server() as gone:
        url = gone.url
    facts = Facts(Upstream(url, pause=0.0))
    assert not any(from_afar(ask(facts)) for _ in range(10))


def test_nobody_waits_for_an_upstream_that_hangs(server: Server) -> None:
    server.behave = hangs
    facts = facts_of(server)
    assert not from_afar(facts.about(7))
    assert server.entered.wait(GENEROUS)
    for number in range(10):
        assert not from_afar(facts.about(number))
    assert facts._upstream
    assert not facts._upstream.settle(0), "all were told while the first question was still open"
    assert server.asked == ["/7/trivia?json"], "the other questions were dropped, not queued"


def test_no_answer_of_the_app_waits_for_an_upstream_that_hangs(server: Server) -> None:
    server.behave = hangs
    client = create_app(Settings(numbers_api_url=server.url)).test_client()
    pixels = [1.0 if 5 <= i // 28 < 23 and i % 28 in (13, 14) else 0.0 for i in range(784)]
    assert client.get("/api/facts/7").get_json()["source"] != "127.0.0.1"
    assert server.entered.wait(GENEROUS)
    assert client.post("/api/predict", json={"pixels": pixels}).get_json()["fact"]["text"]
    assert client.get("/api/facts/7?kind=math").get_json()["kind"] == "math"
    assert not server.released.is_set()


def test_a_dripping_upstream_is_cut_off_in_time(server: Server) -> None:
    for drip in (drips_its_headers, drips_its_body):
        server.behave = drip
        with pytest.raises((OSError, BrokenAnswer)):
            fetch(f"{server.url}/7/trivia?json", 0.3)
        assert not server.released.is_set()


def test_a_flood_is_not_kept_in_memory(server: Server) -> None:
    for status in (200, 302, 500):
        server.behave = floods(b"7" * 1000, status, Location="/8/trivia?json")
        tracemalloc.start()
        with pytest.raises((ValueError, BrokenAnswer, OSError)):
            fetch(f"{server.url}/7/trivia?json", 0.5)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 2_000_000


def test_a_certificate_that_nobody_signed_is_not_trusted(server: Server, tmp_path: Path) -> None:
    files = ["-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "cert")]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1"]
    subprocess.run([*make, *files, "-days", "1"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        fetch(f"https://127.0.0.1:{server.server_address[1]}/7/trivia?json", GENEROUS)
    assert server.asked == []


# Processes


def test_no_upstream_is_asked_and_no_thread_started_before_a_fact_is(server: Server) -> None:
    before = threading.active_count()
    facts_of(server)
    assert threading.active_count() == before
    assert server.asked == []


def test_a_question_under_way_does_not_hold_up_the_end_of_the_process(server: Server) -> None:
    server.behave = hangs
    program = (
        "import sys; from facts import Facts; from facts.numbers_api import Upstream;"
        "Facts(Upstream(sys.argv[1], patience=1000.0)).about(7); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, server.url], cwd=ROOT, stdin=subprocess.PIPE
    )
    assert server.entered.wait(GENEROUS)
    assert process.stdin
    process.stdin.close()
    assert process.wait(GENEROUS) == 0
    assert not server.released.is_set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_process_asks_for_itself(server: Server) -> None:
    facts = facts_of(server)
    ask(facts, 7)
    with warnings.catch_warnings():
        # Forking with threads about is what is being tested.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        told = False
        with suppress(BaseException):
            ask(facts, 8)
            told = from_afar(ask(facts, 8)) and from_afar(ask(facts, 7))
        os._exit(0 if told else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("url", ["numbersapi.com", "ftp://numbersapi.com", "http://", "http://["])
def test_a_malformed_url_is_refused_when_the_service_is_made(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        Upstream(url)


# What is shared through Redis


ELSEWHERE = """
import sys
from facts.store import Facts
from facts.numbers_api import Upstream
facts = Facts(Upstream(sys.argv[1], sys.argv[2], patience=30.0, rest=1e6, pause=0.0))
for _ in range(int(sys.argv[3])):
    told = facts.about(7, "trivia")
    assert facts._upstream.settle(30.0)
print(facts.about(7, "trivia").origin)
"""


def elsewhere(server: Server, redis: RedisServer, times: int) -> str:
    """Where the fact comes from that another process tells after asking so often."""
    command = [sys.executable, "-c", ELSEWHERE, server.url, redis.url, str(times)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


def test_what_one_process_was_told_others_tell_without_asking(
    server: Server, redis: RedisServer
) -> None:
    assert elsewhere(server, redis, 1) == "upstream"
    facts = facts_of(server, redis)
    ask(facts)
    assert ask(facts).text == TOLD
    assert elsewhere(server, redis, 1) == "upstream"
    assert server.asked == ["/7/trivia?json"]


def test_that_there_is_no_fact_is_shared_too(server: Server, redis: RedisServer) -> None:
    server.behave = tells(found=False)
    assert elsewhere(server, redis, 2) == "bundled"
    ask(facts_of(server, redis))
    assert server.asked == ["/7/trivia?json"]


def test_a_service_that_failed_one_process_is_left_alone_by_all(
    server: Server, redis: RedisServer
) -> None:
    server.behave = says(b"7", 400)
    assert elsewhere(server, redis, FAILURES + 1) == "bundled"
    assert len(server.asked) == FAILURES
    server.behave = tells()
    facts = facts_of(server, redis)
    assert not any(from_afar(ask(facts)) for _ in range(5))
    assert len(server.asked) == FAILURES


def test_the_failures_of_all_processes_are_counted_together(
    server: Server, redis: RedisServer
) -> None:
    server.behave = says(b"7", 400)
    for _ in range(FAILURES):
        ask(facts_of(server, redis))
    ask(facts_of(server, redis))
    assert len(server.asked) == FAILURES


def test_two_services_do_not_mix_what_they_share(redis: RedisServer, server: Server) -> None:
    ask(facts_of(server, redis))
    other = Facts(Upstream(f"{server.url}/other", redis.url, patience=GENEROUS))
    server.behave = says(b"{}")
    ask(other)
    assert ask(other).origin == "bundled"


def test_redis_killed_and_restarted_in_the_middle_changes_nothing(
    server: Server, redis: RedisServer
) -> None:
    facts, other = facts_of(server, redis), facts_of(server, redis)
    ask(facts)
    redis.kill()
    assert from_afar(ask(facts)), "it is in memory as well"
    ask(other)
    assert from_afar(ask(other)), "without Redis the service is asked"
    assert len(server.asked) == 2
    ask(other, 8)
    assert from_afar(ask(other, 8))
    redis.restart()
    ask(facts, 9)
    asked = len(server.asked)
    ask(other, 9)
    assert from_afar(ask(other, 9))
    assert len(server.asked) == asked, "and then they share again"


def test_while_redis_is_away_each_process_has_a_breaker_of_its_own(
    server: Server, redis: RedisServer
) -> None:
    redis.kill()
    server.behave = says(b"7", 400)
    facts = facts_of(server, redis)
    for _ in range(FAILURES + 3):
        assert not from_afar(ask(facts))
    assert len(server.asked) == FAILURES
    redis.restart()
    server.behave = tells()
    ask(facts)
    assert from_afar(ask(facts)), "the new Redis knows of no failure"


def test_nobody_waits_for_a_redis_that_hangs(server: Server, redis: RedisServer) -> None:
    facts = facts_of(server, redis, pause=FAR)
    ask(facts)
    redis.pause()
    assert from_afar(ask(facts))
    for number in range(10):
        facts.about(number)
    assert facts._upstream
    assert facts._upstream.settle(GENEROUS)
    ask(facts, 8)
    assert from_afar(ask(facts, 8)), "the service is asked without it"
    redis.resume()


@pytest.mark.parametrize(
    "entry", [b"7", b"\xff", b"[]", b'{"text": 7, "asked": 1e9}', b'{"asked": null}', b"[" * 9999]
)
def test_nonsense_in_redis_is_ignored(server: Server, redis: RedisServer, entry: bytes) -> None:
    with Redis.from_url(redis.url) as client:
        client.set(f"digits:facts:{server.url}:trivia/7", entry)
        client.lpush(f"digits:facts:{server.url}:trivia/8", entry)
        facts = facts_of(server, redis)
        for number in (7, 8):
            ask(facts, number)
            server.behave = tells()
            assert from_afar(ask(facts, number))


def test_answers_in_redis_go_when_they_are_old(server: Server, redis: RedisServer) -> None:
    ask(facts_of(server, redis))
    with Redis.from_url(redis.url) as client:
        names = client.keys("*:trivia/7")
        assert len(names) == 1
        assert 29 * 24 * 3600 < client.ttl(names[0]) <= 30 * 24 * 3600
