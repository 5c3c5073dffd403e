"""The page /inside, and the charts on it of how the networks learned.

Nothing is computed anew: figures and history are in each weights file, the trials of a tuning in
weights/NAME.tuning.jsonl, the pictures behind the matrices in static/testset/mistakes.*.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Flask, render_template, request

from nn.ink.preprocess import OPTIONAL
from nn.network import WEIGHTS
from nn.zoo import DEFAULT
from web.models import Model
from web.pages.charts import (
    Chart,
    Paper,
    Tick,
    accuracy_ticks,
    axes,
    chart_on,
    dot,
    line_chart,
    lowest_tick,
)
from web.pages.formatting import percent

SHADES = 6  # of a cell of a matrix


def add_inside_page(app: Flask, models: Mapping[str, Model]) -> None:
    """Serve the page at /inside."""
    app.add_template_global(shade)
    content = {
        "models": list(models.values()),
        "default": DEFAULT,
        "optional": OPTIONAL,
        "learning": learning_curves(models),
        "tunings": tunings(),
    }

    @lru_cache(2)  # to render it takes as long as five drawings
    def rendered(_root: str) -> str:
        return render_template("inside.html", **content)

    @app.get("/inside")
    def inside() -> str:
        """What the networks see, and how they do on the test set."""
        return rendered(request.script_root)


@dataclass(frozen=True)
class LearningCurve:
    """How a network learned: accuracy by epoch, and the rows of its history."""

    model: str
    chart: Chart
    rows: Sequence[Mapping[str, float]]


def learning_curves(models: Mapping[str, Model]) -> list[LearningCurve]:
    """Of each network with a history, all on one axis."""
    histories = {
        name: model.network.about["history"]
        for name, model in models.items()
        if model.network.about.get("history")
    }
    if not histories:
        return []
    lowest = lowest_tick(row["validation_accuracy"] for rows in histories.values() for row in rows)
    return [learning_curve(models[name], rows, lowest) for name, rows in histories.items()]


def learning_curve(model: Model, rows: list[dict[str, float]], lowest: float) -> LearningCurve:
    first, last = rows[0], rows[-1]
    description = (
        f"Accuracy of {model.name} on validation data: {percent(first['validation_accuracy'])} "
        f"after epoch 1, {percent(last['validation_accuracy'])} after epoch {len(rows)}"
    )
    lines = {
        "training": [row["accuracy"] for row in rows],
        "main": [row["validation_accuracy"] for row in rows],
    }
    ticks: list[Tick] = [(1, "1")]
    if len(rows) > 1:
        ticks.append((len(rows), str(len(rows))))
    epochs = range(1, len(rows) + 1)
    chart = line_chart(model.name, model.title, description, lines, epochs, ticks, lowest)
    return LearningCurve(model.name, chart, rows)


@dataclass(frozen=True)
class Trial:
    """A trial of a tuning."""

    learning_rate: float
    accuracy: float
    optimizer: str
    batch_size: int
    width: float
    state: str


@dataclass(frozen=True)
class Tuning:
    """The trials of a tuning by learning rate, and the chart of their accuracies."""

    model: str
    trials: Sequence[Trial]
    chart: Chart

    @property
    def best(self) -> Trial:
        return best_of(self.trials)


def best_of(trials: Sequence[Trial]) -> Trial:
    return max(trials, key=lambda trial: trial.accuracy)


def tunings(folder: Path = WEIGHTS) -> list[Tuning]:
    """The tunings recorded beside the weights, as `python -m nn tune` printed them."""
    return [tuning_of(path) for path in sorted(folder.glob("*.tuning.jsonl"))]


def tuning_of(path: Path) -> Tuning:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    fields = Trial.__dataclass_fields__
    trials = [
        Trial(**{name: row[name] for name in fields}) for row in rows if row["accuracy"] is not None
    ]
    trials.sort(key=lambda trial: trial.learning_rate)
    return Tuning(path.name.split(".")[0], trials, tuning_chart(trials))


def tuning_chart(trials: Sequence[Trial], lowest: float = 0.8) -> Chart:
    """Accuracy against learning rate, which is on a logarithmic axis."""
    logs = [math.log10(trial.learning_rate) for trial in trials]
    first, last = math.floor(min(logs)), math.ceil(max(logs))
    paper = Paper()
    x, y = paper.across(first, last, inset=1.5), paper.upwards(lowest, 1)
    powers = [(power, f"{10.0**power:g}") for power in range(first, last + 1)]
    shapes = axes(paper, x, y, powers, accuracy_ticks(lowest))
    for log, trial in zip(logs, trials, strict=True):
        radius = 3 if trial.state == "complete" else 1.75
        shapes.append(dot(x(log), y(trial.accuracy), trial.optimizer, radius))
    best = best_of(trials)
    description = (
        f"Accuracy of {len(trials)} trials against learning rate; the best, "
        f"{percent(best.accuracy)}, at {best.learning_rate:.2g}. The table below has all of them."
    )
    return chart_on(paper, "Accuracy", "against learning rate", description, shapes)


def shade(count: int, of: int) -> int:
    """How dark a cell of a confusion matrix is, 0 to SHADES - 1: each shade is three times more."""
    if not count:
        return 0
    return max(1, min(SHADES - 1, SHADES + math.ceil(math.log(count / of, 3))))
