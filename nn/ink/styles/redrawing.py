"""Digits redrawn in another form, with the width and the slant of a writer's own.

A form is a list of strokes, a stroke a list of corners (x, y, rounding); x and y are shares of the
digit's width and height, rounding is that of `curves.rounded`.  As nothing but a drawing's
proportions are used, its strokes may be in any order and direction.
"""

from collections.abc import Callable

import numpy as np

from nn.ink.styles.curves import rounded
from nn.layers import Array

Corner = tuple[float, float, float]
Form = list[list[Corner]]
Rewrite = Callable[[list[Array], np.random.Generator], list[Array] | None]

SOFT = 0.5  # the rounding of a smooth curve


def redrawn(form: Callable[[np.random.Generator], Form]) -> Rewrite:
    """The style that replaces a digit by the form, as wide and as slanted as the digit was."""

    def rewrite(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
        points = np.concatenate(lines)
        size = np.ptp(points, axis=0)
        if size[1] < 0.6:
            return None  # lying, or a part of a digit
        width = np.clip(size[0] / size[1], 0.45, 0.8)
        made = []
        for stroke in form(rng):
            corners = np.array(stroke)
            corners[:, :2] += rng.normal(0, 0.022, (len(corners), 2))
            made.append(rounded(corners[:, :2] * (width, 1), corners[:, 2]))
        lean = np.clip(slope(points) - slope(np.concatenate(made)), -0.25, 0.1)
        return [line + np.outer(line[:, 1] - 0.5, (lean, 0)) for line in made]

    rewrite.__doc__ = form.__doc__
    return rewrite


def either(first: Rewrite, second: Rewrite) -> Rewrite:
    """The first style, or the second for drawings that the first does not suit."""
    return lambda lines, rng: first(lines, rng) or second(lines, rng)


def slope(points: Array) -> float:
    """How far the points (n, 2) move to the right per unit downwards, by least squares."""
    x, y = (points - points.mean(axis=0)).T
    return float(x @ y / (y @ y))


def ring(
    rng: np.random.Generator, left: float, top: float, right: float, bottom: float
) -> list[Corner]:
    """A stroke round an ellipse, from a place in its upper half."""
    start = np.radians(rng.uniform(-100, 10))
    angles = start - np.linspace(0, 2 * np.pi * rng.uniform(0.96, 1.06), 11)
    wide, high = (right - left) / 2, (bottom - top) / 2
    return [
        (left + wide * (1 + np.cos(angle)), top + high * (1 + np.sin(angle)), SOFT)
        for angle in angles
    ]
