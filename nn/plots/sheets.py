"""Sheets of many small images: a contact sheet to look at, a sprite sheet for the page."""

from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nn.dataset import DIGITS
from nn.layers import Array

SIZE = 28  # pixels of an image's side
ZOOM = 3  # pixels of a contact sheet for one of an image
CAPTION_HEIGHT = 18
GAP = 8
CONTACT_COLUMNS, SPRITE_COLUMNS = 8, 32


def contact_sheet(
    images: Array, drawings: list[dict[str, Any]], columns: int = CONTACT_COLUMNS
) -> Image.Image:
    """Some of the images (n, 28, 28) uint8, dark on white, each with a caption, digit by digit.

    `drawings` are a list of `nn.measure.metrics.evaluate`: index, label, predicted, confidence.
    Each label begins a new row.  The caption "4 as 9, 83%" gives label, prediction and confidence.
    """
    font = ImageFont.load_default(size=12)
    side = SIZE * ZOOM
    by_label = [[d for d in drawings if d["label"] == label] for label in range(DIGITS)]
    rows = [
        of_label[start : start + columns]
        for of_label in by_label
        for start in range(0, len(of_label), columns)
    ]
    size = (columns * (side + GAP) + GAP, max(1, len(rows)) * (side + CAPTION_HEIGHT + GAP) + GAP)
    sheet = Image.new("L", size, 255)
    pen = ImageDraw.Draw(sheet)
    for i, row in enumerate(rows):
        for j, drawing in enumerate(row):
            x, y = j * (side + GAP) + GAP, i * (side + CAPTION_HEIGHT + GAP) + GAP
            image = Image.fromarray(255 - np.asarray(images[drawing["index"]]))
            sheet.paste(image.resize((side, side), Image.Resampling.NEAREST), (x, y))
            pen.rectangle((x - 1, y - 1, x + side, y + side), outline=200)
            caption = f"{drawing['label']} as {drawing['predicted']}, {drawing['confidence']:.0%}"
            pen.text((x + side / 2, y + side + 3), caption, fill=0, font=font, anchor="ma")
    return sheet


def sprite_sheet(images: Array) -> Image.Image:
    """Images (n, 28, 28) uint8 in rows of SPRITE_COLUMNS, white on black as they are."""
    rows = -(-len(images) // SPRITE_COLUMNS)
    sheet = np.zeros((rows * SIZE, SPRITE_COLUMNS * SIZE), np.uint8)
    for i, image in enumerate(images):
        row, column = divmod(i, SPRITE_COLUMNS)
        y, x = row * SIZE, column * SIZE
        sheet[y : y + SIZE, x : x + SIZE] = image
    return Image.fromarray(sheet)


def example_rows(labels: Array, probabilities: Array, mistakes: int, correct: int) -> list[int]:
    """Rows of a data set that show how a network reads, by falling confidence.

    Of each cell of the confusion matrix off its diagonal the `mistakes` most confident ones, of
    each on it the `correct` least confident ones.  labels are (n,), probabilities (n, 10).
    """
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    rows: list[int] = []
    for i, j in np.ndindex(probabilities.shape[1], probabilities.shape[1]):
        cell = np.flatnonzero((labels == i) & (predicted == j))
        cell = cell[np.argsort(-confidence[cell], kind="stable")]
        rows += (cell[-correct:] if i == j else cell[:mistakes]).tolist()
    return sorted(rows, key=lambda row: -confidence[row])
