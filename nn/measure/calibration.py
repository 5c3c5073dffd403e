"""Calibration: of all predictions with a confidence of 90 %, 90 % should be right.

Networks are often overconfident, and with label smoothing underconfident.  Temperature scaling
corrects most of that: the logits are divided by one number, found on validation data (Guo et al.
2017, "On Calibration of Modern Neural Networks").  It changes no prediction.
"""

from dataclasses import replace

import numpy as np

from nn.dataset import DataSet, as_input
from nn.layers import Array, Dense
from nn.losses import CrossEntropy
from nn.network import Network

# without a mistake on validation data, the best temperature would be 0
MIN_TEMPERATURE, MAX_TEMPERATURE = 0.25, 4.0


def calibrated(network: Network, validation: DataSet) -> Network:
    """The same network with its last weights divided by the temperature, which is in `about`.

    A network whose outputs are not logits, such as one of sigmoids, is returned unchanged.
    """
    if not (isinstance(network.loss, CrossEntropy) and isinstance(network.layers[-1], Dense)):
        return network
    outputs = network.outputs(as_input(validation.images))
    T = temperature(outputs, validation.labels)
    last = {key: array / np.float32(T) for key, array in network.params[-1].items()}
    about = {**network.about, "temperature": round(T, 4)}
    return replace(network, params=[*network.params[:-1], last], about=about)


def temperature(outputs: Array, labels: Array) -> float:
    """The T within the limits for which softmax(outputs / T) has the lowest cross-entropy.

    Cross-entropy is convex in 1 / T, so that a ternary search finds it.
    """
    unsmoothed = CrossEntropy()

    def loss(inverse: float) -> float:
        return unsmoothed.loss_and_gradient(outputs * np.float32(inverse), labels)[0]

    low, high = 1 / MAX_TEMPERATURE, 1 / MIN_TEMPERATURE
    for _ in range(40):
        third = (high - low) / 3
        if loss(low + third) < loss(high - third):
            high -= third
        else:
            low += third
    return 2 / (low + high)


def expected_calibration_error(confidence: Array, correct: Array, bins: int = 15) -> float:
    """The mean of |accuracy - confidence| over bins of equal width, weighted by their counts.

    confidence (n,) is that of each prediction, correct (n,) whether it is correct.
    """
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(correct[bin_of == i].mean() - confidence[bin_of == i].mean()) * (bin_of == i).mean()
        for i in range(bins)
        if (bin_of == i).any()
    ]
    return float(sum(gaps))
