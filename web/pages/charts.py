"""The network's figures made ready for the page: shares as text, curves as points of a drawing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

CELL = 14.0  # of the squared paper that a chart is drawn on, in the drawing's units
LEFT, TOP = 50.0, 10.0  # of the paper in the drawing
COLUMNS, ROWS = 21, 10
RIGHT, BOTTOM = LEFT + COLUMNS * CELL, TOP + ROWS * CELL
INSET = 1.5 * CELL  # from the paper's sides to the first point and the last
MINUS = "\N{MINUS SIGN}"
LOWEST = (0.98, 0.96, 0.9, 0.8, 0.6, 0.2, 0.0)  # where the axis of shares may start


def percent(share: float) -> str:
    """As on the rest of the page, "99.4 %"; 100 % and 0 % only for all and none."""
    number = f"{100 * share:.0f}" if share in (0, 1) else f"{min(max(100 * share, 0.1), 99.9):.1f}"
    return f"{number}\u00a0%"


@dataclass(frozen=True)
class Axis:
    """What is varied along a curve, and how its values are told."""

    title: str
    unit: str
    told: Callable[[float], str]  # a value, as it is read beside its unit


AXES = {
    "size": Axis("Size", "longer side, % of the canvas", lambda at: f"{100 * at:.0f}"),
    "pen": Axis("Pen", "width, pixels on a canvas of 280", lambda at: f"{at:g}"),
    "slant": Axis("Slant", "degrees; left is negative", lambda at: f"{at:g}".replace("-", MINUS)),
}


@dataclass(frozen=True)
class Row:
    """A point of a curve, in words and in its place."""

    value: str
    accuracy: float
    changed: float
    x: float
    y: float


@dataclass(frozen=True)
class Chart:
    """A curve on squared paper."""

    name: str
    title: str
    unit: str
    rows: tuple[Row, ...]
    levels: tuple[tuple[float, str], ...]  # where on the axis of shares, and what it says there

    @property
    def line(self) -> str:
        """The curve as points of an SVG polyline."""
        return " ".join(f"{row.x},{row.y}" for row in self.rows)

    @property
    def in_words(self) -> str:
        shares = [row.accuracy for row in self.rows]
        first, last = self.rows[0], self.rows[-1]
        return (
            f"Share read right by {self.title.lower()} ({self.unit}): {percent(first.accuracy)} "
            f"at {first.value}, {percent(last.accuracy)} at {last.value}, "
            f"never below {percent(min(shares))}"
        )


def charts_of(figures: dict[str, Any]) -> list[Chart]:
    """The curves of figures["robustness"], all on the same axis of shares; none if there is none.

    A point of a curve is a record of value, accuracy and changed, as nn.measure.robustness
    measures it.
    """
    curves = figures.get("robustness", {}).get("curves", {})
    measured = {name: curves[name] for name in AXES if curves.get(name)}
    if not measured:
        return []
    worst = min(point["accuracy"] for points in measured.values() for point in points)
    lowest = next(level for level in LOWEST if level <= worst)
    return [chart_of(name, points, lowest) for name, points in measured.items()]


def chart_of(name: str, points: Sequence[dict[str, float]], lowest: float) -> Chart:
    axis = AXES[name]
    start, span = points[0]["value"], points[-1]["value"] - points[0]["value"] or 1

    def height(share: float) -> float:
        return round(BOTTOM - (share - lowest) / (1 - lowest) * (BOTTOM - TOP), 1)

    rows = tuple(
        Row(
            value=axis.told(point["value"]),
            accuracy=point["accuracy"],
            changed=point["changed"],
            x=round(LEFT + INSET + (point["value"] - start) / span * (RIGHT - LEFT - 2 * INSET), 1),
            y=height(point["accuracy"]),
        )
        for point in points
    )
    levels = (lowest, (1 + lowest) / 2, 1)
    return Chart(
        name,
        axis.title,
        axis.unit,
        rows,
        tuple((height(level), f"{100 * level:g}\u00a0%") for level in levels),
    )


def squares(every: int = 1) -> str:
    """The lines of the squared paper as an SVG path, each or one of every so many."""
    across = [f"M{LEFT:g} {TOP + i * CELL:g}H{RIGHT:g}" for i in range(0, ROWS + 1, every)]
    up = [f"M{LEFT + i * CELL:g} {TOP:g}V{BOTTOM:g}" for i in range(0, COLUMNS + 1, every)]
    return "".join(across + up)


def picture_size(path: Path) -> tuple[int, int] | None:
    """Width and height of the picture in pixels, or None where there is none."""
    if not path.exists():
        return None
    with Image.open(path) as picture:
        return picture.size
