"""A data set of one's own: a folder of pictures named by label."""

import re
from pathlib import Path

import numpy as np

from nn.data.download import DataError
from nn.dataset import DataSet
from nn.ink.preprocess import PictureError, to_input
from nn.layers import Array


def own_pictures(folder: Path, split: str) -> DataSet:
    """Pictures named by label, such as 7/photo.jpg or 7-anything.png, preprocessed as on the page.

    Of each digit's pictures, by name, every ninth of ten is for validation, every tenth for the
    test; the split "all" has every one.  Raises DataError for a folder without any, and for a
    picture that cannot be read or is blank.
    """
    by_label: dict[int, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in PICTURES and (label := label_of(path)) is not None:
            by_label.setdefault(label, []).append(path)
    rows = {"train": range(8), "validation": (8,), "test": (9,), "all": range(10)}[split]
    chosen = [
        (path, label)
        for label, paths in sorted(by_label.items())
        for i, path in enumerate(paths)
        if i % 10 in rows
    ]
    if not chosen:
        raise DataError(
            f"{folder} has no pictures for {split}: put ten or more of each digit into folders "
            "named 0 to 9, or begin their names with the digit, as in 7-anything.png"
        )
    images = [np.rint(read_picture(path) * 255).astype(np.uint8) for path, _ in chosen]
    return DataSet(np.stack(images), np.array([label for _, label in chosen]))


PICTURES = (".png", ".jpg", ".jpeg", ".webp")


def label_of(path: Path) -> int | None:
    """The digit a picture's folder or name says, or None."""
    for word in (path.parent.name, re.split(r"[^0-9]", path.stem, maxsplit=1)[0]):
        if re.fullmatch("[0-9]", word):
            return int(word)
    return None


def read_picture(path: Path) -> Array:
    """The 28x28 input of a picture file.  Raises DataError when there is none in it."""
    try:
        seen = to_input(path.read_bytes())
    except (PictureError, OSError) as error:
        raise DataError(f"{path}: {error}") from None
    if seen is None:
        raise DataError(f"{path} is blank: take it out of the folder")
    return seen
