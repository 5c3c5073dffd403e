"""Characters that nobody has seen: two to four parts composed as in existing writing systems.

A part is a primitive (a line, hook, arc, ring, zigzag ...), or a whole character of a hand, a font
or an alphabet.  Parts stand side by side or one above the other, one encloses or crosses the other,
or begins where a stroke of the other ends or has its middle.
"""

from collections.abc import Callable

import numpy as np

from nn.data.glyphs import from_hand
from nn.data.nondigits.look_alikes import looks_like_digit
from nn.data.nondigits.pieces import length
from nn.data.nondigits.shapes import SQUARE, arc, drawn_by_hand, line, ring
from nn.ink.strokes import Drawing, Strokes, as_strokes, normalized
from nn.layers import Array, Rng

Lines = list[Array]

# ------------------------------------------------------------------------------------- the parts


def bar(rng: Rng) -> Lines:
    """A level, an upright or a slanted line."""
    ends = ((0, 0), (1, 0)), ((0, 0), (0, 1)), ((0, 0), (1, 1)), ((1, 0), (0, 1))
    return [line(*ends[rng.integers(4)])]


def hook(rng: Rng) -> Lines:
    """A line whose end is bent, in any of eight positions."""
    short = rng.uniform(0.2, 0.6)
    points = line((0, 0), (0, 1), (short, 1 - rng.uniform(0, 0.4)))
    return turned([points], rng)


def bow(rng: Rng) -> Lines:
    start = float(rng.integers(8)) * 45
    return [arc(start, start + rng.uniform(150, 290), (0, 0), 1)]


def closed(rng: Rng) -> Lines:
    """A ring, a square or a triangle."""
    triangle = line((0.5, 0), (1, 1), (0, 1), (0.5, 0))
    return [(ring(0, 0, 1), SQUARE, triangle)[rng.integers(3)]]


def dots(rng: Rng) -> Lines:
    n = int(rng.integers(1, 4))
    return [np.array([[i * 0.5, 0.0], [i * 0.5 + 0.04, 0.04]]) for i in range(n)]


def zigzag(rng: Rng) -> Lines:
    n = int(rng.integers(5, 8))
    return turned([np.stack([np.arange(n) / (n - 1), np.arange(n) % 2], axis=1)], rng)


def wave(rng: Rng) -> Lines:
    t = np.linspace(0, 1, 16)
    return turned([np.stack([t, np.sin(t * 2 * np.pi * rng.uniform(0.8, 1.6)) * 0.3], axis=1)], rng)


def comb(rng: Rng) -> Lines:
    """A line with three or four teeth on one side: with two and an arc it may be a 5."""
    n = int(rng.integers(3, 5))
    reach = rng.uniform(0.3, 0.8)
    teeth = [line((0, i / (n - 1)), (reach, i / (n - 1))) for i in range(n)]
    return turned([line((0, 0), (0, 1)), *teeth], rng)


def crossed_bar(rng: Rng) -> Lines:
    """A line crossed by two or three others."""
    n = int(rng.integers(2, 4))
    across = [line((0, (i + 1) / (n + 1)), (1, (i + 1) / (n + 1))) for i in range(n)]
    return turned([line((0.5, 0), (0.5, 1)), *across], rng)


def loop(rng: Rng) -> Lines:
    """A stroke that makes a small loop, lying: standing it may be an 8."""
    t = np.linspace(-1, 1, 24)
    return [np.stack([t**2 * rng.choice([-1.0, 1.0]), t**3 - t * 0.6], axis=1)]


MOST_INK = 8  # sides of the bounding box; with more of it, a broad pen leaves a blot
SIMPLE = (bar, bar, hook, hook, bow, bow, closed, dots, wave, loop)
COMPLEX = (zigzag, comb, crossed_bar)  # those that make a character with one simple part


def turned(lines: Lines, rng: Rng) -> Lines:
    """The lines under one of the eight symmetries of a square."""
    flips = rng.choice([-1.0, 1.0], 2)
    transposed = rng.random() < 0.5
    return [(points[:, ::-1] if transposed else points) * flips for points in lines]


def simple_part(rng: Rng) -> Lines:
    return SIMPLE[rng.integers(len(SIMPLE))](rng)


def complex_part(characters: list[Drawing], hand: str, rng: Rng) -> Lines:
    """A primitive of several lines, or a character under any symmetry of a square."""
    kind = rng.random()
    if kind < 0.8:
        strokes = (
            from_hand(hand, "letters", rng)
            if kind < 0.4
            else characters[rng.integers(len(characters))].strokes
        )
        if length(normalized(strokes)) > 2.2:  # not a single line, nor two of them
            return turned(normalized(strokes), rng)
    return COMPLEX[rng.integers(len(COMPLEX))](rng)


# ----------------------------------------------------------------------------------- the layouts


def fitted(lines: Lines, left: float, top: float, width: float, height: float) -> Lines:
    """The lines moved and stretched into a box; what has no width or height is in its middle."""
    points = np.concatenate(lines)
    low, size = points.min(axis=0), np.ptp(points, axis=0)
    scale = np.array([width, height]) / np.maximum(size, 0.25 * size.max() + 1e-9)
    offset = np.array([left, top]) + (np.array([width, height]) - size * scale) / 2
    return [(line - low) * scale + offset for line in lines]


def side_by_side(a: Lines, b: Lines, rng: Rng) -> Lines:
    share, gap = rng.uniform(0.35, 0.65), rng.uniform(0.0, 0.15)
    height = rng.uniform(0.6, 1)
    return fitted(a, 0, 0, share, 1) + fitted(
        b, share + gap, rng.uniform(0, 1 - height), 1 - share, height
    )


def one_above_the_other(a: Lines, b: Lines, rng: Rng) -> Lines:
    return transposed(side_by_side(transposed(a), transposed(b), rng))


def transposed(lines: Lines) -> Lines:
    return [points[:, ::-1] for points in lines]


def enclosed(a: Lines, b: Lines, rng: Rng) -> Lines:
    """The longer of the two in a ring or a box that is closed or open on one side.

    A short one in a ring may be the slash or the dot of a zero.
    """
    b = max(a, b, key=lambda lines: length(normalized(as_strokes(lines))))
    frames = [ring(0, 0, 1)], [SQUARE], [SQUARE[:4]], [SQUARE[:3]], [arc(-20, 200, (0, 0), 1)]
    frame = turned(frames[rng.integers(len(frames))], rng)
    margin = rng.uniform(0.15, 0.25)
    return fitted(frame, 0, 0, 1, 1) + fitted(b, margin, margin, 1 - 2 * margin, 1 - 2 * margin)


def crossed(a: Lines, b: Lines, rng: Rng) -> Lines:
    width, height = rng.uniform(0.5, 1.2, 2)
    return fitted(a, 0, 0, 1, 1) + fitted(b, (1 - width) / 2, (1 - height) / 2, width, height)


def attached(a: Lines, b: Lines, rng: Rng) -> Lines:
    """`b` begins at an end or in the middle of a stroke of `a`."""
    a, b = fitted(a, 0, 0, 1, 1), fitted(b, 0, 0, *rng.uniform(0.6, 1.1, 2))
    stroke = a[rng.integers(len(a))]
    place = stroke[(0, len(stroke) // 2, -1)[rng.integers(3)]]
    return [*a, *(points - b[0][0] + place for points in b)]


Layout = Callable[[Lines, Lines, Rng], Lines]
LAYOUTS: tuple[Layout, ...] = (
    side_by_side,
    one_above_the_other,
    enclosed,
    crossed,
    attached,
    attached,
)


def invented(characters: list[Drawing], hand: str, rng: Rng) -> Strokes:
    """An invented character that could be no digit, distorted.

    Its parts are primitives, letters of the hand and `characters`.
    """
    while True:
        lines = complex_part(characters, hand, rng)
        for _ in range(rng.choice([1, 2, 3], p=[0.5, 0.4, 0.1])):
            complex_too = rng.random() < 0.25
            other = complex_part(characters, hand, rng) if complex_too else simple_part(rng)
            a, b = (lines, other) if rng.random() < 0.5 else (other, lines)
            lines = LAYOUTS[rng.integers(len(LAYOUTS))](a, b, rng)
        width, height = rng.uniform(0.7, 1, 2)
        lines = fitted(lines, 0, 0, width, height)
        too_dense = length(lines) > MOST_INK
        if not too_dense and not looks_like_digit(as_strokes(lines)):
            return drawn_by_hand(lines, rng)
