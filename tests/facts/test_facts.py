"""Facts are right, are always there, and are not repeated in a row."""

import json
import random
import re
import threading
from collections import Counter
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from itertools import (
    accumulate,
    combinations,
    combinations_with_replacement,
    pairwise,
    permutations,
    product,
)
from math import comb, e, factorial, gcd, isqrt, pi, prod, sin, tan
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from app import create_app
from facts.sentences import computed
from facts.store import BUNDLED, KINDS, SUBJECTS, Fact, Facts
from settings import Settings

DIGITS = range(10)
SHELVES: dict[str, list[dict[str, str]]] = json.loads(BUNDLED.read_text("utf-8"))
ALL = [(int(number), fact) for number, facts in SHELVES.items() for fact in facts]


# The bundled facts


def test_every_digit_has_at_least_25_facts_of_several_subjects() -> None:
    for digit in DIGITS:
        subjects = Counter(fact["subject"] for fact in SHELVES[str(digit)])
        assert subjects.total() >= 25, digit
        assert len(subjects) >= 4, digit
        assert subjects["mathematics"] >= 3, digit


def test_every_number_up_to_100_has_three_facts_of_which_two_are_not_mathematics() -> None:
    assert [int(number) for number in SHELVES] == list(range(101))
    for number, facts in SHELVES.items():
        assert len(facts) >= 3, number
        assert sum(fact["subject"] != "mathematics" for fact in facts) >= 2, number


def test_numbers_from_35_to_98_have_four_facts_of_which_one_at_most_is_a_chemical_element() -> None:
    for number in range(35, 99):
        is_element = ["element" in fact["text"].lower() for fact in SHELVES[str(number)]]
        assert len(is_element) >= 4, number
        assert sum(is_element) <= 1, number
        assert not is_element[0], number


@pytest.mark.parametrize("number", SHELVES)
def test_bundled_facts_are_short_well_formed_and_sourced(number: str) -> None:
    for fact in SHELVES[number]:
        text, source = fact["text"], fact["source"]
        assert fact.keys() <= {"text", "subject", "source", "url"}, fact
        assert 30 <= len(text) < 220, fact
        assert text == " ".join(text.split()), fact
        assert text.isprintable(), fact
        assert "!" not in text, fact
        assert text.endswith((".", '."')), fact
        assert len(source) >= 12, fact
        assert fact["subject"] in SUBJECTS, fact
        parts = urlsplit(fact.get("url", "https://example.org"))
        assert parts.scheme == "https", fact
        assert parts.hostname, fact
        assert parts.geturl().isascii(), fact
        assert " " not in parts.geturl(), fact


def test_wikipedia_and_oeis_sources_match_their_urls() -> None:
    for _, fact in ALL:
        if title := re.fullmatch(r'Wikipedia, "([^"]+)"', fact["source"]):
            name = title[1][0].upper() + title[1][1:]
            path = quote(name.replace(" ", "_"), safe="()',:!*")
            assert fact["url"] == f"https://en.wikipedia.org/wiki/{path}", fact
        elif sequence := re.match(r"OEIS (A\d{6}), .{10}", fact["source"]):
            assert fact["url"] == f"https://oeis.org/{sequence[1]}", fact
        else:
            assert not re.search("wikipedia|oeis", fact["source"] + fact.get("url", ""), re.I), fact


def test_bundled_facts_are_unique() -> None:
    normal = Counter(re.sub(r"\W+", "", fact["text"].lower()) for _, fact in ALL)
    assert [text for text, times in normal.items() if times > 1] == []


def test_bundled_facts_name_their_number() -> None:
    names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    roots = {1: "once single unicorn", 2: "twin", 7: "septem", 8: "octopus octave", 9: "nine"}
    for number, fact in ALL:
        words = f"{names[number]} {roots.get(number, '')}".split() if number in DIGITS else []
        figure = re.search(rf"(?<!\d){number}(?!\d)", fact["text"])
        assert figure or any(word in fact["text"].lower() for word in words), fact["text"]


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


MANY_TRIANGULAR = [n * (n + 1) // 2 for n in range(100_000)]


def rubik() -> int:
    """Corners and edges, in every order and turn, but for the parts that no move can change."""
    return factorial(8) * 3**8 * factorial(12) * 2**12 // (3 * 2 * 2)


def alternating(n: int) -> int:
    return sum(int(digit) * (-1) ** place for place, digit in enumerate(str(n)))


def birthdays(people: int) -> float:
    """How likely it is that two of them share one."""
    return 1 - prod((365 - k) / 365 for k in range(people))


def pythagorean() -> list[int]:
    return sorted(a + b for a, b in combinations(SQUARES, 2) if a + b in SQUARES)


def between_square_and_cube() -> list[int]:
    cubes = {n**3 for n in range(1, 2000)}
    squares = {n * n for n in range(1, 90_000)}
    return [n + 1 for n in squares if n + 2 in cubes] + [n + 1 for n in cubes if n + 2 in squares]


def collatz(n: int) -> list[int]:
    steps = []
    while n != 1:
        n = 3 * n + 1 if n % 2 else n // 2
        steps.append(n)
    return steps


def regions(points: int) -> int:
    """By Euler: one region more for each chord, and for each crossing of two of them."""
    return 1 + comb(points, 2) + comb(points, 4)


def polyominoes(size: int) -> int:
    """The shapes of so many joined squares, turned or mirrored ones counted once."""
    shapes = {frozenset({(0, 0)})}
    for _ in range(size - 1):
        shapes = {
            alike(shape | {(x + dx, y + dy)})
            for shape in shapes
            for x, y in shape
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))
            if (x + dx, y + dy) not in shape
        }
    return len(shapes)


def alike(shape: frozenset[tuple[int, int]]) -> frozenset[tuple[int, int]]:
    views = []
    for _ in range(2):
        shape = frozenset((y, x) for x, y in shape)
        for _ in range(4):
            shape = frozenset((-y, x) for x, y in shape)
            left, low = min(x for x, _ in shape), min(y for _, y in shape)
            views.append(sorted((x - left, y - low) for x, y in shape))
    return frozenset(min(views))


def not_in_boxes() -> list[int]:
    full = {6 * a + 9 * b + 20 * c for a, b, c in product(range(50), repeat=3)}
    return [n for n in range(300) if n not in full]


def square_ways(n: int, parts: int) -> int:
    return sum(sum(way) == n for way in combinations_with_replacement(SQUARES[:8], parts))


def distinct_square_trios() -> list[int]:
    sums = Counter(map(sum, combinations(SQUARES[:10], 3)))
    return sorted(n for n, ways in sums.items() if ways > 1)


def has_53_weeks(year: int) -> bool:
    return date(year, 12, 28).isocalendar().week == 53


def weird() -> list[int]:
    found = []
    for n in range(2, 71):
        parts = [d for d in range(1, n) if n % d == 0]
        sums = {0}
        for part in parts:
            sums |= {total + part for total in sums}
        if sum(parts) > n and n not in sums:
            found.append(n)
    return found


def digit_squares(n: int) -> list[int]:
    seen = []
    for _ in range(20):
        n = sum(int(digit) ** 2 for digit in str(n))
        seen.append(n)
    return seen


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
    (
        1,
        "1 + 3 + 5 + 7",
        lambda: list(accumulate(range(1, 99, 2))) == [n * n for n in range(1, 50)],
    ),
    (6, "Rubik", lambda: rubik() == 43_252_003_274_489_856_000),
    (11, "352", lambda: all((n % 11 == 0) == (alternating(n) % 11 == 0) for n in range(9999))),
    (16, "perimeter", lambda: [a for a in range(1, 999) if a * a == 4 * a] == [4]),
    (19, "235 months", lambda: abs(19 * 365.2422 - 235 * 29.530589) < 0.1),
    (19, "fourth powers", lambda: fewest([n**4 for n in range(1, 12)], 9999)[79] == 19),
    (22, "22/7", lambda: 0 < 22 / 7 - pi < 0.002),
    (22, "pancake", lambda: 1 + sum(range(1, 7)) == 22),
    (23, "same birthday", lambda: birthdays(22) < 0.5 < birthdays(23)),
    (
        24,
        "70²",
        lambda: (
            [n for n in range(2, 5000) if isqrt(s := n * (n + 1) * (2 * n + 1) // 6) ** 2 == s]
            == [24]
            and sum(n * n for n in range(25)) == 70**2
        ),
    ),
    (25, "two positive squares", lambda: pythagorean()[0] == 25),
    (26, "a cube, 27", lambda: between_square_and_cube() == [26]),
    (26, "quick brown fox", lambda: len(set("the quick brown fox jumps over the lazy dog")) == 27),
    (27, "111 steps", lambda: (len(collatz(27)), max(collatz(27))) == (111, 9232)),
    (28, "dominoes", lambda: len(list(combinations_with_replacement(range(7), 2))) == 28),
    (
        30,
        "share no divisor",
        lambda: (
            [n for n in range(2, 2000) if all(m in PRIMES for m in range(2, n) if gcd(m, n) == 1)][
                -1
            ]
            == 30
        ),
    ),
    (31, "With 6 points", lambda: [regions(n) for n in range(2, 7)] == [2, 4, 8, 16, 31]),
    (31, "one hand", lambda: 2**5 - 1 == 31),
    (34, "Dürer", lambda: sum(range(1, 17)) // 4 == 34),
    (35, "joined side to side", lambda: polyominoes(6) == 35 and 35 * 6 == 210),
    (36, "square, 6 × 6", lambda: sorted(set(SQUARES) & set(TRIANGULAR))[:2] == [1, 36]),
    (
        37,
        "37 × 3 is 111",
        lambda: [37 * 3 * k for k in range(1, 10)] == [111 * k for k in range(1, 10)],
    ),
    (38, "hexagon", lambda: sum(range(1, 20)) == 5 * 38),
    (40, "alphabetical", lambda: list("forty") == sorted("forty")),
    (40, "Fahrenheit", lambda: -40 * 9 / 5 + 32 == -40),
    (41, "n × n − n + 41", lambda: all(n * n - n + 41 in PRIMES for n in range(1, 41))),
    (43, "nuggets", lambda: not_in_boxes()[-1] == 43),
    (44, "candles", lambda: sum(night + 1 for night in range(1, 9)) == 44),
    (45, "2025", lambda: 45**2 == 2025 and 20 + 25 == 45),
    (45, "sudoku", lambda: sum(range(1, 10)) == 45),
    (49, "13,983,816", lambda: comb(49, 6) == 13_983_816),
    (50, "two ways", lambda: [n for n in range(1, 51) if square_ways(n, 2) > 1] == [50]),
    (52, "68 digits", lambda: len(str(factorial(52))) == 68),
    (52, "260 and of 365", lambda: 260 * 365 // gcd(260, 365) == 52 * 365),
    (53, "71 of every 400", lambda: sum(has_53_weeks(year) for year in range(2000, 2400)) == 71),
    (
        54,
        "three positive squares",
        lambda: [n for n in range(1, 55) if square_ways(n, 3) > 2] == [54],
    ),
    (55, "Fibonacci", lambda: max(set(FIBONACCI) & set(MANY_TRIANGULAR)) == 55),
    (57, "Dobble", lambda: 8 * 7 + 1 == 57 == 7**2 + 7 + 1),
    (58, "seven primes", lambda: sum(PRIMES[:7]) == 58),
    (
        60,
        "smallest positive number",
        lambda: [n for n in range(1, 61) if all(n % d == 0 for d in range(1, 7))] == [60],
    ),
    (62, "three different positive squares", lambda: distinct_square_trios()[0] == 62),
    (65, "rows, columns", lambda: sum(range(1, 26)) // 5 == 65),
    (67, "193,707,721", lambda: 193_707_721 * 761_838_257_287 == 2**67 - 1),
    (69, "ten digits", lambda: sorted(f"{69**2}{69**3}") == list("0123456789")),
    (70, "weird", lambda: weird() == [70]),
    (71, "357911", lambda: 71**3 == 357911),
    (72, "interest", lambda: all(abs(1.01**n - 2) < 0.06 for n in (72,))),
    (73, "21st prime", lambda: (PRIMES[20], PRIMES[11], 7 * 3) == (73, 37, 21)),
    (75, "15 for each letter", lambda: 15 * len("bingo") == 75),
    (78, "tarot", lambda: 4 * 14 + 21 + 1 == 78),
    (81, "012345679", lambda: 10**18 // 81 == 12345679012345679),
    (83, "odd primes", lambda: 9 + 25 + 49 == 83),
    (86, "without a 0", lambda: 2**86 == 77_371_252_455_336_267_181_195_264),
    (
        89,
        "0.0112358",
        lambda: abs(sum(f / 10 ** (k + 1) for k, f in enumerate(FIBONACCI)) - 1 / 89) < 1e-15,
    ),
    (89, "leads through 89", lambda: all({1, 89} & set(digit_squares(n)) for n in range(1, 2000))),
    (
        91,
        "in base 3",
        lambda: [n for n in range(2, 92) if n not in PRIMES and pow(3, n - 1, n) == 1] == [91],
    ),
    (91, "13 weeks", lambda: 13 * 7 == 91 and 4 * 91 == 364),
    (96, "3 10/71", lambda: 3 + 10 / 71 < 96 * sin(pi / 96) < pi < 96 * tan(pi / 96) < 3 + 1 / 7),
    (97, "largest prime", lambda: max(p for p in PRIMES if p < 100) == 97),
    (100, "5050", lambda: sum(range(1, 101)) == 5050 == 50 * 101),
]


@pytest.mark.parametrize(("digit", "words", "claim"), CLAIMS, ids=[words for _, words, _ in CLAIMS])
def test_computable_claims_of_bundled_facts_are_true(
    digit: int, words: str, claim: Callable[[], bool]
) -> None:
    assert sum(words in fact["text"] for fact in SHELVES[str(digit)]) == 1
    assert claim()


def test_malformed_facts_file_raises_value_error(tmp_path: Path) -> None:
    good = {number: facts[:1] for number, facts in SHELVES.items()}
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


# Choosing


def test_described_fact_has_all_keys() -> None:
    fact = Facts().about(7).describe(7)
    assert fact.keys() == {"number", "text", "kind", "subject", "source", "url"}
    assert fact["number"] == 7
    assert fact["kind"] in KINDS


def session(number: int, times: int, kind: str | None = None) -> list[Fact]:
    """The facts of a session that remembers all it has seen."""
    facts, seen = Facts(), []
    for _ in range(times):
        seen.append(facts.about(number, kind, [fact.id for fact in seen]))
    return seen


@pytest.mark.parametrize("number", [*DIGITS, 10, 97, 144, -1, -7, 10**12, -(10**12)])
@pytest.mark.parametrize("kind", [None, *KINDS])
def test_consecutive_facts_differ(number: int, kind: str | None) -> None:
    assert all(a.text != b.text for a, b in pairwise(session(number, 60, kind)))


@pytest.mark.parametrize("number", [0, 7, 47, 97, 1729])
def test_session_hears_every_fact_once_and_computed_ones_in_their_order(number: int) -> None:
    texts = [fact["text"] for fact in SHELVES.get(str(number), [])]
    rarest_first = [] if number in DIGITS else [text for text, *_ in computed(number)]
    every = len(texts) + len(rarest_first)
    seen = session(number, 2 * every)
    assert sorted(fact.text for fact in seen[:every]) == sorted(texts + rarest_first)
    assert [fact.text for fact in seen[:every] if fact.origin == "computed"] == rarest_first
    assert seen[:every] == seen[every:], "the one seen longest ago comes first"


@pytest.mark.parametrize("number", [7, 47, 1729, 123_456_789_012])
def test_without_a_session_all_bundled_facts_and_the_rarest_computed_one_are_told(
    number: int,
) -> None:
    facts = Facts()
    texts = {fact["text"] for fact in SHELVES.get(str(number), [])}
    rarest = set() if number in DIGITS else {computed(number)[0][0]}
    assert {facts.about(number).text for _ in range(1000)} == texts | rarest


@pytest.mark.parametrize("digit", DIGITS)
def test_facts_are_of_the_requested_kind(digit: int) -> None:
    for kind in KINDS:
        assert {fact.kind for fact in session(digit, 30, kind)} == {kind}
    assert {fact.kind for fact in session(digit, 30)} == set(KINDS)


def test_kind_is_ignored_where_only_computed_facts_exist() -> None:
    assert Facts().about(1729, "trivia").kind == "math"


def test_unknown_kind_raises_value_error_that_names_the_kinds() -> None:
    with pytest.raises(ValueError, match=r"'gossip'.*trivia.*math"):
        Facts().about(7, "gossip")


@pytest.mark.parametrize(
    "number", [10**12 + 1, -(10**12) - 1, 10**5000], ids=["over", "under", "far"]
)
def test_number_out_of_range_raises_value_error_that_names_the_range(number: int) -> None:
    with pytest.raises(ValueError, match=r"10\^12"):
        Facts().about(number)


def test_facts_are_thread_safe() -> None:
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
        thread.join()
    assert broken == []


# Sessions


@pytest.fixture(scope="module")
def machines() -> list[Any]:
    """Two of the same app that know nothing of each other, as on two machines."""
    return [create_app(Settings(numbers_api_url="")).test_client() for _ in range(2)]


def test_session_cookie_prevents_repeats_across_instances(
    machines: list[Any],
) -> None:
    seen, cookie = [], ""
    for _ in range(len(SHELVES["7"])):
        machine = random.choice(machines)
        machine.set_cookie("seen_facts", cookie)
        seen.append(machine.get("/api/facts/7").get_json()["text"])
        cookie = machine.get_cookie("seen_facts").value
    assert len(set(seen)) == len(seen)


def test_facts_of_predictions_count_as_seen(machines: list[Any]) -> None:
    pixels = [1.0 if 5 <= i // 28 < 23 and i % 28 in (13, 14) else 0.0 for i in range(784)]
    seen = []
    for _ in range(12):
        answer = machines[0].post("/api/predict", json={"pixels": pixels}).get_json()
        seen.append(answer["fact"]["text"])
        seen.append(machines[0].get(f"/api/facts/{answer['digit']}").get_json()["text"])
    assert len(set(seen)) == 24


@pytest.mark.parametrize("cookie", ["", "7", "%00%00", "abcd" * 900, "ab;cd", "é" * 8, "<b>!"])
def test_malformed_session_cookie_is_ignored(machines: list[Any], cookie: str) -> None:
    answer = machines[0].get("/api/facts/7", headers={"Cookie": f"seen_facts={cookie}"})
    assert answer.status_code == 200
    assert len(answer.headers["Set-Cookie"]) < 300


def test_session_cookie_is_http_only_same_site_and_secure_over_https(machines: list[Any]) -> None:
    for address, secure in (("http://localhost", False), ("https://localhost", True)):
        header = machines[1].get("/api/facts/7", base_url=address).headers["Set-Cookie"]
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(header.split("; "))
        assert ("Secure" in header) == secure
        assert "Expires" not in header
        assert "Max-Age" not in header
