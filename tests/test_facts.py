"""Facts are right, are always there, and do not wait for another machine."""

import json
import os
import random
import re
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import combinations, combinations_with_replacement, pairwise, permutations, product
from math import e, factorial, isqrt, pi, prod
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any

import pytest
from urllib3.exceptions import HTTPError

from facts import (
    BUNDLED,
    KINDS,
    MINUS,
    SUBJECTS,
    TIMES,
    Facts,
    computed,
    factorise,
    fetch,
    roman,
    say,
)

DIGITS = range(10)
GENEROUS = 30.0  # seconds that no passing test comes near
SHELVES: dict[str, list[dict[str, str]]] = json.loads(BUNDLED.read_text("utf-8"))
ALL = [(int(digit), fact) for digit, facts in SHELVES.items() for fact in facts]


# The bundled facts


def test_every_digit_has_at_least_twelve_facts_of_several_kinds() -> None:
    assert [int(digit) for digit in SHELVES] == list(DIGITS)
    for digit, facts in SHELVES.items():
        subjects = Counter(fact["subject"] for fact in facts)
        assert len(facts) >= 12, digit
        assert len(subjects) >= 4, digit
        assert subjects["mathematics"] >= 3, digit
        assert set(subjects) <= set(SUBJECTS), digit


@pytest.mark.parametrize("digit", SHELVES)
def test_a_bundled_fact_is_short_calm_and_sourced(digit: str) -> None:
    for fact in SHELVES[digit]:
        text, source = fact["text"], fact["source"]
        assert fact.keys() <= {"text", "subject", "source", "url"}, fact
        assert 30 <= len(text) < 220, fact
        assert text == " ".join(text.split()), fact
        assert text.isprintable(), fact
        assert "!" not in text, fact
        assert text.endswith((".", '."')), fact
        assert len(source) >= 12, fact
        assert fact.get("url", "https://").startswith("https://"), fact
        if "wikipedia" in source.lower():
            assert re.fullmatch(r'Wikipedia, "[^"]+"', source), fact


def test_no_bundled_fact_comes_twice() -> None:
    normal = Counter(re.sub(r"\W+", "", fact["text"].lower()) for _, fact in ALL)
    assert [text for text, times in normal.items() if times > 1] == []


def test_a_bundled_fact_names_its_number() -> None:
    names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    roots = {1: "once single unicorn", 2: "twin", 7: "septem", 8: "octopus octave", 9: "nine"}
    for digit, fact in ALL:
        words = f"{digit} {names[digit]} {roots.get(digit, '')}".split()
        assert any(word in fact["text"].lower() for word in words), fact["text"]


# A claim is found by its digit and some words of its text; what it claims is computed.

PRIMES = [n for n in range(2, 3000) if all(n % d for d in range(2, isqrt(n) + 1))]
SQUARES = [n * n for n in range(1, 40)]
TRIANGULAR = [n * (n + 1) // 2 for n in range(1, 60)]
FIBONACCI = [0, 1]
while len(FIBONACCI) < 70:
    FIBONACCI.append(FIBONACCI[-1] + FIBONACCI[-2])


def fewest(parts: list[int], limit: int) -> list[int]:
    """How many of the parts each number from 0 to the limit needs at least to be their sum."""
    needed = [0]
    for n in range(1, limit + 1):
        needed.append(1 + min(needed[n - part] for part in parts if part <= n))
    return needed


def has_trio(people: int, knows: dict[tuple[int, int], int]) -> bool:
    trios = combinations(range(people), 3)
    return any(knows[a, b] == knows[a, c] == knows[b, c] for a, b, c in trios)


def always_has_trio(people: int) -> bool:
    pairs = list(combinations(range(people), 2))
    ways = product((0, 1), repeat=len(pairs))
    return all(has_trio(people, dict(zip(pairs, way, strict=True))) for way in ways)


def from_fours(fours: int) -> set[Fraction]:
    """What can be made of so many 4s with the four signs of arithmetic; 44 is allowed."""
    made = {Fraction(int("4" * fours))}
    for left in range(1, fours):
        for a, b in product(from_fours(left), from_fours(fours - left)):
            made |= {a + b, a - b, a * b} | ({a / b} if b else set())
    return made


def queens() -> int:
    placings = permutations(range(8))
    return sum(
        len({q + i for i, q in enumerate(p)}) == len({q - i for i, q in enumerate(p)}) == 8
        for p in placings
    )


def magic_squares() -> int:
    lines = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6)]
    cells = permutations(range(1, 10))
    return sum(all(sum(cell[i] for i in line) == 15 for line in lines) for cell in cells)


CLAIMS: list[tuple[int, str, Callable[[], bool]]] = [
    (0, "e^(iπ) + 1 = 0", lambda: abs(e ** (1j * pi) + 1) < 1e-15),
    (0, "factorial of 0 is 1", lambda: factorial(0) == 1 == len(list(permutations([])))),
    (1, "12345678987654321", lambda: 111111111 * 111111111 == 12345678987654321),
    (2, "reciprocals of all triangular", lambda: 2 - sum(1 / t for t in TRIANGULAR) < 2 / 59),
    (2, "only even prime", lambda: [p for p in PRIMES if p % 2 == 0] == [2]),
    (2, "1;24,51,10", lambda: abs(1 + 24 / 60 + 51 / 60**2 + 10 / 60**3 - 2**0.5) < 1e-6),
    (3, "at most 3 triangular", lambda: max(fewest(TRIANGULAR, 1500)) == 3),
    (
        3,
        "steps of 2",
        lambda: [p for p in PRIMES if {p + 2, p + 4} <= set(PRIMES)] == [3],
    ),
    (
        3,
        "Mersenne prime",
        lambda: {2**2**k + 1 for k in range(6)} & {2**p - 1 for p in PRIMES[:30]} == {3},
    ),
    (4, "at most 4 squares", lambda: max(fewest(SQUARES, 1500)) == 4),
    (4, "four 4s", lambda: set(range(11)) <= from_fours(4)),
    (
        4,
        "trade places",
        lambda: [(a, b) for a, b in combinations(range(1, 50), 2) if a**b == b**a] == [(2, 4)],
    ),
    (5, "right angle", lambda: 3**2 + 4**2 == 5**2),
    (
        5,
        "two pairs of twins",
        lambda: [p for p in PRIMES if {p - 2, p + 2} <= set(PRIMES)] == [5],
    ),
    (5, "Fibonacci", lambda: [n for n in range(70) if FIBONACCI[n] == n] == [0, 1, 5]),
    (
        5,
        "ends in 5",
        lambda: all((10 * a + 5) ** 2 == 100 * a * (a + 1) + 25 for a in range(1, 500)),
    ),
    (
        6,
        "is perfect:",
        lambda: [n for n in range(2, 28) if sum(d for d in range(1, n) if n % d == 0) == n] == [6],
    ),
    (
        6,
        "same sum and product",
        lambda: (
            [
                trio
                for trio in combinations_with_replacement(range(1, 40), 3)
                if sum(trio) == prod(trio)
            ]
            == [(1, 2, 3)]
        ),
    ),
    (6, "27 + 64 + 125", lambda: 3**3 + 4**3 + 5**3 == 27 + 64 + 125 == 216 == 6**3),
    (6, "all know one another", lambda: always_has_trio(6) and not always_has_trio(5)),
    (6, "prime above 3", lambda: all(p % 6 in (1, 5) for p in PRIMES[2:])),
    (7, "142857", lambda: all(str(142857 * k) in "142857142857" for k in range(1, 7))),
    (7, "takes four squares", lambda: fewest(SQUARES, 100).index(4) == 7),
    (
        7,
        "two dice",
        lambda: Counter(map(sum, product(range(1, 7), repeat=2))).most_common(1) == [(7, 6)],
    ),
    (7, "19607", lambda: 7 + 49 + 343 + 2401 + 16807 == 19607 == sum(7**k for k in range(1, 6))),
    (8, "Fibonacci", lambda: {n**3 for n in range(2, 9999)} & set(FIBONACCI) == {8}),
    (8, "remainder is always 1", lambda: all(n * n % 8 == 1 for n in range(1, 999, 2))),
    (8, "queens", lambda: queens() == 92),
    (8, "5 + 1 + 2", lambda: 8**3 == 512 and 5 + 1 + 2 == 8),
    (8, "19 seconds", lambda: round(149_597_870_700 / 299_792_458) == 8 * 60 + 19),
    (8, "grains", lambda: sum(2**k for k in range(64)) == 18_446_744_073_709_551_615),
    (9, "same remainder", lambda: all(n % 9 == sum(map(int, str(n))) % 9 for n in range(9999))),
    (9, "12345679", lambda: 12345679 * 9 == 111111111),
    (
        9,
        "23 and 239",
        lambda: (
            [n for n, k in enumerate(fewest([m**3 for m in range(1, 25)], 9999)) if k > 8]
            == [23, 239]
        ),
    ),
    (9, "factorials", lambda: factorial(1) + factorial(2) + factorial(3) == 9),
    (9, "1³ + 2³", lambda: 1**3 + 2**3 == (1 + 2) ** 2 == 9),
    (9, "mirroring", lambda: magic_squares() == 8),
]


@pytest.mark.parametrize(("digit", "words", "claim"), CLAIMS, ids=[words for _, words, _ in CLAIMS])
def test_what_can_be_computed_is_so(digit: int, words: str, claim: Callable[[], bool]) -> None:
    assert sum(words in fact["text"] for fact in SHELVES[str(digit)]) == 1
    assert claim()


def test_a_malformed_file_of_facts_is_refused(tmp_path: Path) -> None:
    good = {str(digit): [SHELVES[str(digit)][0]] for digit in DIGITS}
    fact = good["7"][0]
    path = tmp_path / "facts.json"
    for bad in (
        good | {"7": []},
        good | {"7": [fact | {"subject": "gossip"}]},
        good | {"7": [fact | {"text": ""}]},
        good | {"7": [fact | {"text": "7" * 300}]},
        good | {"7": [fact | {"colour": "red"}]},
        good | {"7": [{"text": "7 is 7."}]},
    ):
        path.write_text(json.dumps(bad), "utf-8")
        with pytest.raises(ValueError, match="fact"):
            Facts(path=path)


# Telling


def test_a_fact_says_all_that_a_reader_needs() -> None:
    told = Facts().about(7)
    assert told.keys() == {"number", "text", "kind", "subject", "source", "url"}
    assert told["number"] == 7
    assert told["kind"] in KINDS


@pytest.mark.parametrize("number", [*DIGITS, 10, 97, 144, -1, -7, 10**12, -(10**12)])
@pytest.mark.parametrize("kind", [None, *KINDS])
def test_the_same_fact_is_never_told_twice_in_a_row(number: int, kind: str | None) -> None:
    facts = Facts()
    told = [facts.about(number, kind)["text"] for _ in range(60)]
    assert all(a != b for a, b in pairwise(told))


def test_all_facts_of_a_number_have_their_turn_before_one_returns() -> None:
    facts, known = Facts(), SHELVES["0"]
    told = [facts.about(0)["text"] for _ in known]
    assert set(told) == {fact["text"] for fact in known}


def test_no_fact_is_told_twice_in_a_row_when_kinds_alternate() -> None:
    facts = Facts()
    told = [facts.about(3, random.choice([None, *KINDS]))["text"] for _ in range(300)]
    assert all(a != b for a, b in pairwise(told))


def test_many_other_numbers_do_not_disturb_the_rotation_of_a_digit() -> None:
    facts = Facts()
    told = set()
    for _ in SHELVES["4"]:
        told.add(facts.about(4)["text"])
        for number in range(10, 200):
            facts.about(number)
    assert len(told) == len(SHELVES["4"])


def test_what_is_kept_of_numbers_is_bounded() -> None:
    facts = Facts()
    for number in [*range(10, 5000), *DIGITS]:
        facts.about(number)
    assert len(facts._shelves) < 1100


@pytest.mark.parametrize("digit", DIGITS)
def test_the_kind_asked_for_is_the_kind_told(digit: int) -> None:
    facts = Facts()
    for kind in KINDS:
        assert {facts.about(digit, kind)["kind"] for _ in range(40)} == {kind}
    assert {facts.about(digit)["kind"] for _ in range(40)} == set(KINDS)


def test_a_number_with_computed_facts_only_tells_one_of_any_kind() -> None:
    assert Facts().about(1729, "trivia")["kind"] == "math"


def test_an_unknown_kind_is_refused_by_a_sentence_that_names_the_kinds() -> None:
    with pytest.raises(ValueError, match=r"trivia.*math.*'gossip'\.$"):
        Facts().about(7, "gossip")


@pytest.mark.parametrize(
    "number", [10**12 + 1, -(10**12) - 1, 10**5000], ids=["over", "under", "far"]
)
def test_a_number_out_of_range_is_refused_by_a_sentence_that_names_the_range(number: int) -> None:
    with pytest.raises(ValueError, match=r"10\^12.*\.$"):
        Facts().about(number)


def test_threads_may_share_the_facts() -> None:
    facts, broken = Facts(), []

    def ask() -> None:
        try:
            for number in range(200):
                facts.about(number % 23)
        except Exception as error:  # a thread's own would go unseen
            broken.append(error)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(GENEROUS)
    assert broken == []


# Computed facts

SAMPLE = random.Random(2).sample(range(10, 4000), 150) + random.Random(2).sample(
    range(4000, 10**12), 10
)
EXPONENTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def integer(text: str) -> int:
    return int(text.replace(",", "").replace(MINUS, "-"))


def told_by(number: int, pattern: str) -> list[str]:
    """What the computed facts of a number put in the pattern's group."""
    found = (re.fullmatch(pattern, fact.text) for fact in computed(number))
    return [match[1] for match in found if match]


def test_a_factorisation_multiplies_back() -> None:
    for number in SAMPLE:
        factors = factorise(number)
        assert prod(p**k for p, k in factors.items()) == number
        assert all(factorise(p) == {p: 1} for p in factors), number
        if factors == {number: 1}:
            assert told_by(number, r"(.*) is a prime.*") == [say(number)]
            continue
        (written,) = told_by(number, r".* = (.*), and no other primes multiply to it\.")
        terms = [re.fullmatch(r"([\d,]+)([⁰¹²³⁴⁵⁶⁷⁸⁹]*)", term) for term in written.split(TIMES)]
        powers = [(integer(t[1]), int(t[2].translate(EXPONENTS) or 1)) for t in terms if t]
        assert dict(powers) == factors


def test_a_roman_numeral_parses_back() -> None:
    letters = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
    for number in SAMPLE:
        written = told_by(number, r"In Roman numerals .* is ([MDCLXVI]+)\.")
        assert len(written) == (number < 4000), number
        for numeral in written:
            worth = [letters[letter] for letter in numeral]
            signs = [-a if a < b else a for a, b in zip(worth, [*worth[1:], 0], strict=True)]
            assert sum(signs) == number


def test_every_roman_numeral_is_written_the_one_proper_way() -> None:
    proper = re.compile(r"M{0,3}(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})")
    numerals = [roman(number) for number in range(1, 4000)]
    assert len(set(numerals)) == 3999
    assert all(proper.fullmatch(numeral) for numeral in numerals)


def test_other_bases_parse_back() -> None:
    for number in SAMPLE + [-number for number in SAMPLE]:
        for base, name in ((2, "binary"), (16, "hexadecimal")):
            (written,) = told_by(number, rf"In {name} .* is ({MINUS}?[0-9A-F]+)\.")
            assert int(written.replace(MINUS, "-"), base) == number


def test_figures_are_recognised_when_and_only_when_they_are() -> None:
    limit = 3000
    for name, members in {
        "square": {n * n for n in range(limit)},
        "cube": {n**3 for n in range(limit)},
        "triangular": {n * (n + 1) // 2 for n in range(limit)},
        "Fibonacci": set(FIBONACCI),
        "prime:": set(PRIMES),
    }.items():
        told = {n for n in range(10, limit) if any(name in fact.text for fact in computed(n))}
        assert told == {n for n in members if 10 <= n < limit}, name


@pytest.mark.parametrize("number", [10, -1, -2, -9, 11, 10**12, 999_999_999_989, -(10**12)])
def test_a_computed_number_has_at_least_two_facts(number: int) -> None:
    texts = {fact.text for fact in computed(number)}
    assert len(texts) >= 2
    assert all(say(number) in text for text in texts)


# A numbers service, real and on this machine


class Handler(BaseHTTPRequestHandler):
    server: "Upstream"

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.entered.set()
        self.server.behave(self)

    def log_message(self, *_: object) -> None:
        pass


class Upstream(ThreadingMixIn, HTTPServer):
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
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Upstream() as server:
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


def tells(text: Any = "7 is told from afar.", **changes: Any) -> Callable[[Handler], None]:
    """A service that answers every question with this text, as numbersapi.com does."""

    def behave(handler: Handler) -> None:
        _, number, kind = handler.path.removesuffix("?json").split("/")
        answer = {"text": text, "found": True, "number": int(number), "type": kind} | changes
        send(handler, json.dumps(answer).encode(), Content_Type="application/json")

    return behave


def says(body: bytes, status: int = 200, **headers: str) -> Callable[[Handler], None]:
    return lambda handler: send(handler, body, status, **headers)


class Clock:
    """A clock that stands still until it is told to go on."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def ask(facts: Facts, number: int = 7, kind: str | None = "trivia") -> dict[str, Any]:
    """A fact, and after it the end of the question that it may have led to."""
    told = facts.about(number, kind)
    assert facts.settle(GENEROUS)
    return told


def bundled(told: dict[str, Any]) -> bool:
    return told["text"] in [fact["text"] for fact in SHELVES[str(told["number"])]]


def test_a_fact_from_upstream_is_told_next_and_then_takes_turns(upstream: Upstream) -> None:
    facts = Facts(upstream.url, patience=GENEROUS)
    assert bundled(ask(facts))
    assert ask(facts) == {
        "number": 7,
        "text": "7 is told from afar.",
        "kind": "trivia",
        "subject": "general",
        "source": "127.0.0.1",
        "url": None,
    }
    trivia = [fact for fact in SHELVES["7"] if fact["subject"] != "mathematics"]
    assert all(bundled(ask(facts)) for _ in trivia)
    assert not bundled(ask(facts))
    assert upstream.asked == ["/7/trivia?json"]


def test_the_kinds_are_asked_one_by_one_when_any_will_do(upstream: Upstream) -> None:
    facts = Facts(upstream.url + "/", patience=GENEROUS)
    assert bundled(ask(facts, kind=None))
    assert ask(facts, kind=None)["kind"] == "trivia"
    assert ask(facts, kind=None)["kind"] == "math"
    assert bundled(ask(facts, kind=None))
    assert upstream.asked == ["/7/trivia?json", "/7/math?json"]


def test_upstream_tells_of_numbers_that_have_no_bundled_fact(upstream: Upstream) -> None:
    facts = Facts(upstream.url, patience=GENEROUS)
    assert ask(facts, -1729)["kind"] == "math"
    assert ask(facts, -1729)["source"] == "127.0.0.1"


def test_the_number_may_come_as_a_string(upstream: Upstream) -> None:
    upstream.behave = tells(number="7")
    facts = Facts(upstream.url, patience=GENEROUS)
    ask(facts)
    assert not bundled(ask(facts))


def test_control_characters_and_halves_of_characters_are_removed(upstream: Upstream) -> None:
    upstream.behave = tells("7\x00 is\n\n told\x1b[31m \u202efrom\ud800 afar\t. ")
    facts = Facts(upstream.url, patience=GENEROUS)
    ask(facts)
    assert ask(facts)["text"] == "7 is told[31m from afar ."


def test_a_fact_from_upstream_is_asked_for_again_a_day_later(upstream: Upstream) -> None:
    clock = Clock()
    facts = Facts(upstream.url, clock=clock, keep=100, patience=GENEROUS)
    ask(facts)
    clock.now = 99
    assert not bundled(ask(facts))
    clock.now = 101
    assert bundled(ask(facts))
    assert not bundled(ask(facts))
    assert len(upstream.asked) == 2


@pytest.mark.parametrize(
    "no_fact",
    [
        tells(found=False),
        tells("7 is a boring number."),
        tells("7 is an unremarkable number."),
        tells("7 is a number for which we're missing a fact (submit one to us)."),
        tells(""),
        tells(" \n\x00 "),
        tells("7 " * 151),
    ],
)
def test_where_upstream_knows_no_fact_it_is_not_asked_again(
    upstream: Upstream, no_fact: Callable[[Handler], None]
) -> None:
    upstream.behave = no_fact
    facts = Facts(upstream.url, patience=GENEROUS)
    assert all(bundled(ask(facts)) for _ in range(30))
    assert upstream.asked == ["/7/trivia?json"]
    upstream.behave = tells("8 is told from afar.")
    ask(facts, 8)
    assert not bundled(ask(facts, 8)), "knowing no fact of one number is no failure"


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
    if handler.path.startswith("/7/"):
        send(handler, b"", 302, Location="/8/trivia?json")
    else:
        tells(number=7)(handler)


FAILURES: dict[str, Callable[[Handler], None]] = {
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
    "not found": says(b'{"text": "7.", "found": true, "number": 7}', 404),
    "a redirect": redirects,
    "hanging up": hangs_up,
    "hanging up in the body": hangs_up_in_the_body,
}
SLOW_FAILURES: dict[str, Callable[[Handler], None]] = {
    "hanging": hangs,
    "dripping its headers": drips_its_headers,
    "dripping its body": drips_its_body,
}


@pytest.mark.parametrize("failure", [*FAILURES, *SLOW_FAILURES])
def test_a_failing_upstream_changes_nothing_and_is_left_alone_for_a_while(
    upstream: Upstream, failure: str, caplog: pytest.LogCaptureFixture
) -> None:
    upstream.behave = (FAILURES | SLOW_FAILURES)[failure]
    patience = 0.5 if failure in SLOW_FAILURES else GENEROUS
    clock = Clock()
    facts = Facts(upstream.url, patience=patience, rest=60, clock=clock)
    assert all(bundled(ask(facts)) for _ in range(30))
    assert upstream.asked == ["/7/trivia?json"]
    clock.now = 61
    assert bundled(ask(facts))
    assert bundled(ask(facts))
    assert upstream.asked == ["/7/trivia?json"] * 2
    warned = [record for record in caplog.records if record.name == "facts"]
    assert [record.levelname for record in warned] == ["WARNING"], "one line, not one a failure"


def test_an_upstream_that_recovers_is_believed_again(upstream: Upstream) -> None:
    upstream.behave = says(b"", 503)
    clock = Clock()
    facts = Facts(upstream.url, rest=60, patience=GENEROUS, clock=clock)
    ask(facts)
    upstream.behave = tells()
    clock.now = 61
    ask(facts)
    assert not bundled(ask(facts))


def test_an_upstream_that_is_absent_changes_nothing(upstream: Upstream) -> None:
    with Upstream() as gone:
        url = gone.url
    facts = Facts(url)
    assert all(bundled(ask(facts)) for _ in range(30))


def test_nobody_waits_for_an_upstream_that_hangs(upstream: Upstream) -> None:
    upstream.behave = hangs
    facts = Facts(upstream.url, patience=GENEROUS)
    assert bundled(facts.about(7))
    assert upstream.entered.wait(GENEROUS)
    for number in DIGITS:
        assert bundled(facts.about(number))
    assert not facts.settle(0), "all were told while the first question was still open"
    upstream.released.set()
    assert facts.settle(GENEROUS)
    assert upstream.asked == ["/7/trivia?json"], "the other questions were dropped, not queued"


def test_a_dripping_upstream_is_cut_off_in_time(upstream: Upstream) -> None:
    for drip in (drips_its_headers, drips_its_body):
        upstream.behave = drip
        with pytest.raises((OSError, HTTPError)):
            fetch(f"{upstream.url}/7/trivia?json", 0.5)
        assert not upstream.released.is_set()


def test_no_upstream_is_asked_unless_one_is_named() -> None:
    facts = Facts("")
    facts.about(7)
    assert facts._question is None


def test_the_constructor_starts_no_thread(upstream: Upstream) -> None:
    before = threading.active_count()
    Facts(upstream.url, patience=GENEROUS)
    assert threading.active_count() == before
    assert upstream.asked == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_process_asks_for_itself(upstream: Upstream) -> None:
    facts = Facts(upstream.url, patience=GENEROUS)
    ask(facts, 7)
    with warnings.catch_warnings():
        # Forking with threads about is what is being tested.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        told = None
        with suppress(BaseException):
            facts.about(8, "trivia")
            facts.settle(GENEROUS)
            told = facts.about(8, "trivia")["source"]
        os._exit(0 if told == "127.0.0.1" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("url", ["numbersapi.com", "ftp://numbersapi.com", "http://", "http://["])
def test_a_malformed_url_is_refused_when_the_facts_are_made(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        Facts(url)
