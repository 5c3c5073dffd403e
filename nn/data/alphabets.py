"""Drawings by people that are no digits: characters of four alphabets, and pictures.

The characters are a part of Omniglot (Lake, Salakhutdinov & Tenenbaum 2015, "Human-level concept
learning through probabilistic program induction"), the pictures a part of Google's Quick, Draw!
"""

import gzip
import io
import json
import zipfile
import zlib
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from nn.data.download import DataError, cache_folder, fetch, find
from nn.data.negatives import fair_digit
from nn.dataset import NOT_A_DIGIT
from nn.ink.strokes import Drawing
from nn.layers import Array
from nn.serialization import written_whole

CHARACTERS_FILE = "omniglot.json.gz"
CHARACTERS_ARCHIVES = (
    "https://raw.githubusercontent.com/brendenlake/omniglot/master/python/strokes_background.zip",
    "https://github.com/brendenlake/omniglot/raw/master/python/strokes_background.zip",
)
ALPHABETS = ("Balinese", "Greek", "Korean", "Sanskrit")
TEST_ALPHABET = "Balinese"  # nothing is trained on it
# Characters of the others that look like a digit, by number: theta, iota, omicron and the like.
LOOK_ALIKES = {
    "Greek": (2, 8, 9, 14, 15, 18),
    "Korean": (12, 20, 21, 22, 33, 37),
    "Sanskrit": (13, 37),
}

PICTURES_FILE = "quickdraw.npz"
PICTURES_MIRRORS = ("https://storage.googleapis.com/quickdraw_dataset/full/numpy_bitmap/",)
PICTURES = {"cats": ("cat.npy", 1000), "rainbows": ("rainbow.npy", 500)}  # so many, the first ones
TEST_CATS, VALIDATION_CATS = 200, 100  # rainbows are for the test alone


def characters(split: str) -> list[Drawing]:
    """Characters of alphabets, less what is as good a digit; labelled NOT_A_DIGIT.

    Raises DataError when missing or broken.
    """
    path = find(f"nondigits/{CHARACTERS_FILE}") or fetch_characters()
    try:
        records = json.loads(gzip.decompress(path.read_bytes()))
        drawings = []
        for record in records:
            if (record["alphabet"] == TEST_ALPHABET) != (split == "test"):
                continue
            if split != "test" and (record["drawer"] % 10 == 0) != (split == "validation"):
                continue
            number = int(record["character"].removeprefix("character"))
            if number in LOOK_ALIKES.get(record["alphabet"], ()):
                continue
            strokes = [[(float(x), float(y)) for x, y in stroke] for stroke in record["strokes"]]
            drawings.append(Drawing(NOT_A_DIGIT, record["drawer"], strokes))
    except (ValueError, KeyError, TypeError, EOFError, OSError, zlib.error) as error:
        raise DataError(f"{path} is broken ({error}): delete it and fetch it again") from None
    return [drawing for drawing in drawings if not fair_digit(drawing.strokes)]


def pictures(split: str) -> Array:
    """Pictures (n, 28, 28) uint8, ink bright.  Raises DataError when missing or broken."""
    path = find(f"nondigits/{PICTURES_FILE}") or fetch_pictures()
    try:
        with np.load(path, allow_pickle=False) as archive:
            images, names = archive["images"], archive["names"]
        if images.shape != (len(names), 28, 28) or images.dtype != np.uint8:
            raise ValueError("its arrays have another shape")
    except Exception as error:  # a damaged zip makes its reader and unpackers raise anything
        raise DataError(f"{path} is broken ({error}): delete it and fetch it again") from None
    cats = np.flatnonzero(names == "cats")
    if split == "test":
        return np.asarray(images[np.union1d(cats[-TEST_CATS:], np.flatnonzero(names != "cats"))])
    cut = len(cats) - TEST_CATS
    rows = cats[: cut - VALIDATION_CATS] if split == "train" else cats[cut - VALIDATION_CATS : cut]
    return np.asarray(images[rows])


def fetch_characters() -> Path:
    """The four alphabets out of Omniglot's archive of strokes, into the cache.

    Raises DataError when it can't be had.
    """
    target = cache_folder() / "nondigits" / CHARACTERS_FILE
    archive = fetch(CHARACTERS_ARCHIVES, target.with_name("strokes_background.zip"), None)
    try:
        with zipfile.ZipFile(archive) as members:
            records = [
                record_of(name, members.read(name).decode("ascii"))
                for name in sorted(members.namelist())
                if name.endswith(".txt") and any(f"/{a}/" in f"/{name}" for a in ALPHABETS)
            ]
        if {record["alphabet"] for record in records} != set(ALPHABETS):
            raise ValueError("it lacks an alphabet")
    except (zipfile.BadZipFile, ValueError, IndexError, zlib.error) as error:
        raise DataError(f"the fetched alphabets are broken ({error}): fetch them again") from None
    finally:
        archive.unlink()
    with written_whole(target) as file:
        file.write(gzip.compress(json.dumps(records).encode(), mtime=0))
    return target


def record_of(name: str, text: str) -> dict[str, Any]:
    """What a file such as Greek/character01/0394_07.txt tells: lines of x,y,t; y is negative.

    Strokes end with a line BREAK.  Raises ValueError or IndexError when it is something else.
    """
    *_, alphabet, character, file = name.split("/")
    lines = [line for line in text.split() if line != "START"]
    strokes = [
        [[float(number) for number in line.split(",")[:2]] for line in stroke]
        for is_break, stroke in groupby(lines, lambda line: line == "BREAK")
        if not is_break
    ]
    if not strokes:
        raise ValueError(f"{name} holds no strokes")
    return {
        "alphabet": alphabet,
        "character": character,
        "drawer": int(file.removesuffix(".txt").split("_")[1]),
        "strokes": [[[x, -y] for x, y in stroke] for stroke in strokes],
    }


def fetch_pictures() -> Path:
    """The first cats and rainbows of Quick, Draw!, into the cache.

    Only the start of each file is fetched, which is 100 MB long, so that no checksum can be known.
    Raises DataError when they can't be had.
    """
    target = cache_folder() / "nondigits" / PICTURES_FILE
    images = {name: first_rows(file, count) for name, (file, count) in PICTURES.items()}
    names = np.repeat(list(images), [len(rows) for rows in images.values()])
    with written_whole(target) as archive:
        np.savez_compressed(archive, images=np.concatenate(list(images.values())), names=names)
    return target


def first_rows(file: str, count: int) -> Array:
    """The first pictures (count, 28, 28) of a file of the mirrors.  Raises DataError."""
    import requests

    failures = []
    for mirror in PICTURES_MIRRORS:
        try:
            with requests.get(mirror + file, stream=True, timeout=20) as response:
                response.raise_for_status()
                start = response.raw.read(count * 784 + 1000)  # its header is shorter than 1000
            content = io.BytesIO(start)
            version = np.lib.format.read_magic(content)
            if version != (1, 0):
                raise ValueError("it is an array of another format")
            shape, _, kind = np.lib.format.read_array_header_1_0(content)
            if len(shape) != 2 or shape[1] != 784 or kind != np.uint8 or shape[0] < count:
                raise ValueError("it holds no such pictures")
            rows = np.frombuffer(content.read(count * 784), np.uint8)
            return rows.reshape(count, 28, 28)
        except (OSError, ValueError) as error:  # requests' errors are OSErrors
            failures.append(f"{mirror} ({error})")
    raise DataError(
        f"{file} is not to be had from {', nor from '.join(failures) or 'any mirror'}: go online "
        "and run `python -m nn data`"
    )
