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

    `mistakes` are those of `nn.evaluation.evaluate`: index, label, answer, confidence.  Dark ink on
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
        caption = f"{mistake['label']} as {mistake['answer']}, {mistake['confidence']:.0%}"
        pen.text((x + side / 2, y + side + 3), caption, fill=0, font=font, anchor="ma")
    return sheet
