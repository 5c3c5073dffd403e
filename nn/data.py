"""The data sets: MNIST and pen strokes.  Looked for, fetched with checksums, parsed, split.

They are looked for in $DIGITS_DATA, then in the user's cache, and then fetched from public
mirrors into the cache.  Splits are fixed: "train", "validation" (for choices) and "test" (once,
at the end).
"""

import gzip
import hashlib
import os
import struct
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np

from nn.files import written_whole
from nn.layers import Array
from nn.strokes import Drawing, renderings

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


class DataError(Exception):
    """A data set that is missing or broken; the message says what to do."""


class DataSet(NamedTuple):
    """images (n, 28, 28) uint8, ink 255 on paper 0; labels (n,) whole numbers."""

    images: Array
    labels: Array


def load(name: str, split: str) -> DataSet:
    """The named data set's split.  Raises DataError when it is unknown, missing or broken."""
    if name not in SETS:
        raise DataError(f"there is no data set {name!r}; there are {', '.join(SETS)}")
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


def places() -> list[Path]:
    """The folders data is looked for in, best first."""
    given = os.environ.get("DIGITS_DATA")
    return [Path(given).expanduser(), cache_folder()] if given else [cache_folder()]


def cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "digits"


def find(*names: str) -> Path | None:
    """The first of these files (such as "mnist/train.csv") there is in any place."""
    for place in places():
        for name in names:
            if (place / name).is_file():
                return place / name
    return None


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


def fetch(urls: Iterable[str], target: Path, checksum: str | None) -> Path:
    """What the first of urls that works gives, as the file target; checksum is "md5:..." or none.

    Raises DataError when none does.
    """
    try:
        import pooch  # here, for serving neither has nor needs it
    except ImportError:
        raise DataError("fetching data needs `pip install -r requirements-dev.txt`") from None
    pooch.get_logger().setLevel("WARNING")
    failures = []
    for url in urls:
        downloader = pooch.HTTPDownloader(timeout=20)
        try:
            pooch.retrieve(url, checksum, target.name, target.parent, downloader=downloader)
            return target
        except (OSError, ValueError) as error:  # requests' errors are OSErrors, a bad hash is not
            failures.append(f"{urlsplit(url).netloc} ({type(error).__name__})")
    raise DataError(
        f"{target.name} is not in {', nor in '.join(map(str, places()))}, and not to be had from "
        f"{', nor from '.join(failures) or 'any mirror'}: go online and run `python -m nn data`, "
        "or set DIGITS_DATA to a folder that has it"
    )


# ------------------------------------------------------------------------------------ pen strokes


def pen(split: str) -> DataSet:
    """Pen strokes drawn and preprocessed as the page and the server would.

    The training split has every drawing four times, in other places, sizes and pens each time.
    """
    return DataSet(*renderings(pen_drawings(split), copies=4 if split == "train" else 1))


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


SETS = {"mnist": mnist, "pen": pen}
FILES = (*(f"mnist/{name}" for name in MNIST_MD5), f"pen/{PEN_FILE}.gz")


def find_file(file: str) -> Path | None:
    """Where one of FILES lies, packed or plain."""
    return find(file, file.removesuffix(".gz"))


def fetch_file(file: str) -> Path:
    """One of FILES, fetched into the cache.  Raises DataError when it can't be had."""
    folder, name = file.split("/")
    return fetch_mnist(name) if folder == "mnist" else fetch_pen()
