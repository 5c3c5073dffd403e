"""Drawings as strokes of points, and their rendering, as on the page's canvas."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from nn.ink.preprocess import image_to_input
from nn.layers import Array

Point = tuple[float, float]
Strokes = list[list[Point]]

PENS = (0.025, 0.125)  # the thinnest and the widest, as shares of the canvas's side
SUPERSAMPLING = 2  # factor; Pillow draws without anti-aliasing


class Drawing(NamedTuple):
    """A digit, or NOT_A_DIGIT, drawn by a writer; y grows downwards, the unit does not matter."""

    label: int
    writer: int
    strokes: Strokes


def draw(
    strokes: Strokes,
    side: int,
    pen: float,
    centre: Point,
    size: float,
    paper: int = 255,
    ink: int = 0,
) -> Image.Image:
    """A gray picture of side x side pixels of the strokes, their longer side `size`, at `centre`.

    All in pixels; pen is the line width.  Lines have round ends and corners.
    """
    points = np.concatenate([np.asarray(stroke, float) for stroke in strokes])
    low, high = points.min(axis=0), points.max(axis=0)
    scale = size / max(*(high - low), 1e-9)
    lines = [(np.asarray(stroke, float) - (low + high) / 2) * scale + centre for stroke in strokes]
    return rendered(lines, pen, (side, side), paper, ink)


def rendered(
    lines: Iterable[Array | list[Point]],
    pen: float,
    size: tuple[int, int],
    paper: int = 255,
    ink: int = 0,
) -> Image.Image:
    """A gray picture of that size, of lines through points in pixels, with round ends and corners.

    pen is the line width.
    """
    width, height = size
    image = Image.new("L", (width * SUPERSAMPLING, height * SUPERSAMPLING), paper)
    pencil = ImageDraw.Draw(image)
    radius = pen * SUPERSAMPLING / 2
    for line in lines:
        pixels = np.asarray(line, float) * SUPERSAMPLING
        if len(pixels) > 1:
            pencil.line([tuple(p) for p in pixels], fill=ink, width=max(1, round(2 * radius)))
        for x, y in pixels:
            pencil.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)
    return image.reduce(SUPERSAMPLING)


def normalized(strokes: Strokes) -> list[Array]:
    """Each stroke as points (n, 2), moved and scaled into 0..1.

    The longer side of the bounding box is 1, its upper left corner (0, 0).
    """
    lines = [np.asarray(stroke, float) for stroke in strokes]
    points = np.concatenate(lines)
    low = points.min(axis=0)
    scale = 1 / max(*(points.max(axis=0) - low), 1e-9)
    return [(line - low) * scale for line in lines]


def as_strokes(lines: list[Array]) -> Strokes:
    return [[(float(x), float(y)) for x, y in line] for line in lines]


def distorted(strokes: Strokes, rng: np.random.Generator, amount: float = 1.0) -> Strokes:
    """The strokes randomly distorted, as by an unsteady hand, about in 0..1.

    An elastic deformation by a few slow waves (as in Simard et al. 2003, but of the strokes), noise
    on each point, and a rotation, slant and stretch, whose standard deviations are 5 degrees, 0.1
    and 8 % at amount 1.  One time in four, long strokes are reduced to a half or a third of their
    points.
    """
    lines = normalized(strokes)
    angle, slant = np.radians(rng.normal(0, 5 * amount)), rng.normal(0, 0.1 * amount)
    stretch = np.exp(rng.normal(0, 0.08 * amount, 2))
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.array([[cos, -sin], [sin, cos]]) @ [[1, -slant], [0, 1]] * stretch
    waves = rng.normal(0, 4, (3, 2)), rng.uniform(0, 2 * np.pi, 3), rng.normal(0, 0.018, (3, 2))
    frequency, phase, height = waves
    every = int(rng.integers(2, 4)) if rng.random() < 0.25 else 1
    result = []
    for line in lines:
        if len(line) > 20:
            line = np.concatenate([line[:-1:every], line[-1:]])
        line = line + np.sin(line @ frequency.T + phase) @ height * amount
        noise = rng.normal(0, 0.012 * amount, line.shape)
        if len(line) > 4:  # neighbouring points move together
            noise[1:-1] = (noise[:-2] + noise[1:-1] + noise[2:]) / 2
        result.append((line + noise) @ matrix.T)
    return as_strokes(result)


def random_rendering(
    strokes: Strokes, rng: np.random.Generator, side: int, pens: tuple[float, float] = PENS
) -> Array:
    """The 28x28 input, as uint8, of strokes with a random position, size and pen on a canvas.

    `pens` are the thinnest and the widest pen, as shares of the canvas's side.
    """
    size = side * rng.uniform(0.25, 0.92)
    pen = min(side * np.exp(rng.uniform(*np.log(pens))), 0.25 * size)
    size = min(size, side - pen)  # nothing is cut off at the edge
    margin = max(0.0, (side - size - pen) / 2)  # not -0.0, from rounding
    x, y = side / 2 + rng.uniform(-margin, margin, 2)
    image = image_to_input(draw(strokes, side, pen, (x, y), size))
    assert image is not None, "a pen of any width leaves ink"
    return np.rint(image * 255).astype(np.uint8)


def renderings(
    drawings: list[Drawing], side: int = 280, pens: tuple[float, float] = PENS
) -> tuple[Array, Array]:
    """Images (n, 28, 28) uint8 and labels (n,): each drawing once, in the order given.

    Position, size and pen are random, and the same in each call; for `pens` see random_rendering.
    """
    rng = np.random.default_rng(28)
    images = [random_rendering(drawing.strokes, rng, side, pens) for drawing in drawings]
    return np.stack(images), np.array([drawing.label for drawing in drawings])
