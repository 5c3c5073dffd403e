"""Saying so when a drawing is no digit.

A network that has an eleventh class learns it from drawings that are none.  What is served is a
single number, the strangeness of a drawing, and a threshold found on validation data so that nearly
all digits stay below it.  A network of ten classes knows no such thing: to it nothing is strange.
"""

from dataclasses import replace

import numpy as np

from nn.layers import Array
from nn.network import Network

DIGITS = 10
# How much being undecided between digits counts.  So little that "4 or 9?" is still asked: of the
# values tried, 0 to 0.3, it tells noise and scribbles better than 0, and letters better than more.
UNDECIDED = 0.02
KEPT = 0.998  # of the validation digits that are drawn stay below the threshold


def given_a_digit(probabilities: Array) -> Array:
    """(n, 10): the probabilities of the ten digits given that it is one; rows sum to 1."""
    digits = probabilities[:, :DIGITS]
    return np.asarray(digits / np.maximum(digits.sum(axis=1, keepdims=True), 1e-30))


def strangeness(probabilities: Array) -> Array:
    """(n,): how little, from 0 to 1, a drawing looks like a digit.

    The eleventh probability, and a little of what is not the likeliest digit's: noise may look like
    no letter or scribble ever seen, and still like several digits at once.
    """
    if probabilities.shape[1] == DIGITS:
        return np.zeros(len(probabilities), probabilities.dtype)
    digits = probabilities[:, :DIGITS]
    undecided = digits.sum(axis=1) - digits.max(axis=1)
    return np.asarray(probabilities[:, DIGITS] + UNDECIDED * undecided)


def is_kept(network: Network, probabilities: Array) -> Array:
    """(n,) bool: which drawings the network takes for a digit, given its probabilities of them."""
    return strangeness(probabilities) <= float(network.about.get("threshold", 1.0))


def with_threshold(network: Network, digits: Array, kept: float = KEPT) -> Network:
    """The same network; `about` says above which strangeness it takes a drawing for no digit.

    digits (n, 28, 28, 1) are drawings of digits, for validation; the share `kept` stays below.  A
    network of ten classes stays as it is.
    """
    probabilities = network.probabilities(digits)
    if probabilities.shape[1] == DIGITS:
        return network
    threshold = float(np.quantile(strangeness(probabilities), kept))
    return replace(network, about={**network.about, "threshold": threshold})


def auroc(digits: Array, others: Array) -> float:
    """The area under the ROC curve: how likely one of `others` is stranger than one of `digits`.

    Both are strangenesses (n,); a tie counts half (Hanley & McNeil 1982).
    """
    ranked = np.sort(digits)
    below = np.searchsorted(ranked, others, "left") + np.searchsorted(ranked, others, "right")
    return float(below.mean() / (2 * len(ranked)))
