"""The data sets by name: MNIST, as strokes too, pen strokes, made styles, fonts, and non-digits.

Splits are fixed: "train", "validation" (for choices) and "test" (once, at the end).
"""

from collections.abc import Callable
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from nn.data.alphabets import CHARACTERS_FILE, characters, fetch_characters
from nn.data.cut_digits import cut_digits, wrong_cuts
from nn.data.download import DataError, find
from nn.data.fonts import FONT_FILES, font_characters, font_digits, fonts
from nn.data.glyphs import drawn_digits
from nn.data.image_folder import image_folder
from nn.data.mnist import MNIST_MD5, fetch_mnist, mnist
from nn.data.nondigits import negatives
from nn.data.pen import PEN_FILE, fetch_pen, pen, pen_drawings, restyled_drawings, styles
from nn.data.pictures import PICTURES_FILE, fetch_pictures, pictures
from nn.data.seams import seams as seams_of
from nn.data.traced import traced, traced_drawings
from nn.dataset import NOT_A_DIGIT, DataSet, join
from nn.ink.strokes import Drawing, distorted, renderings
from nn.layers import Array

SPLITS = ("train", "validation", "test")
OTHER_PENS = ((0.015, 0.025), (0.125, 0.16))  # shares of the canvas; training has those between
GLYPH_COUNTS = {"train": 30000, "validation": 1000, "test": 2000}
FONT_COPIES = 25  # of each digit of a font among the digits that the thresholds are chosen on


def load(name: str, split: str) -> DataSet:
    """The split of a data set, given by name or as a folder of one's own pictures.

    Raises DataError when it is unknown, missing or broken.
    """
    if name not in SETS:
        if Path(name).is_dir():
            return image_folder(Path(name), split)
        raise DataError(
            f"{name!r} is neither a folder nor a data set: choose from {', '.join(SETS)}"
        )
    if split not in SPLITS:
        raise DataError(f"{split!r} is not a split: choose from {', '.join(SPLITS)}")
    return SETS[name](split)


def glyphs(split: str) -> DataSet:
    """Digits drawn from our own catalogue of ways of writing, each in a new hand."""
    rng = np.random.default_rng([14, *split.encode()])
    return DataSet(*renderings(drawn_digits(rng, GLYPH_COUNTS[split])))


def unlike_training(split: str) -> dict[str, DataSet]:
    """Digits unlike those of training, on which the thresholds are chosen, by source.

    Writers and fonts of that split, and made styles, all drawn with pens that are thinner or wider
    than any in training.
    """
    sources = {
        "traced": traced_drawings(split),
        "pen": pen_drawings(split),
        "styles": [*chain(*restyled_drawings(split).values())],
        "fonts": font_digits(split) * FONT_COPIES,
    }
    rng = np.random.default_rng(13)
    return {name: with_other_pens(drawings, rng) for name, drawings in sources.items()}


def with_other_pens(drawings: list[Drawing], rng: np.random.Generator) -> DataSet:
    """The drawings distorted, half of them with thin pens and half with wide ones."""
    drawings = [d._replace(strokes=distorted(d.strokes, rng, 0.5)) for d in drawings]
    return join(
        DataSet(*renderings(drawings[i::2], pens=pens)) for i, pens in enumerate(OTHER_PENS)
    )


def nondigits(split: str) -> DataSet:
    """Drawings that are no digit, labelled NOT_A_DIGIT."""
    images = np.concatenate(list(nondigit_groups(split).values()))
    return DataSet(images, np.full(len(images), NOT_A_DIGIT))


def nondigit_groups(split: str) -> dict[str, Array]:
    """Images (n, 28, 28) uint8 of drawings that are no digit, by group."""
    cuts = wrong_cuts(split) if split == "train" else ()
    return negatives.nondigits(split, sources_of_nondigits(split)._replace(wrong_cuts=cuts))


def nondigit_samples(split: str) -> dict[str, list[negatives.Sample]]:
    """Other drawings that are no digit as strokes or pictures, by group."""
    return negatives.evaluation_samples(split, sources_of_nondigits(split))


def sources_of_nondigits(split: str) -> negatives.Sources:
    train = mnist("train")
    bitmaps = train.images, train.labels
    return negatives.Sources(
        pen_drawings(split),
        bitmaps,
        characters(split),
        pictures(split),
        font_characters(split),
    )


def seams(split: str) -> DataSet:
    """Seams through numbers and other drawings, see `nn.data.seams`.  Raises DataError."""
    others = [
        sample
        for group, samples in nondigit_samples(split).items()
        for sample in samples
        if isinstance(sample, list) and group not in negatives.NUMBERS
    ]
    return seams_of(split, others)


SETS: dict[str, Callable[[str], DataSet]] = {
    "mnist": mnist,
    "traced": traced,
    "pen": pen,
    "styles": styles,
    "fonts": fonts,
    "glyphs": glyphs,
    "cut": cut_digits,
    "seams": seams,
    "nondigits": nondigits,
}
FETCH: dict[str, Callable[[], Path]] = {
    **{f"mnist/{name}": partial(fetch_mnist, name) for name in MNIST_MD5},
    f"pen/{PEN_FILE}.gz": fetch_pen,
    f"nondigits/{CHARACTERS_FILE}": fetch_characters,
    f"nondigits/{PICTURES_FILE}": fetch_pictures,
    **FONT_FILES,
}
FILES = tuple(FETCH)


def find_file(file: str) -> Path | None:
    """Where one of FILES is, compressed or not, or None."""
    return find(file, file.removesuffix(".gz"))


def fetch_file(file: str) -> Path:
    """One of FILES, fetched into the cache.  Raises DataError when it cannot be fetched."""
    return FETCH[file]()
