"""A data set in memory: images and their labels."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from nn.layers import Array

DIGITS = 10  # classes 0 to 9 are the digits
NOT_A_DIGIT = 10  # the label of the eleventh class, which a network may have


class DataSet(NamedTuple):
    """images (n, 28, 28) uint8, ink 255 on paper 0; labels (n,) whole numbers."""

    images: Array
    labels: Array


def join(sets: Iterable[DataSet]) -> DataSet:
    """The sets concatenated."""
    parts = list(sets)
    return DataSet(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.labels for part in parts]),
    )


def as_input(images: Array) -> Array:
    """images (n, 28, 28) uint8 as a network takes them: (n, 28, 28, 1) float32 from 0 to 1."""
    return (images.astype(np.float32) / 255)[..., None]
