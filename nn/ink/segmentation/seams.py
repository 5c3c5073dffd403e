"""Where touching digits may be cut apart: seams from top to bottom, from notch to notch.

A seam goes through as little ink as possible (Avidan & Shamir 2007), so that it may pass between
slanted digits, and goes into ink and out of it at notches.  Digits that touch leave a notch in the
outline at either end of the place where they do; a cut through a stroke does not.

Most seams are between no digits.  A network that sees both sides of a seam tells which are, see
`nn.data.seams`: to filter them is faster than to read all that is between them (Vellasques et al.
2008, "Filtering segmentation cuts for digit string recognition").
"""

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image

from nn.ink.preprocess import EDGE
from nn.layers import Array

SIZE = 28  # pixels of a network's input
LEVELS = 8  # rows in which seams are looked for
SMOOTH = 6.0  # cost in pens of ink of an outline that is not ink at all around its end
NOTCH = 0.8  # of what is around a notch is ink, at least; around a straight edge it is half
AROUND = 0.8  # pens on every side
SLANT = 0.03  # cost in pens of ink of a step aside
VIEW = 1.3  # heights of a digit around a seam that a network sees
GRAY = 0.5  # of the ink right of it
SAME = 2  # columns between two seams that are one
LEAST_PART = 0.5  # squares of the pen of ink between two cuts
LEAST_SHARE = 0.04  # of a component's ink on either side of a cut


def seams(ink: Array, pen: float) -> list[Array]:
    """Seams through a component (height, width), those with the least ink on their left first.

    Each is (height,), the first column right of it in each row.  There are at most LEVELS, and
    as many more for each of the component's heights that it is wide.
    """
    height, width = ink.shape
    quota = LEVELS * (1 + width / height)
    total = float(ink.sum())
    mask = ink > EDGE
    smooth = np.where(mask, np.maximum(0, NOTCH - blurred(ink, max(1, round(AROUND * pen)))), 0)
    down, down_steps = cheapest(ink / pen, mask, SMOOTH * smooth)
    up, up_steps = cheapest(ink[::-1] / pen, mask[::-1], SMOOTH * smooth[::-1])
    cost = down + up[::-1] - ink / pen
    down_lists, up_lists = down_steps.tolist(), up_steps[::-1].tolist()
    rows = [int((level + 0.5) / LEVELS * height) for level in range(LEVELS)]
    places = [(row, column) for row in rows for column in valleys(cost[row])]
    found: list[Array] = []
    lefts = np.empty((0, height), np.float32)
    left_of = lefts_of(ink)
    for row, column in sorted(places, key=lambda place: float(cost[place])):
        if len(found) >= quota:
            break
        if any(abs(int(other[row]) - column) <= SAME for other in found):
            continue
        above, below = traced(down_lists[row::-1], column), traced(up_lists[row:], column)
        columns = np.array(above[::-1] + below[1:])
        left = left_of(columns)
        share = float(left.sum()) / total
        between = np.abs(lefts - left).sum(axis=1).min(initial=total)
        if min(share, 1 - share) > LEAST_SHARE and between > LEAST_PART * pen**2:
            found.append(columns)
            lefts = np.vstack([lefts, left])
    order = np.argsort(lefts.sum(axis=1), kind="stable")
    return [found[place] for place in order]


def view(ink: Array, columns: Array, height: float) -> Array:
    """(28, 28): a seam through a component as a network sees it, given the height of a digit.

    The ink on the left of the seam is black, that on its right gray; the middle is where the seam
    goes through ink.
    """
    rows, width = np.arange(len(ink)), ink.shape[1]
    through = ink[rows, np.minimum(columns, width - 1)] > EDGE
    middle = float((columns[through] if through.any() else columns).mean())
    half = VIEW * max(len(ink), height) / 2
    margin = int(np.ceil(half)) + 1
    first, last = max(0, int(middle) - margin), min(width, int(middle) + margin)
    paper = np.zeros((len(ink) + 2 * margin, last - first + 2 * margin), np.float32)
    inside = paper[margin:-margin, margin:-margin]
    is_left = np.arange(first, last) < columns[:, None]
    np.multiply(ink[:, first:last], np.where(is_left, 1, GRAY), out=inside)
    x, y = margin + middle - first, margin + len(ink) / 2
    picture = Image.fromarray(paper)
    box = (x - half, y - half, x + half, y + half)
    return np.asarray(picture.resize((SIZE, SIZE), Image.Resampling.BILINEAR, box))


def lefts_of(ink: Array) -> Callable[[Array], Array]:
    """What gives the ink left of a seam in each row (height,), for a component."""
    sums = np.pad(ink.cumsum(axis=1), ((0, 0), (1, 0)))
    rows = np.arange(len(ink))
    return lambda columns: sums[rows, columns]


def blurred(ink: Array, radius: int) -> Array:
    """The mean of the ink (height, width) in a square around each pixel: high in a notch.

    An area integral invariant of the outline (Manay et al. 2006).
    """
    side = 2 * radius + 1
    sums = np.pad(ink, ((radius + 1, radius), (radius + 1, radius))).cumsum(0).cumsum(1)
    inside = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return np.asarray(inside / side**2)


def cheapest(ink: Array, mask: Array, toll: Array) -> tuple[Array, Array]:
    """The cheapest way from the first row to each pixel: its cost, and its last step.

    All arrays are (height, width).  A way costs the ink, and the toll of the pixels at which it
    goes into the mask or out of it; the toll is 0 outside.
    """
    height, width = ink.shape
    sides = ((0, 0), (1, 1))
    above, above_toll = np.pad(mask, sides)[:-1], np.pad(toll, sides)[:-1]
    steps = np.empty((3, height - 1, width))  # costs of those from the left, straight, and right
    for place, slant in enumerate((SLANT, 0, SLANT)):
        from_column = slice(place, place + width)
        passes = mask[1:] != above[:, from_column]
        steps[place] = np.where(passes, toll[1:] + above_toll[:, from_column], 0) + slant
    cost, last = np.empty((height, width)), np.zeros((height, width), np.int8)
    cost[0] = ink[0] + toll[0]
    before = np.full(width + 2, np.inf)
    shifted = sliding_window_view(before, width)
    for row in range(1, height):
        before[1:-1] = cost[row - 1]
        ways = shifted + steps[:, row - 1]
        last[row] = ways.argmin(axis=0) - 1
        cost[row] = ways.min(axis=0) + ink[row]
    return cost, last


def traced(steps: list[list[int]], column: int) -> list[int]:
    """The column of the way in each row, given the last steps, from its last row to its first."""
    columns = []
    for of_row in steps:  # of lists: single numbers of an array take longer
        columns.append(column)
        column += of_row[column]
    return columns


def valleys(values: Array) -> list[int]:
    """The middles of all stretches of (n,) values that are lower than what is on both sides."""
    change = np.flatnonzero(np.abs(np.diff(values)) > 1e-6) + 1
    starts, ends = np.concatenate([[0], change]), np.concatenate([change, [len(values)]])
    level = values[starts]
    low = np.flatnonzero((level[1:-1] < level[:-2]) & (level[1:-1] < level[2:])) + 1
    middles: list[int] = ((starts[low] + ends[low] - 1) // 2).tolist()
    return middles
