"""Geometry of lines, each an array of points (n, 2): sampling, curves, rounded corners, hulls."""

import numpy as np

from nn.layers import Array

SPACING = 0.04  # between the points of a line made here, where a digit is 1 high


def evenly(line: Array, spacing: float = SPACING) -> Array:
    """The line with points at equal distances along it, its two ends kept."""
    length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    at = np.linspace(0, length[-1], max(2, round(length[-1] / spacing) + 1))
    return np.stack([np.interp(at, length, line[:, axis]) for axis in (0, 1)], axis=1)


def curve(start: Array, bend: Array, end: Array, points: int = 12) -> Array:
    """A quadratic Bezier curve as points (n, 2)."""
    t = np.linspace(0, 1, points)[:, None]
    return np.asarray((1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t * t * end)


def rounded(corners: Array, rounding: Array) -> Array:
    """A line from corner to corner (n, 2); `rounding` (n,) is the share of both sides cut off.

    0 leaves a corner sharp; with 0.5 at all of them the line is a smooth curve (a quadratic
    B-spline, whose ends are those of the corners).
    """
    parts = [corners[:1]]
    for before, corner, after, share in zip(
        corners, corners[1:], corners[2:], rounding[1:], strict=False
    ):
        bend = corner + share * (before - corner), corner, corner + share * (after - corner)
        parts.append(curve(*bend))
    return evenly(np.concatenate([*parts, corners[-1:]]))


def downwards(line: Array) -> Array:
    """The line, beginning at the higher of its ends: a traced line may run either way."""
    return line if line[0, 1] <= line[-1, 1] else line[::-1]


def hull(points: Array) -> Array:
    """The corners (n, 2) of the points' convex hull, in order (Andrew's monotone chain)."""
    ordered = np.unique(points, axis=0)
    halves = []
    for chain in (ordered, ordered[::-1]):
        half: list[Array] = []
        for point in chain:
            while len(half) > 1 and side(half[-2], half[-1], point) <= 0:
                half.pop()
            half.append(point)
        halves += half[:-1]
    return np.array(halves)


def side(p: Array, q: Array, r: Array) -> Array:
    """On which side of the line from p to q the points r (..., 2) lie, by the sign."""
    return np.asarray(
        (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1])
        - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0])
    )


def crosses_itself(line: Array) -> bool:
    """Whether any two segments of the line (n, 2) that are not neighbours intersect."""
    a, b = line[:-1], line[1:]
    p, q, r, s = a[:, None], b[:, None], a[None], b[None]
    meets = (side(p, q, r) * side(p, q, s) < 0) & (side(r, s, p) * side(r, s, q) < 0)
    apart = np.abs(np.subtract.outer(np.arange(len(a)), np.arange(len(a)))) > 1
    return bool((meets & apart).any())
