"""Connected components of the ink of a picture, and the width of its pen."""

from typing import NamedTuple

import numpy as np

from nn.ink.preprocess import EDGE
from nn.layers import Array

HEIGHT = 48  # pixels; higher drawings are reduced to this or a little more
SPECK = 0.1  # a component with less ink than this many squares of the pen is none


class Component(NamedTuple):
    """The ink (height, width) of a component, and where it is in the drawing."""

    ink: Array
    left: int
    top: int


def reduced(ink: Array) -> Array:
    """The ink (height, width) reduced to about HEIGHT pixels, by a whole factor."""
    factor = ink.shape[0] // HEIGHT
    if factor < 2:
        return ink
    height, width = (-(-side // factor) * factor for side in ink.shape)
    padded = np.zeros((height, width), np.float32)
    padded[: ink.shape[0], : ink.shape[1]] = ink
    return padded.reshape(height // factor, factor, width // factor, factor).mean(axis=(1, 3))


def components(ink: Array) -> list[Component]:
    """The connected components (8 neighbours).

    Runs of ink are joined row by row, by union-find (Rosenfeld & Pfaltz 1966).
    """
    mask = np.zeros((ink.shape[0], ink.shape[1] + 2), np.int8)
    mask[:, 1:-1] = ink > EDGE
    steps = np.diff(mask, axis=1)
    rows, starts = np.nonzero(steps > 0)
    ends = np.nonzero(steps < 0)[1]
    first = np.searchsorted(rows, np.arange(len(ink) + 1)).tolist()
    row_of, left, right = rows.tolist(), starts.tolist(), ends.tolist()
    parent = list(range(len(left)))

    def root(run: int) -> int:
        while parent[run] != run:
            parent[run] = parent[parent[run]]
            run = parent[run]
        return run

    for row in range(1, len(ink)):
        above, here = first[row - 1], first[row]
        while above < first[row] and here < first[row + 1]:
            if right[above] >= left[here] and right[here] >= left[above]:
                parent[root(here)] = root(above)
            if right[above] < right[here]:
                above += 1
            else:
                here += 1
    runs: dict[int, list[int]] = {}
    for run in range(len(left)):
        runs.setdefault(root(run), []).append(run)
    found = []
    for members in runs.values():
        x, top = min(left[run] for run in members), row_of[members[0]]
        width, height = max(right[run] for run in members) - x, row_of[members[-1]] + 1 - top
        component = np.zeros((height, width), np.float32)
        for run in members:
            row, start, end = row_of[run], left[run], right[run]
            component[row - top, start - x : end - x] = ink[row, start:end]
        found.append(Component(component, x, top))
    return found


def pen_of(ink: Array) -> float:
    """The width of the pen in pixels: a stroke has twice its area divided by its outline."""
    outline = np.abs(np.diff(ink, axis=0)).sum() + np.abs(np.diff(ink, axis=1)).sum()
    # differences along both axes count a slanted outline up to 1.4 times
    return max(1.0, 2.3 * float(ink.sum()) / max(float(outline), 1e-6))
