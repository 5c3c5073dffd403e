"""The figures on the page are those that were measured, and all of them fit its window."""

import re
from pathlib import Path

import pytest

from nn.network import Network
from tests.support.page import DESKTOP, opened
from web.pages.charts import AXES, percent

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"


@pytest.fixture(scope="module")
def desktop(chromium, server):
    """One page for all: nothing here changes it for good."""
    with opened(chromium, server, **DESKTOP) as page:
        yield page


@pytest.fixture(scope="module")
def measured():
    """What the weights file says was measured, by --on of `python -m nn evaluate`."""
    figures = Network.load(WEIGHTS / "best.npz").about["figures"]
    return {
        name.removesuffix("-test"): figure
        for name, figure in figures.items()
        if name.endswith("-test")
    }


def row_of(page, table, name):
    """The cells of a table's row of that name, as text."""
    rows = page.locator(f"{table} tbody tr").evaluate_all(
        "(rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent.trim()))"
    )
    (cells,) = [cells for first, *cells in rows if first == name]
    return cells


def test_the_headline_says_what_was_measured(desktop, measured):
    others = measured["nondigits"]
    wrongly = sum(
        group["false_accept_rate"] * group["count"] for group in others["groups"].values()
    )
    assert desktop.locator(".headline strong").all_text_contents() == [
        percent(measured["mnist"]["accuracy"]),
        percent(measured["pen"]["accuracy"]),
        percent(others["acceptance_rate"]),
        percent(wrongly / others["count"]),
    ]


def test_each_digit_has_its_measured_accuracy_and_mistakes(desktop, measured):
    pen = measured["pen"]
    mistakes = 0
    for digit in range(10):
        drawn, right, misread = row_of(desktop, "#by-digit", str(digit))
        assert int(drawn) == sum(pen["confusion"][digit])
        assert right == percent(pen["recall"][digit])
        mistakes += sum(int(times) for times in re.findall(r"\((\d+)\)", misread))
    assert mistakes == pen["mistake_count"]


def test_each_style_has_its_measured_figures(desktop, measured):
    for style, ways in measured["styles"].items():
        cells = row_of(desktop, "#by-style", style.capitalize())
        for way, (right, kept) in zip(ways.values(), (cells[:2], cells[2:]), strict=True):
            if way is None:
                assert (right, kept) == ("–", "–")
            else:
                assert right.split(" ")[0] == percent(way["accuracy"])
                assert right.endswith(f"of\u00a0{way['count']:,}")
                assert kept == percent(way["acceptance_rate"])


def test_each_kind_of_non_digit_has_its_measured_share_of_false_accepts(desktop, measured):
    others = measured["nondigits"]
    for name, group in others["groups"].items():
        cells = row_of(desktop, "#by-kind", name.capitalize())
        assert cells == [f"{group['count']:,}", percent(group["false_accept_rate"])]
    assert row_of(desktop, "#not-kept", "Drawn with a pen")[1] == percent(
        1 - others["acceptance_rate"]
    )


def test_each_point_of_a_curve_is_drawn_and_in_its_table(desktop, measured):
    for name, curve in measured["robustness"]["curves"].items():
        for point in curve:
            cells = row_of(desktop, f"#curve-{name}", AXES[name].told(point["value"]))
            assert cells == [percent(point["accuracy"]), percent(point["changed"])]
    points = [point for curve in measured["robustness"]["curves"].values() for point in curve]
    dots = desktop.locator(".charts circle")
    heights = dots.evaluate_all("(dots) => dots.map((dot) => dot.cy.baseVal.value)")
    from_the_top = sorted(zip(heights, (point["accuracy"] for point in points), strict=True))
    shares = [share for _, share in from_the_top]
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_all_figures_fit_the_window_with_every_part_unfolded(chromium, server, width):
    with opened(chromium, server, viewport={"width": width, "height": 800}) as page:
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        wide = page.locator(".figures, .figures *").evaluate_all(
            "(all) => all.filter((e) => e.getBoundingClientRect().right > innerWidth).length"
        )
        assert wide == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_picture_of_the_mistakes_is_told_and_takes_its_place_before_it_is_loaded(
    desktop, measured
):
    picture = desktop.locator(".figures img")
    for mistake in measured["pen"]["mistakes"]:
        assert f"{mistake['label']} as {mistake['predicted']}, " in picture.get_attribute("alt")
    said = [int(picture.get_attribute(name)) for name in ("width", "height")]
    desktop.locator(".figures details", has=desktop.locator("img")).locator("summary").click()
    picture.scroll_into_view_if_needed()
    desktop.wait_for_function("() => document.querySelector('.figures img').naturalWidth > 0")
    assert picture.evaluate("(i) => [i.naturalWidth, i.naturalHeight]") == said


def test_tables_have_captions_and_their_headings_a_scope(desktop):
    assert desktop.locator("table:not(:has(caption))").count() == 0
    assert desktop.locator("th:not([scope])").count() == 0
    assert desktop.locator(".figures svg[role=img][aria-label]").count() == len(AXES)
