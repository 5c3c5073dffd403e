"""Loss functions, and the probabilities that belong to the raw outputs of a network.

    loss_and_gradient(outputs, labels)  -> mean loss over the batch, its gradient by the outputs
    probabilities(outputs)              -> (n, classes), rows that sum to 1

outputs are (n, classes), labels (n,) whole numbers 0 <= label < classes.
"""

from dataclasses import dataclass

import numpy as np

from nn.layers import Array


def one_hot(labels: Array, outputs: Array) -> Array:
    """(n, classes) with the dtype of outputs: 1 at each label, 0 elsewhere."""
    targets = np.zeros_like(outputs)
    targets[np.arange(len(labels)), labels] = 1
    return targets


@dataclass(frozen=True)
class CrossEntropy:
    """-sum(target log softmax(outputs)): the outputs are raw scores (logits).

    smoothing spreads that fraction of each target evenly over all classes (Szegedy et al. 2016,
    "Rethinking the Inception Architecture", section 7).
    """

    smoothing: float = 0.0

    def loss_and_gradient(self, outputs: Array, labels: Array) -> tuple[float, Array]:
        targets = one_hot(labels, outputs)
        targets *= 1 - self.smoothing
        targets += self.smoothing / outputs.shape[1]
        # minus the largest score, so that exp cannot overflow and the sum is at least 1
        shifted = outputs - outputs.max(axis=1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        loss = -float((targets * logs).sum()) / len(labels)
        return loss, (np.exp(logs) - targets) / len(labels)

    def probabilities(self, outputs: Array) -> Array:
        """The softmax."""
        powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class SquaredError:
    """sum((outputs - target)^2) / 2, for outputs between 0 and 1 such as a sigmoid's."""

    def loss_and_gradient(self, outputs: Array, labels: Array) -> tuple[float, Array]:
        error = outputs - one_hot(labels, outputs)
        return 0.5 * float((error * error).sum()) / len(labels), error / len(labels)

    def probabilities(self, outputs: Array) -> Array:
        """The outputs scaled to sum to 1.

        Squared error is least when each output is the probability of its class (Bishop 1995,
        "Neural Networks for Pattern Recognition", section 6.6), but their sum need not be 1.
        """
        positive = np.maximum(outputs, np.finfo(outputs.dtype).tiny)
        return positive / positive.sum(axis=1, keepdims=True)


Loss = CrossEntropy | SquaredError
LOSSES: tuple[type, ...] = (CrossEntropy, SquaredError)
