"""Drawings on which the reader of numbers is fitted and measured: numbers, and what is none."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image

from nn.data.nondigits.negatives import NUMBERS
from nn.data.numbers import PENS, Overlap, numbers, parted_digits, placed
from nn.data.sets import nondigit_samples
from nn.ink.preprocess import Crop, image_to_crop
from nn.ink.strokes import normalized
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
        strokes = [np.array(stroke) for stroke in number.strokes]
        yield example(number.digits, "numbers", number.picture(), strokes)


def parted(split: str, count: int) -> Iterator[Example]:
    """So many single digits whose strokes do not meet, see `nn.data.numbers`."""
    for number in parted_digits(split, count):
        strokes = [np.array(stroke) for stroke in number.strokes]
        yield example(number.digits, "in pieces", number.picture(), strokes)


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
                pen = float(np.exp(rng.uniform(*np.log(PENS))))
                drawing = placed("", normalized(sample), [], pen, rng)
                strokes = [np.array(stroke) for stroke in drawing.strokes]
                yield example("", group, drawing.picture(), strokes)
            elif isinstance(sample, Image.Image):
                yield example("", group, sample, [])


def example(text: str, group: str, picture: Image.Image, strokes: list[Array]) -> Example:
    crop = image_to_crop(picture)
    assert crop is not None, "every drawing has ink"
    return Example(text, group, crop, strokes, picture.size)
