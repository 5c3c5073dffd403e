"""Drawings as strokes of points, and their rendering as the page's canvas renders them."""

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from nn.layers import Array
from nn.preprocess import image_to_input

Point = tuple[float, float]
Strokes = list[list[Point]]

FINE = 2  # pictures are drawn so many times larger and shrunk, for Pillow draws hard edges


class Drawing(NamedTuple):
    """A digit drawn by a writer; y grows downwards, the unit does not matter."""

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


def renderings(drawings: list[Drawing], copies: int, side: int = 280) -> tuple[Array, Array]:
    """Images (n, 28, 28) uint8 and labels (n,): each drawing `copies` times, in the order given.

    Place, size and pen are random, and the same each time it is asked.  With several copies, made
    for training, some of the zeros get the slash that other people draw.
    """
    rng = np.random.default_rng(28)
    images, labels = [], []
    for drawing in drawings:
        for _ in range(copies):
            strokes = drawing.strokes
            if copies > 1 and drawing.label == 0 and rng.random() < 0.15:
                strokes = [*strokes, slash(strokes, rng)]
            size = side * rng.uniform(0.25, 0.92)
            pen = min(side * np.exp(rng.uniform(np.log(0.025), np.log(0.125))), 0.25 * size)
            reach = max(0.0, (side - size - pen) / 2)
            x, y = side / 2 + rng.uniform(-reach, reach, 2)
            seen = image_to_input(draw(strokes, side, pen, (x, y), size))
            assert seen is not None, "a pen of any width leaves ink"
            images.append(np.rint(seen * 255).astype(np.uint8))
            labels.append(drawing.label)
    return np.stack(images), np.array(labels)


def slash(strokes: Strokes, rng: np.random.Generator) -> list[Point]:
    """A stroke from lower left to upper right across the strokes' box, a little beyond or short."""
    points = np.concatenate([np.asarray(stroke, float) for stroke in strokes])
    low, high = points.min(axis=0), points.max(axis=0)
    middle, half = (low + high) / 2, (high - low) / 2 * rng.uniform(0.7, 1.15, 2)
    ends = np.array([[-1, 1], [1, -1]]) * half + middle
    return [(float(x), float(y)) for x, y in np.linspace(ends[0], ends[1], 12)]
