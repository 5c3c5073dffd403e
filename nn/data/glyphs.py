"""Letters and symbols as strokes in two handwritings ("hands"), one to train and one to test with.

The hands were drawn for this project, stroke by stroke.  Each is a JSON file:
{"letters" or "symbols": {character: [variant, ...]}}, a variant is a list of strokes, and a stroke
is "l x,y x,y ..." (straight lines) or "c x,y x,y ..." (a smooth curve through the points); y grows
downwards, capital letters are between 0 and 100.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np

from nn.ink.strokes import Strokes, as_strokes, distorted
from nn.layers import Array

# Characters that look like a digit in some handwriting: left out everywhere.
LOOK_ALIKES = frozenset(
    "OoDQОоσθΘΦφФфՖ口日ロםסอه°□▭◇⬠⬡⏢▱⊂の"  # 0: slashed, dotted, open and polygonal ones too
    "Iil|/\\!¡'\",;()∫⊥Λ∧λЛлЇ1וןזגנーノイエ工ユ∥"  # 1: curved, with a base, a long up-stroke
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
    kind, *pairs = text.split()
    points = np.array([[float(number) for number in pair.split(",")] for pair in pairs])
    return as_strokes([points if kind == "l" or len(points) < 3 else smooth(points)])[0]


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
