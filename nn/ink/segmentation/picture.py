"""A picture as pieces of a number: its connected components, cut where digits may touch."""

from functools import cache
from itertools import pairwise

import numpy as np

from nn.ink.preprocess import EDGE, Crop, box_of, centre, fit
from nn.ink.segmentation.components import SPECK, components, pen_of, reduced
from nn.ink.segmentation.cuts import cuts
from nn.ink.segmentation.pieces import Box, Pieces
from nn.layers import Array

NO_CUT = (np.nan, np.nan)
CUTS = 4  # of a component, and as many more for each of its heights that it is wide


class Part:
    """A component or a part of it."""

    def __init__(self, ink: Array, place: int, cut: tuple[float, float]) -> None:
        self.ink = ink  # (height, width) of the whole drawing
        self.place = place  # of the component
        self.cut = cut  # pens of ink and strokes that are cut at its left, or NO_CUT
        self.box = box_of(ink > EDGE)


class Picture:
    """The components of a drawing from left to right, any of which can be cut."""

    name = "picture"

    def __init__(self, crop: Crop) -> None:
        self.ink = reduced(crop.ink)
        self.crop = crop
        self.pen = pen_of(self.ink)
        found = [mask for mask in components(self.ink) if mask.sum() > SPECK * self.pen**2]
        self.components = sorted(found, key=lambda mask: sum(box_of(mask)[::2]))

    def parts(self, opened: frozenset[int], cuts: int = CUTS) -> list[Part]:
        """The components from left to right, those in `opened` (by their places) in parts.

        For `cuts` see nn.ink.segmentation.cuts.
        """
        parts: list[Part] = []
        for place, mask in enumerate(self.components):
            ink = np.where(mask, self.ink, 0)
            if place in opened:
                parts += self.parts_of(ink, place, cuts)
            else:
                parts.append(Part(ink, place, NO_CUT))
        return sorted(parts, key=lambda part: part.box[0] + part.box[2])

    def pieces(self, opened: frozenset[int] = frozenset(), cuts: int = CUTS) -> Pieces:
        """The same as pieces."""
        parts = self.parts(opened, cuts)
        costs = [
            after.cut if before.place == after.place else NO_CUT
            for before, after in pairwise(parts)
        ]

        @cache
        def draw(start: int, end: int) -> Array:
            # where cuts cross, both of two parts have the ink
            whole = np.maximum.reduce([part.ink for part in parts[start:end]])
            left, top, right, bottom = box_of(whole > EDGE)
            return centre(fit(whole[top:bottom, left:right]))

        boxes = np.array([part.box for part in parts], float)
        return Pieces(boxes, np.array(costs).reshape(len(parts) - 1, 2), draw)

    def share(self, box: Box) -> Box:
        """A box in pixels of the reduced ink as shares of the picture's sides."""
        left, top, right, bottom = self.crop.box
        # the last pixel of the reduced ink may reach over the edge
        factor = -(-self.crop.ink.shape[0] // self.ink.shape[0])
        down = (bottom - top) * factor / self.crop.ink.shape[0]
        across = (right - left) * factor / self.crop.ink.shape[1]
        return (
            left + box[0] * across,
            top + box[1] * down,
            min(right, left + box[2] * across),
            min(bottom, top + box[3] * down),
        )

    def parts_of(self, ink: Array, place: int, count: int = CUTS) -> list[Part]:
        """What cuts make of the component at that place, from left to right."""
        left, top, right, bottom = box_of(ink > EDGE)
        inside = ink[top:bottom, left:right]
        columns = np.arange(right - left)
        parts = []
        before, crossed = np.zeros(bottom - top, int), NO_CUT
        end = np.full(bottom - top, right - left)
        found = [(cut.columns, (cut.ink, cut.crossed)) for cut in cuts(inside, self.pen, count)]
        for cut, next_crossed in [*found, (end, NO_CUT)]:
            between = (columns >= before[:, None]) & (columns < cut[:, None])
            part = np.zeros_like(ink)
            part[top:bottom, left:right] = np.where(between, inside, 0)
            if (part > EDGE).sum() > SPECK * self.pen**2:
                parts.append(Part(part, place, crossed))
                before, crossed = cut, next_crossed
        return parts
