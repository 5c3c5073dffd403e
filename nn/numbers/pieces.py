"""Pieces of ink from left to right: what a number may be cut into, whether strokes or parts of a picture."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nn.layers import Array


@dataclass(frozen=True)
class Pieces:
    """Pieces of which neighbours may together be a digit, in the order of their middles."""

    boxes: Array  # (n, 4) left, top, right, bottom, in pixels
    cuts: Array  # (n - 1,) pens of ink that are cut between two neighbours; NaN where none is
    draw: Callable[[int, int], Array]  # the 28x28 input of the pieces from one to before another

    def __len__(self) -> int:
        return len(self.boxes)

    @property
    def height(self) -> float:
        """Of a digit, about: all but the highest tenth of the pieces are lower."""
        return max(float(np.quantile(self.boxes[:, 3] - self.boxes[:, 1], 0.9)), 1e-9)

    def box(self, start: int, end: int) -> tuple[float, float, float, float]:
        """The box of the pieces from start to before end."""
        low, high = self.boxes[start:end, :2].min(axis=0), self.boxes[start:end, 2:].max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    def gap(self, start: int, end: int) -> float:
        """The widest empty band between them from top to bottom, in pixels."""
        sides = sorted(self.boxes[start:end, ::2].tolist())
        widest, right = 0.0, sides[0][1]
        for left, next_right in sides[1:]:
            widest, right = max(widest, left - right), max(right, next_right)
        return widest

    def clusters(self) -> list[tuple[int, int]]:
        """Runs of pieces that overlap in x or were cut apart: the obvious digits."""
        runs, start, right = [], 0, float(self.boxes[0, 2])
        for index in range(1, len(self)):
            if self.boxes[index, 0] > right and np.isnan(self.cuts[index - 1]):
                runs.append((start, index))
                start = index
            right = max(right, float(self.boxes[index, 2]))
        return [*runs, (start, len(self))]
