"""Charts as SVG on squared paper.

All coordinates are here, in units of the drawing, which is WIDTH across and scaled by the page.
templates/chart.html puts any chart on a page.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from web.pages.formatting import count, percent, round_percent

WIDTH = 352
CELL = 14.0  # a square of the paper
TOP = 10.0
RIGHT = 344.0
BELOW = 26.0  # for the ticks under the paper
CHARACTER = 6.7  # of a label, about
# where an axis of accuracies may start
LOWEST = (0.98, 0.97, 0.96, 0.9, 0.8, 0.7, 0.6, 0.2, 0.0)
Tick = tuple[float, str]  # a value, and what the axis says there


@dataclass(frozen=True)
class Shape:
    """An SVG element."""

    tag: str
    attributes: Mapping[str, object]
    text: str = ""


@dataclass(frozen=True)
class Chart:
    """A drawing, and what it says to those who do not see it."""

    title: str
    unit: str  # of the axes, in words
    description: str
    height: float
    shapes: Sequence[Shape] = field(repr=False)
    width: float = WIDTH


@dataclass(frozen=True)
class Scale:
    """Values from low to high as positions from start to end."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The position of a value; one beyond the ends is drawn at the end."""
        fraction = (value - self.low) / ((self.high - self.low) or 1)
        return round(self.start + min(max(fraction, 0), 1) * (self.end - self.start), 1)


@dataclass(frozen=True)
class Paper:
    """Squared paper, so many squares wide and high, that ends at the right of the drawing."""

    columns: int = 21
    rows: int = 10

    @property
    def left(self) -> float:
        return RIGHT - self.columns * CELL

    @property
    def bottom(self) -> float:
        return TOP + self.rows * CELL

    def across(self, low: float, high: float, inset: float = 0) -> Scale:
        """Inset: squares from the paper's sides to the first value and the last."""
        return Scale(low, high, self.left + inset * CELL, RIGHT - inset * CELL)

    def upwards(self, low: float, high: float) -> Scale:
        return Scale(low, high, self.bottom, TOP)

    def downwards(self, items: int) -> Scale:
        """For a list: item i extends from i to i + 1."""
        return Scale(0, items, TOP, self.bottom)

    def lines(self, every: int = 1) -> str:
        return grid(self.left, TOP, CELL, self.columns, self.rows, every)


def grid(left: float, top: float, side: float, columns: int, rows: int, every: int = 1) -> str:
    """The lines between squares as an SVG path, each or one of every so many."""
    right, bottom = left + columns * side, top + rows * side
    across = [f"M{left:g} {top + i * side:g}H{right:g}" for i in range(0, rows + 1, every)]
    down = [f"M{left + i * side:g} {top:g}V{bottom:g}" for i in range(0, columns + 1, every)]
    return "".join(across + down)


def axes(
    paper: Paper, x: Scale, y: Scale, x_ticks: Iterable[Tick], y_ticks: Iterable[Tick]
) -> list[Shape]:
    """The paper, with what its sides say: the ground of every chart."""
    below, left = paper.bottom + 18, paper.left - 6
    return [
        Shape("path", {"class": "fine", "d": paper.lines()}),
        Shape("path", {"class": "bold", "d": paper.lines(5)}),
        *(label(x(value), below, text, "middle") for value, text in x_ticks),
        *(label(left, y(value) + 4, text, "end") for value, text in y_ticks),
    ]


def chart_on(
    paper: Paper, title: str, unit: str, description: str, shapes: Sequence[Shape]
) -> Chart:
    return Chart(title, unit, description, paper.bottom + BELOW, shapes)


def label(x: float, y: float, text: str, anchor: str, kind: str = "tick") -> Shape:
    return Shape("text", {"class": kind, "x": x, "y": round(y, 1), "text-anchor": anchor}, text)


def rectangle(left: float, top: float, right: float, bottom: float, kind: str) -> Shape:
    size = {"width": round(right - left, 1), "height": round(bottom - top, 1)}
    return Shape("rect", {"class": kind, "x": round(left, 1), "y": round(top, 1), **size})


def dot(x: float, y: float, kind: str, radius: float = 3.5) -> Shape:
    return Shape("circle", {"class": kind, "cx": x, "cy": y, "r": radius})


def polyline(points: Iterable[tuple[float, float]], kind: str) -> Shape:
    text = " ".join(f"{x:g},{y:g}" for x, y in points)
    return Shape("polyline", {"class": kind, "points": text})


def lowest_tick(accuracies: Iterable[float]) -> float:
    """Where an axis of accuracies starts that shows the difference between these."""
    worst = min(accuracies)
    return next(level for level in LOWEST if level <= worst)


def accuracy_ticks(lowest: float) -> list[Tick]:
    return [(level, round_percent(level)) for level in (lowest, (1 + lowest) / 2, 1)]


def round_ticks(largest: float, most: int = 6) -> list[float]:
    """From 0 to a little beyond the largest value, in steps of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(largest or 1))
    steps = (factor * power / 10 for factor in (1, 2, 5, 10, 20, 50))
    step = next(step for step in steps if largest / step <= most - 1)
    return [round(i * step, 10) for i in range(math.floor(largest / step) + 2)]


def line_chart(
    title: str,
    unit: str,
    description: str,
    lines: Mapping[str, Sequence[float]],
    positions: Sequence[float],
    ticks: Sequence[Tick],
    lowest: float,
    dots: bool = False,
) -> Chart:
    """Accuracies at `positions`, a line for each kind (its CSS class); the last kind has dots."""
    paper = Paper()
    x = paper.across(positions[0], positions[-1], inset=1.5)
    y = paper.upwards(lowest, 1)
    shapes = axes(paper, x, y, ticks, accuracy_ticks(lowest))
    for kind, values in lines.items():
        points = [(x(at), y(value)) for at, value in zip(positions, values, strict=True)]
        shapes.append(polyline(points, kind))
    if dots:
        shapes += [dot(*point, "point") for point in points]
    return chart_on(paper, title, unit, description, shapes)


def hanging_columns(title: str, unit: str, recall: Mapping[str, float], lowest: float) -> Chart:
    """The error of each class as a bar that hangs from 100 %: its length is not cut by the axis."""
    paper = Paper()
    x, y = paper.across(0, len(recall)), paper.upwards(lowest, 1)
    ticks = [(i + 0.5, name) for i, name in enumerate(recall)]
    shapes = axes(paper, x, y, ticks, accuracy_ticks(lowest))
    for i, value in enumerate(recall.values()):
        shapes.append(rectangle(x(i + 0.2), TOP, x(i + 0.8), y(value), "error"))
        if value < 1:
            text = f"{100 * value:.1f}"
            shapes.append(label(x(i + 0.5), y(value) + 13, text, "middle", "value"))
    shapes.append(polyline([(paper.left, TOP), (RIGHT, TOP)], "line"))
    words = ", ".join(f"{name}: {percent(value)}" for name, value in recall.items())
    return chart_on(paper, title, unit, f"Recall by digit, {title}. {words}.", shapes)


def paper_for(names: Sequence[str], pitch: float) -> Paper:
    """Paper with a row of `pitch` squares for each name, and space for the names at its left."""
    margin = max(map(len, names)) * CHARACTER + 6
    return Paper(int((RIGHT - margin) // CELL), math.ceil(len(names) * pitch))


def bar_chart(
    title: str,
    unit: str,
    what: str,
    rows: Mapping[str, Sequence[float | None]],
    longest: float | None = None,
    reference: float | None = None,
) -> Chart:
    """Horizontal bars from 0: a row for each name, a bar for each of its values (solid, then
    outlined); None has no bar.

    The axis reaches beyond `longest`, or else the largest value. A line stands at `reference`.
    """
    kinds = ("error", "error outlined")
    pairs = any(len(values) > 1 for values in rows.values())
    paper = paper_for(list(rows), 2 if pairs else 1.5)
    if longest is None:
        longest = max((v for values in rows.values() for v in values if v is not None), default=0)
    beyond = 1.1 if pairs else 1.35  # single values stand at the right
    x, y = paper.across(0, beyond * (longest or 0.01)), paper.downwards(len(rows))
    ticks = [tick for tick in round_ticks(x.high) if tick <= 0.97 * x.high]
    names = [(i + 0.5, name) for i, name in enumerate(rows)]
    shapes = axes(paper, x, y, [(tick, round_percent(tick)) for tick in ticks], names)
    for i, values in enumerate(rows.values()):
        height = 0.6 / len(values)
        for j, value in enumerate(values):
            if value is None:
                continue
            top = i + 0.2 + j * height
            shapes.append(rectangle(x(0), y(top), x(value), y(top + height), kinds[j]))
            if not pairs:
                shapes.append(label(RIGHT - 4, y(i + 0.5) + 4, percent(value), "end", "value"))
    if reference is not None:
        shapes.append(polyline([(x(reference), TOP), (x(reference), paper.bottom)], "reference"))
    return chart_on(paper, title, unit, f"{what}. {in_words(rows)}.", shapes)


def in_words(rows: Mapping[str, Sequence[float | None]]) -> str:
    return "; ".join(
        f"{name}: {' and '.join('none' if v is None else percent(v) for v in values)}"
        for name, values in rows.items()
    )


def dot_chart(
    title: str,
    unit: str,
    what: str,
    rows: Mapping[str, Sequence[float | None]],
    ticks: Sequence[Tick],
) -> Chart:
    """A row for each name; a filled dot for its first value, a hollow one for its second."""
    paper = paper_for(list(rows), 1.5)
    x, y = paper.across(ticks[0][0], ticks[-1][0], inset=1), paper.downwards(len(rows))
    shapes = axes(paper, x, y, ticks, [(i + 0.5, name) for i, name in enumerate(rows)])
    for i, values in enumerate(rows.values()):
        known = [(x(value), y(i + 0.5)) for value in values if value is not None]
        shapes.append(polyline(known, "span"))
        for value, kind in zip(values, ("point", "point hollow"), strict=True):
            if value is not None:
                shapes.append(dot(x(value), y(i + 0.5), kind))
    return chart_on(paper, title, unit, f"{what}. {in_words(rows)}.", shapes)


def pixel_squares(rows: Sequence[Sequence[float]]) -> list[Shape]:
    """A unit square for each pixel that shows, as opaque as it is dark (0 to 1)."""
    return [
        Shape("path", {"d": f"M{x} {y}h1v1h-1z", "opacity": f"{ink:.2f}"})
        for y, row in enumerate(rows)
        for x, ink in enumerate(row)
        if ink > 0.02
    ]


def unit_map(title: str, items: int, marked: Sequence[int], columns: int = 100) -> Chart:
    """A square for each of so many items, in their order; those `marked` are circled in red."""
    side = WIDTH / (columns + 4)  # with space for circles at the sides
    rows = math.ceil(items / columns)
    start = 2 * side
    shapes = [
        Shape("path", {"class": "fine", "d": grid(start, start, side, columns, rows)}),
        Shape("path", {"class": "bold", "d": grid(start, start, side, columns, rows, 10)}),
    ]
    for item in marked:
        x, y = start + item % columns * side, start + item // columns * side
        shapes.append(rectangle(x, y, x + side, y + side, "error"))
        shapes.append(dot(round(x + side / 2, 1), round(y + side / 2, 1), "ring", 2 * side))
    description = f"{count(items)} squares, {len(marked)} of them circled in red"
    return Chart(title, "", description, (rows + 4) * side, shapes)
