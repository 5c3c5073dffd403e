"""Properties of whole numbers from 1 to 10^12: primes, divisors, sums of powers, shapes, digits.

Every function is exact. None takes more than a few thousandths of a second in that range.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import accumulate
from math import gcd, isqrt, prod

# Enough for all numbers below 3.4 * 10^14: Jaeschke, Mathematics of Computation 61 (1993).
BASES = (2, 3, 5, 7, 11, 13, 17)
LIMIT = 10**12
SMALL = [p for p in range(2, 1000) if all(p % d for d in range(2, isqrt(p) + 1))]


def is_prime(n: int) -> bool:
    """By the test of Miller and Rabin, which is certain up to 3.4 * 10^14."""
    if n < 2 or any(n % p == 0 for p in BASES):
        return n in BASES
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in BASES:
        power = pow(base, odd, n)
        if power not in (1, n - 1) and all((power := power**2 % n) != n - 1 for _ in range(twos)):
            return False
    return True


def factorise(n: int) -> dict[int, int]:
    """The primes that n > 0 is made of, the smallest first, each with its exponent."""
    factors: dict[int, int] = {}
    for p in SMALL:
        while n % p == 0:
            factors[p], n = factors.get(p, 0) + 1, n // p
    for p in sorted(_large_primes(n)):
        factors[p] = factors.get(p, 0) + 1
    return factors


def _large_primes(n: int) -> list[int]:
    if n == 1 or is_prime(n):
        return [n] * (n > 1)
    divisor = next(filter(None, (_pollard(n, constant) for constant in range(1, n))))
    return _large_primes(divisor) + _large_primes(n // divisor)


def _pollard(n: int, constant: int) -> int | None:
    """A divisor of n other than 1 and n, if this constant leads to one (Pollard's rho)."""
    slow = fast = 2
    while True:
        slow = (slow * slow + constant) % n
        fast = (fast * fast + constant) % n
        fast = (fast * fast + constant) % n
        if (divisor := gcd(slow - fast, n)) > 1:
            return divisor if divisor < n else None


def divisors(factors: dict[int, int]) -> list[int]:
    found = [1]
    for p, k in factors.items():
        found = [divisor * p**j for divisor in found for j in range(k + 1)]
    return sorted(found)


def aliquot_sum(factors: dict[int, int]) -> int:
    """The sum of the divisors other than the number itself."""
    powers = factors.items()
    return prod((p ** (k + 1) - 1) // (p - 1) for p, k in powers) - prod(p**k for p, k in powers)


def inverse(shape: Callable[[int], int], n: int) -> int | None:
    """The k > 0 with shape(k) == n, or None; shape grows at least as k² / 3."""
    k = bisect_left(range(2 * isqrt(n) + 3), n, lo=1, key=shape)
    return k if shape(k) == n else None


def index_of(n: int, terms: Iterable[int]) -> int | None:
    """The index of n, from 0, in a non-decreasing infinite sequence; None if it is no term."""
    k, term = next((k, term) for k, term in enumerate(terms) if term >= n)
    return k if term == n else None


def sum_of_the_two_before(first: int, second: int, n: int) -> tuple[int, int] | None:
    """The two terms before n in a sequence such as Fibonacci's or Lucas's, or None.

    It begins with first, second; each later term is the sum of the two before it.  None where n is
    no later term.
    """
    while first + second < n:
        first, second = second, first + second
    return (first, second) if first + second == n else None


def bell_numbers() -> Iterator[int]:
    """1, 1, 2, 5, 15, ...: in how many ways 0, 1, 2, 3, 4, ... things fall into groups."""
    row = [1]
    while True:
        yield row[0]
        row = list(accumulate(row, initial=row[-1]))


def highest_power(factors: dict[int, int]) -> tuple[int, int]:
    """(b, k) with n == b**k and k as large as can be, for n > 1."""
    k = gcd(*factors.values())
    return prod(p ** (e // k) for p, e in factors.items()), k


def cube_sums(factors: dict[int, int]) -> list[tuple[int, int]]:
    """All (a, b) with 0 < a <= b and a³ + b³ == n.

    a + b divides n, and the quotient is (a + b)² - 3ab: two equations for a and b.
    """
    n, found = prod(p**k for p, k in factors.items()), []
    for total in divisors(factors):
        if n <= total**3 <= 4 * n and (total**2 - n // total) % 3 == 0:
            square = total**2 - 4 * (total**2 - n // total) // 3  # of b - a
            if square >= 0 and (gap := isqrt(square)) ** 2 == square and gap < total:
                found.append(((total - gap) // 2, (total + gap) // 2))
    return sorted(found)


def square_sum(factors: dict[int, int]) -> tuple[int, int] | None:
    """Some (a, b) with 0 < a <= b and a² + b² == n, or None where there are none.

    Multiplies, as Gaussian integers a + bi, those of its primes (Fermat; Cornacchia).
    """
    a, b = 1, 0
    for p, k in factors.items():
        if p % 4 == 3:
            if k % 2:
                return None
            a, b = a * p ** (k // 2), b * p ** (k // 2)
            continue
        c, d = _prime_as_squares(p)
        for _ in range(k):
            a, b = a * c - b * d, a * d + b * c
    a, b = sorted((abs(a), abs(b)))
    return (a, b) if a else None


def _prime_as_squares(p: int) -> tuple[int, int]:
    """(a, b) with a² + b² == p, for 2 or a prime that is 1 more than a multiple of 4."""
    if p == 2:
        return 1, 1
    roots = (pow(base, (p - 1) // 4, p) for base in range(2, p))
    a, b = p, next(root for root in roots if root * root % p == p - 1)
    while b * b > p:
        a, b = b, a % b
    return b, a % b


def needs_four_squares(n: int) -> bool:
    """Whether n is no sum of three squares (Legendre)."""
    while n % 4 == 0:
        n //= 4
    return n % 8 == 7


@cache
def highly_composite() -> dict[int, int]:
    """Up to 10^12, the numbers with more divisors than any smaller one, and how many."""
    candidates = [(1, 1)]  # products of the first primes, no exponent above the one before it
    level = [(1, 1, 99)]  # number, divisors, largest exponent allowed next
    for p in SMALL[:12]:
        level = [
            (n * p**k, count * (k + 1), k)
            for n, count, most in level
            for k in range(1, min(most, 40) + 1)
            if n * p**k <= LIMIT
        ]
        candidates += [(n, count) for n, count, _ in level]
    records: dict[int, int] = {}
    best = 0
    for n, count in sorted(candidates):
        if count > best:
            records[n] = best = count
    return records


def is_carmichael(factors: dict[int, int]) -> bool:
    """By Korselt's criterion: three primes or more, none twice, and p - 1 divides n - 1."""
    n = prod(p**k for p, k in factors.items())
    return len(factors) > 2 and all(k == 1 and (n - 1) % (p - 1) == 0 for p, k in factors.items())


def digit_powers(n: int) -> int:
    """The sum of its digits, each raised to the power of the number of digits."""
    return sum(int(digit) ** len(str(n)) for digit in str(n))


def is_happy(n: int) -> bool:
    """Whether summing the squares of its digits, again and again, leads to 1 (and not to 4)."""
    while n not in (1, 4):
        n = sum(int(digit) ** 2 for digit in str(n))
    return n == 1


def collatz_steps(n: int) -> int:
    """Halve what is even, triple and add 1 to what is odd: how often until 1."""
    steps = 0
    while n != 1:
        n, steps = n // 2 if n % 2 == 0 else 3 * n + 1, steps + 1
    return steps


def roman(n: int) -> str:
    """The Roman numeral of 1 to 3999."""
    letters = ("M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I")
    values = (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1)
    written = ""
    for letter, value in zip(letters, values, strict=True):
        written += letter * (n // value)
        n %= value
    return written
