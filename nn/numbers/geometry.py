"""A small model of how the digits of a number stand: their heights, widths, gaps and cuts.

Each feature is a penalty, 0 for digits as people mostly write them; lengths are in heights of a
digit.  Their weights are found by maximum likelihood on composed numbers, see `fit`.
"""

import math

from nn.layers import Array
from nn.numbers.pieces import Pieces

OF_DIGIT = ("digit", "low", "wide", "gap")
OF_NEIGHBOURS = ("overlap", "ink cut", "cut", "height", "offset")
FEATURES = (*OF_DIGIT, *OF_NEIGHBOURS)
LOW, WIDE, GAP, OVERLAP = 0.65, 1.0, 0.05, 0.15  # what is usual still


def of_digit(pieces: Pieces, start: int, end: int) -> list[float]:
    """The features of a candidate: 1, how low and how wide it is, the gap inside."""
    unit = pieces.height
    left, top, right, bottom = pieces.box(start, end)
    width, height = (right - left) / unit, (bottom - top) / unit
    return [
        1.0,
        -max(0.0, LOW - max(height, width / 2)),
        -max(0.0, width - WIDE),
        -max(0.0, pieces.gap(start, end) / unit - GAP),
    ]


def of_neighbours(pieces: Pieces, start: int, middle: int, end: int) -> list[float]:
    """The features of two candidates, from start to middle and from there to end."""
    unit = pieces.height
    a, b = pieces.box(start, middle), pieces.box(middle, end)
    cut = float(pieces.cuts[middle - 1])
    return [
        -max(0.0, (a[2] - b[0]) / unit - OVERLAP),
        0.0 if math.isnan(cut) else -cut,
        0.0 if math.isnan(cut) else -1.0,
        -abs(math.log(max(a[3] - a[1], 0.02 * unit) / max(b[3] - b[1], 0.02 * unit))),
        -abs(a[1] + a[3] - b[1] - b[3]) / 2 / unit,
    ]


def score(features: list[float], weights: Array) -> float:
    return float(sum(f * w for f, w in zip(features, weights, strict=True)))
