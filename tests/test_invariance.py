"""A digit that is moved, scaled, inverted, or saved in another way gets the same, right answer.

Our own drawings of digits go through the whole of preprocessing and the served network.
"""

import numpy as np
import pytest
from PIL import Image
from test_preprocess import encoded

from models import load_models
from nn.preprocess import to_input
from nn.strokes import draw
from nn.zoo import DEFAULT


def drawn(strokes, side=280, pen=0.07, middle=(0.5, 0.5), size=0.6, paper=255, ink=0):
    place = (middle[0] * side, middle[1] * side)
    return draw(strokes, side, pen * side, place, size * side, paper, ink)


def slanted(strokes, degrees):
    lean = np.tan(np.radians(degrees))
    return [[(x - lean * y, y) for x, y in stroke] for stroke in strokes]


def see_through(strokes):
    """Ink as alpha alone, as a canvas without a background saves it."""
    ink = Image.fromarray(255 - np.asarray(drawn(strokes)))
    return Image.merge("LA", (Image.new("L", ink.size, 0), ink))


CHANGES = {
    "as drawn": lambda s: encoded(drawn(s)),
    "top left": lambda s: encoded(drawn(s, size=0.4, middle=(0.27, 0.27))),
    "bottom right": lambda s: encoded(drawn(s, size=0.4, middle=(0.73, 0.73))),
    "a quarter of the canvas": lambda s: encoded(drawn(s, size=0.25, pen=0.04)),
    "nearly all of the canvas": lambda s: encoded(drawn(s, size=0.9)),
    "a thin pen": lambda s: encoded(drawn(s, pen=6 / 280)),
    "a thick pen": lambda s: encoded(drawn(s, pen=30 / 280)),
    "inverted": lambda s: encoded(drawn(s, paper=0, ink=255)),
    "gray on gray": lambda s: encoded(drawn(s, paper=150, ink=120)),
    "100 pixels": lambda s: encoded(drawn(s, side=100)),
    "2000 pixels": lambda s: encoded(drawn(s, side=2000)),
    "JPEG 50": lambda s: encoded(drawn(s), "JPEG", quality=50),
    "WebP": lambda s: encoded(drawn(s), "WEBP", quality=80),
    "transparent": lambda s: encoded(see_through(s)),
    "leaning right": lambda s: encoded(drawn(slanted(s, 12))),
    "leaning left": lambda s: encoded(drawn(slanted(s, -8))),
}


@pytest.fixture(scope="module")
def model():
    return load_models()[DEFAULT]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_our_own_digits_are_read_right_however_they_come(model, drawings, change):
    digits = [drawing for drawing in drawings if drawing["label"] is not None]
    wrong = []
    for drawing in digits:
        answer = model.read(to_input(change(drawing["strokes"])))["digit"]
        if answer != drawing["label"]:
            wrong.append(f"{drawing['style']} {drawing['label']} read as {answer}")
    assert wrong == []
