"""The drawings that the default network misreads, and where in a picture of many each one is.

Two commands write the pictures: `python -m nn mistakes` that of MNIST, with a table beside it, and
`python -m nn evaluate NAME --on pen --picture` that of digits drawn with a pen.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from nn.plots.sheets import SIZE, ZOOM, contact_sheet_corner
from nn.zoo import DEFAULT

Json = dict[str, Any]
SPRITE = "testset/mistakes.png"  # of the static files; a table of the same name lies beside it
SHEET = "accuracy/mistakes.png"


@dataclass(frozen=True)
class Mistake:
    """A misread drawing, and the part of the gallery's picture that shows it."""

    index: int  # in the test set
    label: int
    predicted: int
    confidence: float
    view_box: str


@dataclass(frozen=True)
class Gallery:
    """Mistakes on one test set, the most confident first, all in one picture."""

    name: str
    picture: str  # of the static files
    size: tuple[int, int]
    mistakes: list[Mistake]


def galleries_of(figures: Json, static: Path) -> list[Gallery]:
    """Those of data sets that were measured, whose picture is in the folder of static files."""
    found = []
    if "mnist" in figures and (static / SPRITE).exists():
        found.append(gallery("mnist", static, SPRITE, mistakes_in_sprite(static / SPRITE)))
    if "pen" in figures and (static / SHEET).exists():
        found.append(gallery("pen", static, SHEET, mistakes_in_sheet(figures["pen"]["mistakes"])))
    return [one for one in found if one.mistakes]


def gallery(name: str, static: Path, picture: str, mistakes: list[Mistake]) -> Gallery:
    with Image.open(static / picture) as image:
        return Gallery(name, picture, image.size, mistakes)


def mistakes_in_sprite(picture: Path) -> list[Mistake]:
    """Those of the default network in a picture that shows those of all networks."""
    table = json.loads(picture.with_suffix(".json").read_text(encoding="utf-8"))
    mistakes = []
    for position, predicted, *thousandths in table["networks"].get(DEFAULT, []):
        if predicted != table["labels"][position]:
            row, column = divmod(position, table["columns"])
            mistakes.append(
                Mistake(
                    index=table["rows"][position],
                    label=table["labels"][position],
                    predicted=predicted,
                    confidence=max(thousandths) / 1000,
                    view_box=f"{column * SIZE} {row * SIZE} {SIZE} {SIZE}",
                )
            )
    return sorted(mistakes, key=lambda mistake: -mistake.confidence)


def mistakes_in_sheet(recorded: list[Json]) -> list[Mistake]:
    """Those recorded, which are in the contact sheet in the same order."""
    mistakes = []
    for i, mistake in enumerate(recorded):
        left, top = contact_sheet_corner(i)
        view_box = f"{left} {top} {SIZE * ZOOM} {SIZE * ZOOM}"
        mistakes.append(Mistake(**mistake, view_box=view_box))
    return mistakes
