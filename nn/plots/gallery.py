"""Pictures of many small images: what a network got wrong, at a glance."""

from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nn.layers import Array

ZOOM = 3  # screen pixels for one of the image's
CAPTION = 18
GAP = 8


def mistakes_as_picture(
    images: Array, mistakes: list[dict[str, Any]], columns: int = 4
) -> Image.Image:
    """The misclassified images (of images (n, 28, 28) uint8), each with what it was read as.

    `mistakes` are those of `nn.measure.metrics.evaluate`: index, label, predicted, confidence.  Dark ink on
    white paper; under each "4 as 9, 83%": the digit drawn, that read, and how sure the network was.
    """
    font = ImageFont.load_default(size=12)
    side = 28 * ZOOM
    rows = max(1, -(-len(mistakes) // columns))
    size = (columns * (side + GAP) + GAP, rows * (side + CAPTION + GAP) + GAP)
    sheet = Image.new("L", size, 255)
    pen = ImageDraw.Draw(sheet)
    for i, mistake in enumerate(mistakes):
        x, y = i % columns * (side + GAP) + GAP, i // columns * (side + CAPTION + GAP) + GAP
        image = Image.fromarray(255 - np.asarray(images[mistake["index"]]))
        sheet.paste(image.resize((side, side), Image.Resampling.NEAREST), (x, y))
        pen.rectangle((x - 1, y - 1, x + side, y + side), outline=200)
        caption = f"{mistake['label']} as {mistake['predicted']}, {mistake['confidence']:.0%}"
        pen.text((x + side / 2, y + side + 3), caption, fill=0, font=font, anchor="ma")
    return sheet


SPRITE_COLUMNS = 32


def sprite(images: Array) -> Image.Image:
    """Images (n, 28, 28) uint8 in rows of SPRITE_COLUMNS, as they are: ink white on black."""
    rows = -(-len(images) // SPRITE_COLUMNS)
    sheet = np.zeros((rows * 28, SPRITE_COLUMNS * 28), np.uint8)
    for i, image in enumerate(images):
        y, x = i // SPRITE_COLUMNS * 28, i % SPRITE_COLUMNS * 28
        sheet[y : y + 28, x : x + 28] = image
    return Image.fromarray(sheet)


def chosen(labels: Array, probabilities: Array, each: int, right: int) -> list[int]:
    """Rows of a data set that show how a network reads, the most confident first.

    `each` of every kind of mistake, those it was surest of, and of every digit the `right` ones
    that it was least sure of.  labels are (n,), probabilities (n, 10).
    """
    answers, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    rows: list[int] = []
    for label in range(10):
        for answer in range(10):
            cell = np.flatnonzero((labels == label) & (answers == answer))
            surest = np.argsort(-confidence[cell], kind="stable")
            rows += cell[surest[-right:] if label == answer else surest[:each]].tolist()
    return sorted(rows, key=lambda row: -confidence[row])
