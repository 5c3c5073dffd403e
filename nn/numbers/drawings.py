"""Drawings on which the reader of numbers is fitted and measured: numbers, and what is none."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image

from nn.data.nondigits.negatives import NUMBERS
from nn.data.numbers import Number, Overlap, numbers, parted_digits, placed_other
from nn.data.sets import nondigit_samples
from nn.ink.preprocess import Crop, image_to_crop
from nn.layers import Array


class Example(NamedTuple):
    """A drawing, and what it says."""

    text: str  # the digits, or "" for what is no number
    group: str
    crop: Crop
    strokes: list[Array]  # empty where they are not known
    size: tuple[int, int]


def composed(split: str, length: int, count: int, overlap: Overlap | None) -> Iterator[Example]:
    """So many numbers of that length, see `nn.data.numbers`."""
    for number in numbers(split, length, count, overlap):
        yield of_number(number, "numbers")


def parted(split: str, count: int) -> Iterator[Example]:
    """So many single digits whose strokes do not meet, see `nn.data.numbers`."""
    for number in parted_digits(split, count):
        yield of_number(number, "in pieces")


def others(split: str, every: int = 1) -> Iterator[Example]:
    """What is neither digit nor number, by group; of each group every so many-th.

    split is "validation" or "test".
    """
    rng = np.random.default_rng([16, *split.encode()])
    for group, samples in nondigit_samples(split).items():
        if group in NUMBERS:
            continue
        for sample in samples[::every]:
            if isinstance(sample, list):
                yield of_number(placed_other(sample, rng), group)
            elif isinstance(sample, Image.Image):
                yield example("", group, sample, [])


def of_number(number: Number, group: str) -> Example:
    strokes = [np.array(stroke) for stroke in number.strokes]
    return example(number.digits, group, number.picture(), strokes)


def example(text: str, group: str, picture: Image.Image, strokes: list[Array]) -> Example:
    crop = image_to_crop(picture)
    assert crop is not None, "every drawing has ink"
    return Example(text, group, crop, strokes, picture.size)
