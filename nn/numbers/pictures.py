"""A picture as pieces of a number: its connected components, cut where digits may touch."""

from itertools import pairwise

import numpy as np

from nn.ink.preprocess import EDGE, Crop, box_of, centre, fit
from nn.layers import Array
from nn.numbers.components import SPECK, components, pen_of, reduced
from nn.numbers.cuts import cuts
from nn.numbers.pieces import Box, Pieces


class Picture:
    """The components of a drawing from left to right, any of which can be cut."""

    name = "picture"

    def __init__(self, crop: Crop) -> None:
        self.ink = reduced(crop.ink)
        self.crop = crop
        self.pen = pen_of(self.ink)
        found = [mask for mask in components(self.ink) if mask.sum() > SPECK * self.pen**2]
        self.components = sorted(found, key=lambda mask: sum(box_of(mask)[::2]))

    def pieces(self, opened: frozenset[int] = frozenset()) -> Pieces:
        """The components as pieces, those in `opened` (by their places) cut into several."""
        parts: list[Part] = []
        for place, mask in enumerate(self.components):
            ink = np.where(mask, self.ink, 0)
            parts += self.parts_of(ink, place) if place in opened else [Part(ink, place, np.nan)]
        parts.sort(key=lambda part: part.box[0] + part.box[2])
        costs = [
            after.cost if before.place == after.place else np.nan
            for before, after in pairwise(parts)
        ]

        def draw(start: int, end: int) -> Array:
            whole = np.sum([part.ink for part in parts[start:end]], axis=0)
            left, top, right, bottom = box_of(whole > EDGE)
            return centre(fit(whole[top:bottom, left:right]))

        boxes = np.array([part.box for part in parts], float)
        return Pieces(boxes, np.array(costs), draw)

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

    def parts_of(self, ink: Array, place: int) -> list["Part"]:
        """What cuts make of the component at that place, from left to right."""
        left, top, right, bottom = box_of(ink > EDGE)
        inside = ink[top:bottom, left:right]
        columns = np.arange(right - left)
        parts = []
        before, cost = np.zeros(bottom - top, int), np.nan
        end = np.full(bottom - top, right - left)
        for next_cost, cut in [*cuts(inside, self.pen), (np.nan, end)]:
            between = (columns >= before[:, None]) & (columns < cut[:, None])
            part = np.zeros_like(ink)
            part[top:bottom, left:right] = np.where(between, inside, 0)
            if (part > EDGE).sum() > SPECK * self.pen**2:
                parts.append(Part(part, place, cost))
                before, cost = cut, next_cost
        return parts


class Part:
    """A component or a part of it."""

    def __init__(self, ink: Array, place: int, cost: float) -> None:
        self.ink = ink  # (height, width) of the whole drawing
        self.place = place  # of the component
        self.cost = cost  # pens of ink cut at its left; NaN where nothing is
        self.box = box_of(ink > EDGE)
