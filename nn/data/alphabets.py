"""Characters of four alphabets as strokes, a part of Omniglot.

Lake, Salakhutdinov & Tenenbaum 2015, "Human-level concept learning through probabilistic program
induction".
"""

import gzip
import json
import zipfile
import zlib
from itertools import groupby
from pathlib import Path
from typing import Any

from nn.data.download import DataError, broken, cache_folder, fetch, find
from nn.data.nondigits.look_alikes import looks_like_digit
from nn.dataset import NOT_A_DIGIT
from nn.ink.strokes import Drawing
from nn.serialization import atomic_write

CHARACTERS_FILE = "omniglot.json.gz"
CHARACTERS_ARCHIVES = (
    "https://raw.githubusercontent.com/brendenlake/omniglot/master/python/strokes_background.zip",
    "https://github.com/brendenlake/omniglot/raw/master/python/strokes_background.zip",
)
ALPHABETS = ("Balinese", "Greek", "Korean", "Sanskrit")
TEST_ALPHABET = "Balinese"  # in the test split alone
# Characters of the others that look like a digit, by number: theta, iota, omicron and the like; of
# Korean also the one like a square 2 (27), a square 0 (28) and a 1 with a base (9).
LOOK_ALIKES = {
    "Greek": (2, 3, 4, 5, 6, 8, 9, 14, 15, 18, 21),
    "Korean": (5, 7, 9, 12, 20, 21, 22, 27, 28, 33, 37),
    "Sanskrit": (5, 13, 21, 26, 27, 36, 37),
}


def characters(split: str) -> list[Drawing]:
    """The split's characters without those that look like a digit; labelled NOT_A_DIGIT.

    Of the alphabets that are trained on, every tenth drawer is for validation.  Raises DataError
    when the file is missing or broken.
    """
    path = find(f"nondigits/{CHARACTERS_FILE}") or fetch_characters()
    try:
        records = json.loads(gzip.decompress(path.read_bytes()))
        drawings = [drawing_of(record) for record in records if belongs_to(split, record)]
    except (ValueError, KeyError, TypeError, EOFError, OSError, zlib.error) as error:
        raise broken(path, error) from None
    return [drawing for drawing in drawings if not looks_like_digit(drawing.strokes)]


def belongs_to(split: str, record: dict[str, Any]) -> bool:
    alphabet = record["alphabet"]
    if alphabet == TEST_ALPHABET or split == "test":
        return bool(alphabet == TEST_ALPHABET and split == "test")
    number = int(record["character"].removeprefix("character"))
    if number in LOOK_ALIKES.get(alphabet, ()):
        return False
    return (record["drawer"] % 10 == 0) == (split == "validation")


def drawing_of(record: dict[str, Any]) -> Drawing:
    strokes = [[(float(x), float(y)) for x, y in stroke] for stroke in record["strokes"]]
    return Drawing(NOT_A_DIGIT, record["drawer"], strokes)


def fetch_characters() -> Path:
    """The four alphabets from Omniglot's archive of strokes, as a file in the cache.

    Raises DataError when it cannot be fetched.
    """
    target = cache_folder() / "nondigits" / CHARACTERS_FILE
    archive = fetch(CHARACTERS_ARCHIVES, target.with_name("strokes_background.zip"), None)
    try:
        with zipfile.ZipFile(archive) as members:
            records = [
                parse_strokes(name, members.read(name).decode("ascii"))
                for name in sorted(members.namelist())
                if name.endswith(".txt") and any(f"/{a}/" in f"/{name}" for a in ALPHABETS)
            ]
        if {record["alphabet"] for record in records} != set(ALPHABETS):
            raise ValueError("an alphabet is missing")
    except (zipfile.BadZipFile, ValueError, IndexError, zlib.error) as error:
        raise DataError(f"the fetched alphabets are broken ({error}): fetch them again") from None
    finally:
        archive.unlink()
    with atomic_write(target) as file:
        file.write(gzip.compress(json.dumps(records).encode(), mtime=0))
    return target


def parse_strokes(name: str, text: str) -> dict[str, Any]:
    """The record of a file such as Greek/character01/0394_07.txt: lines of x,y,t; y is negative.

    A line BREAK ends each stroke.  Raises ValueError or IndexError for any other content.
    """
    *_, alphabet, character, file = name.split("/")
    lines = [line for line in text.split() if line != "START"]
    strokes = [
        [[float(number) for number in line.split(",")[:2]] for line in stroke]
        for is_break, stroke in groupby(lines, lambda line: line == "BREAK")
        if not is_break
    ]
    if not strokes:
        raise ValueError(f"{name} has no strokes")
    return {
        "alphabet": alphabet,
        "character": character,
        "drawer": int(file.removesuffix(".txt").split("_")[1]),
        "strokes": [[[x, -y] for x, y in stroke] for stroke in strokes],
    }
