"""Drawings on which the reader of numbers is fitted and measured: numbers, and what is none."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image

from nn.data.numbers import PENS, Overlap, densified, hands, numbers, placed
from nn.data.sets import nondigit_samples
from nn.ink.preprocess import Crop, image_to_crop
from nn.ink.strokes import normalized
from nn.layers import Array

PIECE_GAPS = (0.02, 0.1)  # of paper between the pieces of a digit, in its longer side
STEP = 0.02  # in the same, by which a piece is moved at a time
MOST_MOVED = 0.25  # in the same; strokes that cross each other stay as they are
NUMBERS = "several digits", "pieces"  # groups of non-digits of which some are numbers


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
    """Single digits whose strokes do not meet: a hat above a 5, the stem of a 4 beside it.

    The strokes of the split's writers and fonts are moved apart, by some paper between them.
    """
    rng = np.random.default_rng([18, *split.encode()])
    of_several = [
        (digit, drawing)
        for hand in hands(split)
        for digit, drawings in enumerate(hand)
        for drawing in drawings
        if len(drawing.strokes) > 1
    ]
    found = 0
    while found < count:
        digit, drawing = of_several[rng.integers(len(of_several))]
        pen = float(np.exp(rng.uniform(*np.log(PENS))))
        lines = apart(normalized(drawing.strokes), pen + rng.uniform(*PIECE_GAPS))
        if lines:
            found += 1
            number = placed(str(digit), lines, [0] * len(lines), pen, rng)
            strokes = [np.array(stroke) for stroke in number.strokes]
            yield example(number.digits, "in pieces", number.picture(), strokes)


def apart(lines: list[Array], distance: float) -> list[Array]:
    """The lines with each moved away from those before it until the least distance is that.

    None are left if one would have to be moved far.
    """
    moved = lines[:1]
    for line in lines[1:]:
        before = np.concatenate([densified([other]) for other in moved])
        step = line.mean(axis=0) - before.mean(axis=0)
        step /= max(float(np.hypot(*step)), 1e-9)
        points = densified([line])
        for shift in np.arange(0, MOST_MOVED, STEP):
            if np.hypot(*(points[:, None] + shift * step - before[None]).T).min() >= distance:
                moved.append(line + shift * step)
                break
        else:
            return []
    return moved


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
