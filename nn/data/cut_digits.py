"""Digits cut out of numbers that touch, and wrong cuts: what a reader of numbers looks at.

The cuts are those that the trained network `seams` finds likely.  As it is known which ink is
whose, each candidate can be labelled: nearly all of a digit and hardly more, or a digit with much
of its neighbour, or two.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np

from nn.data.download import DataError
from nn.data.numbers import JOINED, TOUCHING, Number, numbers
from nn.dataset import DataSet
from nn.ink.preprocess import image_to_crop
from nn.ink.segmentation.components import reduced
from nn.ink.segmentation.picture import Judge, Picture, judge_of
from nn.layers import Array
from nn.network import WEIGHTS, Network

HEIGHT = 60.0  # pixels of a digit; the size on the canvas does not matter here
KINDS = ((2, TOUCHING), (2, JOINED), (3, TOUCHING))  # length of numbers, and how digits overlap
COUNTS = {"train": 4500, "validation": 300, "test": 300}  # numbers of each kind
INSIDE = 0.9  # of a digit's ink is in a candidate for it, at least
FOREIGN = 0.1  # of a candidate's ink is not the digit's, at most
WRONG = (0.3, 0.6)  # of its ink is not the digit's, in a wrong one


def cut_digits(split: str) -> DataSet:
    """Digits cut out of touching numbers, one good candidate for each.  Raises DataError."""
    images, labels = [], []
    for image, label in labelled_candidates(split):
        if label is not None:
            images.append(image)
            labels.append(label)
    return DataSet(np.stack(images), np.array(labels))


def wrong_cuts(split: str) -> Array:
    """(n, 28, 28) uint8: digits with a part of another, and two digits.  Raises DataError."""
    return np.stack([image for image, label in labelled_candidates(split) if label is None])


@cache
def labelled_candidates(split: str) -> list[tuple[Array, int | None]]:
    """Inputs (28, 28) uint8 with their digits, None for none; it takes minutes."""
    rng, judge = np.random.default_rng([17, *split.encode()]), trained_judge()
    return [
        candidate
        for length, overlap in KINDS
        for number in numbers(split, length, COUNTS[split], overlap)
        for candidate in candidates_in(smaller(number), judge, rng)
    ]


def trained_judge() -> Judge:
    """The network that judges cuts.  Raises DataError when it is not trained yet."""
    path = WEIGHTS / "seams.npz"
    if not path.exists():
        raise DataError("digits are cut out with seams: run `python -m nn train seams` first")
    return judge_of(Network.load(path))


def smaller(number: Number) -> Number:
    """The number with digits about HEIGHT high, on a canvas just as large, for speed."""
    points = np.concatenate([np.array(stroke) for stroke in number.strokes])
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    scale = HEIGHT / float(extent[1])
    pen = number.pen * scale
    strokes = [
        [((x - low[0]) * scale + pen, (y - low[1]) * scale + pen) for x, y in stroke]
        for stroke in number.strokes
    ]
    width, height = np.ceil(extent * scale + 2 * pen).astype(int).tolist()
    return number._replace(strokes=strokes, pen=pen, size=(width, height))


def candidates_in(
    number: Number, judge: Judge, rng: np.random.Generator
) -> Iterator[tuple[Array, int | None]]:
    """The labelled candidates of one number: for each digit one of the good, and all wrong ones."""
    crop = image_to_crop(number.picture())
    assert crop is not None, "a pen leaves ink"
    picture = Picture(crop, judge)
    everything = frozenset(range(len(picture.components)))
    parts, pieces = picture.parts(everything), picture.pieces(everything)
    own = [ink_of(number, place, crop.box) for place in range(len(number.digits))]
    if any(ink.shape != picture.ink.shape for ink in own):
        return
    totals = np.array([ink.sum() for ink in own])
    good: dict[int, list[Array]] = {}
    for start, end in pieces.candidates(with_wholes=False):
        inside, (left, top, right, bottom) = picture.cropped(parts[start:end])
        ink = np.zeros_like(picture.ink)
        ink[top:bottom, left:right] = inside
        shared = np.array([np.minimum(ink, of_digit).sum() for of_digit in own])
        inside, foreign = shared / totals, 1 - shared / ink.sum()
        place = int(inside.argmax())
        if inside[place] >= INSIDE and foreign[place] <= FOREIGN:
            good.setdefault(place, []).append(pieces.draw(start, end))
        elif is_wrong(inside, foreign, number.digits):
            yield as_bytes(pieces.draw(start, end)), None
    for place, drawings in good.items():
        yield as_bytes(drawings[rng.integers(len(drawings))]), int(number.digits[place])


def is_wrong(inside: Array, foreign: Array, digits: str) -> bool:
    """Whether a candidate holds two digits, or one with much of another.

    inside (n,) are the shares of the digits' ink that it holds, foreign (n,) what of its own ink is
    not theirs.
    """
    if (inside >= INSIDE).sum() > 1:
        return True
    place = int(inside.argmax())
    # a 1 with a part of its neighbour may be any other digit
    has_one = "1" in {digits[i] for i in np.flatnonzero(inside > 0.1)}
    has_digit = bool(inside[place] >= INSIDE)
    return has_digit and not has_one and bool(WRONG[0] <= foreign[place] <= WRONG[1])


def ink_of(number: Number, place: int, box: tuple[float, float, float, float]) -> Array:
    """The ink of one digit, in the pixels of the reduced picture of the number."""
    strokes = [
        stroke
        for stroke, owner in zip(number.strokes, number.owners, strict=True)
        if owner == place
    ]
    picture = number._replace(strokes=strokes).picture()
    width, height = number.size
    left, top, right, bottom = (
        round(side * length) for side, length in zip(box, (width, height) * 2, strict=True)
    )
    return reduced(1 - np.asarray(picture, np.float32)[top:bottom, left:right] / 255)


def as_bytes(drawing: Array) -> Array:
    return np.rint(drawing * 255).astype(np.uint8)
