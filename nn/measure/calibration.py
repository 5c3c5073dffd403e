"""Confidence that means what it says: of all answers given with 90 %, 90 % should be right.

Networks are more or less sure than they are right, and label smoothing makes them less.  One number
mends most of it: dividing the raw outputs by a temperature, found on validation data (Guo et al.
2017, "On Calibration of Modern Neural Networks").  No answer changes by it.
"""

from dataclasses import replace

import numpy as np

from nn.dataset import DIGITS, DataSet, as_input
from nn.layers import Array, Dense
from nn.losses import CrossEntropy
from nn.network import Network

LEAST, MOST = 0.25, 4.0  # a validation set read without a mistake would ask for a temperature of 0


def calibrated(network: Network, validation: DataSet) -> Network:
    """The same network, its last weights divided by the temperature; `about` says which.

    A network whose outputs are no logits, such as one of sigmoids, stays as it is.
    """
    if not (isinstance(network.loss, CrossEntropy) and isinstance(network.layers[-1], Dense)):
        return network
    # of the ten digits alone: how sure to be that it is one at all is left to the threshold
    outputs = network.outputs(as_input(validation.images))[:, :DIGITS]
    heat = temperature(outputs, validation.labels)
    last = {key: array / np.float32(heat) for key, array in network.params[-1].items()}
    about = {**network.about, "temperature": round(heat, 4)}
    return replace(network, params=[*network.params[:-1], last], about=about)


def temperature(outputs: Array, labels: Array) -> float:
    """The T, LEAST to MOST, for which softmax(outputs / T) has the least cross-entropy.

    Cross-entropy is convex in 1 / T, so that a search by thirds finds it.
    """
    unsmoothed = CrossEntropy()

    def loss(coldness: float) -> float:
        return unsmoothed.loss_and_gradient(outputs * np.float32(coldness), labels)[0]

    low, high = 1 / MOST, 1 / LEAST
    for _ in range(40):
        third = (high - low) / 3
        if loss(low + third) < loss(high - third):
            high -= third
        else:
            low += third
    return 2 / (low + high)


def expected_calibration_error(confidence: Array, right: Array, bins: int = 15) -> float:
    """The expected calibration error: |accuracy - confidence| in bins of equal width, weighted.

    confidence (n,) of the answers given, right (n,) whether they were.
    """
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(right[bin_of == i].mean() - confidence[bin_of == i].mean()) * (bin_of == i).mean()
        for i in range(bins)
        if (bin_of == i).any()
    ]
    return float(sum(gaps))
