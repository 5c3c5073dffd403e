"""Strokes as pieces of a number.

The strokes of a digit are neighbours in the order of their middles from left to right.  Candidates
are drawn with a standard pen, so that the width of the writer's own does not matter.
"""

from collections.abc import Sequence
from functools import cache, cached_property

import numpy as np
from PIL import Image, ImageDraw

from nn.ink.preprocess import Ink, centre, crop, fit
from nn.ink.segmentation.pieces import LONGEST_RUN, Box, Pieces, height_of_digits
from nn.layers import Array

SIDE = 64  # pixels of the longer side of a candidate while it is drawn, without the pen
PEN = 0.1  # of the longer side
NEAR = 0.06  # heights of a digit between two lines; what is farther apart is not near
POINT = 0.02  # heights of a digit between the points of lines whose distance is measured
STEP = 3.0  # pixels between two points that are drawn; more take longer
CORNER = 0.4  # radians; Pillow's lines have a gap at sharper turns


class Strokes:
    """Strokes from left to right; they are not cut."""

    name = "strokes"

    def __init__(
        self, strokes: Sequence[Array], size: tuple[int, int], outline: Box | None = None
    ) -> None:
        """strokes are points (n, 2) in pixels of a picture of that size.

        outline is the box of their ink in shares of the picture's sides, where it is known.
        """
        middles = [float(line[:, 0].min() + line[:, 0].max()) for line in strokes]
        self.lines = [strokes[i] for i in np.argsort(middles, kind="stable")]
        self.size = size
        self.outline = outline
        self.draw = cache(lambda start, end: drawn(self.lines[start:end]))

    def pieces(self, opened: frozenset[int] = frozenset(), cuts: int = 0) -> Pieces:
        """Each stroke as a piece; none is cut."""
        return self.uncut

    @cached_property
    def uncut(self) -> Pieces:
        """The strokes as pieces."""
        boxes = np.array([[*line.min(axis=0), *line.max(axis=0)] for line in self.lines])
        no_cuts = np.full(len(boxes) - 1, np.nan)
        height = height_of_digits((boxes[:, 3] - boxes[:, 1]).tolist())
        return Pieces(boxes, no_cuts, self.draw, height, near=nearness(self.lines, boxes, height))

    @cached_property
    def half_pen(self) -> float:
        """Half of the width of the writer's pen in pixels: so far ink reaches beyond the points."""
        if self.outline is None:
            return 0.0
        left, top, right, bottom = self.uncut.box(0, len(self.lines))
        (width, height), ink = self.size, self.outline
        wider = (ink[2] - ink[0]) * width - (right - left)
        higher = (ink[3] - ink[1]) * height - (bottom - top)
        return max(0.0, (wider + higher) / 4)

    def share(self, box: Box) -> Box:
        """A box of points in pixels as that of their ink, in shares of the picture's sides."""
        (width, height), pen = self.size, self.half_pen
        left, right = (min(max(x / width, 0.0), 1.0) for x in (box[0] - pen, box[2] + pen))
        top, bottom = (min(max(y / height, 0.0), 1.0) for y in (box[1] - pen, box[3] + pen))
        return left, top, right, bottom


def nearness(lines: Sequence[Array], boxes: Array, height: float) -> dict[tuple[int, int], float]:
    """How near two lines come, from 0 at NEAR heights to 1 where they meet.

    Only pairs above 0 are there, and only lines that may be in two digits beside each other.
    """
    limit = NEAR * height
    low, high = boxes[:, None, :2], boxes[:, None, 2:]
    gaps = np.maximum(low - high.transpose(1, 0, 2), low.transpose(1, 0, 2) - high).max(axis=2)
    points = [resampled(line, POINT * height).T for line in lines]
    found = {}
    for first, second in np.argwhere(np.triu(gaps < limit, 1)).tolist():
        if second - first >= 2 * LONGEST_RUN:
            continue
        across, down = map(np.subtract.outer, points[first], points[second])
        distance = float(np.sqrt((across**2 + down**2).min()))
        if distance < limit:
            found[first, second] = 1 - distance / limit
    return found


def resampled(line: Array, step: float) -> Array:
    """Points (m, 2) along a line, `step` apart or a little less, and at most 200."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    count = min(int(along[-1] / step) + 2, 200)
    at = np.linspace(0, along[-1], count)
    return np.stack([np.interp(at, along, line[:, axis]) for axis in (0, 1)], axis=1)


def drawn(lines: Sequence[Array]) -> Array:
    """The 28x28 input (ink 1 on paper 0) of strokes (n, 2), drawn with the standard pen."""
    points = np.concatenate(lines)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    scale, pen = SIDE / max(*extent.tolist(), 1e-9), PEN * SIDE
    width, height = np.ceil(extent * scale + 2 * pen).astype(int).tolist()
    image = Image.new("L", (width, height))
    pencil = ImageDraw.Draw(image)
    for line in lines:
        pixels = thinned((line - low) * scale + pen)
        pencil.line(pixels.ravel().tolist(), fill=255, width=round(pen))
        for x, y in pixels[is_round(pixels)].tolist():
            pencil.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)
    return centre(fit(crop(Ink(np.asarray(image, np.float32) / 255))))


def thinned(line: Array) -> Array:
    """The points (n, 2) of a line about STEP apart, and its last one."""
    steps = line[1:] - line[:-1]
    passed = np.floor(np.cumsum(np.hypot(steps[:, 0], steps[:, 1])) / STEP)
    kept = np.ones(len(line), bool)
    kept[1:-1] = np.diff(passed, prepend=0.0)[:-1] > 0
    return np.asarray(line[kept])


def is_round(line: Array) -> Array:
    """Which points (n,) of a line are ends or corners."""
    steps = line[1:] - line[:-1]
    angles = np.arctan2(steps[:, 1], steps[:, 0])
    turns = np.abs((np.diff(angles) + np.pi) % (2 * np.pi) - np.pi)
    return np.concatenate([[True], turns > CORNER, [True]])[: len(line)]
