"""Where touching digits may be cut apart: seams of little ink, and lines from notch to notch.

A seam goes from top to bottom through as little ink as possible (Avidan & Shamir 2007), so that it
may pass between slanted digits.  A notch is a dent in the outline of the ink.
"""

from typing import NamedTuple

import numpy as np

from nn.ink.preprocess import EDGE
from nn.layers import Array

MOST_INK = 8.0  # pens of ink that a cut may cross
SLANT = 0.08  # cost of a step aside
STEEPEST = 0.7  # columns for each row, of a line from notch to notch
APART = 0.1  # the least distance of two cuts, as a share of the height
LEAST_SHARE = 0.04  # of a component's ink on either side of a cut


class Cut(NamedTuple):
    """A cut from top to bottom."""

    ink: float  # that it crosses, in pens
    crossed: int  # strokes: runs of ink
    columns: Array  # (height,), the first column right of it in each row


def cuts(ink: Array, pen: float, count: int) -> list[Cut]:
    """Cuts through a component (height, width), the leftmost first.

    At most `count`, and as many more for each of its heights that it is wide.
    """
    height, width = ink.shape
    quota = count * (1 + width / height)
    total = float(ink.sum())
    rows = np.arange(height)
    found: list[Cut] = []
    for cost, cut in sorted([*seams(ink), *notch_lines(ink)], key=lambda found: found[0]):
        if cost > MOST_INK * pen or len(found) >= quota:
            break
        share = float(ink[np.arange(width) < cut[:, None]].sum()) / total
        distances = [np.abs(cut - other.columns).max() for other in found]
        if min(share, 1 - share) > LEAST_SHARE and min(distances, default=height) > APART * height:
            along = ink[rows, np.minimum(cut, width - 1)]
            crossed = int(np.diff(along > EDGE, prepend=False).sum() + 1) // 2
            found.append(Cut(float(along.sum()) / pen, crossed, cut))
    return sorted(found, key=lambda cut: int(cut.columns.sum()))


def seams(ink: Array) -> list[tuple[float, Array]]:
    """The cheapest seams through columns of the middle row, one for each valley of their cost."""
    middle = len(ink) // 2
    up, up_steps = cheapest(ink[: middle + 1])
    down, down_steps = cheapest(ink[middle:][::-1])
    cost = up[-1] + down[-1] - ink[middle]
    return [
        (
            float(cost[column]),
            np.concatenate([traced(up_steps, column)[::-1], traced(down_steps, column)[1:]]),
        )
        for column in valleys(cost)
    ]


def cheapest(ink: Array) -> tuple[Array, Array]:
    """The cheapest way from the first row to each pixel: its cost, and its last step."""
    cost, step = np.empty_like(ink), np.zeros(ink.shape, np.int8)
    cost[0] = ink[0]
    before = np.full((3, ink.shape[1]), np.inf, np.float32)
    for row in range(1, len(ink)):
        above = cost[row - 1]
        before[0, 1:], before[1], before[2, :-1] = above[:-1] + SLANT, above, above[1:] + SLANT
        step[row] = before.argmin(axis=0) - 1
        cost[row] = before.min(axis=0) + ink[row]
    return cost, step


def traced(steps: Array, column: int) -> Array:
    """The column of the way in each row, from the last row back to the first."""
    columns = np.empty(len(steps), int)
    for index in range(len(steps)):
        columns[index] = column
        column += int(steps[len(steps) - 1 - index, column])
    return columns


def notch_lines(ink: Array) -> list[tuple[float, Array]]:
    """Straight lines between a notch in the upper outline and one in the lower outline."""
    height = len(ink)
    mask = ink > EDGE
    upper = np.where(mask.any(axis=0), mask.argmax(axis=0), height)
    lower = np.where(mask.any(axis=0), height - 1 - mask[::-1].argmax(axis=0), -1)
    rows = np.arange(height)
    lines = []
    for top in valleys(-upper):
        for bottom in valleys(lower):
            depth = lower[bottom] - upper[top]
            if depth < 1 or abs(top - bottom) > STEEPEST * depth:
                continue
            share = np.clip((rows - upper[top]) / depth, 0, 1)
            line = np.rint(top + share * (bottom - top)).astype(int)
            lines.append((float(ink[rows, line].sum()), line))
    return lines


def valleys(values: Array) -> list[int]:
    """The middles of all stretches of (n,) values that are lower than what is on both sides."""
    change = np.flatnonzero(np.abs(np.diff(values)) > 1e-6) + 1
    starts, ends = np.concatenate([[0], change]), np.concatenate([change, [len(values)]])
    level = values[starts]
    low = np.flatnonzero((level[1:-1] < level[:-2]) & (level[1:-1] < level[2:])) + 1
    middles: list[int] = ((starts[low] + ends[low] - 1) // 2).tolist()
    return middles
