"""What is computed about a number is true: compared with what brute force says."""

import random
import re
from collections import Counter
from collections.abc import Iterator
from itertools import combinations_with_replacement, permutations
from math import comb, gcd, isqrt, prod

import pytest

from facts.number_theory import (
    aliquot_sum,
    collatz_steps,
    cube_sums,
    divisors,
    factorise,
    highly_composite,
    is_prime,
    roman,
    square_sum,
)
from facts.sentences import MINUS, TIMES, computed, fmt

LIMIT = 7000  # up to here each property is compared with brute force
RANGE = range(2, LIMIT)
rng = random.Random(2)
SMALL = rng.sample(range(10, 4000), 150)
LARGE = [rng.randrange(4000, 10**12) for _ in range(150)] + [
    10**12,
    10**12 - 1,
    999_999_999_989,  # the largest prime below
    999_983 * 999_979,  # of two primes as large as can be
    999_983**2,
    9973**3,
    2**39,
    963_761_198_400,  # has 6720 divisors
    87_539_319,  # a sum of two cubes in three ways
    137_438_691_328,  # perfect
]
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def integer(text: str) -> int:
    return int(text.replace(",", "").replace(MINUS, "-"))


def value(term: str) -> int:
    """What a power such as 12,345⁶, or a number, stands for."""
    base, exponent = re.fullmatch(r"([\d,]+)([⁰¹²³⁴⁵⁶⁷⁸⁹]*)", term.strip()).groups()
    return integer(base) ** int(exponent.translate(SUPERSCRIPTS) or 1)


def told_by(number: int, pattern: str) -> list[str]:
    """What the sentences about a number put in the pattern's group."""
    found = (re.fullmatch(pattern, text) for text, *_ in computed(number))
    return [match[1] for match in found if match]


# Brute force: slow and plain, and without a line of what it is to check


def brute_divisors() -> list[list[int]]:
    found: list[list[int]] = [[] for _ in range(2 * LIMIT + 2)]
    for d in range(1, len(found)):
        for n in range(d, len(found), d):
            found[n].append(d)
    return found


DIVISORS = brute_divisors()
PRIMES = {n for n, found in enumerate(DIVISORS) if len(found) == 2}
BACKWARDS = {n: int(str(n)[::-1]) for n in range(10 * LIMIT)}


def proper(n: int) -> int:
    return sum(DIVISORS[n][:-1]) if n < len(DIVISORS) else sum(d for d in range(1, n) if n % d == 0)


def prime(n: int) -> bool:
    return n > 1 and all(n % d for d in range(2, isqrt(n) + 1))


def series(first: int, second: int) -> Iterator[int]:
    while first < LIMIT:
        yield first
        first, second = second, first + second


def groupings(things: int) -> int:
    """In how many ways they can be divided into groups, each put into one there is or a new one."""
    ways = Counter({0: 1})
    for _ in range(things):
        more = Counter()
        for groups, count in ways.items():
            more[groups] += groups * count
            more[groups + 1] += count
        ways = more
    return ways.total()


def bracketings(pairs: int) -> int:
    """In how many ways they can stand, none closed before it is opened."""
    ways = Counter({0: 1})  # by how many are open
    for _ in range(2 * pairs):
        more = Counter()
        for depth, count in ways.items():
            more[depth + 1] += count
            more[depth - 1] += count if depth else 0
        ways = more
    return ways[0]


def happy(n: int) -> bool:
    seen = set()
    while n not in seen:
        seen.add(n)
        n = sum(int(digit) ** 2 for digit in str(n))
    return n == 1


def collatz(n: int) -> int:
    return 0 if n == 1 else 1 + collatz(n // 2 if n % 2 == 0 else 3 * n + 1)


def records() -> set[int]:
    most, found = 0, set()
    for n in range(1, LIMIT):
        if len(DIVISORS[n]) > most:
            most = len(DIVISORS[n])
            found.add(n)
    return found


def carmichael(n: int) -> bool:
    return not prime(n) and all(pow(a, n - 1, n) == 1 for a in range(1, n) if gcd(a, n) == 1)


CUBES = Counter(a**3 + b**3 for a, b in combinations_with_replacement(range(1, 20), 2))
SQUARES = {n * n for n in range(1, 200)}
TWO_SQUARES = {a + b for a in SQUARES for b in SQUARES}
THREE_SQUARES = TWO_SQUARES | SQUARES | {a + b for a in TWO_SQUARES for b in SQUARES}
SUMS = [range(1, k + 1) for k in range(200)]
TRIANGULAR = [sum(numbers) for numbers in SUMS]
BINARY = {n: bin(n)[2:] for n in RANGE}
TWO_DIGITS = range(10, LIMIT)
MEMBERS = {
    "A000040": PRIMES,
    "A000045": set(series(1, 2)),
    "A000032": set(series(3, 4)) - {3},
    "A000079": {2**k for k in range(2, 13)},
    "A000108": {bracketings(k) for k in range(3, 12)},
    "A000110": {groupings(k) for k in range(3, 9)},
    "A000142": {len(list(permutations(range(k)))) for k in range(3, 8)},
    "A000217": set(TRIANGULAR) - {0, 1},
    "A000290": SQUARES,
    "A000292": {sum(TRIANGULAR[: k + 1]) for k in range(2, 60)},
    "A000326": {k * k + t for k, t in enumerate(TRIANGULAR, 1)} - {1},
    "A000330": {sum(n * n for n in numbers) for numbers in SUMS} - {0, 1},
    "A000384": set(TRIANGULAR[1::2]) - {1},
    "A000396": {n for n in RANGE if proper(n) == n},
    "A000404": TWO_SQUARES,
    "A000566": {sum(range(1, 5 * k, 5)) for k in range(2, 200)},
    "A000567": {sum(range(1, 6 * k, 6)) for k in range(2, 200)},
    "A000578": {n**3 for n in range(2, 30)},
    "A000668": {2**k - 1 for k in range(2, 14)} & PRIMES,
    "A001097": {n for n in PRIMES if {n - 2, n + 2} & PRIMES},
    "A001235": {n for n, ways in CUBES.items() if ways > 1},
    "A001597": {b**k for b in range(3, 20) for k in range(4, 9)}
    - {2**k for k in range(20)}
    - {10**k for k in range(9)},
    "A001844": {1 + sum(range(4, 4 * k, 4)) for k in range(2, 200)},
    "A002110": {6, 30, 210, 2310},
    "A002113": {n for n in TWO_DIGITS if BACKWARDS[n] == n and n % 10},
    "A002182": records(),
    "A002378": {n * (n + 1) for n in range(1, 200)},
    "A002997": {n for n in range(3, LIMIT, 2) if carmichael(n)},
    "A003154": {1 + sum(range(12, 12 * k, 12)) for k in range(2, 200)},
    "A003215": {1 + sum(range(6, 6 * k, 6)) for k in range(2, 200)},
    "A003226": {n for n in TWO_DIGITS if str(n * n).endswith(str(n))},
    "A003325": {n for n, ways in CUBES.items() if ways == 1},
    "A004215": set(RANGE) - THREE_SQUARES,
    "A005101": {n for n in RANGE if proper(n) > n},
    "A005188": {n for n in TWO_DIGITS if sum(int(d) ** len(str(n)) for d in str(n)) == n},
    "A005349": {n for n in TWO_DIGITS if n % sum(map(int, str(n))) == 0} - {10, 100, 1000},
    "A005384": {n for n in PRIMES if 2 * n + 1 in PRIMES},
    "A005448": {1 + sum(range(3, 3 * k, 3)) for k in range(2, 200)},
    "A005891": {1 + sum(range(5, 5 * k, 5)) for k in range(2, 200)},
    "A005900": {sum(n * n for n in (*range(1, k), *range(k + 1))) for k in range(2, 50)},
    "A006567": {n for n in PRIMES if BACKWARDS[n] != n and prime(BACKWARDS[n])},
    "A006577": set(RANGE) - {2},
    "A006995": {n for n in RANGE if BINARY[n] == BINARY[n][::-1]} - {2},
    "A007770": {n for n in TWO_DIGITS if happy(n)},
    "A010785": {int(str(d) * k) for d in range(1, 10) for k in (2, 3, 4)},
    "A011557": {100, 1000},
    "A019434": {3, 5, 17, 257},
    "A063990": {n for n in RANGE if proper(n) not in (1, n) and proper(proper(n)) == n},
}

# How many numbers up to 10^12 there are of each kind: the rare ones counted, the others estimated.
COUNTS = {
    "A019434": 5,
    "A000396": 7,
    "A000668": 8,
    "A002110": 10,
    "A011557": 11,
    "A000142": 12,
    "A000110": 16,
    "A003226": 19,
    "A000108": 21,
    "A005188": 31,
    "A000079": 38,
    "A000032": 55,
    "A000045": 57,
    "A002182": 94,
    "A010785": 99,
    "A001597": 1386,
    "A002997": 8241,
    "A000578": 9999,
    "A005900": 11_446,
    "A000330": 14_420,
    "A063990": 15_000,
    "A000292": 18_169,
    "A001235": 40_426,
    "A003154": 408_247,
    "A003215": 577_349,
    "A000567": 577_349,
    "A000566": 632_454,
    "A005891": 632_455,
    "A001844": 707_106,
    "A000384": 707_106,
    "A000326": 816_495,
    "A005448": 816_496,
    "A000290": 999_999,
    "A002378": 999_999,
    "A000217": 1_414_212,
    "A002113": 1_999_989,
    "A006995": 2_002_247,
    "A003325": 44_083_658,
    "A005384": 1.8e9,
    "A006567": 2.6e9,
    "A001097": 3.7e9,
    "A000040": 3.8e10,
    "A005349": 4.5e10,
    "A000404": 1.487e11,
    "A007770": 1.491e11,
    "A004215": 1.7e11,
    "A005101": 2.5e11,
    "A006577": 1e12,
}


@pytest.fixture(scope="module")
def numbers_by_source() -> dict[str, set[int]]:
    """The numbers that have a sentence, by its source."""
    found: dict[str, set[int]] = {}
    for n in RANGE:
        for _, source, _ in computed(n):
            found.setdefault(source, set()).add(n)
    return found


@pytest.mark.parametrize("sequence", MEMBERS)
def test_sentences_match_brute_force_for_each_oeis_sequence(
    numbers_by_source: dict[str, set[int]], sequence: str
) -> None:
    assert numbers_by_source[f"OEIS {sequence}"] == {n for n in MEMBERS[sequence] if n in RANGE}


def test_every_oeis_sequence_is_compared_with_brute_force(
    numbers_by_source: dict[str, set[int]],
) -> None:
    assert {
        source.split()[1] for source in numbers_by_source if source.startswith("OEIS")
    } == MEMBERS.keys()


def test_rarer_properties_come_first() -> None:
    for n in [*set(RANGE) - {1729}, *LARGE]:  # of 1729 it is said that it is the smallest of a kind
        sources = [source.split() for _, source, _ in computed(n)]
        counts = [COUNTS[words[1]] for words in sources if words[0] == "OEIS"]
        assert counts == sorted(counts), n


def test_rarest_property_of_well_known_numbers() -> None:
    for n, first in {
        28: "A000396",
        42: "A000108",
        52: "A000110",
        89: "A000045",
        97: "A006567",
        120: "A000142",
        127: "A000668",
        144: "A000045",
        153: "A005188",
        220: "A063990",
        257: "A019434",
        561: "A002997",
        720_720: "A002182",
        1331: "A000578",
        1729: "A001235",
        2310: "A002110",
        5050: "A000217",
        1_000_000: "A011557",
    }.items():
        assert computed(n)[0][1] == f"OEIS {first}", n


# What a sentence says besides


@pytest.mark.parametrize("numbers", [SMALL, LARGE], ids=["small", "large"])
def test_factorisation_multiplies_back_to_primes(numbers: list[int]) -> None:
    for number in numbers:
        factors = factorise(number)
        assert prod(p**k for p, k in factors.items()) == number
        assert all(prime(p) for p in factors), number
        if factors == {number: 1}:
            assert told_by(number, r"(.*) is a prime: .*") == [fmt(number)]
        else:
            (written,) = told_by(number, r".* = (.*), and no other primes multiply to it\.")
            assert prod(map(value, written.split(TIMES))) == number


def test_is_prime_rejects_strong_pseudoprimes() -> None:
    for n in range(2, 20_000):
        assert is_prime(n) == prime(n)
    # Strong pseudoprimes to the bases 2; 2, 3; 2, 3, 5; 2, 3, 5, 7 (OEIS A014233), and squares.
    for n in (2047, 1_373_653, 25_326_001, 3_215_031_751, 999_983**2, 1_000_003**2):
        assert not is_prime(n)
    for n in (999_999_999_989, 1_000_000_000_039, 2**31 - 1):
        assert is_prime(n)


@pytest.mark.parametrize("numbers", [SMALL, LARGE], ids=["small", "large"])
def test_equations_in_sentences_hold(numbers: list[int]) -> None:
    compared = 0
    for number in [*numbers, *range(2, 300), 1729, 4104, 87_539_319, 75_025, 10**6, 2**20, 9**9]:
        for text, *_ in computed(number):
            said = re.search(r": ([\d,⁰¹²³⁴⁵⁶⁷⁸⁹ +=×]+)[,.]", text)
            if said and re.search("[⁰¹²³⁴⁵⁶⁷⁸⁹+×]", said[1]):
                sides = f"{number} = {said[1]}".split(" = ")
                if "sum of its digits" in text:
                    sides = sides[1:]
                    assert sides[0] == " + ".join(str(number)), text
                    parts = text.rsplit(", and ")[1].rstrip(".").split(" = ")
                    assert worth(parts[0]) == worth(parts[1]) == number, text
                    assert parts[0].startswith(f"{sides[1]} ")
                assert len({worth(side) for side in sides}) == 1, text
                compared += 1
    assert compared > 300


def worth(side: str) -> int:
    """What a sum of products of powers makes."""
    return sum(prod(map(value, term.split(TIMES))) for term in side.split(" + "))


def test_sums_of_squares_and_cubes_are_found_and_add_up() -> None:
    for number in SMALL + LARGE:
        factors = factorise(number)
        possible = not any(p % 4 == 3 and k % 2 for p, k in factors.items())
        pair = square_sum(factors)
        assert pair is None or pair[0] ** 2 + pair[1] ** 2 == number
        assert pair is None or min(pair) > 0
        assert bool(pair) <= possible
        assert all(a**3 + b**3 == number for a, b in cube_sums(factors))
    for a, b in ((1, 9999), (5000, 6000), (7000, 7001), (12, 12)):
        assert (a, b) in cube_sums(factorise(a**3 + b**3))
        assert square_sum(factorise(a**2 + b**2))
    assert len(cube_sums(factorise(87_539_319))) == 3


def test_divisors_and_aliquot_sums_match_brute_force() -> None:
    for n in RANGE:
        assert divisors(factorise(n)) == DIVISORS[n]
        assert aliquot_sum(factorise(n)) == proper(n)
    assert aliquot_sum(factorise(137_438_691_328)) == 137_438_691_328
    assert highly_composite()[963_761_198_400] == 6720 == max(highly_composite().values())


def test_collatz_steps_match_brute_force() -> None:
    for n in SMALL:
        assert collatz_steps(n) == collatz(n)
        assert told_by(n, r"It takes (\d+) steps from .*") == [str(collatz(n))]


def test_roman_numerals_parse_back() -> None:
    letters = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
    for number in SMALL + LARGE:
        written = told_by(number, r"In Roman numerals .* is ([MDCLXVI]+)\.")
        assert len(written) == (number < 4000), number
        for numeral in written:
            worth = [letters[letter] for letter in numeral]
            signs = [-a if a < b else a for a, b in zip(worth, [*worth[1:], 0], strict=True)]
            assert sum(signs) == number


def test_roman_numerals_are_in_standard_form() -> None:
    proper = re.compile(r"M{0,3}(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})")
    numerals = [roman(number) for number in range(1, 4000)]
    assert len(set(numerals)) == 3999
    assert all(proper.fullmatch(numeral) for numeral in numerals)


def test_binary_and_hexadecimal_parse_back() -> None:
    for number in [sign * number for number in SMALL + LARGE for sign in (1, -1)]:
        for base, name in ((2, "binary"), (16, "hexadecimal")):
            (written,) = told_by(number, rf"In {name} .* is ({MINUS}?[0-9A-F]+)\.")
            assert int(written.replace(MINUS, "-"), base) == number


@pytest.mark.parametrize("number", [-1, -2, -8, -128, -129, -(2**31), -(2**31) - 1, -(10**12)])
def test_sentences_about_negative_numbers_are_true(number: int) -> None:
    texts = " ".join(text for text, *_ in computed(number))
    assert f"{fmt(number)} is the opposite of {fmt(-number)}" in texts
    assert f"{fmt(number)} times itself is {fmt(number * number)}" in texts
    bits, written = re.search(r"of (\d+) bits .* as ([0-9A-F]+)\.", texts).groups()
    kept = int(written, 16).to_bytes(int(bits) // 8, "big")
    assert int.from_bytes(kept, "big", signed=True) == number
    assert ("cube" in texts) == (number in (-1, -8, -(10**12)))


@pytest.mark.parametrize("numbers", [RANGE[:200], range(-200, 0), SMALL, LARGE])
def test_numbers_have_several_distinct_sourced_sentences(
    numbers: list[int],
) -> None:
    for number in numbers:
        sentences = computed(number)
        assert len({text for text, *_ in sentences}) == len(sentences) >= 4
        for text, source, url in sentences:
            assert fmt(number) in text
            assert 10 < len(text) <= 220, text
            assert text.endswith(".")
            assert len(source) >= 12
            assert url is None or url.startswith("https://")


def test_no_sentences_are_computed_for_0_and_1() -> None:
    assert computed(0) == computed(1) == ()


def test_bracketings_are_the_catalan_numbers() -> None:
    assert [bracketings(k) for k in range(6)] == [comb(2 * k, k) // (k + 1) for k in range(6)]
