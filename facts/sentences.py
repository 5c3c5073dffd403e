"""True sentences about any whole number from -10^12 to 10^12, the most interesting first.

A property is interesting if few numbers have it: sentences are ordered by how many numbers up to
10^12 they are true of, the fewest first. Last comes what is true of all, such as how the number is
written in binary. OEIS is the On-Line Encyclopedia of Integer Sequences.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import accumulate, chain, count
from math import comb
from operator import mul

from facts.number_theory import (
    SMALL,
    aliquot_sum,
    bell_numbers,
    collatz_steps,
    cube_sums,
    digit_powers,
    divisors,
    factorise,
    highest_power,
    highly_composite,
    index_of,
    inverse,
    is_carmichael,
    is_happy,
    is_prime,
    needs_four_squares,
    roman,
    square_sum,
    sum_of_the_two_before,
)

Source = tuple[str, str | None]  # and its URL
BINARY: Source = ("G. W. Leibniz, Explication de l'arithmétique binaire (1703)", None)
HEXADECIMAL: Source = ("D. E. Knuth, The Art of Computer Programming, vol. 2, section 4.1", None)
NEGATIVE: Source = ("Brahmagupta, Brāhmasphuṭasiddhānta (628), chapter 18", None)
PRODUCT: Source = ("C. F. Gauss, Disquisitiones Arithmeticae (1801), article 16", None)
NUMERALS: Source = ('Wikipedia, "Roman numerals"', "https://en.wikipedia.org/wiki/Roman_numerals")
COMPLEMENT: Source = (
    'Wikipedia, "Two\'s complement"',
    "https://en.wikipedia.org/wiki/Two's_complement",
)
MINUS, TIMES = "\N{MINUS SIGN}", " \N{MULTIPLICATION SIGN} "
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

Shape = tuple[str, Callable[[int], int], str]  # sequence, its k-th number for k > 0, sentence
SOLIDS: tuple[Shape, ...] = (
    (
        "A005900",
        lambda k: k * (2 * k * k + 1) // 3,
        "{n} balls stack up to an octahedron with {k} balls along each edge.",
    ),
    (
        "A000330",
        lambda k: k * (k + 1) * (2 * k + 1) // 6,
        "{n} balls stack up to a pyramid on a square, {k} layers high.",
    ),
    (
        "A000292",
        lambda k: k * (k + 1) * (k + 2) // 6,
        "{n} balls stack up to a pyramid on a triangle, {k} layers high.",
    ),
)
SHAPES: tuple[Shape, ...] = (
    (
        "A003154",
        lambda k: 6 * k * (k - 1) + 1,
        "{n} is a star number: so many holes has a star-shaped board such as that of Chinese "
        "checkers, with triangles {before} holes high.",
    ),
    (
        "A003215",
        lambda k: 3 * k * (k - 1) + 1,
        "{n} coins fill a regular hexagon with {k} coins along each side.",
    ),
    (
        "A000567",
        lambda k: k * (3 * k - 2),
        "{n} is octagonal: so many dots make octagons that share a corner, {k} dots to a side.",
    ),
    (
        "A000566",
        lambda k: k * (5 * k - 3) // 2,
        "{n} is heptagonal: so many dots make heptagons that share a corner, {k} dots to a side.",
    ),
    (
        "A005891",
        lambda k: (5 * k * (k - 1) + 2) // 2,
        "{n} is centred pentagonal: so many dots make pentagons around a dot, {k} dots to a side.",
    ),
    (
        "A001844",
        lambda k: k * k + (k - 1) ** 2,
        "{n} is the sum of the squares of two neighbours: {before}² + {k}².",
    ),
    (
        "A000384",
        lambda k: k * (2 * k - 1),
        "{n} is hexagonal: so many dots make hexagons that share a corner, {k} dots to a side.",
    ),
    (
        "A000326",
        lambda k: k * (3 * k - 1) // 2,
        "{n} is pentagonal: so many dots make pentagons that share a corner, {k} dots to a side.",
    ),
    (
        "A005448",
        lambda k: 3 * k * (k - 1) // 2 + 1,
        "{n} is centred triangular: so many dots make triangles around a dot, {k} dots to a side.",
    ),
    ("A000290", lambda k: k * k, "{n} is a square: {k} × {k}."),
    ("A002378", lambda k: k * (k - 1), "{n} is the product of two neighbours: {before} × {k}."),
    (
        "A000217",
        lambda k: k * (k + 1) // 2,
        "{n} is triangular: the sum of the numbers from 1 to {k}.",
    ),
)


@lru_cache(256)
def computed(number: int) -> tuple[tuple[str, str, str | None], ...]:
    """(sentence, source, URL of the source) for each: at least four, but none about 0 and 1."""
    if number < 0:
        sentences = _of_negative(number)
    elif number > 1:
        factors = factorise(number)
        sentences = chain(_rare(number, factors), _common(number, factors))
    else:
        return ()
    return tuple((text, *(_oeis(s) if isinstance(s, str) else s)) for text, s in sentences)


def _of_negative(n: int) -> Iterator[tuple[str, str | Source]]:
    name, size = fmt(n), -n
    edge = round(size ** (1 / 3))
    if edge**3 == size:
        yield f"{name} is a cube: {TIMES.join([fmt(-edge)] * 3)}.", "A000578"
    yield f"{name} is the opposite of {fmt(size)}: together they make 0.", NEGATIVE
    yield f"{name} times itself is {fmt(size * size)}, as {fmt(size)} times itself is.", NEGATIVE
    bits = next(bits for bits in (8, 16, 32, 64) if size <= 2 ** (bits - 1))
    written = f"{2**bits - size:X}"
    yield f"As a whole number of {bits} bits a computer keeps {name} as {written}.", COMPLEMENT
    yield f"In binary {name} is {MINUS}{size:b}.", BINARY
    if size > 9:
        yield f"In hexadecimal {name} is {MINUS}{size:X}.", HEXADECIMAL


def _rare(n: int, factors: dict[int, int]) -> Iterator[tuple[str, str | Source]]:
    """Properties of fewer than a hundred million of the numbers up to 10^12."""
    name, digits = fmt(n), str(n)
    prime, others = factors == {n: 1}, aliquot_sum(factors)
    base, exponent = highest_power(factors)
    cubes = cube_sums(factors)
    sums = " = ".join(f"{fmt(a)}³ + {fmt(b)}³" for a, b in cubes)
    if n == 1729:
        rule = "the smallest number that is a sum of two cubes in two ways"
        yield f"{name} is {rule}: {sums}.", "A001235"
    if n in (3, 5, 17, 257, 65537):
        drawn = f"a regular polygon with {name} sides can be drawn with ruler and compass alone"
        yield f"{name} is a Fermat prime: {drawn}.", "A019434"
    if others == n:
        parts = f": {' + '.join(map(fmt, divisors(factors)[:-1]))}" if n < 500 else ""
        yield f"{name} is perfect, the sum of the smaller numbers that divide it{parts}.", "A000396"
    if prime and n & (n + 1) == 0:
        rule = f"{_power(2, n.bit_length())} {MINUS} 1"
        yield f"{name} is a Mersenne prime: {rule}.", "A000668"
    if k := index_of(n, accumulate(SMALL, mul)):
        parts = TIMES.join(map(fmt, SMALL[: k + 1]))
        yield f"{name} is the product of the first {k + 1} primes: {parts}.", "A002110"
    if base == 10 and exponent > 1:
        yield f"{name} is a power of ten: {_power(10, exponent)}.", "A011557"
    if n > 5 and (k := index_of(n, accumulate(count(1), mul))):
        yield (
            f"{k + 1} things can stand in {name} orders: it is the factorial of {k + 1}.",
            "A000142",
        )
    if n > 4 and (k := index_of(n, bell_numbers())):
        rule = "it is a Bell number"
        yield f"{k} things can be sorted into groups in {name} ways: {rule}.", "A000110"
    if n > 9 and n * n % 10 ** len(digits) == n:
        yield f"The square of {name} ends in {name} again: {fmt(n * n)}.", "A003226"
    if n > 4 and (k := index_of(n, (comb(2 * k, k) // (k + 1) for k in count()))):
        rule = "it is a Catalan number"
        yield f"{k} pairs of brackets can be nested and lined up in {name} ways: {rule}.", "A000108"
    if n > 9 and digit_powers(n) == n:
        parts = " + ".join(_power(int(digit), len(digits)) for digit in digits)
        yield f"{name} is a sum of powers of its own digits: {parts}.", "A005188"
    if base == 2 and exponent > 1:
        yield f"{name} is a power of two: {_power(2, exponent)}.", "A000079"
    if two := sum_of_the_two_before(1, 3, n):
        parts = f"{fmt(two[0])} + {fmt(two[1])}"
        yield f"{name} is a Lucas number: {parts}, the two before it.", "A000032"
    if two := sum_of_the_two_before(1, 1, n):
        parts = f"{fmt(two[0])} + {fmt(two[1])}"
        yield f"{name} is a Fibonacci number: {parts}, the two before it.", "A000045"
    if divided := highly_composite().get(n):
        yield f"{name} has {fmt(divided)} divisors, more than any smaller number.", "A002182"
    if n > 9 and len(set(digits)) == 1:
        yield f"{name} is written with no other digit than {digits[0]}.", "A010785"
    if exponent > 3 and base not in (2, 10):
        yield f"{name} is a power: {_power(base, exponent)}.", "A001597"
    if is_carmichael(factors):
        rule = "passes Fermat's test for primes, whatever base without a common factor is taken"
        yield f"{name} is a Carmichael number, no prime: it {rule}.", "A002997"
    if exponent % 3 == 0:
        edge = fmt(base ** (exponent // 3))
        yield f"{name} is a cube: {TIMES.join([edge] * 3)}.", "A000578"
    yield from _of_shapes(n, SOLIDS[:2])
    if others > 1 and others != n and aliquot_sum(factorise(others)) == n:
        rule = "the smaller divisors of each add up to the other"
        yield f"{name} and {fmt(others)} are amicable: {rule}.", "A063990"
    yield from _of_shapes(n, SOLIDS[2:])
    if len(cubes) > 1 and n != 1729:
        yield f"{name} is a sum of two cubes in more ways than one: {sums}.", "A001235"
    yield from _of_shapes(n, SHAPES)
    if n > 9 and digits == digits[::-1]:
        yield f"{name} is a palindrome: it reads the same from both ends.", "A002113"
    if n > 2 and f"{n:b}" == f"{n:b}"[::-1]:
        yield f"{name} is a palindrome in binary: {n:b}.", "A006995"
    if len(cubes) == 1:
        yield f"{name} is a sum of two cubes: {sums}.", "A003325"


def _of_shapes(n: int, shapes: Iterable[Shape]) -> Iterator[tuple[str, str | Source]]:
    for sequence, shape, sentence in shapes:
        if (k := inverse(shape, n)) and k > 1:
            yield sentence.format(n=fmt(n), k=fmt(k), before=fmt(k - 1)), sequence


def _common(n: int, factors: dict[int, int]) -> Iterator[tuple[str, str | Source]]:
    """Properties of more than a hundred million of the numbers up to 10^12, or of all."""
    name, digits = fmt(n), str(n)
    prime, others = factors == {n: 1}, aliquot_sum(factors)
    if prime and is_prime(2 * n + 1):
        rule = f"twice it and 1, {fmt(2 * n + 1)}, is prime as well"
        yield f"{name} is a Sophie Germain prime: {rule}.", "A005384"
    backwards = int(digits[::-1])
    if prime and backwards != n and is_prime(backwards):
        yield f"{name} is a prime that read backwards is another: {fmt(backwards)}.", "A006567"
    for twin in (n + 2, n - 2):
        if prime and is_prime(twin):
            yield f"{name} and {fmt(twin)} are twin primes.", "A001097"
    if prime:
        yield f"{name} is a prime: only 1 and {name} divide it.", "A000040"
    total = sum(map(int, digits))
    if n > 9 and n % total == 0 and total > 1:
        parts = f"{' + '.join(digits)} = {total}, and {total}{TIMES}{fmt(n // total)} = {name}"
        yield f"{name} can be divided by the sum of its digits: {parts}.", "A005349"
    if pair := square_sum(factors):
        yield f"{name} is a sum of two squares: {fmt(pair[0])}² + {fmt(pair[1])}².", "A000404"
    if n > 9 and is_happy(n):
        rule = "sum the squares of its digits, go on with the result, and you arrive at 1"
        yield f"{name} is happy: {rule}.", "A007770"
    if needs_four_squares(n):
        yield f"{name} is a sum of four squares, but not of three.", "A004215"
    if others > n:
        yield f"{name} is abundant: its smaller divisors add up to {fmt(others)}.", "A005101"
    if not prime:
        product = TIMES.join(_power(p, k) for p, k in factors.items())
        yield f"{name} = {product}, and no other primes multiply to it.", PRODUCT
    if n > 2:
        rule = "halve what is even, else triple it and add 1"
        yield f"It takes {fmt(collatz_steps(n))} steps from {name} to 1: {rule}.", "A006577"
    if n < 4000:
        yield f"In Roman numerals {name} is {roman(n)}.", NUMERALS
    yield f"In binary {name} is {n:b}.", BINARY
    if n > 9:
        yield f"In hexadecimal {name} is {n:X}.", HEXADECIMAL


def _oeis(sequence: str) -> Source:
    return f"OEIS {sequence}", f"https://oeis.org/{sequence}"


def _power(base: int, exponent: int) -> str:
    return fmt(base) + (str(exponent).translate(RAISED) if exponent > 1 else "")


def fmt(n: int) -> str:
    """As it is printed: 1234, or 12,345, with a minus sign as wide as a plus."""
    return (f"{n:,}" if abs(n) > 9999 else str(n)).replace("-", MINUS)
