"""Gradient checking: compare a gradient with numerical slopes of its function."""

from collections.abc import Callable

import numpy as np

from nn.layers import Array


def gradient_error(
    function: Callable[[Array], float],
    x: Array,
    gradient: Array,
    rng: np.random.Generator,
    h: float = 1e-6,
    directions: int = 5,
) -> float:
    """The largest relative difference between gradient and slope along random directions.

    x is float64; the slope is the central difference (f(x + h d) - f(x - h d)) / 2h.  A correct
    gradient gives about 1e-8, one that is wrong by 0.1 % about 1e-3: use 1e-5 as the limit.
    """
    largest = 0.0
    for _ in range(directions):
        direction = rng.standard_normal(x.shape)
        # orthogonal to the gradient the slope would be nearly zero, and mostly rounding error
        direction += np.sign(gradient) * np.abs(direction)
        slope = (function(x + h * direction) - function(x - h * direction)) / (2 * h)
        expected = float((gradient * direction).sum())
        scale = max(abs(slope), abs(expected), 1e-12)
        largest = max(largest, abs(slope - expected) / scale)
    return largest
