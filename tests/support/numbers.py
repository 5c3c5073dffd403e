"""Numbers made of our own drawings of digits."""

import numpy as np
from PIL import Image

from nn.ink.preprocess import image_to_crop
from nn.ink.strokes import Drawing, normalized, rendered
from tests.support.pictures import strokes_of


def written(
    text, own_digits, *, height=90.0, gap=0.3, left=30.0, top=40.0, pen=12.0, size=(900, 200)
):
    """Strokes (n, 2) in pixels of a picture of that size, and the picture.

    gap is the paper between two digits, in heights; below 0 their boxes overlap.
    """
    strokes, x = [], left
    for character in text:
        lines = normalized(strokes_of(own_digits, int(character)))
        tall = np.ptp(np.concatenate(lines)[:, 1])
        lines = [line * (height / tall) for line in lines]
        strokes += [line + np.array([x, top]) for line in lines]
        x += np.ptp(np.concatenate(lines)[:, 0]) + gap * height + pen
    return strokes, drawn(strokes, pen, size)


def hand_of(own_digits):
    """The drawings of each digit, from 0 to 9, as `nn.data.numbers` composes numbers of them."""
    return [
        [Drawing(digit, 0, each["strokes"]) for each in own_digits if each["label"] == digit]
        for digit in range(10)
    ]


def drawn(strokes, pen, size) -> Image.Image:
    """Black ink on white paper."""
    return rendered(strokes, pen, size)


def read(reader, picture, strokes=()):
    """What the reader makes of a picture."""
    return reader.read(image_to_crop(picture), strokes, picture.size)
