"""Handwriting fonts as hands: each is the writing of one person, traced to pen strokes.

Digits to read, and letters, signs and Cyrillic that are no digits.  A whole font belongs to one
split, and no designer to two.  fonts.json lists them with licence and SHA-256; they are files of
the npm packages @fontsource/NAME.
"""

import json
from functools import cache, partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nn.data.download import broken, cache_folder, fetch, find
from nn.data.glyphs import LOOK_ALIKES
from nn.dataset import NOT_A_DIGIT, DataSet
from nn.ink.strokes import Drawing, Strokes, as_strokes, distorted, renderings
from nn.layers import Array

FONTS = json.loads(Path(__file__).with_name("fonts.json").read_text("utf-8"))
FONT_MIRRORS = ("https://cdn.jsdelivr.net/npm/@fontsource/", "https://unpkg.com/@fontsource/")
SIZE = 120  # pixels, of the font when it is traced
DIGITS = "0123456789"
LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SIGNS = "+=*#@%^<>{}~-_€£¥§¤"
# Without those that look like a digit in handwriting, such as those for el (1), che (4) and ve (8).
CYRILLIC = "АЕЁЖИЙКМНПРТХШЩЫЮЯаежийкмнпртхшщыюя"
AMBIGUOUS = {("handlee", "1"), ("pangolin", "1")}  # readers take these for a 7: left out
COPIES = {"train": 80, "validation": 25, "test": 25}  # of each digit of each font


def fonts(split: str) -> DataSet:
    """The digits of the split's fonts as images, in several copies, all but the first distorted."""
    rng = np.random.default_rng([11, *split.encode()])
    copies = []
    for drawing in font_digits(split):
        copies.append(drawing)
        for _ in range(COPIES[split] - 1):
            amount = rng.uniform(0.3, 1)
            copies.append(drawing._replace(strokes=distorted(drawing.strokes, rng, amount)))
    return DataSet(*renderings(copies))


def font_digits(split: str) -> list[Drawing]:
    """The digits of the split's fonts.  Raises DataError when a font is missing or broken."""
    return [
        Drawing(int(character), writer, strokes)
        for writer, character, strokes in traced(split, "latin", DIGITS)
    ]


def font_characters(split: str) -> dict[str, list[Drawing]]:
    """Drawings that are no digit, by kind: "Latin", "signs" and, where a font has it, "Cyrillic".

    Raises DataError when a font is missing or broken.
    """
    kinds = {
        "Latin": ("latin", LATIN),
        "signs": ("latin", SIGNS),
        "Cyrillic": ("cyrillic", CYRILLIC),
    }
    drawings = {
        kind: [
            Drawing(NOT_A_DIGIT, writer, strokes)
            for writer, _, strokes in traced(split, part, characters)
        ]
        for kind, (part, characters) in kinds.items()
    }
    return {kind: of_kind for kind, of_kind in drawings.items() if of_kind}


@cache
def traced(split: str, part: str, characters: str) -> list[tuple[int, str, Strokes]]:
    """Number of the font, character and strokes, without those that look like a digit."""
    from nn.ink.tracing import trace_mask  # not installed where the app is served: SciPy

    found = []
    for writer, (name, about) in enumerate(FONTS.items()):
        if about["split"] != split or part not in about:
            continue
        font = open_font(find_font(f"{name}-{part}-400-normal.woff"))
        for character in characters:
            if character in LOOK_ALIKES - set(DIGITS) or (name, character) in AMBIGUOUS:
                continue
            mask = mask_of(character, font)
            if mask is not None:
                tracing = trace_mask(mask)
                if tracing:
                    found.append((writer, character, as_strokes(tracing.lines)))
    return found


def mask_of(character: str, font: ImageFont.FreeTypeFont) -> Array | None:
    """The character as a mask of bool, or None where the font has none."""
    if font.getmask(character).getbbox() is None or is_missing(character, font):
        return None
    left, top, right, bottom = font.getbbox(character)
    margin = SIZE // 5
    image = Image.new("L", (int(right - left) + 2 * margin, int(bottom - top) + 2 * margin))
    ImageDraw.Draw(image).text((margin - left, margin - top), character, fill=255, font=font)
    return np.asarray(image) > 127


def is_missing(character: str, font: ImageFont.FreeTypeFont) -> bool:
    """Whether the font draws its mark for unknown characters instead."""
    return bytes(font.getmask(character)) == bytes(font.getmask("\uffff"))


def open_font(path: Path) -> ImageFont.FreeTypeFont:
    try:
        return ImageFont.truetype(path, SIZE)
    except OSError as error:
        raise broken(path, error) from None


def find_font(file: str) -> Path:
    return find(f"fonts/{file}") or fetch_font(file)


def fetch_font(file: str) -> Path:
    """The font file, fetched into the cache.  Raises DataError when no mirror has it."""
    name, part = file.removesuffix("-400-normal.woff").rsplit("-", 1)
    package = f"{name}@{FONTS[name]['version']}/files/{file}"
    urls = [mirror + package for mirror in FONT_MIRRORS]
    return fetch(urls, cache_folder() / "fonts" / file, f"sha256:{FONTS[name][part]}")


FONT_FILES = {
    f"fonts/{name}-{part}-400-normal.woff": partial(fetch_font, f"{name}-{part}-400-normal.woff")
    for name, about in FONTS.items()
    for part in ("latin", "cyrillic")
    if part in about
}
