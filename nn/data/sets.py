"""The data sets by name: MNIST, pen strokes, styles made of these, and what is no digit.

Splits are fixed: "train", "validation" (for choices) and "test" (once, at the end).
"""

from pathlib import Path

import numpy as np

from nn.data.alphabets import (
    CHARACTERS_FILE,
    PICTURES_FILE,
    characters,
    fetch_characters,
    fetch_pictures,
    pictures,
)
from nn.data.download import DataError, find
from nn.data.mnist import MNIST_MD5, fetch_mnist, mnist
from nn.data.negatives import Sources
from nn.data.negatives import nondigits as make_nondigits
from nn.data.own import own_pictures
from nn.data.pen import PEN_FILE, fetch_pen, pen, pen_drawings, styles
from nn.dataset import NOT_A_DIGIT, DataSet
from nn.layers import Array

SPLITS = ("train", "validation", "test")


def load(name: str, split: str) -> DataSet:
    """The split of a data set, given by name or as a folder of one's own pictures.

    Raises DataError when it is unknown, missing or broken.
    """
    if name not in SETS:
        if Path(name).is_dir():
            return own_pictures(Path(name), split)
        raise DataError(f"there is no folder and no data set {name!r}; sets are {', '.join(SETS)}")
    if split not in SPLITS:
        raise DataError(f"there is no split {split!r}; there are {', '.join(SPLITS)}")
    return SETS[name](split)


def nondigits(split: str) -> DataSet:
    """Drawings that are no digit, labelled NOT_A_DIGIT."""
    images = np.concatenate(list(nondigit_groups(split).values()))
    return DataSet(images, np.full(len(images), NOT_A_DIGIT))


def nondigit_groups(split: str) -> dict[str, Array]:
    """Images (n, 28, 28) uint8 of drawings that are no digit, by what they are."""
    train = mnist("train")
    sources = Sources(
        pen_drawings(split), (train.images, train.labels), characters(split), pictures(split)
    )
    return make_nondigits(split, sources)


SETS = {"mnist": mnist, "pen": pen, "styles": styles, "nondigits": nondigits}
FILES = (
    *(f"mnist/{name}" for name in MNIST_MD5),
    f"pen/{PEN_FILE}.gz",
    f"nondigits/{CHARACTERS_FILE}",
    f"nondigits/{PICTURES_FILE}",
)


def find_file(file: str) -> Path | None:
    """Where one of FILES lies, packed or plain."""
    return find(file, file.removesuffix(".gz"))


def fetch_file(file: str) -> Path:
    """One of FILES, fetched into the cache.  Raises DataError when it can't be had."""
    folder, name = file.split("/")
    if folder == "mnist":
        return fetch_mnist(name)
    return {f"{PEN_FILE}.gz": fetch_pen, CHARACTERS_FILE: fetch_characters}.get(
        name, fetch_pictures
    )()
