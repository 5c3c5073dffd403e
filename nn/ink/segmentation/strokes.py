"""Strokes as pieces of a number.

The strokes of a digit are neighbours in the order of their middles from left to right.  Candidates
are drawn with a standard pen, so that the width of the writer's own does not matter.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from nn.ink.preprocess import Ink, centre, crop, fit
from nn.ink.segmentation.pieces import Box, Pieces
from nn.layers import Array

SIDE = 40  # pixels of the longer side of a candidate while it is drawn, without the pen
PEN = 0.1  # of the longer side
SUPERSAMPLING = 2


class Strokes:
    """Strokes from left to right; they are not cut."""

    name = "strokes"

    def __init__(self, strokes: Sequence[Array], size: tuple[int, int]) -> None:
        """strokes are points (n, 2) in pixels of a picture of that size."""
        middles = [float(line[:, 0].min() + line[:, 0].max()) for line in strokes]
        self.lines = [strokes[i] for i in np.argsort(middles, kind="stable")]
        self.size = size

    def pieces(self, opened: frozenset[int] = frozenset()) -> Pieces:
        """Each stroke as a piece."""
        boxes = np.array([[*line.min(axis=0), *line.max(axis=0)] for line in self.lines])
        no_cuts = np.full((len(boxes) - 1, 2), np.nan)
        return Pieces(boxes, no_cuts, lambda start, end: drawn(self.lines[start:end]))

    def share(self, box: Box) -> Box:
        """A box in pixels as shares of the picture's sides."""
        width, height = self.size
        left, top, right, bottom = box
        return left / width, top / height, right / width, bottom / height


def drawn(lines: Sequence[Array]) -> Array:
    """The 28x28 input (ink 1 on paper 0) of strokes (n, 2), drawn with the standard pen."""
    points = np.concatenate(lines)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    scale = SIDE / max(*extent, 1e-9) * SUPERSAMPLING
    pen = PEN * SIDE * SUPERSAMPLING
    width, height = np.ceil(extent * scale + 2 * pen).astype(int) + SUPERSAMPLING
    image = Image.new("L", (int(width), int(height)))
    pencil = ImageDraw.Draw(image)
    for line in lines:
        pixels = [tuple(point) for point in ((line - low) * scale + pen).tolist()]
        if len(pixels) > 1:
            pencil.line(pixels, fill=255, width=round(pen), joint="curve")
        for x, y in (pixels[0], pixels[-1]):
            pencil.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)
    ink = np.asarray(image.reduce(SUPERSAMPLING), np.float32) / 255
    return centre(fit(crop(Ink(ink))))
