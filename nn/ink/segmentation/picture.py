"""A picture as pieces of a number: its connected components, cut where digits may touch."""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from math import ceil
from typing import NamedTuple

import numpy as np

from nn.inference import Inference
from nn.ink.preprocess import EDGE, Crop, box_of, centre, fit
from nn.ink.segmentation.components import SPECK, Component, components, pen_of, reduced
from nn.ink.segmentation.pieces import Box, Pieces, height_of_digits
from nn.ink.segmentation.seams import lefts_of, seams, view
from nn.layers import Array
from nn.network import Network

CUTS = 4  # of a component, and as many more for each of its heights that it is wide
APART = 1.6  # squares of the pen of ink between two cuts that are tried, at least
LIKELY = 0.0005  # probability of a cut that is tried, at least

# (n, 28, 28), views of seams -> (n,), the probability of each that it is between two digits
Judge = Callable[[Array], Array]


def judge_of(network: Network) -> Judge:
    """What judges cuts with the network `seams`, from any number of threads."""
    inference = Inference(network)
    return lambda views: np.array([inference.probabilities(seen[..., None])[1] for seen in views])


class Part(NamedTuple):
    """A component, or what is between two cuts through it."""

    place: int  # of the component
    start: Array  # (height,) the first column of each row of the component
    end: Array  # the first that is not in the part
    cut: float  # the probability that the seam at its start is between digits; NaN where none is
    is_whole: bool  # the component is not cut


class Picture:
    """The components of a drawing from left to right, any of which can be cut.

    Cuts are the seams that are likely to be between two digits, or all without a judge.
    """

    name = "picture"

    def __init__(self, crop: Crop, judge: Judge | None = None) -> None:
        self.judge = judge
        self.ink = reduced(crop.ink)
        self.crop = crop
        self.pen = pen_of(self.ink)
        least = SPECK * self.pen**2
        found = [one for one in components(self.ink) if (one.ink > 0).sum() > least]
        self.components = sorted(found, key=lambda one: 2 * one.left + one.ink.shape[1])
        self.height = height_of_digits([len(one.ink) for one in self.components])
        self.cuts: dict[int, tuple[list[Array], Array]] = {}  # of each component, when asked for

    def parts(self, opened: frozenset[int], cuts: int = CUTS) -> list[Part]:
        """The components from left to right, those in `opened` (by their places) in parts.

        `cuts` is the most of a component, and as many more for each of its heights that it is wide.
        """
        found: list[tuple[float, Part]] = []
        for place in range(len(self.components)):
            middle = 0.0
            for part in self.parts_of(place, cuts if place in opened else 0):
                left, _, right, _ = self.cropped([part])[1]
                middle = max(middle, (left + right) / 2)  # parts stay in order
                found.append((middle, part))
        return [part for _, part in sorted(found, key=lambda one: one[0])]

    def pieces(self, opened: frozenset[int] = frozenset(), cuts: int = CUTS) -> Pieces:
        """The same as pieces."""
        parts = self.parts(opened, cuts)
        of_cuts = [
            after.cut if before.place == after.place else np.nan
            for before, after in pairwise(parts)
        ]

        @cache
        def run(start: int, end: int) -> tuple[Array, Box]:
            return self.cropped(parts[start:end])

        @cache
        def draw(start: int, end: int) -> Array:
            return centre(fit(run(start, end)[0]))

        def outline(start: int, end: int) -> Box:
            return run(start, end)[1]

        boxes = np.array([run(i, i + 1)[1] for i in range(len(parts))], float)
        return Pieces(boxes, np.array(of_cuts), draw, self.height, outline=outline)

    def cropped(self, parts: Sequence[Part]) -> tuple[Array, Box]:
        """The ink (height, width) of neighbouring parts, and its box in the reduced ink.

        What is between the first and the last of a component is all in it, also where their cuts
        cross others.
        """
        if len(parts) == 1 and parts[0].is_whole:  # most are
            ink, left, top = self.components[parts[0].place]
            return ink, (left, top, left + ink.shape[1], top + ink.shape[0])
        ends: dict[int, tuple[Array, Array]] = {}
        for part in parts:
            start, _ = ends.get(part.place, (part.start, part.end))
            ends[part.place] = start, part.end
        found = [self.between(place, *of_place) for place, of_place in ends.items()]
        ink, x, y = found[0] if len(found) == 1 else together(found)
        left, top, right, bottom = box_of(ink > EDGE)
        return ink[top:bottom, left:right], (x + left, y + top, x + right, y + bottom)

    def between(self, place: int, start: Array, end: Array) -> Component:
        """The ink of a component from one column of each row to before another."""
        ink, left, top = self.components[place]
        first, last = int(start.min()), int(end.max())
        columns = np.arange(first, last)
        inside = (columns >= start[:, None]) & (columns < end[:, None])
        return Component(np.where(inside, ink[:, first:last], 0), left + first, top)

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

    def parts_of(self, place: int, count: int = CUTS) -> list[Part]:
        """What the likeliest cuts make of a component, from left to right."""
        height, width = self.components[place].ink.shape
        found, likely = self.cuts_of(place) if count else ([], np.empty(0))
        most = ceil(count * (1 + width / height))
        best = np.sort(np.argsort(-likely, kind="stable")[:most])
        ends = [np.zeros(height, int), *(found[i] for i in best), np.full(height, width)]
        of_cuts = [np.nan, *likely[best].tolist()]
        return [
            Part(place, start, end, of_cut, is_whole=len(best) == 0)
            for (start, end), of_cut in zip(pairwise(ends), of_cuts, strict=True)
        ]

    def cuts_of(self, place: int) -> tuple[list[Array], Array]:
        """The seams of a component that are likely, from left to right, and how likely they are."""
        if place not in self.cuts:
            ink = self.components[place].ink
            found = seams(ink, self.pen)
            likely = np.ones(len(found))
            if self.judge and found:
                likely = self.judge(np.stack([view(ink, seam, self.height) for seam in found]))
                kept = distinct(ink, found, likely, APART * self.pen**2)
                found, likely = [found[i] for i in kept], likely[kept]
            self.cuts[place] = found, likely
        return self.cuts[place]


def distinct(ink: Array, seams: Sequence[Array], likely: Array, least: float) -> list[int]:
    """The places of the likely seams through a component that are not beside a likelier one."""
    kept: list[int] = []
    lefts = np.empty((0, len(ink)), np.float32)
    left_of = lefts_of(ink)
    for place in np.argsort(-likely, kind="stable").tolist():
        left = left_of(seams[place])
        between = np.abs(lefts - left).sum(axis=1).min(initial=np.inf)
        if likely[place] >= LIKELY and between >= least:
            kept.append(place)
            lefts = np.vstack([lefts, left])
    return sorted(kept)


def together(components: Sequence[Component]) -> Component:
    """Components as one."""
    left, top = min(one.left for one in components), min(one.top for one in components)
    right = max(one.left + one.ink.shape[1] for one in components)
    bottom = max(one.top + one.ink.shape[0] for one in components)
    ink = np.zeros((bottom - top, right - left), np.float32)
    for one in components:
        height, width = one.ink.shape
        x, y = one.left - left, one.top - top
        ink[y : y + height, x : x + width] += one.ink
    return Component(ink, left, top)
