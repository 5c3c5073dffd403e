"""Rejecting drawings that are no digit, and doubting those that may be none.

Out-of-distribution inputs are detected by an eleventh class, which is trained on drawings that are
no digits.  Two thresholds on the rejection score, chosen on validation data, divide the drawings
into those that are read, those that are read with doubt, and those that are refused.  A network of
ten classes reads all.
"""

from collections.abc import Iterable
from dataclasses import replace
from enum import IntEnum

import numpy as np

from nn.dataset import DIGITS, NOT_A_DIGIT
from nn.layers import Array
from nn.network import Network

# The weight of ambiguity between digits in the score.  Of the values from 0 to 0.3 tried on
# validation data, 0 rejects less noise and fewer scribbles, larger ones reject fewer letters.
AMBIGUITY_WEIGHT = 0.02
REFUSED_RATE = 0.003  # of the validation digits of a source, at most
DOUBTED_RATE = 0.02  # likewise, the refused ones included


class Verdict(IntEnum):
    """What becomes of a drawing."""

    READ = 0
    DOUBTFUL = 1
    REFUSED = 2


def conditional_probabilities(probabilities: Array) -> Array:
    """(n, 10): the probabilities of the digits given that it is a digit; rows sum to 1."""
    digits = probabilities[:, :DIGITS]
    return np.asarray(digits / np.maximum(digits.sum(axis=1, keepdims=True), 1e-30))


def confidence_of(probabilities: Array) -> Array:
    """(n,): the probability of the likeliest digit, with "no digit" counted in."""
    return np.asarray(probabilities[:, :DIGITS].max(axis=1))


def rejection_score(probabilities: Array) -> Array:
    """(n,): from 0 for a clear digit to 1 for something else, given probabilities (n, 10 or 11).

    The probability of the eleventh class, plus a small weight times that of all digits but the
    likeliest: noise may resemble nothing that was trained on, and still several digits at once.
    """
    if probabilities.shape[1] == DIGITS:
        return np.zeros(len(probabilities), probabilities.dtype)
    digits = probabilities[:, :DIGITS]
    ambiguity = digits.sum(axis=1) - digits.max(axis=1)
    return np.asarray(probabilities[:, NOT_A_DIGIT] + AMBIGUITY_WEIGHT * ambiguity)


def verdicts(network: Network, probabilities: Array) -> Array:
    """(n,) whole numbers, each a Verdict, given the network's probabilities (n, 10 or 11)."""
    score = rejection_score(probabilities)
    thresholds = network.about.get("thresholds", {"doubtful": 1.0, "refused": 1.0})
    return (score > thresholds["doubtful"]) * 1 + (score > thresholds["refused"])


def with_thresholds(
    network: Network,
    digits: Iterable[Array],
    doubted_rate: float = DOUBTED_RATE,
    refused_rate: float = REFUSED_RATE,
) -> Network:
    """The same network with the two thresholds of its rejection score in `about`.

    digits are validation drawings (n, 28, 28, 1) of digits, by source: of each source at most
    doubted_rate are above the lower threshold, at most refused_rate above the upper one.  A network
    of ten classes is returned unchanged.
    """
    probabilities = [network.probabilities(images) for images in digits]
    if probabilities[0].shape[1] == DIGITS:
        return network
    scores = [rejection_score(of_source) for of_source in probabilities]
    thresholds = {
        "doubtful": max(float(np.quantile(score, 1 - doubted_rate)) for score in scores),
        "refused": max(float(np.quantile(score, 1 - refused_rate)) for score in scores),
    }
    return replace(network, about={**network.about, "thresholds": thresholds})


def auroc(digits: Array, others: Array) -> float:
    """The area under the ROC curve: how likely one of `others` scores above one of `digits`.

    Both are rejection scores (n,); a tie counts half (Hanley & McNeil 1982).
    """
    ranked = np.sort(digits)
    below = np.searchsorted(ranked, others, "left") + np.searchsorted(ranked, others, "right")
    return float(below.mean() / (2 * len(ranked)))
