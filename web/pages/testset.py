"""The page /inside, and what it shows of the test sets, made ready from what is kept with weights.

Nothing is computed anew: figures and history are in each weights file, the trials of a tuning in
weights/NAME.tuning.jsonl, the pictures behind the matrices in static/inside/mistakes.*.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, render_template

from nn.ink.preprocess import OPTIONAL
from nn.zoo import DEFAULT
from web.models import WEIGHTS, Model
from web.pages.charts import BOTTOM, INSET, LEFT, LOWEST, RIGHT, TOP, Chart

SHADES = 6  # of a cell of a matrix


def show_inside(app: Flask, models: Mapping[str, Model], charts: Sequence[Chart]) -> None:
    """Serve the page /inside; charts are the default network's curves of robustness."""
    app.add_template_global(shade)
    measured = {
        "learning": learning_curves(models),
        "tunings": tunings(),
        "charts": charts,
        "robustness": models[DEFAULT].figures.get("robustness"),
    }

    @app.get("/inside")
    def inside() -> str:
        """The page that shows what the networks see, and how they do on the test set."""
        networks = list(models.values())
        return render_template(
            "inside.html", models=networks, default=DEFAULT, optional=OPTIONAL, **measured
        )


@dataclass(frozen=True)
class Curves:
    """How a network learnt: accuracy by epoch, as points of SVG polylines."""

    model: str
    title: str
    rows: Sequence[Mapping[str, float]]
    training: str
    validation: str
    levels: Sequence[tuple[float, str]]

    @property
    def in_words(self) -> str:
        first, last = self.rows[0], self.rows[-1]
        return (
            f"Accuracy of {self.model} on validation data: "
            f"{100 * first['validation_accuracy']:.1f} % after epoch 1, "
            f"{100 * last['validation_accuracy']:.1f} % after epoch {len(self.rows)}"
        )


def learning_curves(models: Mapping[str, Model]) -> list[Curves]:
    """A chart for each network with a history, all on one axis."""
    with_history = {
        name: model.network.about["history"]
        for name, model in models.items()
        if model.network.about.get("history")
    }
    if not with_history:
        return []
    worst = min(row["validation_accuracy"] for rows in with_history.values() for row in rows)
    lowest = next(level for level in LOWEST if level <= worst)
    return [curves_of(models[name], rows, lowest) for name, rows in with_history.items()]


def curves_of(model: Model, rows: list[dict[str, float]], lowest: float) -> Curves:
    def line(key: str) -> str:
        places = [along(i / max(1, len(rows) - 1)) for i in range(len(rows))]
        heights = [height(row[key], lowest) for row in rows]
        return " ".join(f"{x:g},{y:g}" for x, y in zip(places, heights, strict=True))

    levels = [(height(level, lowest), f"{100 * level:g}\u00a0%") for level in (lowest, (1 + lowest) / 2, 1)]  # fmt: skip # noqa: E501
    return Curves(model.name, model.title, rows, line("accuracy"), line("validation_accuracy"), levels)  # fmt: skip # noqa: E501


def along(share: float) -> float:
    return round(LEFT + INSET + share * (RIGHT - LEFT - 2 * INSET), 1)


def height(share: float, lowest: float) -> float:
    inside = min(max((share - lowest) / (1 - lowest), 0), 1)
    return round(BOTTOM - inside * (BOTTOM - TOP), 1)


@dataclass(frozen=True)
class Trial:
    """A trial of a tuning, and its place in the chart."""

    rate: float
    accuracy: float
    optimizer: str
    batch: int
    width: float
    state: str
    x: float
    y: float


@dataclass(frozen=True)
class Tuning:
    """Accuracy against learning rate."""

    model: str
    trials: Sequence[Trial]
    ticks: Sequence[tuple[float, str]]
    levels: Sequence[tuple[float, str]]

    @property
    def best(self) -> Trial:
        return max(self.trials, key=lambda trial: trial.accuracy)


def tunings(folder: Path = WEIGHTS) -> list[Tuning]:
    """The tunings that are kept with the weights, as `python -m nn tune` printed them."""
    return [
        tuning_of(path.name.split(".")[0], path) for path in sorted(folder.glob("*.tuning.jsonl"))
    ]


def tuning_of(model: str, path: Path, lowest: float = 0.8) -> Tuning:
    rows = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    rows = [row for row in rows if row["accuracy"] is not None]
    logs = [math.log10(row["learning_rate"]) for row in rows]
    first, last = math.floor(min(logs)), math.ceil(max(logs))

    def place(log: float) -> float:
        return along((log - first) / (last - first or 1))

    trials = [
        Trial(row["learning_rate"], row["accuracy"], row["optimizer"], row["batch"], row["width"],
              row["state"], place(log), height(row["accuracy"], lowest))
        for row, log in zip(rows, logs, strict=True)
    ]  # fmt: skip
    ticks = [(place(power), f"{10.0**power:g}") for power in range(first, last + 1)]
    levels = [(height(level, lowest), f"{100 * level:g}\u00a0%") for level in (lowest, 0.9, 1)]
    return Tuning(model, sorted(trials, key=lambda trial: trial.rate), ticks, levels)


def shade(count: int, of: int) -> int:
    """How dark a cell of a confusion matrix is, 0 to SHADES - 1: each shade is three times more."""
    if not count:
        return 0
    return max(1, min(SHADES - 1, SHADES + math.ceil(math.log(count / of, 3))))
