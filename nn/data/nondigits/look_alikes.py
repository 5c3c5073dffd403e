"""Which drawings of few strokes could be a digit by their shape: they are no non-digits."""

from itertools import pairwise

import numpy as np

from nn.ink.strokes import Strokes, normalized
from nn.layers import Array


def looks_like_digit(strokes: Strokes) -> bool:
    """Whether a drawing of few strokes could be a zero, a one, a seven, or a two like a Z.

    Upright lines (at most 40 degrees from it), alone, with a dot, with a dash across the lower end,
    or with a second line from the upper end to the left; rings; and Z, mirrored too (a five).
    """
    lines = [line for line in normalized(strokes) if len(line) > 1]
    if not lines or len(lines) > 3:
        return False
    if len(lines) == 1 and is_ring(lines[0]):
        return True
    points = np.concatenate(lines)
    width, height = np.ptp(points, axis=0)
    tallest = max(lines, key=lambda line: float(np.ptp(line[:, 1])))
    if width < 0.3 * height and np.ptp(tallest[:, 1]) > 0.6 * height:
        return True
    segments = [
        (a, b) if a[1] < b[1] else (b, a) for line in lines for a, b in pairwise(simplified(line))
    ]  # the upper end first
    if len(segments) == 1:
        return is_upright(*segments[0])
    if len(segments) == 2:
        high, low = sorted(segments, key=lambda ends: ends[0][1] - ends[1][1])
        return is_upright(*high) and (starts_at_its_top(*high, low) or is_its_base(*high, low))
    if len(segments) == 3:
        top, middle, bottom = sorted(segments, key=lambda ends: float(ends[0][1] + ends[1][1]))
        level = all(abs(b[1] - a[1]) < 0.4 * abs(b[0] - a[0]) for a, b in (top, bottom))
        joined = touches(middle[0], top) and touches(middle[1], bottom)
        sides = [(top[0] + top[1] - 2 * middle[0])[0], (bottom[0] + bottom[1] - 2 * middle[1])[0]]
        return bool(level and joined and sides[0] * sides[1] < 0)
    return False


def is_ring(points: Array) -> bool:
    """Whether a line ends where it began, its points all about as far from the middle.

    A square drawn by hand passes, too, as its corners are round.
    """
    length = float(np.hypot(*np.diff(points, axis=0).T).sum())
    size = np.ptp(points, axis=0)
    if np.hypot(*(points[-1] - points[0])) > 0.3 or size.min() < 0.3:
        return False
    around = (points - (points.min(axis=0) + points.max(axis=0)) / 2) / (size / 2)
    radius = np.hypot(*around.T)
    return bool(radius.std() < 0.15 and length < 1.6 * np.pi * size.mean())


def simplified(points: Array, tolerance: float = 0.12) -> list[Array]:
    """The corners of a line, its ends among them (Ramer 1972, Douglas & Peucker 1973)."""
    first, last = points[0], points[-1]
    away = distances(points, (first, last))
    farthest = int(np.argmax(away))
    if away[farthest] < tolerance:
        return [first, last]
    before, after = points[: farthest + 1], points[farthest:]
    return [*simplified(before, tolerance)[:-1], *simplified(after, tolerance)]


def distances(points: Array, segment: tuple[Array, Array]) -> Array:
    """(n,): from each of the points (n, 2) to a segment between two points."""
    start, along = segment[0], segment[1] - segment[0]
    share = np.clip((points - start) @ along / max(along @ along, 1e-12), 0, 1)
    return np.hypot(*(points - start - share[:, None] * along).T)


def touches(point: Array, segment: tuple[Array, Array]) -> bool:
    return bool(distances(point[None], segment)[0] < 0.15)


def is_upright(top: Array, bottom: Array) -> bool:
    return bool(abs(bottom[0] - top[0]) < (bottom[1] - top[1]) * np.tan(np.radians(40)))


def starts_at_its_top(top: Array, bottom: Array, other: tuple[Array, Array]) -> bool:
    """Whether the other segment goes to the left from the top: the flag of a 1, the bar of a 7."""
    near, far = sorted(other, key=lambda end: float(np.hypot(*(end - top))))
    return bool(np.hypot(*(near - top)) < 0.2 and far[0] < top[0] and far[1] < bottom[1])


def is_its_base(top: Array, bottom: Array, other: tuple[Array, Array]) -> bool:
    """Whether the other segment is a level dash across the lower end: a 1 with a base."""
    (left, right), (a, b) = sorted((other[0][0], other[1][0])), other
    level = abs(b[1] - a[1]) < 0.4 * (right - left)
    return bool(level and touches(bottom, other) and left < bottom[0] - 0.05 < right - 0.1)
