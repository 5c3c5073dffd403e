"""Non-digits drawn by formula: scribbles, geometric shapes, pictograms, dots, ticks and blots.

A drawing is chosen at random from a table of functions, one for each figure.  The shapes and
scribbles of the test split (`pictogram`, `tangle`) are others than those of training.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from nn.data.glyphs import smooth
from nn.ink.strokes import Strokes, as_strokes, distorted, draw
from nn.layers import Array, Rng

SIDE = 160  # of the canvas for drawings made here: enough, and faster than the page's 280


# --------------------------------------------------------------------- scribbles: points (n, 2)


def zigzag(rng: Rng) -> Array:
    n = int(rng.integers(6, 14))  # with fewer it may be a Z or a 3
    y = np.where(np.arange(n) % 2, 0, 1) + rng.normal(0, 0.15, n)
    points = np.stack([np.arange(n) / n * rng.uniform(0.7, 3), y], axis=1)
    return points if rng.random() < 0.5 else points[:, ::-1]


def wandering_line(rng: Rng) -> Array:
    return smooth(rng.random((rng.integers(8, 25), 2)))


def coil(rng: Rng) -> Array:
    t = np.linspace(0, rng.integers(3, 9), 120)
    drift = rng.uniform(0.1, 0.5)
    loops = np.stack([np.cos(2 * np.pi * t) * 0.5 + drift * t, np.sin(2 * np.pi * t)], axis=1)
    return np.asarray(loops * rng.uniform(0.5, 1.2))


def spiral(rng: Rng) -> Array:
    t = np.linspace(0.05, 1, 100)[:, None]
    angle = t * rng.uniform(4, 12) * np.pi + rng.uniform(0, 6)
    return np.asarray(t * np.concatenate([np.cos(angle), np.sin(angle)], axis=1))


def hatching(rng: Rng) -> Array:
    n = int(rng.integers(8, 30))
    ends = np.sort(rng.random((n, 1)), axis=0)
    across = np.where(np.arange(n) % 2, 1, 0)[:, None] + rng.normal(0, 0.1, (n, 1))
    return np.concatenate([ends + across * 0.4, across], axis=1)


SCRIBBLES = (zigzag, wandering_line, coil, spiral, hatching)


def scribble(rng: Rng) -> Strokes:
    points = SCRIBBLES[rng.integers(len(SCRIBBLES))](rng)
    return distorted(as_strokes([points]), rng)


def tangle(rng: Rng) -> Strokes:
    """A Lissajous figure, or three wandering lines at once."""
    if rng.random() < 0.5:
        t = np.linspace(0, 2 * np.pi, 150)
        # no pairs with a common divisor: 1:1 looks like a zero, 1:2 like an eight
        pair = rng.permutation(((2, 3), (2, 5), (3, 4), (3, 5), (4, 5))[rng.integers(5)])
        a, b = pair + rng.uniform(-0.2, 0.2, 2)
        points = np.stack([np.sin(a * t + rng.uniform(0, 6)), np.sin(b * t)], axis=1)
        return distorted(as_strokes([points]), rng)
    lines = [smooth(rng.random((rng.integers(4, 9), 2))) for _ in range(3)]
    return distorted(as_strokes(lines), rng)


# ------------------------------------------- figures: lines of points (n, 2), y grows downwards


def polygon(corners: int, rng: Rng, inner: float = 1.0) -> Array:
    """A closed polygon (n, 2); with inner < 1 every other corner is nearer to the middle."""
    angle = np.linspace(0, 2 * np.pi, corners + 1) + rng.uniform(-0.3, 0.3) - np.pi / 2
    reach = np.where(np.arange(corners + 1) % 2, inner, 1.0)
    return np.stack([np.cos(angle) * reach, np.sin(angle) * reach * rng.uniform(0.7, 1.3)], axis=1)


def arc(start: float, end: float, middle: tuple[float, float], radius: float) -> Array:
    """Part of a circle, angles in degrees clockwise from the right."""
    angle = np.radians(np.linspace(start, end, max(6, int(abs(end - start) / 12))))
    return np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius + middle


def ring(x: float, y: float, radius: float) -> Array:
    return arc(0, 360, (x, y), radius)


def line(*points: tuple[float, float]) -> Array:
    return np.array(points, float)


SQUARE = line((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))


def triangle(rng: Rng) -> list[Array]:
    return [polygon(3, rng)]


def star(rng: Rng) -> list[Array]:
    return [polygon(10, rng, rng.uniform(0.35, 0.55))]


def divided_square(rng: Rng) -> list[Array]:
    """A square with two or three of its diagonals and middle lines: with one it may be a zero."""
    dividers = (
        line((0, 0), (1, 1)),
        line((0.5, 0), (0.5, 1)),
        line((0, 0.5), (1, 0.5)),
        line((1, 0), (0, 1)),
    )
    return [SQUARE, *(dividers[i] for i in rng.choice(4, rng.integers(2, 4), False))]


def half_disc(rng: Rng) -> list[Array]:
    return [np.concatenate([arc(180, 360, (0, 0), 1), [[-1.0, 0.0]]])]


def face(rng: Rng) -> list[Array]:
    mouth = arc(20, 160, (0, 0.1), rng.uniform(0.4, 0.6))
    return [ring(0, 0, 1), mouth, ring(-0.35, -0.3, 0.05), ring(0.35, -0.3, 0.05)]


def two_rings(rng: Rng) -> list[Array]:
    """One ring in the other, or beside it."""
    inner = rng.uniform(0.3, 0.7)
    x = 0.0 if rng.random() < 0.5 else 1 + inner
    return [ring(0, 0, 1), ring(x, 0, inner)]


def grid(rng: Rng) -> list[Array]:
    n = int(rng.integers(2, 4))
    upright = [line((i / n, -0.1), (i / n, 1.1)) for i in range(1, n)]
    return [*upright, *(points[:, ::-1] for points in upright)]


def arrow(rng: Rng) -> list[Array]:
    lines = [line((0, 0), (1, 0)), line((0.7, -0.25), (1, 0), (0.7, 0.25))]
    angle = np.radians(rng.uniform(0, 360))
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return [points @ rotation.T for points in lines]


def crossing_lines(rng: Rng) -> list[Array]:
    """Two to four lines through one point."""
    n = int(rng.integers(2, 5))
    angles = np.linspace(0, np.pi, n, endpoint=False) + rng.uniform(0, 1)
    directions = [np.array([np.cos(a), np.sin(a)]) for a in angles]
    return [np.stack([direction, -direction]) for direction in directions]


# No circle, and no polygon of four to seven corners: they look like a zero.
SHAPES: tuple[Callable[[Rng], list[Array]], ...] = (
    triangle,
    star,
    divided_square,
    half_disc,
    face,
    two_rings,
    grid,
    arrow,
    crossing_lines,
)


def shape(rng: Rng) -> Strokes:
    return drawn_by_hand(SHAPES[rng.integers(len(SHAPES))](rng), rng)


def heart(rng: Rng) -> list[Array]:
    t = np.linspace(0, 2 * np.pi, 40)
    x, y = 16 * np.sin(t) ** 3, -13 * np.cos(t) + 5 * np.cos(2 * t) + 2 * np.cos(3 * t)
    return [np.stack([x, y], axis=1)]


def house(rng: Rng) -> list[Array]:
    walls_and_roof = line((0, 1), (0, 0.4), (0.5, 0), (1, 0.4), (1, 1), (0, 1))
    return [walls_and_roof, line((0.4, 1), (0.4, 0.7), (0.6, 0.7), (0.6, 1))]


def cube(rng: Rng) -> list[Array]:
    edges = [np.array([corner, corner + (0.4, -0.4)]) for corner in SQUARE[:4]]
    return [SQUARE, SQUARE + (0.4, -0.4), *edges]


def flower(rng: Rng) -> list[Array]:
    n = int(rng.integers(5, 8))
    petals = [ring(np.cos(a), np.sin(a), 0.45) for a in np.arange(n) / n * 2 * np.pi]
    return [*petals, ring(0, 0, 0.5)]


def moon(rng: Rng) -> list[Array]:
    return [np.concatenate([arc(60, 300, (0, 0), 1), arc(280, 80, (0.35, 0), 0.85)])]


def tree(rng: Rng) -> list[Array]:
    right = line((0, 0), (0.4, 0.6), (0.15, 0.6), (0.5, 1.1))
    left = (right * (-1, 1))[::-1]
    crown = np.concatenate([left, right])
    return [crown, line((-0.5, 1.1), (0.5, 1.1)), line((0, 1.1), (0, 1.4))]


def stick_figure(rng: Rng) -> list[Array]:
    arms, legs = line((-0.4, 0.5), (0.4, 0.5)), line((-0.3, 1.4), (0, 0.9), (0.3, 1.4))
    return [ring(0, 0, 0.25), line((0, 0.25), (0, 0.9)), arms, legs]


PICTOGRAMS: tuple[Callable[[Rng], list[Array]], ...] = (
    heart,
    house,
    cube,
    flower,
    moon,
    tree,
    stick_figure,
)


def pictogram(rng: Rng) -> Strokes:
    return drawn_by_hand(PICTOGRAMS[rng.integers(len(PICTOGRAMS))](rng), rng)


def drawn_by_hand(lines: list[Array], rng: Rng) -> Strokes:
    """The lines from an unsteady hand; straight pieces are subdivided, so that they bend, too."""
    dense = [subdivided(points) if len(points) < 12 else points for points in lines]
    return distorted(as_strokes(dense), rng)


def subdivided(points: Array, steps: int = 5) -> Array:
    """The line with each of its straight pieces divided into `steps`."""
    at = np.arange((len(points) - 1) * steps + 1) / steps
    return np.stack([np.interp(at, np.arange(len(points)), axis) for axis in points.T], axis=1)


# ------------------------------------------------------------ small marks, and filled areas


def dots(rng: Rng) -> Strokes:
    middles = rng.random((rng.integers(2, 6), 1, 2))
    return as_strokes([middle + rng.normal(0, 0.004, (3, 2)) for middle in middles])


def dash(rng: Rng) -> Strokes:
    """A dash, at most 35 degrees from level."""
    slope = np.tan(np.radians(rng.uniform(-35, 35)))
    return drawn_by_hand([line((0, 0), (0.5, slope / 2), (1, slope))], rng)


def tick(rng: Rng) -> Strokes:
    low = (rng.uniform(0.2, 0.45), 1)
    return drawn_by_hand([line((0, rng.uniform(0.4, 0.75)), low, (1, 0))], rng)


def dashes(rng: Rng) -> Strokes:
    """Two or three level dashes, one above the other."""
    n = int(rng.integers(2, 4))
    return drawn_by_hand([line((0, i * 0.5), (1, i * 0.5)) for i in range(n)], rng)


MARKS = (dots, dash, tick, dashes)


def mark(rng: Rng) -> Strokes:
    """Dots, dashes or a tick: the first marks of a pen, before there is a digit."""
    return MARKS[rng.integers(len(MARKS))](rng)


def dot(rng: Rng) -> Image.Image:
    """A single dot, as a tap leaves it, by a pen of any width."""
    x, y, pen = *rng.uniform(0.1, 0.9, 2) * SIDE, SIDE * rng.uniform(0.02, 0.2)
    tip = rng.normal(0, 0.1, 2)
    size = pen * rng.uniform(0.01, 0.3)
    return draw(as_strokes([np.array([[0, 0], tip])]), SIDE, pen, (x, y), size)


def blot(rng: Rng) -> Image.Image:
    """A filled shape, or blots and noise as in a photo of an empty sheet."""
    if rng.random() < 0.5:
        corners = polygon(int(rng.integers(3, 30)), rng, float(rng.uniform(0.5, 1)))
        pixels = (corners * rng.uniform(0.1, 0.45) + 0.5) * SIDE
        image = Image.new("L", (SIDE, SIDE), 255)
        ImageDraw.Draw(image).polygon([tuple(pixel) for pixel in pixels], fill=0)
        return image
    grain = int(rng.integers(3, 15))
    noise = Image.fromarray(rng.integers(0, 256, (grain, grain), np.uint8))
    image = noise.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    if rng.random() < 0.6:
        level = int(rng.integers(70, 190))
        image = image.point(lambda value: 0 if value < level else 255)
    image.paste(255, (0, 0, SIDE, 6))
    return image
