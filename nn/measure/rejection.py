"""Rejecting drawings that are not digits.

Out-of-distribution inputs are detected by an eleventh class, which is trained on drawings that are
no digits.  A drawing is accepted when its rejection score is at most a threshold, chosen on
validation data so that nearly all digits are accepted.  A network of ten classes accepts all.
"""

from dataclasses import replace

import numpy as np

from nn.dataset import DIGITS, NOT_A_DIGIT
from nn.layers import Array
from nn.network import Network

# The weight of ambiguity between digits in the score.  Of the values from 0 to 0.3 tried on
# validation data, 0 rejects less noise and fewer scribbles, larger ones reject fewer letters.
AMBIGUITY_WEIGHT = 0.02
ACCEPTANCE_RATE = 0.998  # of drawn digits, on validation data


def conditional_probabilities(probabilities: Array) -> Array:
    """(n, 10): the probabilities of the digits given that it is a digit; rows sum to 1."""
    digits = probabilities[:, :DIGITS]
    return np.asarray(digits / np.maximum(digits.sum(axis=1, keepdims=True), 1e-30))


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


def is_accepted(network: Network, probabilities: Array) -> Array:
    """(n,) bool: which drawings the network accepts as digits, given their probabilities."""
    return rejection_score(probabilities) <= float(network.about.get("threshold", 1.0))


def with_threshold(
    network: Network, digits: Array, acceptance_rate: float = ACCEPTANCE_RATE
) -> Network:
    """The same network with the threshold of its rejection score in `about`.

    digits (n, 28, 28, 1) are validation drawings of digits, of which acceptance_rate are accepted.
    A network of ten classes is returned unchanged.
    """
    probabilities = network.probabilities(digits)
    if probabilities.shape[1] == DIGITS:
        return network
    threshold = float(np.quantile(rejection_score(probabilities), acceptance_rate))
    return replace(network, about={**network.about, "threshold": threshold})


def auroc(digits: Array, others: Array) -> float:
    """The area under the ROC curve: how likely one of `others` scores above one of `digits`.

    Both are rejection scores (n,); a tie counts half (Hanley & McNeil 1982).
    """
    ranked = np.sort(digits)
    below = np.searchsorted(ranked, others, "left") + np.searchsorted(ranked, others, "right")
    return float(below.mean() / (2 * len(ranked)))
