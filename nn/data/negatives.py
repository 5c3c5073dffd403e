"""Drawings that are no digit: what a network has to see to learn to say so.

Some come from data sets (characters of several alphabets, pictures), most are made here: letters
and symbols of two hands of single-stroke glyphs, scribbles, shapes, dots, typed words, several
digits at once.  The test split holds what nothing was ever trained on: another hand, another
alphabet, other pictures, shapes and scribbles, other words, other writers.  Only dots, ticks and
blots are of the same making in all splits, each drawn anew.

What looks like a digit is left out everywhere, by name (nn.data.glyphs) or by shape (`fair_digit`):
to read it as that digit is no error.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nn.data.glyphs import from_hand, smooth, word
from nn.ink.preprocess import image_to_input
from nn.ink.strokes import Drawing, Strokes, as_strokes, draw, framed, seen_of, shaken
from nn.layers import Array

SIDE = 160  # of the canvas that drawings are made on: enough, and faster than the page's 280


# --------------------------------------------------------------------------------- what one draws


def scribble(rng: np.random.Generator) -> Strokes:
    """A line that goes where it likes: zigzag, wander, coil, spiral, hatching."""
    kind = rng.integers(5)
    if kind == 0:
        n = int(rng.integers(4, 14))
        y = np.where(np.arange(n) % 2, 0, 1) + rng.normal(0, 0.15, n)
        points = np.stack([np.arange(n) / n * rng.uniform(0.7, 3), y], axis=1)
        points = points if rng.random() < 0.5 else points[:, ::-1]
    elif kind == 1:
        points = smooth(rng.random((rng.integers(6, 25), 2)))
    elif kind == 2:
        t = np.linspace(0, rng.integers(3, 9), 120)
        drift = rng.uniform(0.1, 0.5)
        ring = np.stack([np.cos(2 * np.pi * t) * 0.5 + drift * t, np.sin(2 * np.pi * t)], axis=1)
        points = ring * rng.uniform(0.5, 1.2)
    elif kind == 3:
        t = np.linspace(0.05, 1, 100)[:, None]
        angle = t * rng.uniform(4, 12) * np.pi + rng.uniform(0, 6)
        points = t * np.concatenate([np.cos(angle), np.sin(angle)], axis=1)
    else:
        n = int(rng.integers(8, 30))
        ends = np.sort(rng.random((n, 1)), axis=0)
        across = np.where(np.arange(n) % 2, 1, 0)[:, None] + rng.normal(0, 0.1, (n, 1))
        points = np.concatenate([ends + across * 0.4, across], axis=1)
    return shaken(as_strokes([points]), rng)


def tangle(rng: np.random.Generator) -> Strokes:
    """A knot of slow waves (Lissajous's figures), or a few wandering lines at once."""
    if rng.random() < 0.5:
        t = np.linspace(0, 2 * np.pi, 150)
        # no pairs with a common divisor: 1:1 is a fair zero, 1:2 a fair eight
        pair = rng.permutation(((2, 3), (2, 5), (3, 4), (3, 5), (4, 5))[rng.integers(5)])
        a, b = pair + rng.uniform(-0.2, 0.2, 2)
        points = np.stack([np.sin(a * t + rng.uniform(0, 6)), np.sin(b * t)], axis=1)
        return shaken(as_strokes([points]), rng)
    return shaken(as_strokes([smooth(rng.random((rng.integers(4, 9), 2))) for _ in range(3)]), rng)


def polygon(corners: int, rng: np.random.Generator, inner: float = 1.0) -> Array:
    """A closed polygon (n, 2); with inner < 1 every other corner stands nearer to the middle."""
    angle = np.linspace(0, 2 * np.pi, corners + 1) + rng.uniform(-0.3, 0.3) - np.pi / 2
    reach = np.where(np.arange(corners + 1) % 2, inner, 1.0)
    return np.stack([np.cos(angle) * reach, np.sin(angle) * reach * rng.uniform(0.7, 1.3)], axis=1)


def arc(start: float, end: float, middle: tuple[float, float], radius: float) -> Array:
    """Part of a circle, angles in degrees clockwise from the right."""
    angle = np.radians(np.linspace(start, end, max(6, int(abs(end - start) / 12))))
    return np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius + middle


def shape(rng: np.random.Generator) -> Strokes:
    """A geometric shape or a simple figure; no circle, which is a fair zero."""
    kind = rng.integers(12)
    if kind < 4:
        lines = [polygon((3, 4, 5, 6)[kind], rng)]
    elif kind == 4:
        lines = [polygon(10, rng, rng.uniform(0.35, 0.55))]
    elif kind == 5:  # a square with something in it
        lines = [np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0.0]])]
        inside = ([[0, 0], [1, 1]], [[0.5, 0], [0.5, 1]], [[0, 0.5], [1, 0.5]], [[1, 0], [0, 1]])
        lines += [np.array(inside[i], float) for i in rng.choice(4, rng.integers(1, 4), False)]
    elif kind == 6:  # half a circle, closed
        lines = [np.concatenate([arc(180, 360, (0, 0), 1), [[-1.0, 0.0]]])]
    elif kind == 7:  # a face
        lines = [arc(0, 360, (0, 0), 1), arc(20, 160, (0, 0.1), rng.uniform(0.4, 0.6))]
        lines += [arc(0, 360, (x, -0.3), 0.05) for x in (-0.35, 0.35)]
    elif kind == 8:  # rings: one in the other, or side by side
        inner = rng.uniform(0.3, 0.7)
        away = (0.0, 0.0) if rng.random() < 0.5 else (1 + inner, 0.0)
        lines = [arc(0, 360, (0, 0), 1), arc(0, 360, away, inner)]
    elif kind == 9:  # a grid
        n = int(rng.integers(2, 4))
        lines = [np.array([[i / n, -0.1], [i / n, 1.1]]) for i in range(1, n)]
        lines += [np.array([[-0.1, i / n], [1.1, i / n]]) for i in range(1, n)]
    elif kind == 10:  # an arrow
        lines = [np.array([[0, 0], [1.0, 0]]), np.array([[0.7, -0.25], [1, 0], [0.7, 0.25]])]
        turn = np.radians(rng.uniform(0, 360))
        spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        lines = [line @ spin.T for line in lines]
    else:  # lines that cross in one place
        n = int(rng.integers(2, 5))
        angles = np.linspace(0, np.pi, n, endpoint=False) + rng.uniform(0, 1)
        ways = [np.array([np.cos(a), np.sin(a)]) for a in angles]
        lines = [np.stack([way, -way]) for way in ways]
    return drawn_by_hand(lines, rng)


def figure(rng: np.random.Generator) -> Strokes:
    """Shapes that `shape` has none of: heart, house, cube, flower, moon, tree, man."""
    kind = rng.integers(7)
    if kind == 0:
        t = np.linspace(0, 2 * np.pi, 40)
        x, y = 16 * np.sin(t) ** 3, -13 * np.cos(t) + 5 * np.cos(2 * t) + 2 * np.cos(3 * t)
        lines = [np.stack([x, y], axis=1)]
    elif kind == 1:
        lines = [np.array([[0, 1], [0, 0.4], [0.5, 0], [1, 0.4], [1, 1], [0, 1.0]])]
        lines += [np.array([[0.4, 1], [0.4, 0.7], [0.6, 0.7], [0.6, 1.0]])]
    elif kind == 2:
        front = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0.0]])
        lines = [front, front + (0.4, -0.4), *(np.array([c, c + (0.4, -0.4)]) for c in front[:4])]
    elif kind == 3:
        n = int(rng.integers(5, 8))
        lines = [arc(0, 360, (np.cos(a), np.sin(a)), 0.45) for a in np.arange(n) / n * 2 * np.pi]
        lines += [arc(0, 360, (0, 0), 0.5)]
    elif kind == 4:
        lines = [np.concatenate([arc(60, 300, (0, 0), 1), arc(280, 80, (0.35, 0), 0.85)])]
    elif kind == 5:
        crown = np.array([[0, 0], [0.4, 0.6], [0.15, 0.6], [0.5, 1.1]])
        mirrored = (crown * (-1, 1))[::-1]
        lines = [np.concatenate([mirrored, crown]), np.array([[-0.5, 1.1], [0.5, 1.1]])]
        lines += [np.array([[0.0, 1.1], [0.0, 1.4]])]
    else:
        lines = [arc(0, 360, (0, 0), 0.25), np.array([[0, 0.25], [0, 0.9]])]
        lines += [
            np.array([[-0.4, 0.5], [0.4, 0.5]]),
            np.array([[-0.3, 1.4], [0, 0.9], [0.3, 1.4]]),
        ]
    return drawn_by_hand(lines, rng)


def drawn_by_hand(lines: list[Array], rng: np.random.Generator) -> Strokes:
    """Straight pieces get points of their own, so that a shaking hand bends them."""
    dense = []
    for line in lines:
        steps = [np.linspace(a, b, 6)[:-1] for a, b in pairwise(line)]
        dense.append(np.concatenate([*steps, line[-1:]]) if len(line) < 12 else line)
    return shaken(as_strokes(dense), rng)


def tap(rng: np.random.Generator) -> Image.Image:
    """One dot, as a tap leaves it, by pens of any width."""
    x, y, pen = *rng.uniform(0.1, 0.9, 2) * SIDE, SIDE * rng.uniform(0.02, 0.2)
    way = rng.normal(0, 0.1, 2)
    return draw(
        as_strokes([np.array([[0, 0], way])]), SIDE, pen, (x, y), pen * rng.uniform(0.01, 0.3)
    )


def ticks(rng: np.random.Generator) -> Strokes:
    """Dots, dashes, a tick: what a pen leaves before one has begun."""
    kind = rng.integers(1, 5)
    if kind == 1:
        places = rng.random((rng.integers(2, 6), 1, 2))
        return as_strokes([place + rng.normal(0, 0.004, (3, 2)) for place in places])
    if kind == 2:  # a dash, at most 35 degrees from level
        slope = np.tan(np.radians(rng.uniform(-35, 35)))
        lines = [np.array([[0, 0], [0.5, slope / 2], [1, slope]])]
    elif kind == 3:  # a tick
        low = np.array([rng.uniform(0.2, 0.45), 1])
        lines = [np.array([[0, rng.uniform(0.4, 0.75)], low, [1, 0]])]
    else:  # two or three dashes
        n = int(rng.integers(2, 4))
        lines = [np.array([[0, i * 0.5], [1, i * 0.5]]) for i in range(n)]
    return drawn_by_hand(lines, rng)


def fragments(drawings: list[Drawing], rng: np.random.Generator) -> Strokes:
    """Strokes of two characters laid over each other, as no alphabet has them."""
    lines = []
    for _ in range(2):
        strokes = drawings[rng.integers(len(drawings))].strokes
        kept = rng.choice(len(strokes), min(len(strokes), int(rng.integers(1, 4))), replace=False)
        turned = as_strokes(turned_and_mirrored(framed(strokes), rng))
        lines += [np.array(turned[i]) + rng.uniform(-0.4, 0.4, 2) for i in kept]
    return shaken(as_strokes(lines), rng)


def turned_and_mirrored(lines: list[Array], rng: np.random.Generator) -> list[Array]:
    """The lines in one of the eight positions of a square."""
    flips = rng.choice([-1.0, 1.0], 2)
    swapped = rng.random() < 0.5
    return [(line[:, ::-1] if swapped else line) * flips for line in lines]


def several_digits(drawings: list[Drawing], rng: np.random.Generator) -> Strokes:
    """Two to four digits in a row, now and then touching."""
    lines: list[Array] = []
    x = 0.0
    for _ in range(rng.integers(2, 5)):
        digit = framed(drawings[rng.integers(len(drawings))].strokes)
        scale = rng.uniform(0.8, 1.2)
        lines += [line * scale + (x, rng.normal(0, 0.08)) for line in digit]
        x += max(np.ptp(np.concatenate(digit)[:, 0]) * scale, 0.1) + rng.uniform(0.02, 0.35)
    return shaken(as_strokes(lines), rng, 0.5)


# Digits that look like none any more when mirrored left to right, turned by a quarter, or by half.
MIRRORED, QUARTER, UPSIDE_DOWN = (3, 6, 7, 9), (2, 3, 4, 5, 6, 7, 8, 9), (3, 4, 7)


def spoilt_digit(drawings: list[Drawing], rng: np.random.Generator) -> Strokes:
    """A digit mirrored or turned so that it is none any more: strokes of digits, but no digit."""
    while True:
        drawing = drawings[rng.integers(len(drawings))]
        way = rng.integers(3)
        if drawing.label not in (MIRRORED, QUARTER, UPSIDE_DOWN)[way]:
            continue
        lines = framed(drawing.strokes)
        if way == 0:
            lines = [line * (-1, 1) for line in lines]
        elif way == 1:
            lines = [line[:, ::-1] * rng.choice([(-1, 1), (1, -1)]) for line in lines]
        else:
            lines = [-line for line in lines]
        return shaken(as_strokes(lines), rng, 0.5)


def blot(rng: np.random.Generator) -> Image.Image:
    """A filled shape, or blots and noise as a photo of no ink at all gives them."""
    if rng.random() < 0.5:
        corners = polygon(int(rng.integers(3, 30)), rng, float(rng.uniform(0.5, 1)))
        places = (corners * rng.uniform(0.1, 0.45) + 0.5) * SIDE
        image = Image.new("L", (SIDE, SIDE), 255)
        ImageDraw.Draw(image).polygon([tuple(place) for place in places], fill=0)
        return image
    grain = int(rng.integers(3, 15))
    noise = Image.fromarray(rng.integers(0, 256, (grain, grain), np.uint8))
    image = noise.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    if rng.random() < 0.6:
        level = int(rng.integers(70, 190))
        image = image.point(lambda value: 0 if value < level else 255)
    image.paste(255, (0, 0, SIDE, 6))
    return image


def typed(words: tuple[str, ...], rng: np.random.Generator) -> Image.Image:
    """A picture of a typed word."""
    text = words[rng.integers(len(words))]
    text = text.upper() if rng.random() < 0.3 else text
    font = ImageFont.load_default(size=float(rng.uniform(20, 60)))
    left, top, right, bottom = font.getbbox(text)
    margin = int(rng.integers(5, 60))
    size = (int(right - left) + 2 * margin, int(bottom - top) + 2 * margin)
    image = Image.new("L", size, 255)
    ImageDraw.Draw(image).text((margin - left, margin - top), text, fill=0, font=font)
    return image


WORDS = tuple(
    """the of and to in is you that it he was for on are as with his they at be this have from or
    one had by word but not what all were we when your can said there use an each which she do how
    if will up other about out many then them these so some her would make like him into time has
    two""".split()
)
OTHER_WORDS = tuple(
    """hello world cat draw house number seven water green music apple zero paper summer yes no
    thanks please stop go left right friend night river stone bread test""".split()
)


def bitmap(image: Array, rng: np.random.Generator) -> Image.Image:
    """A 28x28 picture with bright ink as a larger one on white paper."""
    side = int(rng.integers(56, 160))
    return Image.fromarray(255 - image).resize((side, side), Image.Resampling.BICUBIC)


def spoilt_bitmaps(images: Array, labels: Array, rng: np.random.Generator) -> Image.Image:
    """Images of digits mirrored, turned, or two or three in a row."""
    if rng.random() < 0.5:
        rows = rng.integers(len(images), size=rng.integers(2, 4))
        return bitmap(np.concatenate([trimmed(images[row]) for row in rows], axis=1), rng)
    while True:
        row = rng.integers(len(images))
        if labels[row] in MIRRORED and rng.random() < 0.5:
            return bitmap(np.ascontiguousarray(images[row][:, ::-1]), rng)
        if labels[row] in QUARTER:
            return bitmap(np.rot90(images[row], rng.choice([1, 3])).copy(), rng)


def trimmed(image: Array) -> Array:
    """The image without its empty columns."""
    columns = np.flatnonzero(image.max(axis=0) > 60)
    return image[:, columns[0] : columns[-1] + 1]


# ---------------------------------------------------------------------- what is one, after all


def fair_digit(strokes: Strokes) -> bool:
    """Whether a drawing of something else is as good a one (a line) or zero (a ring) as any.

    A line: one stroke that is nearly straight, at most 40 degrees from upright.  A ring: one stroke
    that ends where it began, its points all about as far from the middle (a square drawn by hand
    passes, too: its corners are round).
    """
    if len(strokes) != 1:
        return False
    line = framed(strokes)[0]
    if len(line) < 2:
        return False
    steps = np.diff(line, axis=0)
    length = float(np.hypot(*steps.T).sum())
    chord = line[-1] - line[0]
    straight = np.hypot(*chord) > 0.9 * length
    if straight:
        return bool(abs(chord[0]) < abs(chord[1]) * np.tan(np.radians(40)))
    size = np.ptp(line, axis=0)
    if np.hypot(*chord) > 0.3 or size.min() < 0.3:
        return False
    around = (line - (line.min(axis=0) + line.max(axis=0)) / 2) / (size / 2)
    radius = np.hypot(*around.T)
    return bool(radius.std() < 0.15 and length < 1.6 * np.pi * size.mean())


# ------------------------------------------------------------------------------------------ splits


class Sources(NamedTuple):
    """What there is to make non-digits of, for one split."""

    digits: list[Drawing]
    bitmaps: tuple[Array, Array]  # MNIST's images and labels
    characters: list[Drawing]  # of alphabets
    pictures: Array  # (n, 28, 28) uint8, ink bright


def nondigits(split: str, sources: Sources) -> dict[str, Array]:
    """Images (n, 28, 28) uint8 by group, the same each time they are asked for.

    Each drawing is rendered at a random place and size and with a random pen, as digits are.
    """
    seed = {"train": 1, "validation": 2, "test": 3}[split]
    rng = np.random.default_rng([10, seed])
    made = (training_kinds if split == "train" else held_out_kinds)(split, sources, rng)
    return {group: np.stack([seen(thing, rng) for thing in things]) for group, things in made}


Thing = Strokes | Image.Image


def seen(thing: Thing, rng: np.random.Generator) -> Array:
    """The 28x28 input, as uint8, of strokes or of a picture."""
    if not isinstance(thing, Image.Image):
        return seen_of(thing, rng, SIDE)
    picture = image_to_input(thing)
    return np.rint((np.zeros((28, 28)) if picture is None else picture) * 255).astype(np.uint8)


def training_kinds(
    split: str, sources: Sources, rng: np.random.Generator
) -> Iterator[tuple[str, list[Thing]]]:
    digits, bitmaps, characters, pictures = sources

    def many(count: int, make: Callable[[], Thing]) -> list[Thing]:
        return [make() for _ in range(count)]

    yield "letters", many(12000, lambda: from_hand("hand-a", "letters", rng))
    yield "symbols", many(9000, lambda: from_hand("hand-a", "symbols", rng))
    yield "words", many(3000, lambda: word("hand-a", rng))
    yield "typed words", many(2500, lambda: typed(WORDS, rng))
    own = [drawing.strokes for drawing in characters]
    yield "alphabets", [shaken(strokes, rng, 0.7) for strokes in own * 3]
    turned = [as_strokes(turned_and_mirrored(framed(strokes), rng)) for strokes in own * 5]
    yield (
        "turned characters",
        [shaken(strokes, rng, 0.7) for strokes in turned if not fair_digit(strokes)],
    )
    yield "fragments", many(5000, lambda: fragments(characters, rng))
    yield "pictures", [bitmap(picture, rng) for picture in np.repeat(pictures, 3, axis=0)]
    yield "scribbles", many(4000, lambda: scribble(rng))
    yield "shapes", many(6000, lambda: shape(rng))
    yield "blots", many(2500, lambda: blot(rng))
    yield "dots", many(1000, lambda: tap(rng))
    yield "ticks", many(3000, lambda: ticks(rng))
    yield "several digits", many(6000, lambda: several_digits(digits, rng))
    yield "spoilt digits", many(7000, lambda: spoilt_digit(digits, rng))
    yield "spoilt bitmaps", many(6000, lambda: spoilt_bitmaps(*bitmaps, rng))


def held_out_kinds(
    split: str, sources: Sources, rng: np.random.Generator
) -> Iterator[tuple[str, list[Thing]]]:
    """The groups that rejection is measured on."""
    digits, _, characters, pictures = sources
    testing = split == "test"
    name, words = ("hand-b", OTHER_WORDS) if testing else ("hand-a", WORDS)

    def many(count: int, make: Callable[[], Thing]) -> list[Thing]:
        return [make() for _ in range(count)]

    yield "letters", many(1000, lambda: from_hand(name, "letters", rng))
    yield "symbols", many(1000, lambda: from_hand(name, "symbols", rng))
    yield "alphabets", [drawing.strokes for drawing in characters]
    yield "pictures", [bitmap(picture, rng) for picture in pictures]
    yield "scribbles", many(500, lambda: (tangle if testing else scribble)(rng))
    yield "shapes", many(500, lambda: (figure if testing else shape)(rng))
    yield "blots", many(200, lambda: blot(rng))
    yield "dots and ticks", [*many(100, lambda: tap(rng)), *many(200, lambda: ticks(rng))]
    yield "words", [*many(200, lambda: typed(words, rng)), *many(200, lambda: word(name, rng))]
    yield "several digits", many(500, lambda: several_digits(digits, rng))
