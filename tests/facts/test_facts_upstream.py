"""Whatever a numbers service does, facts come at once, and only their source changes."""

import json
import os
import ssl
import subprocess
import sys
import threading
import tracemalloc
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from requests.exceptions import SSLError
from urllib3.exceptions import HTTPError as BrokenAnswer

from app import create_app
from facts.http import fetch
from facts.numbers_api import CACHE_SIZE, FAILURES, LARGEST_NUMBER, SharedReplies, Upstream
from facts.sentences import computed
from facts.store import KINDS, Fact, Facts
from settings import Settings
from tests.support.polling import PATIENCE
from tests.support.servers.local_http import LocalServer, Request, local_server
from tests.support.servers.redis_server import RedisServer
from tests.support.sockets import drip, free_port

ROOT = Path(__file__).resolve().parents[2]
FAR = 1e6  # seconds that no test lasts
TEXT = "7 is a number from elsewhere."
WITHOUT_SERVICE = Facts()


@pytest.fixture
def server() -> Iterator[LocalServer]:
    """A numbers service that does whatever a test wants of it."""
    with local_server(sends()) as server:
        yield server


def send(handler: Request, body: bytes, status: int = 200, **headers: str) -> None:
    handler.respond(body, status, {name.replace("_", "-"): v for name, v in headers.items()})


def sends(text: Any = TEXT, **changes: Any) -> Callable[[Request], None]:
    """A service that answers every question with this text, as numbersapi.com does."""

    def behave(handler: Request) -> None:
        *_, number, kind = handler.path.removesuffix("?json").split("/")
        answer = {"text": text, "found": True, "number": int(number), "type": kind} | changes
        send(handler, json.dumps(answer).encode(), Content_Type="application/json")

    return behave


def responds(body: bytes, status: int = 200, **headers: str) -> Callable[[Request], None]:
    return lambda handler: send(handler, body, status, **headers)


class Clock:
    """A clock that stands still until a test moves it."""

    now = 1e9

    def __call__(self) -> float:
        return self.now


def facts_of(server: LocalServer, redis: RedisServer | None = None, **options: Any) -> Facts:
    """As in the app, but patient, and asking again at once after a failure."""
    defaults = {"timeout": PATIENCE, "reset_timeout": FAR, "retry_delay": 0.0}
    options = {"interval": 0.0} | defaults | options
    return Facts(Upstream(server.url, redis.url if redis else "", **options))


def local(number: int) -> list[str]:
    """The ids of all facts about a number that are known without a service."""
    return [fact.id for fact in WITHOUT_SERVICE._known(number, KINDS)]


def ask(facts: Facts, number: int = 7, kind: str | None = "trivia") -> Fact:
    """A fact from the service if there is one, and the end of the question that may follow."""
    fact = facts.about(number, kind, local(number))
    assert facts._upstream
    assert facts._upstream.settle(PATIENCE)
    return fact


def is_upstream(fact: Fact) -> bool:
    return fact.origin == "upstream"


# What it sends


def test_upstream_fact_is_served_on_the_next_request(server: LocalServer) -> None:
    facts = facts_of(server)
    assert ask(facts).origin == "bundled"
    assert ask(facts).describe(7) == {
        "number": 7,
        "text": TEXT,
        "kind": "trivia",
        "subject": "general",
        "source": "127.0.0.1",
        "url": None,
    }
    assert server.asked == ["/7/trivia?json"]


def test_seen_upstream_fact_is_followed_by_a_bundled_one(server: LocalServer) -> None:
    facts = facts_of(server)
    ask(facts)
    seen = ask(facts)
    assert facts.about(7, "trivia", [seen.id]).origin == "bundled"


def test_seen_upstream_fact_is_followed_by_a_computed_one(server: LocalServer) -> None:
    facts = facts_of(server)
    ask(facts, 729)
    seen = ask(facts, 729)
    assert is_upstream(seen)
    assert facts.about(729, "trivia", [seen.id]).origin == "computed"


def test_without_a_session_all_that_is_known_is_told(server: LocalServer) -> None:
    facts = facts_of(server)
    ask(facts)
    told = Counter(facts.about(7, "trivia").text for _ in range(2000))
    bundled = WITHOUT_SERVICE._known(7, ["trivia"])
    assert told.keys() == {TEXT, *(fact.text for fact in bundled)}
    assert max(told.values()) < 4 * 2000 / len(told), "none is preferred"


def test_first_computed_fact_is_told_beside_the_service_s(server: LocalServer) -> None:
    facts = facts_of(server)
    for kind in KINDS:
        ask(facts, 729, kind)
    told = {facts.about(729, "math").text for _ in range(100)}
    assert told == {TEXT, computed(729)[0][0]}
    assert {facts.about(729, "trivia").text for _ in range(100)} == {TEXT}, "what fits the kind"


def test_each_kind_is_requested_once_if_any_kind_will_do(server: LocalServer) -> None:
    facts = facts_of(server)
    found = [ask(facts, kind=None) for _ in range(4)]
    assert [is_upstream(fact) for fact in found] == [False, True, True, True]
    assert server.asked == ["/7/trivia?json", "/7/math?json"]
    assert {fact.kind for fact in (ask(facts, kind=kind) for kind in ("trivia", "math"))} == {
        "trivia",
        "math",
    }


def test_upstream_facts_are_served_for_numbers_without_bundled_facts(server: LocalServer) -> None:
    facts = facts_of(server)
    assert ask(facts, 729).origin == "computed"
    assert is_upstream(ask(facts, 729))


def test_base_url_may_have_a_path_and_a_trailing_slash(server: LocalServer) -> None:
    facts = Facts(Upstream(f"{server.url}/numbers/api/", timeout=PATIENCE))
    ask(facts)
    assert is_upstream(ask(facts))
    assert server.asked == ["/numbers/api/7/trivia?json"]


@pytest.mark.parametrize(
    "answer",
    [
        lambda handler: sends(number="7")(handler),
        lambda handler: send(
            handler,
            json.dumps({"text": TEXT, "number": 7, "found": True, "type": "trivia"}).encode(),
            Cache_Control="no-cache, no-store",
            Expires="0",
            Pragma="no-cache",
        ),
        lambda handler: redirects_once(handler),
    ],
    ids=["number as a string", "no-cache", "one redirect to the same host"],
)
def test_valid_responses_are_cached(server: LocalServer, answer: Callable[[Request], None]) -> None:
    server.behave = answer
    facts = facts_of(server)
    ask(facts)
    asked = len(server.asked)
    assert all(is_upstream(ask(facts)) for _ in range(20))
    assert len(server.asked) == asked


def redirects_once(handler: Request) -> None:
    if handler.path.startswith("/7/"):
        send(handler, b"", 302, Location="/moved" + handler.path)
    else:
        send(handler, json.dumps({"text": TEXT, "number": 7, "found": True}).encode())


def test_control_characters_and_surrogates_are_removed(server: LocalServer) -> None:
    server.behave = sends("7\x00 is\n\n sent\x1b[31m \u202efrom\ud800 elsewhere\t. ")
    facts = facts_of(server)
    ask(facts)
    assert ask(facts).text == "7 is sent[31m from elsewhere ."


def test_stale_fact_is_served_while_it_is_refreshed(server: LocalServer) -> None:
    clock = Clock()
    facts = facts_of(server, clock=clock, ttl=100)
    ask(facts)
    clock.now += 99
    assert is_upstream(ask(facts))
    assert len(server.asked) == 1
    clock.now += 2
    server.behave = sends("7 is another text.")
    assert ask(facts).text == TEXT
    assert ask(facts).text == "7 is another text."
    assert len(server.asked) == 2


def test_stale_fact_is_served_while_upstream_fails_until_it_expires(server: LocalServer) -> None:
    clock = Clock()
    facts = facts_of(server, clock=clock, ttl=100)
    ask(facts)
    server.behave = responds(b"", 503)
    clock.now += 200
    assert all(is_upstream(ask(facts)) for _ in range(5))
    clock.now += 40 * 24 * 3600
    assert ask(facts).origin == "bundled"


@pytest.mark.parametrize(
    "no_fact",
    [
        sends(found=False),
        sends("7 is a boring number."),
        sends("7 is an unremarkable number."),
        sends("7 is a number for which we're missing a fact (submit one to us)."),
        sends("7 is an uninteresting number."),
        sends(""),
        sends(" \n\x00 "),
        sends("7 " * 151),
        sends("7 is <b>bold</b>."),
        sends("7 is <script>alert(7)</script>."),
        responds(b'{"text": "7.", "found": true, "number": 7}', 404),
    ],
)
def test_absence_of_a_fact_is_cached(
    server: LocalServer, no_fact: Callable[[Request], None]
) -> None:
    server.behave = no_fact
    facts = facts_of(server)
    assert not any(is_upstream(ask(facts)) for _ in range(30))
    assert server.asked == ["/7/trivia?json"]
    server.behave = sends("8 is a number from elsewhere.")
    ask(facts, 8)
    assert is_upstream(ask(facts, 8)), "knowing no fact of one number is no failure"


def test_absence_of_a_fact_is_forgotten_after_an_hour(server: LocalServer) -> None:
    clock = Clock()
    server.behave = sends(found=False)
    facts = facts_of(server, clock=clock)
    ask(facts)
    server.behave = sends()
    clock.now += 3599
    assert not any(is_upstream(ask(facts)) for _ in range(3))
    clock.now += 2
    ask(facts)
    assert is_upstream(ask(facts))
    assert len(server.asked) == 2


# What clients may make of it


@pytest.mark.parametrize("number", [-1, LARGEST_NUMBER + 1, 10**12])
def test_service_is_asked_for_small_numbers_only(server: LocalServer, number: int) -> None:
    facts = facts_of(server)
    assert not any(is_upstream(ask(facts, number)) for _ in range(3))
    assert server.asked == []


def test_walk_through_all_numbers_displaces_no_fact_and_asks_for_each_once(
    server: LocalServer,
) -> None:
    assert (LARGEST_NUMBER + 1) * len(KINDS) <= CACHE_SIZE
    server.behave = sends("It is a number from elsewhere.")
    facts = facts_of(server)
    for _ in range(2):
        for number in range(-50, LARGEST_NUMBER + 50):
            ask(facts, number)
    assert len(server.asked) == len(set(server.asked)) == LARGEST_NUMBER + 1
    assert is_upstream(ask(facts, 0))


def test_requests_are_an_interval_apart(server: LocalServer) -> None:
    facts = facts_of(server, interval=FAR)
    for number in range(20):
        ask(facts, number)
    assert server.asked == ["/0/trivia?json"]


# What else it may do


def hangs(handler: Request) -> None:
    handler.server.released.wait(PATIENCE)


def hangs_up(handler: Request) -> None:
    handler.close_connection = True


def hangs_up_in_the_body(handler: Request) -> None:
    send(handler, b'{"text": "7 is', Content_Length="200")
    handler.close_connection = True


def drips(handler: Request) -> None:
    """One byte after another, for ever; each in time for a time-out that starts anew."""
    drip(lambda: handler.wfile.write(b"a"), handler.server.released)


def drips_its_headers(handler: Request) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    drips(handler)


def drips_its_body(handler: Request) -> None:
    send(handler, b'{"text": "', Content_Length="60000")
    drips(handler)


def redirects(handler: Request) -> None:
    send(handler, b"", 302, Location=handler.path)


FAILURES_AT_ONCE: dict[str, Callable[[Request], None]] = {
    "not JSON": responds(b"7 is a number from elsewhere."),
    "HTML": responds(b"<html><body>7</body></html>", Content_Type="text/html"),
    "nothing": responds(b""),
    "not UTF-8": responds(b'{"text": "\xff", "found": true, "number": 7}'),
    "a list": responds(b"[7]"),
    "a number": responds(b"7"),
    "depths": responds(b"[" * 60_000),
    "digits": responds(b"9" * 60_000),
    "another number": sends(number=8),
    "no number": sends(number=None),
    "true as the number": responds(b'{"text": "1.", "found": true, "number": true}'),
    "a text that is none": sends(["7"]),
    "a text of null": sends(None),
    "found that is none": sends(found="yes"),
    "an empty object": responds(b"{}"),
    "a huge body": responds(b'{"text": "7.", "found": true, "number": 7}' + b" " * 70_000),
    "a flood": lambda handler: send(handler, b" " * 5_000_000),
    "a broken gzip": responds(b"7 is 7", Content_Encoding="gzip"),
    "an error": responds(b'{"text": "7.", "found": true, "number": 7}', 500),
    "hanging up": hangs_up,
    "hanging up in the body": hangs_up_in_the_body,
}
SLOW_FAILURES: dict[str, Callable[[Request], None]] = {
    "hanging": hangs,
    "dripping its headers": drips_its_headers,
    "dripping its body": drips_its_body,
}


def floods(start: bytes, status: int = 200, **headers: str) -> Callable[[Request], None]:
    """Without end, as fast as it is read."""

    def behave(handler: Request) -> None:
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
    "a redirect to another host": responds(b"", 302, Location="http://localhost:1/7/trivia?json"),
    "a redirect to another port": responds(b"", 302, Location="http://127.0.0.1:1/7/trivia?json"),
    "a redirect to a file": responds(b"", 302, Location="file:///etc/passwd"),
    "a redirect to nonsense": responds(b"", 302, Location="http://[7"),
    "a redirect to nowhere": responds(b"", 302),
    "a reset": lambda handler: handler.connection.close(),
    "no HTTP": lambda handler: handler.wfile.write(b"7 is not HTTP\r\n\r\n"),
    "not modified": responds(b"", 304),
}


@pytest.mark.parametrize("failure", [*FAILURES_OF_A_SERVICE, *SLOW_FAILURES])
def test_circuit_breaker_opens_after_consecutive_failures(
    server: LocalServer,
    failure: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.behave = (FAILURES_OF_A_SERVICE | SLOW_FAILURES)[failure]
    facts = facts_of(server, timeout=0.3)
    asked = []
    monkeypatch.setattr("facts.http.fetch", lambda *of: asked.append(of) or fetch(*of))
    for _ in range(12):
        assert not is_upstream(ask(facts))
    assert len(asked) == FAILURES, "after some failures it is not asked at all"
    warned = [record for record in caplog.records if record.name == "facts.numbers_api"]
    assert [record.levelname for record in warned] == ["WARNING"], "one line, not one a failure"


def test_transient_failure_is_retried(server: LocalServer) -> None:
    answers = iter([responds(b"", 503), hangs_up, sends()])
    server.behave = lambda handler: next(answers)(handler)
    facts = facts_of(server)
    ask(facts)
    assert is_upstream(ask(facts))
    assert len(server.asked) == 3


def test_circuit_breaker_closes_when_upstream_recovers(server: LocalServer) -> None:
    server.behave = responds(b"", 500)
    facts = facts_of(server, reset_timeout=0.0)
    for _ in range(FAILURES + 2):
        ask(facts)
    server.behave = sends()
    ask(facts)
    assert is_upstream(ask(facts))


def test_refused_connection_falls_back_to_local_facts() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    facts = Facts(Upstream(url, retry_delay=0.0))
    assert not any(is_upstream(ask(facts)) for _ in range(10))


def test_facts_do_not_wait_for_a_hanging_upstream(server: LocalServer) -> None:
    server.behave = hangs
    facts = facts_of(server)
    assert not is_upstream(facts.about(7, None, local(7)))
    assert server.entered.wait(PATIENCE)
    for number in range(10):
        assert not is_upstream(facts.about(number, None, local(number)))
    assert facts._upstream
    assert not facts._upstream.settle(0), "all came while the first request was under way"
    assert server.asked == ["/7/trivia?json"], "the other requests were dropped, not queued"


def test_requests_do_not_wait_for_a_hanging_upstream(
    server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def patient(*arguments: Any) -> Upstream:
        made.append(Upstream(*arguments, timeout=FAR))
        return made[-1]

    monkeypatch.setattr("app.Upstream", patient)
    server.behave = hangs
    client = create_app(Settings(numbers_api_url=server.url)).test_client()
    pixels = [1.0 if 5 <= i // 28 < 23 and i % 28 in (13, 14) else 0.0 for i in range(784)]
    assert client.get("/api/facts/7").get_json()["source"] != "127.0.0.1"
    assert server.entered.wait(PATIENCE)
    assert client.post("/api/predict", json={"pixels": pixels}).get_json()["fact"]["text"]
    assert client.get("/api/facts/7?kind=math").get_json()["kind"] == "math"
    assert not made[0].settle(0), "all came while the first request was under way"


def test_fetch_times_out_on_a_slow_response(server: LocalServer) -> None:
    for drips in (drips_its_headers, drips_its_body):
        server.behave = drips
        with pytest.raises((OSError, BrokenAnswer)):
            fetch(f"{server.url}/7/trivia?json", 0.3)


def test_fetch_limits_memory_of_an_endless_response(server: LocalServer) -> None:
    for status in (200, 302, 500):
        server.behave = floods(b"7" * 1000, status, Location="/8/trivia?json")
        tracemalloc.start()
        with pytest.raises((ValueError, BrokenAnswer, OSError)):
            fetch(f"{server.url}/7/trivia?json", 0.5)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 2_000_000


def test_self_signed_certificate_is_not_trusted(server: LocalServer, tmp_path: Path) -> None:
    files = ["-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "cert")]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1"]
    subprocess.run([*make, *files, "-days", "1"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        fetch(f"https://127.0.0.1:{server.server_port}/7/trivia?json", PATIENCE)
    assert server.asked == []


# Processes


def test_upstream_starts_no_thread_until_a_fact_is_requested(server: LocalServer) -> None:
    before = threading.active_count()
    facts_of(server)
    assert threading.active_count() == before
    assert server.asked == []


def test_pending_request_does_not_delay_process_exit(server: LocalServer) -> None:
    server.behave = hangs
    program = (
        "import sys; from facts.store import Facts; from facts.numbers_api import Upstream;"
        "Facts(Upstream(sys.argv[1], timeout=1000.0)).about(7); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, server.url], cwd=ROOT, stdin=subprocess.PIPE
    )
    assert server.entered.wait(PATIENCE)
    assert process.stdin
    process.stdin.close()
    assert process.wait(PATIENCE) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_forked_process_requests_facts_itself(server: LocalServer) -> None:
    facts = facts_of(server)
    ask(facts, 7)
    with warnings.catch_warnings():
        # Forking with threads about is what is being tested.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        found = False
        with suppress(BaseException):
            ask(facts, 8)
            found = is_upstream(ask(facts, 8)) and is_upstream(ask(facts, 7))
        os._exit(0 if found else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("url", ["numbersapi.com", "ftp://numbersapi.com", "http://", "http://["])
def test_malformed_url_raises_value_error(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        Upstream(url)


# What is shared through Redis


ELSEWHERE = """
import sys
from facts.store import Facts
from facts.numbers_api import Upstream
url, redis_url, times, patience = sys.argv[1:]
options = {"timeout": float(patience), "reset_timeout": 1e6, "retry_delay": 0.0}
options["interval"] = 0.0
facts = Facts(Upstream(url, redis_url, **options))
local = [fact.id for fact in Facts()._known(7, ["trivia"])]
for _ in range(int(times)):
    facts.about(7, "trivia")
    assert facts._upstream.settle(float(patience))
print(facts.about(7, "trivia", local).origin)
"""


def elsewhere(server: LocalServer, redis: RedisServer, times: int) -> str:
    """Where another process has its fact from after asking so often."""
    arguments = [server.url, redis.url, str(times), str(PATIENCE)]
    command = [sys.executable, "-c", ELSEWHERE, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    return done.stdout.strip()


def test_facts_are_shared_between_processes_by_redis(
    server: LocalServer, redis: RedisServer
) -> None:
    assert elsewhere(server, redis, 1) == "upstream"
    facts = facts_of(server, redis)
    ask(facts)
    assert ask(facts).text == TEXT
    assert elsewhere(server, redis, 1) == "upstream"
    assert server.asked == ["/7/trivia?json"]


def test_absence_of_a_fact_is_shared_by_redis(server: LocalServer, redis: RedisServer) -> None:
    server.behave = sends(found=False)
    assert elsewhere(server, redis, 2) == "bundled"
    ask(facts_of(server, redis))
    assert server.asked == ["/7/trivia?json"]


def test_circuit_breaker_state_is_shared_by_redis(server: LocalServer, redis: RedisServer) -> None:
    server.behave = responds(b"7", 400)
    assert elsewhere(server, redis, FAILURES + 1) == "bundled"
    assert len(server.asked) == FAILURES
    server.behave = sends()
    facts = facts_of(server, redis)
    assert not any(is_upstream(ask(facts)) for _ in range(5))
    assert len(server.asked) == FAILURES


def test_circuit_breaker_counts_failures_of_all_instances(
    server: LocalServer, redis: RedisServer
) -> None:
    server.behave = responds(b"7", 400)
    for _ in range(FAILURES):
        ask(facts_of(server, redis))
    ask(facts_of(server, redis))
    assert len(server.asked) == FAILURES


def test_facts_of_two_services_are_separate_in_redis(
    redis: RedisServer, server: LocalServer
) -> None:
    ask(facts_of(server, redis))
    other = Facts(Upstream(f"{server.url}/other", redis.url, timeout=PATIENCE))
    server.behave = responds(b"{}")
    ask(other)
    assert ask(other).origin == "bundled"


def test_facts_survive_a_restart_of_redis(server: LocalServer, redis: RedisServer) -> None:
    facts, other = facts_of(server, redis), facts_of(server, redis)
    ask(facts)
    redis.kill()
    assert is_upstream(ask(facts)), "it is in memory as well"
    ask(other)
    assert is_upstream(ask(other)), "without Redis the service is asked"
    assert len(server.asked) == 2
    ask(other, 8)
    assert is_upstream(ask(other, 8))
    redis.restart()
    ask(facts, 9)
    asked = len(server.asked)
    ask(other, 9)
    assert is_upstream(ask(other, 9))
    assert len(server.asked) == asked, "and then they share again"


def test_circuit_breaker_is_local_without_redis(server: LocalServer, redis: RedisServer) -> None:
    redis.kill()
    server.behave = responds(b"7", 400)
    facts = facts_of(server, redis)
    for _ in range(FAILURES + 3):
        assert not is_upstream(ask(facts))
    assert len(server.asked) == FAILURES
    redis.restart()
    server.behave = sends()
    ask(facts)
    assert is_upstream(ask(facts)), "the new Redis knows of no failure"


def test_facts_do_not_wait_for_a_hanging_redis(
    server: LocalServer, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, threads = SharedReplies._try, set()

    def recorded(replies: SharedReplies, command: Callable[[], Any]) -> Any:
        threads.add(threading.current_thread())
        return run(replies, command)

    monkeypatch.setattr(SharedReplies, "_try", recorded)
    facts = facts_of(server, redis, retry_delay=FAR)
    ask(facts)
    redis.pause()
    assert is_upstream(ask(facts))
    for number in range(10):
        facts.about(number)
    assert facts._upstream
    assert facts._upstream.settle(PATIENCE)
    ask(facts, 8)
    assert is_upstream(ask(facts, 8)), "the service is asked without it"
    redis.resume()
    assert threads
    assert threading.current_thread() not in threads, "Redis is asked in the background alone"


@pytest.mark.parametrize(
    "entry",
    [b"7", b"\xff", b"[]", b'{"text": 7, "received": 1e9}', b'{"received": null}', b"[" * 9999],
)
def test_malformed_redis_entries_are_ignored(
    server: LocalServer, redis: RedisServer, entry: bytes
) -> None:
    with Redis.from_url(redis.url) as client:
        client.set(f"digits:facts:{server.url}:trivia/7", entry)
        client.lpush(f"digits:facts:{server.url}:trivia/8", entry)
        facts = facts_of(server, redis)
        for number in (7, 8):
            ask(facts, number)
            server.behave = sends()
            assert is_upstream(ask(facts, number))


@pytest.mark.parametrize(("found", "seconds"), [(True, 30 * 24 * 3600), (False, 3600)])
def test_redis_entries_expire_after_30_days_or_without_a_fact_after_an_hour(
    server: LocalServer, redis: RedisServer, found: bool, seconds: int
) -> None:
    server.behave = sends(found=found)
    ask(facts_of(server, redis))
    with Redis.from_url(redis.url) as client:
        names = client.keys("*:trivia/7")
        assert len(names) == 1
        assert seconds - 2 * PATIENCE < client.ttl(names[0]) <= seconds
