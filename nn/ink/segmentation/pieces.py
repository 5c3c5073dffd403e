"""Pieces of ink, whether strokes or parts of a picture: neighbours may together be a digit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import NamedTuple

import numpy as np

from nn.layers import Array

Box = tuple[float, float, float, float]  # left, top, right, bottom
LONGEST_RUN = 3  # strokes or components that may be one digit
LONGEST_CUT_RUN = 8  # pieces, where some are parts of a component
WIDEST = 1.4  # heights; what is wider is no candidate unless it is a single piece
EVERYTHING: Box = (0.0, 0.0, 1.0, 1.0)  # in shares of a picture's sides


class Candidate(NamedTuple):
    """The pieces from start to before end: perhaps a digit."""

    start: int
    end: int


def height_of_digits(heights: Sequence[float]) -> float:
    """About: all but the highest tenth of the strokes or components are lower."""
    return max(float(np.quantile(heights, 0.9)) if heights else 0.0, 1e-9)


@dataclass(frozen=True)
class Pieces:
    """Pieces in the order of their middles from left to right.

    `near` tells of pairs of strokes how near they come, see `nn.ink.segmentation.strokes`.
    """

    boxes: Array  # (n, 4) left, top, right, bottom, in pixels
    cuts: Array  # (n - 1,) the probability of each to be between digits; NaN where none is
    draw: Callable[[int, int], Array]  # the 28x28 input of the pieces from one to before another
    height: float  # of a digit, about
    near: Mapping[tuple[int, int], float] = field(default_factory=dict)  # of strokes
    outline: Callable[[int, int], Box] | None = None  # their box, if it is not that of their boxes

    def __len__(self) -> int:
        return len(self.boxes)

    @cached_property
    def sides(self) -> list[Box]:
        """The boxes as numbers, which are faster than arrays so small."""
        return [(left, top, right, bottom) for left, top, right, bottom in self.boxes.tolist()]

    @cached_property
    def likely(self) -> list[float]:
        """The probabilities of the cuts; 0 where none is."""
        probabilities: list[float] = np.nan_to_num(self.cuts).tolist()
        return probabilities

    def box(self, start: int, end: int) -> Box:
        """The box of the pieces from start to before end."""
        if self.outline is not None:
            return self.outline(start, end)
        lefts, tops, rights, bottoms = zip(*self.sides[start:end], strict=True)
        return min(lefts), min(tops), max(rights), max(bottoms)

    def gap(self, start: int, end: int) -> float:
        """The widest empty band between them from top to bottom, in pixels."""
        boxes = sorted(self.sides[start:end])
        widest, right = 0.0, boxes[0][2]
        for left, _, next_right, _ in boxes[1:]:
            widest, right = max(widest, left - right), max(right, next_right)
        return widest

    def nearest(self, start: int, middle: int, end: int) -> float:
        """How near the strokes from start to middle come to those from there to end, up to 1."""
        pairs = product(range(start, middle), range(middle, end))
        return max((self.near.get(pair, 0.0) for pair in pairs), default=0.0)

    def clusters(self) -> list[Candidate]:
        """Runs of pieces with an empty band between one and the next: the obvious digits."""
        runs: list[Candidate] = []
        start, right = 0, self.sides[0][2]
        for index in range(1, len(self)):
            if min(left for left, *_ in self.sides[index:]) > right:
                runs.append(Candidate(start, index))
                start = index
            right = max(right, self.sides[index][2])
        return [*runs, Candidate(start, len(self))]

    def candidates(self, with_wholes: bool = True) -> list[Candidate]:
        """Every run of pieces that may be a digit, and every component that is cut as a whole."""
        found = []
        is_cut = [False, *(~np.isnan(self.cuts)).tolist(), False]
        for start in range(len(self)):
            for end in range(start + 1, len(self) + 1):
                components = end - start - sum(is_cut[start + 1 : end])
                is_whole = components == 1 and not is_cut[start] and not is_cut[end]
                if components > LONGEST_RUN:
                    break
                left, _, right, _ = self.box(start, end)
                is_likely = end - start <= LONGEST_CUT_RUN and right - left <= WIDEST * self.height
                if is_likely or end - start == 1 or (is_whole and with_wholes):
                    found.append(Candidate(start, end))
        return found
