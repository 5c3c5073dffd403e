"""A data set of one's own: a folder of image files named by label."""

import re
from pathlib import Path

import numpy as np

from nn.data.download import DataError
from nn.dataset import DataSet
from nn.ink.files import PictureError
from nn.ink.preprocess import to_input
from nn.layers import Array

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
SPLITS = {"train": range(8), "validation": (8,), "test": (9,), "all": range(10)}  # position mod 10


def image_folder(folder: Path, split: str) -> DataSet:
    """Images named by label, such as 7/photo.jpg or 7-anything.png, preprocessed as on the page.

    Of the images of each digit, sorted by name, eight of ten are for training, the ninth is for
    validation, the tenth for the test; the split "all" has every one.  Raises DataError for a
    folder without any, and for an image that cannot be read or is blank.
    """
    by_label: dict[int, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES and (label := label_of(path)) is not None:
            by_label.setdefault(label, []).append(path)
    chosen = [
        (path, label)
        for label, paths in sorted(by_label.items())
        for i, path in enumerate(paths)
        if i % 10 in SPLITS[split]
    ]
    if not chosen:
        raise DataError(
            f"{folder} has no pictures for {split}: put ten or more of each digit into folders "
            "named 0 to 9, or begin their names with the digit, as in 7-anything.png"
        )
    images = [np.rint(read_image(path) * 255).astype(np.uint8) for path, _ in chosen]
    return DataSet(np.stack(images), np.array([label for _, label in chosen]))


def label_of(path: Path) -> int | None:
    """The digit that the image's folder or name begins with, or None."""
    for word in (path.parent.name, re.split(r"[^0-9]", path.stem, maxsplit=1)[0]):
        if re.fullmatch("[0-9]", word):
            return int(word)
    return None


def read_image(path: Path) -> Array:
    """The 28x28 input of an image file.  Raises DataError when it is broken or blank."""
    try:
        image = to_input(path.read_bytes())
    except (PictureError, OSError) as error:
        raise DataError(f"{path}: {error}") from None
    if image is None:
        raise DataError(f"{path} is blank: take it out of the folder")
    return image
