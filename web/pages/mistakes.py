"""The drawings that the default network misreads, refuses or doubts, all in one picture.

`python -m nn mistakes` writes the picture, with a table of what is where beside it.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from nn.plots.sheets import SIZE

Json = dict[str, Any]
PICTURE = "accuracy/drawings.png"  # of the static files; a table of the same name lies beside it


@dataclass(frozen=True)
class Shown:
    """A drawing, what was read, and the part of the picture that shows it."""

    index: int  # in the test set
    label: int
    predicted: int
    confidence: float
    view_box: str


@dataclass(frozen=True)
class Gallery:
    """Drawings of one test set: misread (the most confident first), refused, doubtful."""

    name: str
    picture: str  # of the static files
    size: tuple[int, int]
    mistakes: list[Shown]
    refused: list[Shown]
    doubtful: list[Shown]


def galleries_of(figures: Json, static: Path) -> list[Gallery]:
    """Those of data sets that were measured, if the picture is in the folder of static files."""
    path = static / PICTURE
    if not path.exists():
        return []
    table = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    with Image.open(path) as image:
        size = image.size
    galleries = []
    for name, lists in table["lists"].items():
        if name in figures and any(lists.values()):
            shown = {
                kind: [shown_at(drawing, table["columns"]) for drawing in drawings]
                for kind, drawings in lists.items()
            }
            galleries.append(Gallery(name, PICTURE, size, **shown))
    return galleries


def shown_at(drawing: Json, columns: int) -> Shown:
    row, column = divmod(drawing["position"], columns)
    view_box = f"{column * SIZE} {row * SIZE} {SIZE} {SIZE}"
    fields = {key: value for key, value in drawing.items() if key != "position"}
    return Shown(**fields, view_box=view_box)
