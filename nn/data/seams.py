"""Seams through drawings, and whether each is between two digits: what judges cuts learns from."""

from collections.abc import Sequence
from itertools import chain

import numpy as np

from nn.data.cut_digits import as_bytes, ink_of, smaller
from nn.data.numbers import (
    JOINED,
    TOUCHING,
    Number,
    Overlap,
    numbers,
    parted_digits,
    placed_other,
)
from nn.dataset import DataSet
from nn.ink.preprocess import image_to_crop
from nn.ink.segmentation.components import Component
from nn.ink.segmentation.picture import Picture
from nn.ink.segmentation.seams import seams as seams_of
from nn.ink.segmentation.seams import view
from nn.ink.strokes import Strokes
from nn.layers import Array

KINDS: tuple[tuple[int, Overlap | None], ...] = (  # length of numbers, and how much digits overlap
    (1, None),
    (2, TOUCHING),
    (2, JOINED),
    (3, TOUCHING),
)
COUNTS = {"train": 6000, "validation": 500, "test": 500}  # drawings of each kind
RIGHT, WRONG = 0.7, 1.3  # squares of the pen of ink on its wrong side: at most, and at least


def seams(split: str, others: Sequence[Strokes]) -> DataSet:
    """Views of seams, labelled 1 where they are between two digits, else 0.

    Those that are nearly right are left out.  `others` are no numbers; some are chosen at random.
    Raises DataError.
    """
    rng, count = np.random.default_rng([19, *split.encode()]), COUNTS[split]
    numbers_and_parts = chain(
        *(numbers(split, length, count, overlap) for length, overlap in KINDS),
        parted_digits(split, count),
    )
    chosen = [others[i] for i in rng.permutation(len(others))[:count]]
    found = [
        labelled
        for drawing in chain(
            map(smaller, numbers_and_parts), (placed_other(strokes, rng) for strokes in chosen)
        )
        for labelled in seams_in(drawing)
    ]
    images, labels = zip(*found, strict=True)
    return DataSet(np.stack(images), np.array(labels))


def seams_in(number: Number) -> list[tuple[Array, int]]:
    """Views (28, 28) uint8 of the seams through the components of a number, and their labels."""
    crop = image_to_crop(number.picture())
    assert crop is not None, "a pen leaves ink"
    picture = Picture(crop)
    inks = [ink_of(number, place, crop.box) for place in range(len(number.digits))]
    if any(ink.shape != picture.ink.shape for ink in inks):
        return []
    found = []
    for component in picture.components:
        own = owned(component, np.array(inks)) if inks else np.empty((0, *component.ink.shape))
        for seam in seams_of(component.ink, picture.pen):
            error = wrong_side(own, seam) / picture.pen**2
            if not RIGHT < error < WRONG:
                drawing = view(component.ink, seam, picture.height)
                found.append((as_bytes(drawing), int(error <= RIGHT)))
    return found


def owned(component: Component, inks: Array) -> Array:
    """(n, height, width): the ink of a component that is of one digit alone, for each with some.

    inks (digits, rows, columns) are those of all digits of the picture.
    """
    height, width = component.ink.shape
    rows = slice(component.top, component.top + height)
    columns = slice(component.left, component.left + width)
    here = inks[:, rows, columns] * (component.ink > 0)
    alone = np.clip(2 * here - here.sum(axis=0), 0, 1)
    return np.asarray(alone[here.sum(axis=(1, 2)) > 0.05 * component.ink.sum()])


def wrong_side(own: Array, seam: Array) -> float:
    """The ink on the wrong side of a seam between two digits, wherever that is least.

    own (n, height, width) is that of each digit from left to right.  It is infinite for fewer than
    two.
    """
    is_left = np.arange(own.shape[2]) < seam[:, None]
    left, right = (own * is_left).sum(axis=(1, 2)), (own * ~is_left).sum(axis=(1, 2))
    errors = [right[:place].sum() + left[place:].sum() for place in range(1, len(own))]
    return float(min(errors, default=np.inf))
