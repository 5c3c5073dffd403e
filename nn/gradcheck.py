"""Is a gradient right?  Compare it with the slope of the function it is said to belong to."""

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

    x is float64; the slope is the central difference (f(x + h d) - f(x - h d)) / 2h.  A right
    gradient gives about 1e-8, one that is wrong by 0.1 % gives about 1e-3: draw the line at 1e-5.
    """
    worst = 0.0
    for _ in range(directions):
        direction = rng.standard_normal(x.shape)
        # directions across the gradient would see a slope of nearly zero, all rounding error
        direction += np.sign(gradient) * np.abs(direction)
        slope = (function(x + h * direction) - function(x - h * direction)) / (2 * h)
        claimed = float((gradient * direction).sum())
        scale = max(abs(slope), abs(claimed), 1e-12)
        worst = max(worst, abs(slope - claimed) / scale)
    return worst
