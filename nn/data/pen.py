"""Digits as pen strokes, and rewritten in other styles.

Alimoglu & Alpaydin, "Pen-Based Recognition of Handwritten Digits", UCI Machine Learning Repository.
"""

import gzip
import hashlib
import zipfile
import zlib
from itertools import chain
from pathlib import Path

import numpy as np

from nn.data.download import DataError, broken, cache_folder, fetch, find
from nn.dataset import DataSet
from nn.ink.strokes import Drawing, distorted, renderings
from nn.ink.styles.table import STYLES, restyled, styles_for
from nn.serialization import atomic_write

PEN_ARCHIVES = (
    "https://archive.ics.uci.edu/static/public/81/pen+based+recognition+of+handwritten+digits.zip",
)
PEN_FILE = "pendigits-orig.tra"
PEN_SHA256 = "a66225d68d7d68591e62944df1ad33b3f5aa608e2df2505844b41f5568a80da4"  # unpacked
# All digits of a writer are in one split: a few of them are enough to learn a handwriting.
PEN_WRITERS = {"validation": (4, 11, 18, 25), "test": (2, 6, 9, 13, 16, 20, 23, 27)}
# The drawings, by their place in the file, that a reader takes for another digit or for none: a
# wrong label, a lost stroke, a nine like a 3.  They were chosen by eye among those that a network
# misread which had been trained without the pen set.  The test split keeps all of its drawings.
UNREADABLE = frozenset((
    437, 747, 990, 1006, 1469, 1629, 1658, 2699, 2955, 3959, 4175,
    5058, 5141, 5207, 5248, 5389, 5522, 5541, 5591, 6468, 7251, 7421,
))  # fmt: skip
PEN_COPIES = 6  # of each drawing in training, each at another position, size, pen and style
RESTYLED_FRACTION = 0.4  # of the copies of digits that have styles


def pen(split: str) -> DataSet:
    """Pen strokes rendered and preprocessed as on the page.

    The training split has several copies of every drawing, all but the first distorted, and many in
    a style that the writer does not use.
    """
    drawings = pen_drawings(split)
    return DataSet(*renderings(varied(drawings) if split == "train" else drawings))


def varied(drawings: list[Drawing]) -> list[Drawing]:
    """PEN_COPIES of each drawing, all but one distorted, many restyled; equal in each call."""
    rng = np.random.default_rng(6)
    copies = []
    for drawing in drawings:
        copies.append(drawing)
        names = styles_for(drawing.label)
        for _ in range(PEN_COPIES - 1):
            strokes = None
            if names and rng.random() < RESTYLED_FRACTION:
                strokes = restyled(names[rng.integers(len(names))], drawing.strokes, rng)
            copies.append(drawing._replace(strokes=distorted(strokes or drawing.strokes, rng, 0.7)))
    return copies


def styles(split: str) -> DataSet:
    """The split's drawings rewritten in each of STYLES that they allow.

    In the training split they are distorted, too.
    """
    drawings = list(chain.from_iterable(restyled_drawings(split).values()))
    if split == "train":
        rng = np.random.default_rng(8)
        drawings = [
            drawing._replace(strokes=distorted(drawing.strokes, rng, rng.uniform(0, 1)))
            for drawing in drawings
        ]
    return DataSet(*renderings(drawings))


def restyled_drawings(split: str) -> dict[str, list[Drawing]]:
    """The split's drawings rewritten in each style, by its name."""
    rng = np.random.default_rng(7)
    drawings = pen_drawings(split)
    by_style: dict[str, list[Drawing]] = {}
    for style, (label, _) in STYLES.items():
        of_label = [drawing for drawing in drawings if drawing.label == label]
        rewritten = [restyled(style, drawing.strokes, rng) for drawing in of_label]
        by_style[style] = [
            drawing._replace(strokes=strokes)
            for drawing, strokes in zip(of_label, rewritten, strict=True)
            if strokes
        ]
    return by_style


def pen_drawings(split: str) -> list[Drawing]:
    """The digits of that split's writers as strokes, without those that nobody can read.

    Raises DataError when the file is missing or broken.
    """
    path = find(f"pen/{PEN_FILE}.gz", f"pen/{PEN_FILE}") or fetch_pen()
    drawings = [
        drawing for place, drawing in enumerate(read_unipen(path)) if place not in UNREADABLE
    ]
    held_out = {writer for writers in PEN_WRITERS.values() for writer in writers}
    if split == "train":
        return [drawing for drawing in drawings if drawing.writer not in held_out]
    return [drawing for drawing in drawings if drawing.writer in PEN_WRITERS[split]]


def read_unipen(path: Path) -> list[Drawing]:
    """The drawings in a file of the pen set (format: UNIPEN 1.0; y grows upwards in it).

    Its .COMMENT lines have label and writer.  Raises DataError when the file is broken.
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
        raise broken(path, error) from None
    if not drawings or not all(drawing.strokes for drawing in drawings):
        raise broken(path, "it has no pen strokes")
    return drawings


def fetch_pen() -> Path:
    """The pen set from its archive, as a file in the cache.

    Raises DataError when it cannot be fetched.
    """
    target = cache_folder() / "pen" / f"{PEN_FILE}.gz"
    archive = fetch(PEN_ARCHIVES, target.with_name("pendigits.zip"), None)
    try:
        import unlzw3  # not installed where the app is served

        with zipfile.ZipFile(archive) as members:
            content = unlzw3.unlzw(members.read(f"{PEN_FILE}.Z"))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        archive.unlink()
        raise DataError(f"the fetched pen set is broken ({error}): fetch it again") from None
    archive.unlink()
    if hashlib.sha256(content).hexdigest() != PEN_SHA256:
        raise DataError("the fetched pen set has the wrong checksum: fetch it again")
    with atomic_write(target) as file:
        file.write(gzip.compress(content, mtime=0))
    return target
