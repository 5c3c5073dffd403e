"""Pieces of ink, whether strokes or parts of a picture: neighbours may together be a digit."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
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


@dataclass(frozen=True)
class Pieces:
    """Pieces in the order of their middles from left to right."""

    boxes: Array  # (n, 4) left, top, right, bottom, in pixels
    cuts: Array  # (n - 1, 2) pens of ink and strokes cut between neighbours; NaN where none is
    draw: Callable[[int, int], Array]  # the 28x28 input of the pieces from one to before another

    def __len__(self) -> int:
        return len(self.boxes)

    @cached_property
    def height(self) -> float:
        """Of a digit, about: all but the highest tenth of the pieces are lower."""
        return max(float(np.quantile(self.boxes[:, 3] - self.boxes[:, 1], 0.9)), 1e-9)

    @cached_property
    def sides(self) -> list[Box]:
        """The boxes as numbers, which are faster than arrays so small."""
        return [(left, top, right, bottom) for left, top, right, bottom in self.boxes.tolist()]

    def box(self, start: int, end: int) -> Box:
        """The box of the pieces from start to before end."""
        lefts, tops, rights, bottoms = zip(*self.sides[start:end], strict=True)
        return min(lefts), min(tops), max(rights), max(bottoms)

    def gap(self, start: int, end: int) -> float:
        """The widest empty band between them from top to bottom, in pixels."""
        boxes = sorted(self.sides[start:end])
        widest, right = 0.0, boxes[0][2]
        for left, _, next_right, _ in boxes[1:]:
            widest, right = max(widest, left - right), max(right, next_right)
        return widest

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

    def candidates(self) -> list[Candidate]:
        """Every run of pieces that may be a digit."""
        found = []
        is_cut = (~np.isnan(self.cuts[:, 0])).tolist()
        for start in range(len(self)):
            for end in range(start + 1, len(self) + 1):
                run = end - start
                if run > LONGEST_CUT_RUN or run - sum(is_cut[start : end - 1]) > LONGEST_RUN:
                    break
                left, _, right, _ = self.box(start, end)
                if run == 1 or right - left <= WIDEST * self.height:
                    found.append(Candidate(start, end))
        return found
