"""Pieces of digits and of whole numbers, as a wrong cut through a row of digits leaves them.

A piece that is itself a digit is no negative: the stem of a 4 is a 1, the right half of an 8 a 3,
and a 0 that touches a 1 may be a 9 or a 6.  Such pieces are never made.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from nn.data.nondigits.look_alikes import looks_like_digit
from nn.ink.strokes import Drawing, Strokes, as_strokes, distorted, normalized
from nn.layers import Array, Rng

# The halves that are no digit, as the shares of a digit's width at which the cut may be.  Left out
# are all right halves (those of 3 and 8 are 3s, those of 4, 7 and 9 are 1s and 7s), both halves of
# 0 and 1, and the left halves of 6 and 9, which are a bracket or most of a loop.
LEFT_HALVES = {
    2: (0.25, 0.4),
    3: (0.3, 0.45),
    4: (0.3, 0.45),
    5: (0.25, 0.4),
    7: (0.3, 0.45),
    8: (0.3, 0.45),
}
DRAWN_IN_STROKES = (4, 5, 7)  # digits with strokes that are no digit


def cut(lines: list[Array], x: float) -> tuple[list[Array], list[Array]]:
    """What of the lines (n, 2) is left and what is right of an upright line at x."""
    left: list[Array] = []
    right: list[Array] = []
    for line in lines:
        beyond = line[:, 0] - x
        crossed = np.flatnonzero(beyond[:-1] * beyond[1:] < 0)
        share = (beyond[crossed] / (beyond[crossed] - beyond[crossed + 1]))[:, None]
        points = line[crossed] * (1 - share) + line[crossed + 1] * share
        line = np.insert(line, crossed + 1, points, axis=0)
        ends = [0, *(crossed + 1 + np.arange(len(crossed))), len(line) - 1]
        for start, end in pairwise(ends):
            part = line[start : end + 1]
            (left if part[:, 0].mean() < x else right).append(part)
    return left, right


def half(drawing: Drawing, rng: Rng) -> Strokes | None:
    """The left half of a digit, or None where it could be a digit."""
    if drawing.label not in LEFT_HALVES:
        return None
    lines = arrays(distorted(drawing.strokes, rng, 0.5))
    low, high = extent(lines)
    left, right = cut(lines, low + rng.uniform(*LEFT_HALVES[drawing.label]) * (high - low))
    if height(right) < 0.6 * height(lines) or length(right) < 0.4 * length(lines):
        return None  # only a tail was cut away
    if any(np.hypot(*(part[0] - part[-1])) < 0.4 * length([part]) for part in left):
        return None  # most of a loop was left
    tallest = max(height([part]) for part in left)
    if drawing.label in (2, 3, 5, 8) and len(left) < 2:
        return None  # only one of the bows was cut
    if drawing.label == 4 and height(left) > 0.8 * height(lines):
        return None  # the lower half of the stem was left
    if drawing.label == 7 and tallest > 0.5 * height(lines):
        return None  # the stem was left
    width = np.subtract(*extent(left)[::-1])
    if width < 0.35 * height(left) and tallest > 0.35 * height(left):
        return None  # as narrow as a 1
    strokes = as_strokes(left)
    return None if looks_like_digit(strokes) else strokes


def lone_stroke(drawing: Drawing, rng: Rng) -> Strokes | None:
    """A stroke of a digit of several: the hat of a 5, the bar of a 7, the arm of a 4."""
    if drawing.label not in DRAWN_IN_STROKES or len(drawing.strokes) < 2:
        return None
    lines = normalized(drawing.strokes)
    heights = [np.ptp(line[:, 1]) for line in lines]
    widths = [np.ptp(line[:, 0]) for line in lines]
    if drawing.label == 4:  # the arm: the widest stroke, which leaves the stem, an upright line
        chosen = int(np.argmax(widths))
        start, next_point = lines[chosen][[0, len(lines[chosen]) // 4]]
        stem = max(h for i, h in enumerate(heights) if i != chosen)
        if widths[chosen] < 0.65 * heights[chosen] or heights[chosen] > 0.8 or stem < 0.45:
            return None
        if next_point[0] > start[0] + 0.02:
            return None  # it begins as a 2 does
    else:  # a dash: level, and much shorter than the body
        chosen = int(np.argmin(heights))
        if heights[chosen] > 0.35 * widths[chosen] or widths[chosen] < 0.15:
            return None
    strokes = distorted(as_strokes([lines[chosen]]), rng, 0.5)
    return None if looks_like_digit(strokes) else strokes


def with_neighbour(digit: Drawing, other: Drawing, rng: Rng) -> Strokes | None:
    """A digit and 30 to 50 % of the width of the next one, on either side, near or touching.

    None where the piece is too little to see, or where both could be one digit.
    """
    if 1 in (digit.label, other.label):
        return None
    lines, neighbour = normalized(digit.strokes), normalized(other.strokes)
    low, high = extent(neighbour)
    share = rng.uniform(0.3, 0.5)
    on_the_right = rng.random() < 0.5
    if on_the_right:
        piece, _ = cut(neighbour, low + share * (high - low))
    else:
        _, piece = cut(neighbour, high - share * (high - low))
    if height(piece) < 0.4 or length(piece) < 0.6:
        return None
    gap = rng.uniform(0.03, 0.2) if digit.label else rng.uniform(0.1, 0.25)
    pair = (lines, piece) if on_the_right else (piece, lines)
    return distorted(as_strokes(beside(*pair, gap, rng)), rng, 0.5)


def two_digits(first: Drawing, second: Drawing, rng: Rng) -> Strokes | None:
    """Two digits side by side, most of them touching or overlapping by up to 0.15 of the height.

    A pair with a 1 is kept apart: 0 and 1 that touch are a 9 or a 6, 1 and 3 an 8.
    """
    one = 1 in (first.label, second.label)
    left, right = normalized(first.strokes), normalized(second.strokes)
    narrower = min(x[1] - x[0] for x in (extent(left), extent(right)))
    overlap = min(0.15, 0.3 * narrower)
    gap = rng.uniform(0.15, 0.4) if one else rng.uniform(-overlap, 0.1)
    lines = beside(left, right, gap, rng)
    return distorted(as_strokes(lines), rng, 0.5)


def beside(left: list[Array], right: list[Array], gap: float, rng: Rng) -> list[Array]:
    """The right lines moved to begin `gap` after the left ones end, and a little up or down."""
    x = extent(left)[1] + gap - extent(right)[0]
    scale = float(np.exp(rng.normal(0, 0.08)))
    return [*left, *((line - (0, 0.5)) * scale + (x, 0.5 + rng.normal(0, 0.06)) for line in right)]


def arrays(strokes: Strokes) -> list[Array]:
    return [np.asarray(stroke, float) for stroke in strokes]


def height(lines: list[Array]) -> float:
    """From the highest point to the lowest, 0 where there is none."""
    return float(np.ptp(np.concatenate(lines)[:, 1])) if lines else 0.0


def length(lines: list[Array]) -> float:
    return float(sum(np.hypot(*np.diff(line, axis=0).T).sum() for line in lines))


def extent(lines: list[Array]) -> tuple[float, float]:
    """The least and the greatest x."""
    x = np.concatenate(lines)[:, 0]
    return float(x.min()), float(x.max())


def piece(drawings: list[Drawing], rng: Rng) -> Strokes:
    """One of the pieces of this module, at random."""

    def drawn() -> Drawing:
        return drawings[rng.integers(len(drawings))]

    kinds: tuple[tuple[float, Callable[[], Strokes | None]], ...] = (
        (0.2, lambda: half(drawn(), rng)),
        (0.1, lambda: lone_stroke(drawn(), rng)),
        (0.35, lambda: with_neighbour(drawn(), drawn(), rng)),
        (0.35, lambda: two_digits(drawn(), drawn(), rng)),
    )
    kind = kinds[rng.choice(len(kinds), p=[share for share, _ in kinds])][1]
    for _ in range(100):  # not for ever: none of the drawings may have such a piece
        strokes = kind()
        if strokes:
            return strokes
    strokes = two_digits(drawn(), drawn(), rng)
    assert strokes is not None
    return strokes
