"""Drawings as strokes of points, and their rendering as the page's canvas renders them."""

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from nn.ink.preprocess import image_to_input
from nn.layers import Array

Point = tuple[float, float]
Strokes = list[list[Point]]

FINE = 2  # pictures are drawn so many times larger and shrunk, for Pillow draws hard edges


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
    """A gray picture of side x side pixels: the strokes, their longer side `size`, around `centre`.

    All in pixels; pen is the width of the line, which has round ends and corners.
    """
    points = np.concatenate([np.asarray(stroke, float) for stroke in strokes])
    low, high = points.min(axis=0), points.max(axis=0)
    scale = size / max(*(high - low), 1e-9)
    image = Image.new("L", (side * FINE, side * FINE), paper)
    pencil = ImageDraw.Draw(image)
    radius = pen * FINE / 2
    for stroke in strokes:
        places = ((np.asarray(stroke, float) - (low + high) / 2) * scale + centre) * FINE
        if len(places) > 1:
            pencil.line([tuple(p) for p in places], fill=ink, width=max(1, round(2 * radius)))
        for x, y in places:
            pencil.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)
    return image.reduce(FINE)


def framed(strokes: Strokes) -> list[Array]:
    """Each stroke as points (n, 2), moved and scaled so that all of it stands in 0..1.

    The longer side of the box around it is 1, its upper left corner 0, 0.
    """
    lines = [np.asarray(stroke, float) for stroke in strokes]
    points = np.concatenate(lines)
    low = points.min(axis=0)
    scale = 1 / max(*(points.max(axis=0) - low), 1e-9)
    return [(line - low) * scale for line in lines]


def as_strokes(lines: list[Array]) -> Strokes:
    return [[(float(x), float(y)) for x, y in line] for line in lines]


def shaken(strokes: Strokes, rng: np.random.Generator, amount: float = 1.0) -> Strokes:
    """The same strokes from a less steady hand, in 0..1 or a little beyond.

    The plane is bent by a few slow waves (an elastic deformation, as in Simard et al. 2003, but of
    the strokes), each stroke trembles along its way, and the hand turns, slants and stretches all
    of it: by about 5 degrees, a slope of 0.1 and 8 % at amount 1.  One hand in four is fast, and
    leaves few points.
    """
    lines = framed(strokes)
    turn, slant = np.radians(rng.normal(0, 5 * amount)), rng.normal(0, 0.1 * amount)
    stretch = np.exp(rng.normal(0, 0.08 * amount, 2))
    cos, sin = np.cos(turn), np.sin(turn)
    matrix = np.array([[cos, -sin], [sin, cos]]) @ [[1, -slant], [0, 1]] * stretch
    waves = rng.normal(0, 4, (3, 2)), rng.uniform(0, 2 * np.pi, 3), rng.normal(0, 0.018, (3, 2))
    frequency, phase, height = waves
    every = int(rng.integers(2, 4)) if rng.random() < 0.25 else 1
    shaky = []
    for line in lines:
        if len(line) > 20:
            line = np.concatenate([line[:-1:every], line[-1:]])
        line = line + np.sin(line @ frequency.T + phase) @ height * amount
        tremble = rng.normal(0, 0.012 * amount, line.shape)
        if len(line) > 4:  # neighbours tremble together
            tremble[1:-1] = (tremble[:-2] + tremble[1:-1] + tremble[2:]) / 2
        shaky.append((line + tremble) @ matrix.T)
    return as_strokes(shaky)


def seen_of(strokes: Strokes, rng: np.random.Generator, side: int) -> Array:
    """The 28x28 input, as uint8, of strokes drawn on a canvas at a random place, size and pen."""
    size = side * rng.uniform(0.25, 0.92)
    pen = min(side * np.exp(rng.uniform(np.log(0.025), np.log(0.125))), 0.25 * size)
    reach = max(0.0, (side - size - pen) / 2)
    x, y = side / 2 + rng.uniform(-reach, reach, 2)
    seen = image_to_input(draw(strokes, side, pen, (x, y), size))
    assert seen is not None, "a pen of any width leaves ink"
    return np.rint(seen * 255).astype(np.uint8)


def renderings(drawings: list[Drawing], side: int = 280) -> tuple[Array, Array]:
    """Images (n, 28, 28) uint8 and labels (n,): each drawing once, in the order given.

    Place, size and pen are random, and the same each time it is asked.
    """
    rng = np.random.default_rng(28)
    images = [seen_of(drawing.strokes, rng, side) for drawing in drawings]
    return np.stack(images), np.array([drawing.label for drawing in drawings])
