"""Hard negatives: drawings that are no digit, from which a network learns to reject.

Some come from data sets (characters of several alphabets and of handwriting fonts, pictures), most
are made here: letters and symbols of two hands of single-stroke glyphs, invented characters,
scribbles, shapes, dots, words, pieces of digits, wrong cuts through numbers, several digits at
once, digits rotated or mirrored.  The test split has only sources that no network was trained on:
another hand, other fonts, another alphabet, other pictures, shapes and scribbles, other words,
other writers.  Only dots, ticks, blots and the simple parts of invented characters come from the
same functions in all splits, with other random numbers.

Drawings that look like a digit are left out everywhere, by name (`nn.data.glyphs.LOOK_ALIKES`) or
by shape (`nn.data.nondigits.look_alikes`): to read them as that digit is no error.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nn.data.glyphs import from_hand, word
from nn.data.nondigits.invented import invented, turned
from nn.data.nondigits.look_alikes import looks_like_digit
from nn.data.nondigits.pieces import beside, piece
from nn.data.nondigits.shapes import (
    SIDE,
    blot,
    dot,
    mark,
    pictogram,
    scribble,
    shape,
    tangle,
)
from nn.ink.preprocess import image_to_input
from nn.ink.strokes import Drawing, Strokes, as_strokes, distorted, normalized, random_rendering
from nn.layers import Array

# ---------------------------------------------------------------------- made of other drawings


def fragments(drawings: list[Drawing], rng: np.random.Generator) -> Strokes:
    """Strokes of two characters laid over each other."""
    lines = []
    for _ in range(2):
        strokes = drawings[rng.integers(len(drawings))].strokes
        chosen = rng.choice(len(strokes), min(len(strokes), int(rng.integers(1, 4))), replace=False)
        transformed = as_strokes(turned(normalized(strokes), rng))
        lines += [np.array(transformed[i]) + rng.uniform(-0.4, 0.4, 2) for i in chosen]
    return distorted(as_strokes(lines), rng)


def several_digits(drawings: list[Drawing], rng: np.random.Generator) -> Strokes:
    """Two to four digits in a row, some of them touching."""
    lines: list[Array] = []
    x = 0.0
    for _ in range(rng.integers(2, 5)):
        digit = normalized(drawings[rng.integers(len(drawings))].strokes)
        scale = rng.uniform(0.8, 1.2)
        lines += [line * scale + (x, rng.normal(0, 0.08)) for line in digit]
        x += max(np.ptp(np.concatenate(digit)[:, 0]) * scale, 0.1) + rng.uniform(0.02, 0.35)
    return distorted(as_strokes(lines), rng, 0.5)


# Digits that are no digit any more when mirrored left to right, rotated by 90 degrees, or by 180.
MIRRORED, QUARTER, UPSIDE_DOWN = (3, 6, 7, 9), (2, 3, 4, 5, 6, 7, 8, 9), (3, 4, 7)


def transformed_digit(drawings: list[Drawing], rng: np.random.Generator) -> Strokes:
    """A digit mirrored or rotated so that it is no digit any more."""
    while True:
        drawing = drawings[rng.integers(len(drawings))]
        transformation = rng.integers(3)
        if drawing.label not in (MIRRORED, QUARTER, UPSIDE_DOWN)[transformation]:
            continue
        lines = normalized(drawing.strokes)
        if transformation == 0:
            lines = [line * (-1, 1) for line in lines]
        elif transformation == 1:
            lines = [line[:, ::-1] * rng.choice([(-1, 1), (1, -1)]) for line in lines]
        else:
            lines = [-line for line in lines]
        return distorted(as_strokes(lines), rng, 0.5)


def transformed_bitmap(images: Array, labels: Array, rng: np.random.Generator) -> Image.Image:
    """A bitmap of a digit mirrored or rotated, or of two or three in a row."""
    if rng.random() < 0.5:
        rows = rng.integers(len(images), size=rng.integers(2, 4))
        return enlarged(np.concatenate([trimmed(images[row]) for row in rows], axis=1), rng)
    while True:
        row = rng.integers(len(images))
        if labels[row] in MIRRORED and rng.random() < 0.5:
            return enlarged(np.ascontiguousarray(images[row][:, ::-1]), rng)
        if labels[row] in QUARTER:
            return enlarged(np.rot90(images[row], rng.choice([1, 3])).copy(), rng)


def trimmed(bitmap: Array) -> Array:
    """The bitmap without the empty columns at its left and right."""
    columns = np.flatnonzero(bitmap.max(axis=0) > 60)
    return bitmap[:, columns[0] : columns[-1] + 1]


def enlarged(bitmap: Array, rng: np.random.Generator) -> Image.Image:
    """A bitmap of bright ink as a larger image with dark ink on white paper."""
    side = int(rng.integers(56, 160))
    return Image.fromarray(255 - bitmap).resize((side, side), Image.Resampling.BICUBIC)


WORDS = tuple(
    """the of and to in is you that it he was for on are as with his they at be this have from or
    one had by word but not what all were we when your can said there use an each which she do how
    if will up other about out many then them these so some her would make like him into time has
    two""".split()
)
TEST_WORDS = tuple(
    """hello world cat draw house number seven water green music apple zero paper summer yes no
    thanks please stop go left right friend night river stone bread test""".split()
)


def typed(words: tuple[str, ...], rng: np.random.Generator) -> Image.Image:
    """An image of a typed word."""
    text = words[rng.integers(len(words))]
    text = text.upper() if rng.random() < 0.3 else text
    font = ImageFont.load_default(size=float(rng.uniform(20, 60)))
    left, top, right, bottom = font.getbbox(text)
    margin = int(rng.integers(5, 60))
    size = (int(right - left) + 2 * margin, int(bottom - top) + 2 * margin)
    image = Image.new("L", size, 255)
    ImageDraw.Draw(image).text((margin - left, margin - top), text, fill=0, font=font)
    return image


# ---------------------------------------------------------------------------- groups and splits


class Sources(NamedTuple):
    """The drawings of one split that non-digits are made of."""

    digits: list[Drawing]
    bitmaps: tuple[Array, Array]  # MNIST's images and labels
    characters: list[Drawing]  # of alphabets
    pictures: Array  # (n, 28, 28) uint8, ink bright
    fonts: Mapping[str, list[Drawing]] = {}  # characters, by "Latin", "signs" and "Cyrillic"
    wrong_cuts: Sequence[Array] | Array = ()  # 28x28, see `nn.data.cut_digits`


NUMBERS = "several digits", "pieces"  # groups of which some are numbers
Sample = Strokes | Image.Image | Array  # an array is the 28x28 input itself
Groups = Iterator[tuple[str, list[Sample]]]


def nondigits(split: str, sources: Sources) -> dict[str, Array]:
    """Images (n, 28, 28) uint8 by group, the same in each call.

    Strokes are rendered at a random position and size and with a random pen, as digits are.
    """
    rng = random_of(split)
    groups = (
        training_groups(sources, rng)
        if split == "train"
        else evaluation_groups(sources, rng, split == "test")
    )
    return {
        group: np.stack([preprocessed(sample, rng) for sample in samples])
        for group, samples in groups
    }


def random_of(split: str) -> np.random.Generator:
    return np.random.default_rng([10, {"train": 1, "validation": 2, "test": 3}[split]])


def evaluation_samples(split: str, sources: Sources) -> dict[str, list[Sample]]:
    """What rejection is measured on, by group, as strokes or pictures of any size.

    Of the training split those of the same groups.
    """
    return dict(evaluation_groups(sources, random_of(split), split == "test"))


def preprocessed(sample: Sample, rng: np.random.Generator) -> Array:
    """The 28x28 input, as uint8, of strokes or of an image."""
    if isinstance(sample, np.ndarray):
        return sample
    if not isinstance(sample, Image.Image):
        return random_rendering(sample, rng, SIDE)
    picture = image_to_input(sample)
    return np.rint((np.zeros((28, 28)) if picture is None else picture) * 255).astype(np.uint8)


def repeat(count: int, make: Callable[[], Sample]) -> list[Sample]:
    return [make() for _ in range(count)]


# The group of each kind of font characters, and how many drawings of it are trained with.
FONT_GROUPS = {
    "Latin": ("font letters", 28000),
    "signs": ("font signs", 7000),
    "Cyrillic": ("Cyrillic", 5000),
}


def font_groups(
    sources: Sources, rng: np.random.Generator, amount: float, at_most: int | None = None
) -> Groups:
    """The fonts' characters in turn, each copy distorted by `amount`; `at_most` so many of a kind.

    Each once if there are fewer; without `at_most`, as many as FONT_GROUPS says.
    """
    for kind, (group, count) in FONT_GROUPS.items():
        drawings = sources.fonts.get(kind, [])
        if drawings:
            n = count if at_most is None else min(at_most, len(drawings))
            order = np.resize(rng.permutation(len(drawings)), n)
            yield group, [distorted(drawings[i].strokes, rng, amount) for i in order]


def font_word(letters: list[Drawing], rng: np.random.Generator) -> Strokes:
    """Two to five characters of one font, side by side."""
    writer = letters[rng.integers(len(letters))].writer
    own = [letter for letter in letters if letter.writer == writer]
    lines = normalized(own[rng.integers(len(own))].strokes)
    for _ in range(rng.integers(1, 5)):
        letter = normalized(own[rng.integers(len(own))].strokes)
        lines = beside(lines, letter, rng.uniform(0.05, 0.3), rng)
    return distorted(as_strokes(lines), rng, 0.5)


def training_groups(sources: Sources, rng: np.random.Generator) -> Groups:
    digits, bitmaps, characters, pictures, fonts, _ = sources
    yield "letters", repeat(9000, lambda: from_hand("hand-a", "letters", rng))
    yield "symbols", repeat(7000, lambda: from_hand("hand-a", "symbols", rng))
    yield from font_groups(sources, rng, 0.7)
    yield "words", repeat(2500, lambda: word("hand-a", rng))
    if fonts.get("Latin"):
        yield "font words", repeat(2500, lambda: font_word(fonts["Latin"], rng))
    yield "typed words", repeat(2000, lambda: typed(WORDS, rng))
    own = [drawing.strokes for drawing in characters]
    yield "alphabets", [distorted(strokes, rng, 0.7) for strokes in own * 5]
    of_all_kinds = [*characters, *(drawing for kind in fonts.values() for drawing in kind)]
    yield "invented characters", repeat(26000, lambda: invented(of_all_kinds, "hand-a", rng))
    transformed = [as_strokes(turned(normalized(strokes), rng)) for strokes in own * 5]
    yield (
        "transformed characters",
        [distorted(strokes, rng, 0.7) for strokes in transformed if not looks_like_digit(strokes)],
    )
    yield "fragments", repeat(5000, lambda: fragments(of_all_kinds, rng))
    yield "pictures", [enlarged(picture, rng) for picture in np.repeat(pictures, 3, axis=0)]
    yield "scribbles", repeat(6000, lambda: scribble(rng))
    yield "shapes", repeat(7000, lambda: shape(rng))
    yield "blots", repeat(2500, lambda: blot(rng))
    yield "dots", repeat(1000, lambda: dot(rng))
    yield "ticks", repeat(3000, lambda: mark(rng))
    yield "several digits", repeat(5000, lambda: several_digits(digits, rng))
    yield "pieces", repeat(15000, lambda: piece(digits, rng))
    if len(sources.wrong_cuts):
        yield "wrong cuts", list(sources.wrong_cuts)
    yield "transformed digits", repeat(6000, lambda: transformed_digit(digits, rng))
    yield "transformed bitmaps", repeat(5000, lambda: transformed_bitmap(*bitmaps, rng))


def evaluation_groups(sources: Sources, rng: np.random.Generator, is_test: bool) -> Groups:
    """The groups that rejection is measured on, for validation or for the test."""
    digits, _, characters, pictures, _, _ = sources
    hand, words = ("hand-b", TEST_WORDS) if is_test else ("hand-a", WORDS)
    yield "letters", repeat(1000, lambda: from_hand(hand, "letters", rng))
    yield "symbols", repeat(1000, lambda: from_hand(hand, "symbols", rng))
    yield from font_groups(sources, rng, 0.3, at_most=1000)
    yield "alphabets", [drawing.strokes for drawing in characters]
    yield "invented characters", repeat(500, lambda: invented(characters, hand, rng))
    yield "pictures", [enlarged(picture, rng) for picture in pictures]
    yield "scribbles", repeat(500, lambda: (tangle if is_test else scribble)(rng))
    yield "shapes", repeat(500, lambda: (pictogram if is_test else shape)(rng))
    yield "blots", repeat(200, lambda: blot(rng))
    yield "dots and ticks", [*repeat(100, lambda: dot(rng)), *repeat(200, lambda: mark(rng))]
    yield "words", [*repeat(200, lambda: typed(words, rng)), *repeat(200, lambda: word(hand, rng))]
    yield "several digits", repeat(500, lambda: several_digits(digits, rng))
    yield "pieces", repeat(500, lambda: piece(digits, rng))
