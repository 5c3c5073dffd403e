"""Parts of a picture as pieces of a number: connected components, cut where digits may touch.

A cut is a seam from top to bottom through as little ink as possible (Avidan & Shamir 2007), so that
it may pass between slanted digits.
"""

import numpy as np

from nn.ink.preprocess import EDGE, centre, fit
from nn.layers import Array
from nn.numbers.pieces import Pieces

HEIGHT = 48  # pixels; higher numbers are reduced to this or a little more
CUTS = 4  # of one component, for each of its heights that it is wide, and as many more
MOST_INK = 8.0  # pens of ink that a seam may cross
SLANT = 0.08  # cost of a step aside
APART = 0.1  # the least distance of two seams, as a share of the height
LEAST_SHARE = 0.04  # of a component's ink on either side of a seam
SPECK = 0.1  # ink of less than this many squares of the pen is left out


def shrunk(ink: Array) -> Array:
    """The ink (height, width) reduced to about HEIGHT pixels, by a whole factor."""
    factor = ink.shape[0] // HEIGHT
    if factor < 2:
        return ink
    height, width = (-(-side // factor) * factor for side in ink.shape)
    padded = np.zeros((height, width), np.float32)
    padded[: ink.shape[0], : ink.shape[1]] = ink
    return padded.reshape(height // factor, factor, width // factor, factor).mean(axis=(1, 3))


def components(ink: Array) -> list[Array]:
    """The connected components (8 neighbours) as masks (height, width) of bool.

    Runs of ink are joined row by row, by union-find (Rosenfeld & Pfaltz 1966).
    """
    mask = np.zeros((ink.shape[0], ink.shape[1] + 2), np.int8)
    mask[:, 1:-1] = ink > EDGE
    steps = np.diff(mask, axis=1)
    rows, starts = np.nonzero(steps > 0)
    ends = np.nonzero(steps < 0)[1]
    first = np.searchsorted(rows, np.arange(len(ink) + 1)).tolist()
    left, right = starts.tolist(), ends.tolist()
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
    masks: dict[int, Array] = {}
    for run, row in enumerate(rows.tolist()):
        component = masks.setdefault(root(run), np.zeros(ink.shape, bool))
        component[row, left[run] : right[run]] = True
    return list(masks.values())


def pen_of(ink: Array) -> float:
    """The width of the pen in pixels: a stroke has twice its area divided by its outline."""
    outline = np.abs(np.diff(ink, axis=0)).sum() + np.abs(np.diff(ink, axis=1)).sum()
    # differences along both axes count a slanted outline up to 1.4 times
    return max(1.0, 2.3 * float(ink.sum()) / max(float(outline), 1e-6))


def cheapest(ink: Array) -> tuple[Array, Array]:
    """The cheapest way from the first row to each pixel: its cost, and the last step's direction."""
    cost, step = np.empty_like(ink), np.zeros(ink.shape, np.int8)
    cost[0] = ink[0]
    before = np.full((3, ink.shape[1]), np.inf, np.float32)
    for row in range(1, len(ink)):
        above = cost[row - 1]
        before[0, 1:], before[1], before[2, :-1] = above[:-1] + SLANT, above, above[1:] + SLANT
        step[row] = before.argmin(axis=0) - 1
        cost[row] = before.min(axis=0) + ink[row]
    return cost, step


def seams(ink: Array, pen: float) -> list[tuple[float, Array]]:
    """Cuts through a component from left to right: pens of ink that each crosses, and its columns."""
    height, width = ink.shape
    found: list[tuple[float, Array]] = []
    for cost, cut in sorted([*valley_cuts(ink), *notch_cuts(ink)], key=lambda seam: seam[0]):
        if cost > MOST_INK * pen or len(found) >= CUTS * (1 + width / height):
            break
        share = ink[np.arange(width) < cut[:, None]].sum() / ink.sum()
        distances = [np.abs(cut - other).max() for _, other in found]
        if min(share, 1 - share) > LEAST_SHARE and min(distances, default=height) > APART * height:
            found.append((cost / pen, cut))
    return sorted(found, key=lambda seam: int(seam[1].sum()))


def valley_cuts(ink: Array) -> list[tuple[float, Array]]:
    """Seams through the valleys of the least cost by column of the middle row."""
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


def notch_cuts(ink: Array) -> list[tuple[float, Array]]:
    """Straight cuts between a notch in the upper outline and one in the lower outline."""
    height, width = ink.shape
    mask = ink > EDGE
    upper = np.where(mask.any(axis=0), mask.argmax(axis=0), height)
    lower = np.where(mask.any(axis=0), height - 1 - mask[::-1].argmax(axis=0), -1)
    rows = np.arange(height)
    cuts = []
    for top in valleys(-upper):
        for bottom in valleys(lower):
            if abs(top - bottom) > 0.7 * (lower[bottom] - upper[top]):
                continue
            share = np.clip((rows - upper[top]) / (lower[bottom] - upper[top]), 0, 1)
            cut = np.rint(top + share * (bottom - top)).astype(int)
            cuts.append((float(ink[rows, cut].sum()), cut))
    return cuts


def traced(steps: Array, column: int) -> Array:
    """The column of the way in each row, from the last row back to the first."""
    columns = np.empty(len(steps), int)
    for index in range(len(steps)):
        columns[index] = column
        column += int(steps[len(steps) - 1 - index, column])
    return columns


def valleys(values: Array) -> list[int]:
    """The middles of all stretches of (n,) values that are lower than what is on both sides."""
    change = np.flatnonzero(np.abs(np.diff(values)) > 1e-6) + 1
    starts, ends = np.concatenate([[0], change]), np.concatenate([change, [len(values)]])
    level = values[starts]
    low = np.flatnonzero((level[1:-1] < level[:-2]) & (level[1:-1] < level[2:])) + 1
    return ((starts[low] + ends[low] - 1) // 2).tolist()


class Picture:
    """The components of a drawing, any of which can be cut into pieces."""

    def __init__(self, drawing: Array) -> None:
        """drawing (height, width) is ink from 0 to 1, cropped."""
        self.ink = shrunk(drawing)
        self.scale = drawing.shape[0] / self.ink.shape[0]
        self.pen = pen_of(self.ink)
        least = SPECK * self.pen**2
        masks = [mask for mask in components(self.ink) if mask.sum() > least]
        self.masks = sorted(masks, key=lambda mask: sum(box_of(mask)[::2]))

    def pieces(self, cut: frozenset[int] = frozenset()) -> Pieces:
        """The components from left to right, those in `cut` (by place) in pieces."""
        parts: list[tuple[Array, int, float]] = []
        for place, mask in enumerate(self.masks):
            ink = np.where(mask, self.ink, 0)
            parts += self.cut(ink, place) if place in cut else [(ink, place, np.nan)]
        boxes = [box_of(ink > EDGE) for ink, _, _ in parts]
        order = sorted(range(len(parts)), key=lambda i: boxes[i][0] + boxes[i][2])
        parts, boxes = [parts[i] for i in order], [boxes[i] for i in order]
        cuts = [
            cost if place == place_before else np.nan
            for (_, place_before, _), (_, place, cost) in zip(parts[:-1], parts[1:], strict=True)
        ]

        def draw(start: int, end: int) -> Array:
            whole = np.sum([ink for ink, _, _ in parts[start:end]], axis=0)
            left, top, right, bottom = box_of(whole > EDGE)
            return centre(fit(whole[top:bottom, left:right]))

        return Pieces(np.array(boxes, float) * self.scale, np.array(cuts), draw)

    def cut(self, ink: Array, place: int) -> list[tuple[Array, int, float]]:
        """The pieces of a component (height, width): ink, its place, and the cost of the cut."""
        left, top, right, bottom = box_of(ink > EDGE)
        columns = np.arange(left, right)
        parts = []
        before, cost = np.full(bottom - top, left), np.nan
        cuts = [
            (price, seam + left) for price, seam in seams(ink[top:bottom, left:right], self.pen)
        ]
        for next_cost, seam in [*cuts, (np.nan, np.full(bottom - top, right))]:
            within = (columns >= before[:, None]) & (columns < seam[:, None])
            part = np.zeros_like(ink)
            part[top:bottom, left:right] = np.where(within, ink[top:bottom, left:right], 0)
            if (part > EDGE).sum() > SPECK * self.pen**2:
                parts.append((part, place, cost))
                before, cost = seam, next_cost
        return parts


def box_of(mask: Array) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is true in a mask (height, width)."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
