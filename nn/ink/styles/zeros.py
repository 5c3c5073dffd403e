"""Zeros in other styles, from a writer's own ring of any number of strokes in any direction."""

import numpy as np

from nn.ink.styles.curves import curve, evenly, hull, rounded
from nn.layers import Array


def narrow(points: Array) -> bool:
    """Whether the ellipse of the points' spread, slanted or not, is below 0.45 as wide as long."""
    short, long = np.linalg.eigvalsh(np.cov(points.T, ddof=0))
    return bool(short <= 0.45**2 * long)


def with_slash(
    lines: list[Array],
    rng: np.random.Generator,
    shortest: float = 0.65,
    longest: float = 1.2,
    angles: tuple[float, float] = (30, 60),
) -> list[Array] | None:
    """A zero with a slash, which reaches that many times as far as the ring.

    Angles are degrees from level, were the ring a circle; one slash in six slants the other way.
    """
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    if narrow(points):
        return None  # the slash would lie along the ring
    angle, length = np.radians(rng.uniform(*angles)), rng.uniform(shortest, longest)
    half = length * np.array([np.cos(angle), -np.sin(angle)]) * (high - low) / 2
    if rng.random() < 1 / 6:
        half = half * (-1, 1)
    middle = (low + high) / 2 + rng.normal(0, 0.03, 2)
    bend = rng.normal(0, 0.02, 2)
    return [*lines, curve(middle - half, middle + bend, middle + half)]


def with_long_slash(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A zero with a slash well beyond it, at any angle but quite level and quite upright."""
    return with_slash(lines, rng, 1.2, 1.8, (14, 76))


def with_short_slash(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A zero with a slash that does not touch it."""
    return with_slash(lines, rng, 0.35, 0.7, (20, 75))


def ring_of(lines: list[Array]) -> Array | None:
    """A zero's convex hull as a closed line that begins at the top and turns to the left."""
    points = np.concatenate(lines)
    width, height = np.ptp(points, axis=0)
    if narrow(points) or height < 0.75 * width:
        return None
    corners = hull(points)
    first = int(corners[:, 1].argmin())
    corners = np.roll(corners, -first, axis=0)
    ring = evenly(np.concatenate([corners, corners[:1]]), 0.03)
    return ring if ring[len(ring) // 4, 0] < ring[0, 0] else ring[::-1]


def polygonal_zero(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A zero of five to nine straight sides, whose corners are sharp or a little rounded."""
    ring = ring_of(lines)
    if ring is None:
        return None
    count = int(rng.integers(5, 10))
    turns = (np.arange(count) + rng.uniform(0, 1) + rng.uniform(-0.13, 0.13, count)) / count
    corners = ring[(turns * (len(ring) - 1)).astype(int) % (len(ring) - 1)]
    closed = np.concatenate([corners, corners[:1] + rng.normal(0, 0.02, (1, 2))])
    return [rounded(closed, np.full(len(closed), rng.uniform(0, 0.2)))]


def round_again(ring: Array, start: float, turns: float, inwards: float, fade: float) -> Array:
    """The ring from `start` on, its end moved towards the middle along the last `fade`.

    All in turns, but `inwards`: the share of the way to the middle, negative for outwards.
    """
    at = start + np.linspace(0, turns, round(turns * (len(ring) - 1)) + 1)
    line = ring[np.rint(at * (len(ring) - 1)).astype(int) % (len(ring) - 1)]
    share = inwards * np.clip(1 - (start + turns - at) / fade, 0, 1)[:, None]
    return line + share * ((ring.min(axis=0) + ring.max(axis=0)) / 2 - line)


def open_zero(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A zero whose ends do not meet, mostly at the top, or pass each other."""
    ring = ring_of(lines)
    if ring is None:
        return None
    at_top = rng.random() < 0.75
    start = rng.normal(0, 0.06) if at_top else rng.uniform(0, 1)
    if rng.random() < 0.4:
        inwards = rng.uniform(0.12, 0.3) * rng.choice([-1, 1])
        return [round_again(ring, start, rng.uniform(1.0, 1.12), inwards, 0.2)]
    gap = rng.uniform(0.05, 0.12 if at_top else 0.08)
    return [round_again(ring, start + gap / 2, 1 - gap, rng.uniform(-0.06, 0.3), 0.2)]


def curled_zero(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A zero that ends in a curl inside, at the top."""
    ring = ring_of(lines)
    if ring is None:
        return None
    turns, inwards = rng.uniform(1.1, 1.3), rng.uniform(0.3, 0.6)
    return [round_again(ring, rng.normal(0, 0.05), turns, inwards, turns - 0.95)]


def with_dot(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A zero with a dot, or a short dash, in the middle."""
    points = np.concatenate(lines)
    size = np.ptp(points, axis=0)
    if size.min() < 0.35 or narrow(points):
        return None  # a dot would touch both sides
    middle = (points.min(axis=0) + points.max(axis=0)) / 2 + rng.normal(0, 0.05, 2) * size
    half = rng.normal(0, 1, 2)
    half *= rng.uniform(0.005, 0.09) / np.hypot(*half)
    return [*lines, np.stack([middle - half, middle, middle + half])]
