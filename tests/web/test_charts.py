"""Figures made ready for the page: no share told better than it is, no page lost for a figure."""

from dataclasses import replace

import pytest

from app import create_app
from settings import Settings
from web.models import load_models
from web.pages.charts import BOTTOM, TOP, charts_of, percent, picture_size

PARTS = ("mnist", "pen", "styles", "nondigits", "robustness")


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (1, "100 %"),
        (1.0, "100 %"),
        (0.9999, "99.9 %"),
        (0.994, "99.4 %"),
        (0.0001, "0.1 %"),
        (0.0, "0 %"),
    ],
)
def test_only_all_is_told_as_100_per_cent_and_only_none_as_0(share, text):
    assert percent(share) == text.replace(" ", "\u00a0")


def curve(*shares):
    return [{"at": i, "accuracy": share, "changed": 0.0} for i, share in enumerate(shares)]


@pytest.mark.parametrize("worst", [0.999, 0.98, 0.93, 0.5, 0.01, 0.0])
def test_every_point_of_every_curve_is_on_the_paper(worst):
    curves = {"pen": curve(1.0, worst, 0.99), "slant": curve(1.0, 0.995)}
    pen, slant = charts_of({"robustness": {"curves": curves}})
    assert pen.levels == slant.levels
    assert all(TOP <= row.y <= BOTTOM for row in (*pen.rows, *slant.rows))
    assert [row.y == TOP for row in pen.rows] == [True, False, False]


def test_a_curve_of_one_point_is_drawn_and_one_of_none_is_not():
    (chart,) = charts_of({"robustness": {"curves": {"size": curve(0.9), "pen": []}}})
    assert (chart.name, len(chart.rows)) == ("size", 1)


def test_there_are_no_charts_of_nothing():
    assert charts_of({}) == charts_of({"robustness": {}}) == []


def test_a_picture_that_is_not_there_has_no_size(tmp_path):
    assert picture_size(tmp_path / "none.png") is None


def page_with(monkeypatch, kept):
    """The page of a network of whose figures only those of these names are known."""
    models = load_models()
    best = models["best"]
    figures = {f"{name}-test": best.figures[name] for name in kept if name in best.figures}
    network = replace(best.network, about={**best.network.about, "figures": figures})
    monkeypatch.setattr(
        "app.load_models", lambda: {**models, "best": replace(best, network=network)}
    )
    response = create_app(Settings(numbers_api_url="")).test_client().get("/")
    assert response.status_code == 200
    return response.get_data(as_text=True)


def test_without_figures_there_is_no_section(monkeypatch):
    page = page_with(monkeypatch, [])
    assert 'class="figures"' not in page
    assert 'id="pad"' in page


@pytest.mark.parametrize("name", PARTS)
def test_one_part_of_the_figures_is_shown_alone(monkeypatch, name):
    assert 'class="figures"' in page_with(monkeypatch, [name])


@pytest.mark.parametrize("name", PARTS)
def test_a_part_that_is_missing_is_left_out_and_the_others_are_shown(monkeypatch, name):
    page = page_with(monkeypatch, [part for part in PARTS if part != name])
    ids = {"pen": "by-digit", "styles": "by-style", "nondigits": "by-kind", "robustness": "curves"}
    for part, shown in ids.items():
        assert (f'id="{shown}"' in page) is (part != name)
