"""A small model of how the digits of a number stand: their heights, widths, gaps and cuts.

Each feature is 0 for digits as people mostly write them, and grows with what is unusual; lengths
are in heights of a digit.  The weights are found by maximum likelihood, see `fitting`.
"""

import math
from collections.abc import Mapping

import numpy as np

from nn.ink.segmentation.pieces import Pieces
from nn.layers import Array
from nn.network import Network

LOW, WIDE, GAP, OVERLAP = 0.65, 1.0, 0.05, 0.15  # heights that are usual still
SIMPLE = (1, 7)  # a line or two, of which letters and signs consist, too
INSIDE = 0.15  # heights from a candidate's ends; a cut nearer to them is perhaps one of its own
LEAST_UNCUT = 0.01  # probability that there is no cut, however likely one is
APART, CLOSE = 0.1, -0.15  # heights between two digits: clearly apart, and as close as can be

# of a digit: that there is one more, and a simple one; how much lower and wider it is than usual;
# the empty band inside; the logarithm of how unlikely it is that there is no cut inside
OF_DIGIT = ("digit", "simple", "low", "wide", "gap", "uncut")
# of two neighbours that were cut apart: that they were, and the logarithm of how unlikely that is;
# of others: how close they are, from 0 to 1; how far one stands over the other; how near their
# strokes come, from 0 to 1; the logarithm of the ratio of their heights; how much higher the middle
# of one is
OF_NEIGHBOURS = ("cut", "unlikely", "close", "overlap", "joined", "height", "offset")
# of a drawing that is no number: that it is none; its width
OF_NOTHING = ("none", "none wide")
# those that grow with what is unusual; the others are constants, or may speak for a path as well
UNUSUAL = ("low", "wide", "gap", "uncut", "unlikely", "overlap", "height", "offset")
FEATURES = (*OF_DIGIT, *OF_NEIGHBOURS, *OF_NOTHING)

Weights = Mapping[str, float]  # by feature; what a feature of 1 takes from the score
SOURCES = ("strokes", "picture")
DEFAULT: Weights = {  # for networks whose file has none
    "digit": 1.0,
    "simple": 1.0,
    "low": 8.0,
    "wide": 5.0,
    "gap": 15.0,
    "uncut": 0.5,
    "cut": 0.0,
    "unlikely": 1.0,
    "close": 1.0,
    "overlap": 5.0,
    "joined": 2.0,
    "height": 3.0,
    "offset": 3.0,
    "none": 6.0,
    "none wide": 2.0,
}


def weights_of(network: Network, source: str) -> Weights:
    """The weights for strokes or for pictures that the network's file holds, or DEFAULT."""
    found: Weights = network.about.get("geometry", {}).get(source, DEFAULT)
    return found


def of_digit(pieces: Pieces, start: int, end: int, digit: int) -> list[float]:
    """The features of a candidate, whose likeliest digit is given."""
    unit = pieces.height
    left, top, right, bottom = pieces.box(start, end)
    width, height = (right - left) / unit, (bottom - top) / unit
    return [
        1.0,
        float(digit in SIMPLE),
        max(0.0, LOW - max(height, width / 2)),
        max(0.0, width - WIDE),
        max(0.0, pieces.gap(start, end) / unit - GAP),
        -math.log(max(1 - likeliest_cut(pieces, start, end), LEAST_UNCUT)),
    ]


def likeliest_cut(pieces: Pieces, start: int, end: int) -> float:
    """The probability of a cut inside a candidate, the likeliest that is not near its ends."""
    likely = 0.0
    for place in range(start + 1, end):
        if pieces.likely[place - 1] > likely:
            sides = pieces.box(start, place), pieces.box(place, end)
            if min(right - left for left, _, right, _ in sides) > INSIDE * pieces.height:
                likely = pieces.likely[place - 1]
    return likely


def of_neighbours(pieces: Pieces, start: int, middle: int, end: int) -> list[float]:
    """The features of two candidates, from start to middle and from there to end."""
    if likely := pieces.likely[middle - 1]:  # what judged the cut has seen how they stand
        return [1.0, -math.log(likely), 0.0, 0.0, 0.0, 0.0, 0.0]
    unit = pieces.height
    _, a_top, a_right, a_bottom = pieces.box(start, middle)
    b_left, b_top, _, b_bottom = pieces.box(middle, end)
    least = 0.02 * unit  # of a dash, whose height is nothing
    distance = (b_left - a_right) / unit
    return [
        0.0,
        0.0,
        (APART - min(max(distance, CLOSE), APART)) / (APART - CLOSE),
        max(0.0, -distance - OVERLAP),
        pieces.nearest(start, middle, end),
        abs(math.log(max(a_bottom - a_top, least) / max(b_bottom - b_top, least))),
        abs(a_top + a_bottom - b_top - b_bottom) / 2 / unit,
    ]


def of_nothing(pieces: Pieces) -> list[float]:
    """The features of a drawing as no number."""
    left, _, right, _ = pieces.box(0, len(pieces))
    return [1.0, (right - left) / pieces.height]


def as_array(weights: Weights) -> Array:
    """(15,), in the order of FEATURES."""
    return np.array([weights.get(name, 0.0) for name in FEATURES])
