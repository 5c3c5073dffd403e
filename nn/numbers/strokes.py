"""Strokes as pieces of a number.

On real numbers the strokes of a digit are neighbours in the order of their middles from left to
right.  Each candidate is drawn with a standard pen, so the width of the visitor's own does not matter.
"""

import numpy as np
from PIL import Image, ImageDraw

from nn.ink.preprocess import Ink, centre, crop, fit
from nn.layers import Array
from nn.numbers.pieces import Pieces

SIDE = 40  # pixels of the longer side of a candidate while it is drawn, without the pen
PEN = 0.1  # of the longer side
SUPERSAMPLING = 2


def pieces_of(strokes: list[Array]) -> Pieces:
    """The strokes (n, 2) from left to right, by the middles of their boxes."""
    middles = [float(line[:, 0].min() + line[:, 0].max()) for line in strokes]
    lines = [strokes[i] for i in np.argsort(middles, kind="stable")]
    boxes = np.array([[*line.min(axis=0), *line.max(axis=0)] for line in lines])
    no_cuts = np.full(len(lines) - 1, np.nan)
    return Pieces(boxes, no_cuts, lambda start, end: drawn(lines[start:end]))


def drawn(lines: list[Array]) -> Array:
    """The 28x28 input (ink 1 on paper 0) of strokes (n, 2), drawn with the standard pen."""
    points = np.concatenate(lines)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    scale = SIDE / max(*extent, 1e-9) * SUPERSAMPLING
    pen = PEN * SIDE * SUPERSAMPLING
    size = np.ceil(extent * scale + 2 * pen).astype(int) + SUPERSAMPLING
    image = Image.new("L", (int(size[0]), int(size[1])))
    pencil = ImageDraw.Draw(image)
    for line in lines:
        pixels = [tuple(point) for point in ((line - low) * scale + pen).tolist()]
        if len(pixels) > 1:
            pencil.line(pixels, fill=255, width=round(pen), joint="curve")
        for x, y in (pixels[0], pixels[-1]):
            pencil.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)
    return centre(fit(crop(Ink(np.asarray(image.reduce(SUPERSAMPLING), np.float32) / 255))))
