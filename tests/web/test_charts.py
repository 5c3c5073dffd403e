"""Charts and numbers of the pages: nothing looks better than it is, no page needs a figure."""

from dataclasses import replace

import pytest

from app import create_app
from settings import Settings
from web.models import load_models
from web.pages.accuracy import robustness_curves
from web.pages.charts import (
    RIGHT,
    TOP,
    Paper,
    Scale,
    bar_chart,
    hanging_columns,
    lowest_tick,
    round_ticks,
    unit_map,
)
from web.pages.formatting import confidence_in_words, percent

PARTS = ("mnist", "pen", "styles", "nondigits", "robustness")


def shapes_of(chart, tag, kind):
    return [s.attributes for s in chart.shapes if s.tag == tag and s.attributes["class"] == kind]


# ---------------------------------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (1, "100 %"),
        (1.0, "100 %"),
        (0.99999, "> 99.9 %"),
        (0.994, "99.4 %"),
        (0.0001, "< 0.1 %"),
        (0.0, "0 %"),
    ],
)
def test_percent_rounds_nothing_to_all_or_none(fraction, text):
    assert percent(fraction) == text.replace(" ", "\u00a0")


def test_percent_of_a_probability_is_never_all_or_none():
    assert percent(1.0, counted=False) == percent(0.99999)
    assert percent(0.0, counted=False) == percent(0.0001)


def test_every_confidence_has_a_word():
    words = [confidence_in_words(confidence / 100) for confidence in range(101)]
    assert (words[0], words[100]) == ("a guess", "sure")


# ----------------------------------------------------------------------------------------- charts


def test_scale_maps_its_ends_and_draws_what_lies_beyond_at_an_end():
    scale = Scale(10, 20, 0, 100)
    assert [scale(value) for value in (10, 15, 20, 5, 99)] == [0, 50, 100, 0, 100]
    assert Scale(3, 3, 50, 60)(3) == 50


@pytest.mark.parametrize("largest", [0.0007, 0.01, 0.07, 0.3, 1.0, 11.6])
def test_round_ticks_cover_the_largest_value_with_few_steps(largest):
    ticks = round_ticks(largest)
    assert ticks[0] == 0
    assert ticks[-1] >= largest
    assert 3 <= len(ticks) <= 7


def test_hanging_column_is_as_long_as_what_is_missing_to_100_percent():
    recall = {"0": 1.0, "1": 0.99, "2": 0.97}
    chart = hanging_columns("", "", recall, lowest_tick(recall.values()))
    none, one, three = (bar["height"] for bar in shapes_of(chart, "rect", "error"))
    assert none == 0
    assert three == pytest.approx(3 * one, abs=0.2)


def test_bars_start_at_zero_and_stay_on_the_paper():
    chart = bar_chart("", "", "", {"a": [0.02], "bb": [0.04], "none": [0.0]})
    bars = shapes_of(chart, "rect", "error")
    assert len({bar["x"] for bar in bars}) == 1
    assert [bar["width"] for bar in bars] == pytest.approx(
        [bars[1]["width"] / 2, bars[1]["width"], 0], abs=0.1
    )
    assert all(bar["x"] + bar["width"] <= RIGHT for bar in bars)
    assert "bb: 4.0\u00a0%" in chart.description


def test_map_marks_items_in_their_squares():
    chart = unit_map("", 25, [0, 7, 24], columns=5)
    rings = shapes_of(chart, "circle", "ring")
    side = rings[0]["r"] / 2
    squares = [(int(r["cx"] / side) - 2, int(r["cy"] / side) - 2) for r in rings]
    assert squares == [(0, 0), (2, 1), (4, 4)]


def curve(*accuracies):
    return [{"value": i, "accuracy": a, "changed": 0.0} for i, a in enumerate(accuracies)]


@pytest.mark.parametrize("worst", [0.999, 0.98, 0.93, 0.5, 0.01, 0.0])
def test_every_point_of_every_curve_is_on_the_paper(worst):
    curves = {"pen": curve(1.0, worst, 0.99), "slant": curve(1.0, 0.995)}
    pen, slant = robustness_curves({"robustness": {"curves": curves}})
    levels = [[s.text for s in c.chart.shapes if s.text.endswith("%")] for c in (pen, slant)]
    assert levels[0] == levels[1]
    heights = [dot["cy"] for dot in shapes_of(pen.chart, "circle", "point")]
    assert all(TOP <= y <= Paper().bottom for y in heights)
    assert [y == TOP for y in heights] == [True, False, False]


def test_curve_of_one_point_is_drawn_and_curve_of_none_is_not():
    (only,) = robustness_curves({"robustness": {"curves": {"size": curve(0.9), "pen": []}}})
    assert (only.name, len(only.rows)) == ("size", 1)


def test_there_are_no_curves_without_figures():
    assert robustness_curves({}) == robustness_curves({"robustness": {}}) == []


# ------------------------------------------------------------------------- figures that are missing


def page_with(monkeypatch, names, path="/accuracy"):
    """The page where only the figures of these names are recorded for the default network."""
    models = load_models()
    best = models["best"]
    figures = {f"{name}-test": best.figures[name] for name in names if name in best.figures}
    network = replace(best.network, about={**best.network.about, "figures": figures})
    monkeypatch.setattr(
        "app.load_models", lambda: {**models, "best": replace(best, network=network)}
    )
    response = create_app(Settings(numbers_api_url="")).test_client().get(path)
    assert response.status_code == 200
    return response.get_data(as_text=True)


IDS = {
    "mnist": "by-digit-mnist",
    "pen": "by-digit",
    "styles": "by-style",
    "nondigits": "by-kind",
    "robustness": "by-change",
}


def test_pages_are_served_without_any_figure(monkeypatch):
    assert "Nothing has been measured" in page_with(monkeypatch, [])
    assert 'id="pad"' in page_with(monkeypatch, [], "/")
    assert 'id="pad"' in page_with(monkeypatch, [], "/inside")


@pytest.mark.parametrize("name", PARTS)
def test_one_part_of_the_figures_is_shown_alone(monkeypatch, name):
    page = page_with(monkeypatch, [name])
    assert [part for part in PARTS if f'id="{IDS[part]}"' in page] == [name]


@pytest.mark.parametrize("name", PARTS)
def test_a_missing_part_is_left_out_and_the_others_are_shown(monkeypatch, name):
    page = page_with(monkeypatch, [part for part in PARTS if part != name])
    assert [part for part in PARTS if f'id="{IDS[part]}"' not in page] == [name]
