"""The data sets: MNIST, pen strokes, styles made of these, and what is no digit.

Fetched with checksums where they are known, parsed, split.  Splits are fixed: "train", "validation"
(for choices) and "test" (once, at the end).
"""

import gzip
import hashlib
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nn.fetch import DataError, cache_folder, fetch, find
from nn.files import written_whole
from nn.layers import Array
from nn.nondigits import Sources
from nn.nondigits import nondigits as make_nondigits
from nn.others import (
    CHARACTERS_FILE,
    PICTURES_FILE,
    characters,
    fetch_characters,
    fetch_pictures,
    pictures,
)
from nn.preprocess import PictureError, to_input
from nn.strokes import NOT_A_DIGIT, Drawing, renderings, shaken
from nn.styles import STYLES, restyled, styles_for

MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
MNIST_MD5 = {
    "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
}
MNIST_VALIDATION = 5000  # the last of the 60,000 training images

PEN_ARCHIVES = (
    "https://archive.ics.uci.edu/static/public/81/pen+based+recognition+of+handwritten+digits.zip",
)
PEN_FILE = "pendigits-orig.tra"
PEN_SHA256 = "a66225d68d7d68591e62944df1ad33b3f5aa608e2df2505844b41f5568a80da4"  # unpacked
# Whole writers go to one split: a network knows a hand after a few digits of it.
PEN_WRITERS = {"validation": (4, 11, 18, 25), "test": (2, 6, 9, 13, 16, 20, 23, 27)}

SPLITS = ("train", "validation", "test")


class DataSet(NamedTuple):
    """images (n, 28, 28) uint8, ink 255 on paper 0; labels (n,) whole numbers."""

    images: Array
    labels: Array


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


def join(sets: Iterable[DataSet]) -> DataSet:
    """One set after another, as one."""
    parts = list(sets)
    return DataSet(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.labels for part in parts]),
    )


def as_input(images: Array) -> Array:
    """images (n, 28, 28) uint8 as a network takes them: (n, 28, 28, 1) float32 from 0 to 1."""
    return (images.astype(np.float32) / 255)[..., None]


# ---------------------------------------------------------------------------------------- MNIST


def mnist(split: str) -> DataSet:
    """MNIST, of idx files (gzip or plain) or CSV; validation is the end of the training file."""
    part = "t10k" if split == "test" else "train"
    tables = ("mnist_test.csv",) if split == "test" else ("train.csv", "mnist_train.csv")
    images = find(f"mnist/{part}-images-idx3-ubyte.gz", f"mnist/{part}-images-idx3-ubyte")
    labels = find(f"mnist/{part}-labels-idx1-ubyte.gz", f"mnist/{part}-labels-idx1-ubyte")
    table = find(*(f"mnist/{name}" for name in tables))
    if images and labels:
        whole = read_idx_pair(images, labels)
    elif table:
        whole = read_csv(table)
    else:
        files = [f"{part}-images-idx3-ubyte.gz", f"{part}-labels-idx1-ubyte.gz"]
        whole = read_idx_pair(*(fetch_mnist(file) for file in files))
    if split == "test":
        return whole
    cut = max(len(whole.labels) - MNIST_VALIDATION, len(whole.labels) // 2)
    rows = slice(cut) if split == "train" else slice(cut, None)
    return DataSet(whole.images[rows], whole.labels[rows])


def read_idx_pair(images_path: Path, labels_path: Path) -> DataSet:
    """Images and their labels.  Raises DataError when they do not belong together."""
    images, labels = read_idx(images_path), read_idx(labels_path)
    if images.ndim != 3 or images.shape[1:] != (28, 28) or labels.ndim != 1:
        raise DataError(f"{images_path} and {labels_path} are not 28x28 images and their labels")
    if len(images) != len(labels) or not len(labels) or labels.max() > 9:
        raise DataError(f"{labels_path} does not hold a label from 0 to 9 for each image")
    return DataSet(images, labels.astype(np.int64))


def read_idx(path: Path) -> Array:
    """The array in an idx file of bytes, gzip or plain (format: LeCun, "The MNIST database").

    Raises DataError when the file is broken.
    """
    content = path.read_bytes()
    try:
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        zeros, kind, dimensions = struct.unpack(">HBB", content[:4])
        shape = struct.unpack(f">{dimensions}I", content[4 : 4 + 4 * dimensions])
        if zeros or kind != 8:  # 8: unsigned bytes
            raise ValueError("it is no idx file of bytes")
        return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)
    except (ValueError, struct.error, EOFError, OSError, zlib.error) as error:
        raise DataError(f"{path} is broken ({error}): delete it and fetch it again") from None


def read_csv(path: Path) -> DataSet:
    """Images of a Kaggle-style table: a label and 784 pixels 0..255 a row, a header or none.

    Raises DataError when a row does not fit.
    """
    try:
        with open(path, encoding="utf-8") as file:
            header = not file.readline().split(",")[0].strip().isdigit()
        table = np.loadtxt(path, np.int64, delimiter=",", skiprows=int(header), ndmin=2)
    except (ValueError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a table of whole numbers: {error}") from None
    if table.shape[1] != 785 or not len(table):
        raise DataError(f"{path} has {table.shape[1]} columns, not a label and 784 pixels")
    labels, pixels = table[:, 0], table[:, 1:]
    if labels.min() < 0 or labels.max() > 9 or pixels.min() < 0 or pixels.max() > 255:
        raise DataError(f"{path} has labels beyond 0 to 9 or pixels beyond 0 to 255")
    return DataSet(pixels.astype(np.uint8).reshape(-1, 28, 28), labels)


def fetch_mnist(file: str) -> Path:
    """The file of that name, fetched into the cache.  Raises DataError when no mirror gives it."""
    urls = [mirror + file for mirror in MNIST_MIRRORS]
    return fetch(urls, cache_folder() / "mnist" / file, f"md5:{MNIST_MD5[file]}")


# ------------------------------------------------------------------------------------ pen strokes


PEN_COPIES = 6  # of each drawing in training, in other places, sizes, pens and styles each time
RESTYLED = 0.4  # of the copies of digits that can be written in several ways


def pen(split: str) -> DataSet:
    """Pen strokes drawn and preprocessed as the page and the server would.

    In training, every drawing comes several times, by a less steady hand each time but the first,
    and many in a style that the writer does not have.
    """
    drawings = pen_drawings(split)
    return DataSet(*renderings(varied(drawings) if split == "train" else drawings))


def varied(drawings: list[Drawing]) -> list[Drawing]:
    """PEN_COPIES of each drawing, all but one shaken, many restyled; the same each time."""
    rng = np.random.default_rng(6)
    copies = []
    for drawing in drawings:
        copies.append(drawing)
        names = styles_for(drawing.label)
        for _ in range(PEN_COPIES - 1):
            strokes = None
            if names and rng.random() < RESTYLED:
                strokes = restyled(names[rng.integers(len(names))], drawing.strokes, rng)
            copies.append(drawing._replace(strokes=shaken(strokes or drawing.strokes, rng, 0.7)))
    return copies


def styles(split: str) -> DataSet:
    """Each style of nn.styles made of the split's drawings, each drawing once."""
    return DataSet(
        *renderings([drawing for made in made_styles(split).values() for drawing in made])
    )


def made_styles(split: str) -> dict[str, list[Drawing]]:
    """The split's drawings rewritten, by style."""
    rng = np.random.default_rng(7)
    drawings = pen_drawings(split)
    made: dict[str, list[Drawing]] = {}
    for style, (label, _) in STYLES.items():
        of_label = [drawing for drawing in drawings if drawing.label == label]
        rewritten = [restyled(style, drawing.strokes, rng) for drawing in of_label]
        made[style] = [
            drawing._replace(strokes=strokes)
            for drawing, strokes in zip(of_label, rewritten, strict=True)
            if strokes
        ]
    return made


def pen_drawings(split: str) -> list[Drawing]:
    """The digits of that split's writers as strokes.  Raises DataError when missing or broken."""
    path = find(f"pen/{PEN_FILE}.gz", f"pen/{PEN_FILE}") or fetch_pen()
    drawings = read_unipen(path)
    elsewhere = {writer for writers in PEN_WRITERS.values() for writer in writers}
    if split == "train":
        return [drawing for drawing in drawings if drawing.writer not in elsewhere]
    return [drawing for drawing in drawings if drawing.writer in PEN_WRITERS[split]]


def read_unipen(path: Path) -> list[Drawing]:
    """The drawings in a file of the pen set (format: UNIPEN 1.0; y grows upwards in it).

    Label and writer stand in its .COMMENT lines.  Raises DataError when the file is broken.
    """
    drawings: list[Drawing] = []
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        for line in content.decode("ascii").splitlines():
            words = line.split()
            if not words:
                continue
            if words[0] == ".COMMENT" and len(words) == 4 and words[1].isdigit():
                drawings.append(Drawing(int(words[1]), int(words[2]), []))
            elif words[0] == ".PEN_DOWN":
                drawings[-1].strokes.append([])
            elif not words[0].startswith("."):
                drawings[-1].strokes[-1].append((float(words[0]), -float(words[1])))
    except (ValueError, IndexError, EOFError, OSError, zlib.error) as error:
        raise DataError(f"{path} is broken ({error}): delete it and fetch it again") from None
    if not drawings or not all(drawing.strokes for drawing in drawings):
        raise DataError(f"{path} holds no pen strokes: delete it and fetch it again")
    return drawings


def fetch_pen() -> Path:
    """The pen set out of its archive, into the cache.  Raises DataError when it can't be had."""
    target = cache_folder() / "pen" / f"{PEN_FILE}.gz"
    archive = fetch(PEN_ARCHIVES, target.with_name("pendigits.zip"), None)
    try:
        import unlzw3

        with zipfile.ZipFile(archive) as members:
            content = unlzw3.unlzw(members.read(f"{PEN_FILE}.Z"))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        archive.unlink()
        raise DataError(f"the fetched pen set is broken ({error}): fetch it again") from None
    archive.unlink()
    if hashlib.sha256(content).hexdigest() != PEN_SHA256:
        raise DataError("the fetched pen set is not the known one (wrong checksum): fetch it again")
    with written_whole(target) as file:
        file.write(gzip.compress(content, mtime=0))
    return target


# ------------------------------------------------------------------------------------- non-digits


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


# ------------------------------------------------------------------------------ one's own pictures


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
