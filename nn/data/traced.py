"""MNIST as pen strokes: the hundreds of hands of its writers, drawn again with any pen."""

import numpy as np

from nn.data.mnist import mnist
from nn.dataset import DataSet
from nn.ink.strokes import Drawing, as_strokes, distorted, renderings
from nn.ink.styles.table import restyled, styles_for

COPIES = 2  # of each drawing, each with another position, size, pen, distortion and perhaps style
RESTYLED_FRACTION = 0.3  # of the copies of digits that have styles


def traced(split: str) -> DataSet:
    """MNIST's digits traced to strokes, and drawn again in other sizes, pens and styles."""
    rng = np.random.default_rng([12, *split.encode()])
    copies = []
    for drawing in traced_drawings(split):
        names = styles_for(drawing.label)
        for _ in range(COPIES if split == "train" else 1):
            strokes = None
            if split == "train" and names and rng.random() < RESTYLED_FRACTION:
                strokes = restyled(names[rng.integers(len(names))], drawing.strokes, rng)
            amount = rng.uniform(0, 1)
            strokes = distorted(strokes or drawing.strokes, rng, amount)
            copies.append(drawing._replace(strokes=strokes))
    return DataSet(*renderings(copies))


def traced_drawings(split: str) -> list[Drawing]:
    """The digits of MNIST as strokes, without those whose strokes would not cover their ink.

    The writer is not known: 0.  Raises DataError when a file is missing or broken.
    """
    from nn.ink.tracing import trace  # not installed where the app is served: SciPy

    digits = mnist(split)
    tracings = (trace(image) for image in digits.images)
    return [
        Drawing(int(label), 0, as_strokes(tracing.lines))
        for label, tracing in zip(digits.labels, tracings, strict=True)
        if tracing
    ]
