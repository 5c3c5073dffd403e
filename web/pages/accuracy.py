"""The page /accuracy: how often the default network is right, from figures recorded with weights.

Nothing is computed anew: `python -m nn evaluate NAME --record` has measured all of it on test
splits. What has not been measured is left out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Flask, render_template, request

from nn.zoo import DEFAULT
from web.models import Model
from web.pages.charts import (
    Chart,
    bar_chart,
    dot_chart,
    hanging_columns,
    line_chart,
    lowest_tick,
    round_ticks,
    unit_map,
)
from web.pages.formatting import MINUS, capitalized, count, percent, round_percent
from web.pages.mistakes import Gallery, Json, galleries_of

TITLES = {
    "pen": "Drawn with a pen",
    "fonts": "Handwriting of fonts",
    "mnist": "MNIST test set",
}


def add_accuracy_page(app: Flask, models: Mapping[str, Model]) -> None:
    """Serve the page at /accuracy."""
    figures = models[DEFAULT].figures
    galleries = galleries_of(figures, Path(app.static_folder or ""))
    content = {
        "figures": figures,
        "kind_of_number": kind_of_number,
        "titles": {name: title for name, title in TITLES.items() if name in figures},
        "nondigit_rates": mean_rates(figures.get("nondigits")),
        "charts": accuracy_charts(models) | mistake_map(figures, galleries),
        "curves": robustness_curves(figures),
        "galleries": galleries,
        "models": list(models.values()),
        "default": DEFAULT,
    }

    @lru_cache(2)  # to render it takes as long as four drawings
    def rendered(_root: str) -> str:
        return render_template("accuracy.html", **content)

    @app.get("/accuracy")
    def accuracy() -> str:
        """How often it is right, in charts and tables, and what it got wrong."""
        return rendered(request.script_root)


def mean_rates(nondigits: Json | None) -> dict[str, float] | None:
    """Of all drawings that show no digit, the count and the rates of the three verdicts."""
    if not nondigits:
        return None
    groups = nondigits["groups"].values()
    return {"count": nondigits["count"]} | {
        key: sum(group[key] * group["count"] for group in groups) / nondigits["count"]
        for key in ("read_rate", "doubtful_rate", "refused_rate")
    }


def accuracy_charts(models: Mapping[str, Model]) -> dict[str, Chart]:
    """A chart for each of these figures of the default network that has been measured."""
    figures = models[DEFAULT].figures
    charts = digit_charts(figures) | verdict_charts(figures)
    if "styles" in figures:
        charts["styles"] = bar_chart(
            "Misread, by style",
            "of the digits in each style",
            "Fraction misread, rewritten in the style and written so",
            {
                style.capitalize(): [error_rate(ways["made"]), error_rate(ways["written"])]
                for style, ways in figures["styles"].items()
            },
        )
    if "numbers" in figures:
        charts["numbers"] = bar_chart(
            "Misread, by kind of number",
            "of the whole numbers of each kind, from strokes and from a picture alone",
            "Fraction misread or refused, from strokes and from a picture alone",
            {
                kind_of_number(row): [1 - row[way]["right"] for way in ("strokes", "picture")]
                for row in figures["numbers"]["numbers"]
            },
        )
    if figures.get("robustness", {}).get("changes"):
        robustness = figures["robustness"]
        charts["changes"] = bar_chart(
            "Wrong, by change",
            "of the digits, each changed in one way; the line: unchanged",
            f"Fraction misread or refused; unchanged: {percent(1 - robustness['accuracy'])}",
            {
                capitalized(name): [error_rate(change)]
                for name, change in robustness["changes"].items()
            },
            reference=1 - robustness["accuracy"],
        )
    return charts | network_charts(models)


def kind_of_number(row: Json) -> str:
    """Such as "4 digits, touching"."""
    if row["length"] == 1:
        return "1 digit"
    return f"{row['length']} digits, {'touching' if row['touching'] else 'apart'}"


def mistake_map(figures: Json, galleries: list[Gallery]) -> dict[str, Chart]:
    """A map of the misread images in MNIST's test set, if all of them are known."""
    misread = [
        m.index for gallery in galleries if gallery.name == "mnist" for m in gallery.mistakes
    ]
    mnist = figures.get("mnist")
    if not mnist or len(misread) != mnist["mistake_count"]:
        return {}
    return {"map": unit_map(TITLES["mnist"], mnist["count"], misread)}


def digit_charts(figures: Json) -> dict[str, Chart]:
    """Recall by digit, on one axis."""
    recalls = {
        name: {str(d): r for d, r in enumerate(figures[name]["recall"]) if r is not None}
        for name in TITLES
        if name in figures
    }
    if not recalls:
        return {}
    lowest = lowest_tick(r for recall in recalls.values() for r in recall.values())
    return {
        f"{name}-digits": hanging_columns(
            TITLES[name], f"recall of {count(figures[name]['count'])} digits", recall, lowest
        )
        for name, recall in recalls.items()
    }


def verdict_charts(figures: Json) -> dict[str, Chart]:
    """Digits that are refused or doubtful by data set, and non-digits that are not refused."""
    digits = {
        title: [figures[name]["refused_rate"], figures[name]["doubtful_rate"]]
        for name, title in TITLES.items()
        if name in figures
    }
    charts = {}
    if digits:
        charts["digit-verdicts"] = bar_chart(
            "Digits",
            "that are refused, and doubtful",
            "Fractions of digits that are refused and doubtful",
            digits,
        )
    if "nondigits" in figures:
        groups = figures["nondigits"]["groups"]
        charts["nondigit-verdicts"] = bar_chart(
            "No digits",
            "read as a digit: without doubt, and doubtful",
            "Fractions of drawings of each kind that are read as a digit, and doubtful",
            {
                capitalized(name): [group["read_rate"], group["doubtful_rate"]]
                for name, group in groups.items()
            },
        )
    return charts


def network_charts(models: Mapping[str, Model]) -> dict[str, Chart]:
    """Accuracy and calibration of all networks, the most accurate first."""
    measured = {
        name: [model.figures.get("mnist"), model.figures.get("pen")]
        for name, model in models.items()
        if "mnist" in model.figures or "pen" in model.figures
    }

    def values(key: str) -> dict[str, list[float | None]]:
        return {name: [f and f[key] for f in both] for name, both in measured.items()}

    def known(key: str) -> list[float]:
        return [v for row in values(key).values() for v in row if v is not None]

    if not measured:
        return {}
    lowest = lowest_tick(known("accuracy"))
    # thirds of the axis are round numbers only if it starts at 70 %
    levels = [lowest + i * (1 - lowest) / 3 for i in range(4)] if lowest == 0.7 else [lowest, 1]
    errors = round_ticks(max(known("expected_calibration_error")), 4)
    return {
        "networks": dot_chart(
            "Accuracy",
            "of each network on digits",
            "Accuracy on the MNIST test set and on digits drawn with a pen",
            values("accuracy"),
            [(level, round_percent(round(level, 4))) for level in levels],
        ),
        "calibration": dot_chart(
            "Expected calibration error",
            "of each network, in percentage points",
            "Expected calibration error on the MNIST test set and on digits drawn with a pen",
            values("expected_calibration_error"),
            [(error, f"{100 * error:g}") for error in errors],
        ),
    }


def error_rate(measured: Json | None) -> float | None:
    return None if measured is None else round(1 - measured["accuracy"], 12)


# ------------------------------------------------------------------------------ robustness curves


@dataclass(frozen=True)
class Curve:
    """Accuracy along what is varied: the chart, and a row (value, accuracy, changed) a point."""

    name: str
    chart: Chart
    rows: list[tuple[str, float, float]]


# By what is varied: title, unit, and how a value is written.
CURVES: dict[str, tuple[str, str, Callable[[float], str]]] = {
    "size": ("Size", "longer side, % of the canvas", lambda value: f"{100 * value:.0f}"),
    "pen": ("Pen", "width, pixels on a canvas of 280", lambda value: f"{value:g}"),
    "slant": ("Slant", "degrees; left is negative", lambda value: f"{value:g}".replace("-", MINUS)),
}


def robustness_curves(figures: Json) -> list[Curve]:
    """The curves of figures["robustness"], all on one axis of accuracies; none if there is none.

    A point of a curve is a record of value, accuracy and changed, as nn.measure.robustness
    measures it.
    """
    curves = figures.get("robustness", {}).get("curves", {})
    measured = {name: curves[name] for name in CURVES if curves.get(name)}
    if not measured:
        return []
    lowest = lowest_tick(point["accuracy"] for points in measured.values() for point in points)
    return [robustness_curve(name, points, lowest) for name, points in measured.items()]


def robustness_curve(name: str, points: list[dict[str, float]], lowest: float) -> Curve:
    title, unit, written = CURVES[name]
    rows = [(written(p["value"]), p["accuracy"], p["changed"]) for p in points]
    (first, at_first, _), (last, at_last, _) = rows[0], rows[-1]
    description = (
        f"Accuracy by {title.lower()} ({unit}): {percent(at_first)} at {first}, "
        f"{percent(at_last)} at {last}, never below {percent(min(row[1] for row in rows))}"
    )
    chart = line_chart(
        title,
        unit,
        description,
        {"main": [point["accuracy"] for point in points]},
        [point["value"] for point in points],
        [(point["value"], written(point["value"])) for point in points],
        lowest,
        dots=True,
    )
    return Curve(name, chart, rows)
