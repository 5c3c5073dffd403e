"""Letters and symbols as strokes in two handwritings ("hands"), and the ways of writing the digits.

All were drawn for this project, stroke by stroke.  Of the two hands, one is to train and one to
test with.  Each is a JSON file: {"letters" or "symbols": {character: [variant, ...]}}, a variant is
a list of strokes, and a stroke is "l x,y x,y ..." (straight lines) or "c x,y x,y ..." (a smooth
curve through the points); y grows downwards, capital letters are between 0 and 100.

The digits are a third file, {"digits": {digit: [variant, ...]}}, with 20 or more ways of writing
each digit.  Every drawing made from it (`drawn_digit`) has other proportions and curves.
"""

import json
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from nn.ink.strokes import Drawing, Strokes, as_strokes, distorted
from nn.layers import Array

# Characters that look like a digit in some handwriting: left out everywhere.
LOOK_ALIKES = frozenset(
    "OoDQОоσθΘΦφФфՖ口日ロםסอه°□▭◇⬠⬡⏢▱⊂の"  # 0: slashed, dotted, open and polygonal ones too
    "Iil|/\\!¡'\",;()∫⊥Λ∧^λЛлЇ1וןזגנーノイエ工ユ∥"  # 1: curved, with a base, a long up-stroke
    "ZzΖ⚡乙ろえそבجरг"  # 2: like a Z, drawn square
    "ЗзЭэξζვაるצع∃ヨ}⌇了"  # 3, mirrored ones too
    "yЧчУуעץμ♮"  # 4
    "SsςלЅ$§ちらう"  # 5
    "bGбЬьъЪδ∂♭მსბ"  # 6
    "フワクアヌスマラヌרךדてつ∩?"  # 7, and 2
    "B8&Ввβשდშᛟ"  # 8
    "gqρ9γგдم¶ףפקप🎈"  # 9
    "इ"  # 3 and 5
)

GLYPHS = Path(__file__).resolve().parent


@cache
def hand(name: str) -> dict[str, dict[str, list[Strokes]]]:
    """The glyphs of a hand: {"letters" or "symbols": {character: its variants as strokes}}."""
    groups = json.loads((GLYPHS / f"{name}.json").read_text("utf-8"))
    return {
        group: {
            character: [[stroke_from(text) for text in variant] for variant in variants]
            for character, variants in glyphs.items()
        }
        for group, glyphs in groups.items()
    }


def stroke_from(text: str) -> list[tuple[float, float]]:
    """The points of "l 0,0 10,0" (lines) or "c 0,0 5,5 10,0" (a smooth curve through them)."""
    kind, points = points_from(text)
    return as_strokes([points if kind == "l" or len(points) < 3 else smooth(points)])[0]


def points_from(text: str) -> tuple[str, Array]:
    """The kind of a stroke, "l" or "c", and its points (n, 2) as written."""
    kind, *pairs = text.split()
    return kind, np.array([[float(number) for number in pair.split(",")] for pair in pairs])


def smooth(points: Array, steps: int = 4) -> Array:
    """A curve through points (n, 2), `steps` from one to the next (Catmull & Rom 1974)."""
    closed = np.allclose(points[0], points[-1])
    before = points[-2] if closed else 2 * points[0] - points[1]
    after = points[1] if closed else 2 * points[-1] - points[-2]
    p = np.concatenate([[before], points, [after]])
    t = (np.arange(steps) / steps)[None, :, None]
    a, b, c, d = (p[i : len(p) - 3 + i, None] for i in range(4))
    curve = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    return np.concatenate([curve.reshape(-1, 2), points[-1:]])


def from_hand(name: str, group: str, rng: np.random.Generator) -> Strokes:
    """A random glyph of the group, not of LOOK_ALIKES, distorted; half of the letters are Latin."""
    glyphs = hand(name)[group]
    names = [character for character in glyphs if character not in LOOK_ALIKES]
    if group == "letters" and rng.random() < 0.5:
        names = [character for character in names if character.isascii()]
    variants = glyphs[names[rng.integers(len(names))]]
    return distorted(variants[rng.integers(len(variants))], rng)


def word(name: str, rng: np.random.Generator) -> Strokes:
    """Two to five letters side by side."""
    glyphs = hand(name)["letters"]
    names = list(glyphs)
    strokes: list[Array] = []
    x = 0.0
    for _ in range(rng.integers(2, 6)):
        variants = glyphs[names[rng.integers(len(names))]]
        lines = [np.asarray(stroke) for stroke in variants[rng.integers(len(variants))]]
        points = np.concatenate(lines)
        strokes += [line + (x - points[:, 0].min(), 0) for line in lines]
        x += np.ptp(points[:, 0]) + rng.uniform(5, 30)
    return distorted(as_strokes(strokes), rng, 0.5)


# ------------------------------------------------------------------------------------- digits

WAVE = 6.0  # the highest wave that moves points, in units of the file
UNSTEADINESS = 1.2  # standard deviation of each point on its own, in the same units
WIDTHS, SLANTS = (0.7, 1.3), (-0.15, 0.25)  # factors of the width; shifts to the right per height


@cache
def ways_of_writing() -> list[list[list[tuple[str, Array]]]]:
    """For each digit its variants: lists of strokes as `points_from` returns them."""
    variants = json.loads((GLYPHS / "digits.json").read_text("utf-8"))["digits"]
    return [
        [[points_from(text) for text in variant] for variant in variants[str(digit)]]
        for digit in range(10)
    ]


def drawn_digit(rng: np.random.Generator, label: int | None = None) -> Drawing:
    """A digit, any or that one, in a random way of writing and in a new hand.

    Its `writer` is the number of the variant, from 0 in the order of the file.
    """
    if label is None:
        label = int(rng.integers(10))
    variants = ways_of_writing()[label]
    number = int(rng.integers(len(variants)))
    return Drawing(label, number, in_new_hand(variants[number], rng))


def drawn_digits(rng: np.random.Generator, count: int) -> list[Drawing]:
    """That many digits, each in a random way of writing and in a new hand."""
    return [drawn_digit(rng) for _ in range(count)]


def in_new_hand(variant: list[tuple[str, Array]], rng: np.random.Generator) -> Strokes:
    """A variant with other proportions, curves, width and slant, then `distorted`.

    Points are moved before they are joined by lines and curves: by three slow waves, so that
    strokes still meet where they met, and a little each on its own, equal points alike.
    """
    every = np.concatenate([points for _, points in variant])
    places, place_of = np.unique(every, axis=0, return_inverse=True)
    frequency, phase = rng.uniform(-0.045, 0.045, (3, 2)), rng.uniform(0, 2 * np.pi, 3)
    places = places + np.sin(places @ frequency.T + phase) @ rng.uniform(-WAVE, WAVE, (3, 2))
    places = places + rng.normal(0, UNSTEADINESS, places.shape)
    width, slant = np.exp(rng.uniform(*np.log(WIDTHS))), rng.uniform(*SLANTS)
    places = places @ np.array([[width, 0], [-slant, 1]])
    lengths = [len(points) for _, points in variant]
    parts = np.split(places[place_of.ravel()], np.cumsum(lengths)[:-1])
    lines: list[Array] = []
    for (kind, _), points in zip(variant, parts, strict=True):
        line = smooth(points) if kind == "c" else subdivided(points)
        if lines and np.array_equal(lines[-1][-1], line[0]):  # a corner: the pen is not lifted
            lines[-1] = np.concatenate([lines[-1], line[1:]])
        else:
            lines.append(line)
    return distorted(as_strokes(lines), rng, 0.7)


def subdivided(points: Array, step: float = 10.0) -> Array:
    """The straight lines through points (n, 2), with a point about every `step`, so they bend."""
    pieces = []
    for start, end in pairwise(points):
        count = max(1, round(float(np.hypot(*(end - start))) / step))
        pieces.append(np.linspace(start, end, count, endpoint=False))
    return np.concatenate([*pieces, points[-1:]])
