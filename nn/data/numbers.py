"""Whole numbers composed of the digits of one hand, apart or touching, as strokes and pictures.

A hand is a writer of the pen set or a font of one split.  What people do when they write a number
is imitated: digits of about one height, not quite on one line, with gaps from narrow to wide, or
touching, with any pen.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image

from nn.data.fonts import font_digits
from nn.data.pen import pen_drawings
from nn.ink.strokes import Drawing, Strokes, as_strokes, distorted, normalized, rendered
from nn.layers import Array

PENS = (0.08, 0.3)  # the thinnest and the widest, as shares of a digit's height
GAPS = (0.04, 0.6)  # of paper between digits that are apart, as shares of their height
HEIGHTS = (40.0, 160.0)  # of digits, in pixels
CANVAS = (640, 320)  # pixels
MOST_OVERLAP = 0.3  # of the boxes of neighbours, as a share of a digit's height
LONGEST_SHARE = 0.94  # of the canvas that the longest number takes
PIECE_GAPS = (0.02, 0.1)  # of paper between the pieces of a digit, in its longer side
STEP = 0.02  # in the same, by which a piece is moved at a time
MOST_MOVED = 0.25  # in the same; strokes that cross each other stay as they are

Overlap = tuple[float, float]  # of the ink of neighbours, from and to, in pens
TOUCHING: Overlap = (0.05, 0.4)
JOINED: Overlap = (0.4, 0.98)  # their lines nearly meet


class Number(NamedTuple):
    """A number as it was drawn: strokes in pixels of a canvas of that size, and the pen's width."""

    digits: str
    strokes: Strokes
    owners: list[int]  # for each stroke the place of its digit
    pen: float
    size: tuple[int, int] = CANVAS

    def picture(self) -> Image.Image:
        """Black ink on white paper, as the page sends it."""
        return rendered(self.strokes, self.pen, self.size)


def hands(split: str) -> list[list[list[Drawing]]]:
    """For each hand of the split the drawings of each digit, from 0 to 9.

    Hands without one of the digits are left out.  Raises DataError as the sets do.
    """
    found: dict[tuple[str, int], list[list[Drawing]]] = defaultdict(lambda: [[] for _ in range(10)])
    for kind, drawings in (("pen", pen_drawings(split)), ("fonts", font_digits(split))):
        for drawing in drawings:
            found[kind, drawing.writer][drawing.label].append(drawing)
    return [hand for hand in found.values() if all(hand)]


def numbers(
    split: str,
    length: int,
    count: int,
    overlap: Overlap | None = None,
) -> Iterator[Number]:
    """So many random numbers of that length, the hands in turn; equal in each call.

    Without an overlap the digits are apart.
    """
    rng = np.random.default_rng([15, *split.encode(), length, overlap is not None])
    of_split = hands(split)
    for index in range(count):
        hand = of_split[index % len(of_split)]
        digits = rng.integers(10, size=length).tolist()
        yield composed(hand, digits, overlap, rng)


def parted_digits(split: str, count: int) -> Iterator[Number]:
    """So many single digits whose strokes do not meet: a hat above a 5, the stem of a 4 beside it.

    The strokes of the split's writers and fonts are moved apart, by some paper between them.
    """
    rng = np.random.default_rng([18, *split.encode()])
    of_several = [
        (digit, drawing)
        for hand in hands(split)
        for digit, drawings in enumerate(hand)
        for drawing in drawings
        if len(drawing.strokes) > 1
    ]
    found = 0
    while found < count:
        digit, drawing = of_several[rng.integers(len(of_several))]
        pen = float(np.exp(rng.uniform(*np.log(PENS))))
        lines = apart(normalized(drawing.strokes), pen + rng.uniform(*PIECE_GAPS))
        if lines:
            found += 1
            yield placed(str(digit), lines, [0] * len(lines), pen, rng)


def apart(lines: list[Array], distance: float) -> list[Array]:
    """The lines with each moved away from those before it until the least distance is that.

    None are left if one would have to be moved far.
    """
    moved = lines[:1]
    for line in lines[1:]:
        before = np.concatenate([densified([other]) for other in moved])
        step = line.mean(axis=0) - before.mean(axis=0)
        step /= max(float(np.hypot(*step)), 1e-9)
        points = densified([line])
        for shift in np.arange(0, MOST_MOVED, STEP):
            if np.hypot(*(points[:, None] + shift * step - before[None]).T).min() >= distance:
                moved.append(line + shift * step)
                break
        else:
            return []
    return moved


def composed(
    hand: list[list[Drawing]],
    digits: list[int],
    overlap: Overlap | None,
    rng: np.random.Generator,
) -> Number:
    """The digits in a row, by one hand, with a random pen, size and place; apart, or touching."""
    slope, gap = rng.normal(0, 0.03), float(np.exp(rng.uniform(*np.log(GAPS))))
    pen = float(np.exp(rng.uniform(*np.log(PENS))))
    glyphs: list[list[Array]] = []
    for place, digit in enumerate(digits):
        drawing = hand[digit][rng.integers(len(hand[digit]))]
        glyph = normalized(distorted(drawing.strokes, rng, 0.3))
        height = np.ptp(np.concatenate(glyph)[:, 1])
        # a digit's height is near 1, also where it is wider than high
        scale = np.exp(rng.normal(0, 0.08)) / max(float(height), 0.5)
        glyph = [line * scale for line in glyph]
        lift = rng.normal(0, 0.04) + slope * place
        glyph = [line + np.array([0, lift]) for line in glyph]
        if glyphs:
            distance = -pen * rng.uniform(*overlap) if overlap else gap * np.exp(rng.normal(0, 0.3))
            x = beside(glyphs[-1], glyph, pen, distance)
            glyph = [line + np.array([x, 0]) for line in glyph]
        glyphs.append(glyph)
    owners = [place for place, glyph in enumerate(glyphs) for _ in glyph]
    lines = [line for glyph in glyphs for line in glyph]
    return placed("".join(map(str, digits)), lines, owners, pen, rng)


def placed(
    digits: str, lines: list[Array], owners: list[int], pen: float, rng: np.random.Generator
) -> Number:
    """Lines at a random place on the canvas and of a random size, `pen` in their own unit."""
    points = np.concatenate(lines)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    room = np.array(CANVAS) * LONGEST_SHARE
    largest = float((room / (extent + pen)).min())
    height = min(np.exp(rng.uniform(*np.log(HEIGHTS))), largest)
    free = np.array(CANVAS) - (extent + pen) * height
    corner = free * rng.uniform(0, 1, 2) + pen * height / 2
    strokes = as_strokes([(line - low) * height + corner for line in lines])
    return Number(digits, strokes, owners, pen * height)


def placed_other(strokes: Strokes, rng: np.random.Generator) -> Number:
    """A drawing that is no number, as a number without digits; with any pen, size and place."""
    pen = float(np.exp(rng.uniform(*np.log(PENS))))
    return placed("", normalized(strokes), [], pen, rng)


def beside(left: list[Array], right: list[Array], pen: float, distance: float) -> float:
    """How far right to move `right` so that the ink's least distance from `left` is `distance`.

    Below 0 the ink of the two overlaps.
    """
    a, b = densified(left), densified(right)
    reach = pen + distance  # of the middle of one line from that of the other
    down = a[:, None, 1] - b[None, :, 1]
    near = np.abs(down) < reach
    overlap = float(a[:, 0].max() - b[:, 0].min())
    if not near.any():  # one is above the other
        return overlap + reach
    shift = a[:, None, 0] - b[None, :, 0] + np.sqrt(np.maximum(reach**2 - down**2, 0))
    # never so far under or over the other that a reader would not see two
    return max(float(shift[near].max()), overlap - MOST_OVERLAP)


def densified(lines: list[Array], step: float = 0.03) -> Array:
    """Points (n, 2) along the lines, `step` apart."""
    points = []
    for line in lines:
        ends = line if len(line) > 1 else np.repeat(line, 2, axis=0)
        lengths = np.hypot(*np.diff(ends, axis=0).T)
        for start, end, length in zip(ends[:-1], ends[1:], lengths, strict=True):
            count = int(length / step) + 1
            points.append(start + (end - start) * (np.arange(count) / count)[:, None])
        points.append(ends[-1:])
    return np.concatenate(points)
