"""Robustness: how many predictions change when the same strokes are drawn in another way?

Each drawing is rendered unchanged, and again with one change: its position, its size, the pen, the
slant, the file format, the colours or the canvas.  All go through the whole preprocessing, as on
the page.
"""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from nn.dataset import DIGITS
from nn.ink.preprocess import to_input
from nn.ink.strokes import Drawing, Strokes, as_strokes, draw, normalized
from nn.layers import Array
from nn.measure.rejection import Verdict, verdicts
from nn.network import Network

Change = Callable[[Strokes], bytes]

PEN = 18 / 280  # as a fraction of the canvas's side, like SIZE
SIZE = 0.6


def drawn(
    strokes: Strokes,
    side: int = 280,
    pen: float = PEN,
    size: float = SIZE,
    middle: tuple[float, float] = (0.5, 0.5),
    paper: int = 255,
    ink: int = 0,
) -> Image.Image:
    """The strokes on a canvas of side x side pixels; pen, size and middle as fractions of it."""
    centre = (middle[0] * side, middle[1] * side)
    return draw(strokes, side, pen * side, centre, size * side, paper, ink)


def slanted(strokes: Strokes, degrees: float) -> Strokes:
    """The strokes slanted by an angle in degrees, to the right if positive."""
    slope = np.tan(np.radians(degrees))
    return as_strokes([line - line[:, 1:] * [slope, 0] for line in normalized(strokes)])


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def transparent(image: Image.Image) -> Image.Image:
    """Ink as alpha alone, as a canvas without a background saves it."""
    ink = Image.fromarray(255 - np.asarray(image))
    return Image.merge("LA", (Image.new("L", ink.size, 0), ink))


def unchanged(strokes: Strokes) -> bytes:
    return encoded(drawn(strokes))


def with_size(size: float) -> Change:
    return lambda strokes: encoded(drawn(strokes, size=size, pen=min(PEN, size / 6)))


def with_pen(pixels: float) -> Change:
    return lambda strokes: encoded(drawn(strokes, pen=pixels / 280))


def with_slant(degrees: float) -> Change:
    return lambda strokes: encoded(drawn(slanted(strokes, degrees)))


# The quantity that is varied, and the change for each value of it.
CURVES: dict[str, dict[float, Change]] = {
    "size": {size: with_size(size) for size in (0.25, 0.35, 0.45, 0.6, 0.75, 0.85, 0.95)},
    "pen": {pixels: with_pen(pixels) for pixels in (6, 9, 12, 18, 24, 30, 36)},
    "slant": {degrees: with_slant(degrees) for degrees in (-15, -10, -5, 0, 5, 10, 15)},
}

REJECTED = -1  # in place of a digit

CHANGES: dict[str, Change] = {
    "top left": lambda s: encoded(drawn(s, size=0.4, pen=0.045, middle=(0.24, 0.24))),
    "bottom right": lambda s: encoded(drawn(s, size=0.4, pen=0.045, middle=(0.76, 0.76))),
    "at the left edge": lambda s: encoded(drawn(s, middle=(0.34, 0.5))),
    "a quarter of the canvas": CURVES["size"][0.25],
    "nearly all of the canvas": CURVES["size"][0.95],
    "a pen of 6 pixels": CURVES["pen"][6],
    "a pen of 36 pixels": CURVES["pen"][36],
    "leaning left by 15 degrees": CURVES["slant"][-15],
    "leaning right by 15 degrees": CURVES["slant"][15],
    "JPEG of quality 50": lambda s: encoded(drawn(s), "JPEG", quality=50),
    "JPEG of quality 75": lambda s: encoded(drawn(s), "JPEG", quality=75),
    "JPEG of quality 100": lambda s: encoded(drawn(s), "JPEG", quality=100),
    "WebP": lambda s: encoded(drawn(s), "WEBP", quality=80),
    "PNG without a background": lambda s: encoded(transparent(drawn(s))),
    "white on black": lambda s: encoded(drawn(s, paper=0, ink=255)),
    "gray on gray": lambda s: encoded(drawn(s, paper=150, ink=120)),
    "a canvas of 100 pixels": lambda s: encoded(drawn(s, side=100)),
    "a canvas of 1000 pixels": lambda s: encoded(drawn(s, side=1000)),
    "a canvas of 2000 pixels": lambda s: encoded(drawn(s, side=2000)),
}


def predictions(network: Network, drawings: list[Drawing], change: Change) -> Array:
    """The predicted digit of each drawing (n,), doubtful or not; REJECTED where it is refused."""
    inputs = [to_input(change(drawing.strokes)) for drawing in drawings]
    blank = np.zeros((28, 28), np.float32)
    images = np.stack([blank if image is None else image for image in inputs])
    probabilities = network.probabilities(images[..., None])
    digits = probabilities[:, :DIGITS].argmax(axis=1)
    return np.where(verdicts(network, probabilities) == Verdict.REFUSED, REJECTED, digits)


def robustness(
    network: Network, drawings: list[Drawing], progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """The accuracy and the fraction of predictions that changed, by change and along each curve.

    A digit that is now refused, or no longer, counts as changed; one that is now doubtful does not.
    """
    labels = np.array([drawing.label for drawing in drawings])
    original = predictions(network, drawings, unchanged)

    def measure(name: str, change: Change) -> dict[str, float]:
        progress(name)
        predicted = predictions(network, drawings, change)
        return {
            "accuracy": float((predicted == labels).mean()),
            "changed": float((predicted != original).mean()),
        }

    return {
        "count": len(drawings),
        "accuracy": float((original == labels).mean()),
        "changes": {name: measure(name, change) for name, change in CHANGES.items()},
        "curves": {
            name: [
                {"value": value, **measure(f"{name} {value}", change)}
                for value, change in curve.items()
            ]
            for name, curve in CURVES.items()
        },
    }
