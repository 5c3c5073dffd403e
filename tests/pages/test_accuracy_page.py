"""The page /accuracy shows the recorded figures, all of them, in every window."""

import re
from pathlib import Path

import pytest

from nn.network import Network
from nn.zoo import ZOO
from tests.support.accessibility import violations
from tests.support.page import DESKTOP, PHONE, patient_context
from web.pages.accuracy import CURVES, TITLES, kind_of_number, mean_rates
from web.pages.formatting import percent, percentage_points

ROOT = Path(__file__).resolve().parents[2]
NONE = "–"


def figures_of(name):
    """The recorded figures of a network on test splits, by --on of `python -m nn evaluate`."""
    figures = Network.load(ROOT / "weights" / f"{name}.npz").about["figures"]
    return {
        split.removesuffix("-test"): figure
        for split, figure in figures.items()
        if split.endswith("-test")
    }


@pytest.fixture(scope="module")
def recorded():
    return figures_of("best")


def open_page(context, server):
    """The page, and what the browser complains of."""
    page, complaints = context.new_page(), []
    page.on("console", lambda m: m.type in ("error", "warning") and complaints.append(m.text))
    page.goto(f"{server}/accuracy", wait_until="networkidle")
    return page, complaints


@pytest.fixture(scope="module")
def desktop(chromium, server):
    """One page for all: no test changes it for good."""
    with patient_context(chromium, **DESKTOP) as context:
        page, complaints = open_page(context, server)
        yield page
        assert complaints == []


def unfold(page):
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")


def rows_of(page, table, body="tbody"):
    """The cells of a table's body as text, by the first of each row."""
    rows = page.locator(f"{table} {body} tr").evaluate_all(
        "(rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent.trim()))"
    )
    assert rows
    return {first: cells for first, *cells in rows}


def grouped(number):
    return f"{number:,}"


# ------------------------------------------------------------------------------------ the figures


def test_headline_figures_are_the_recorded_ones(desktop, recorded):
    assert {
        element.get_attribute("id"): element.text_content()
        for element in desktop.locator(".hero strong").all()
    } == {
        "mnist-accuracy": percent(recorded["mnist"]["accuracy"]),
        "pen-accuracy": percent(recorded["pen"]["accuracy"]),
        "fonts-accuracy": percent(recorded["fonts"]["accuracy"]),
        "refused-rate": percent(recorded["pen"]["refused_rate"]),
        "nondigits-read": percent(mean_rates(recorded["nondigits"])["read_rate"]),
    }
    for name in ("mnist", "pen"):
        error = recorded[name]["expected_calibration_error"]
        assert desktop.locator(f"#{name}-calibration").text_content() == percentage_points(error)


def test_rates_of_all_non_digits_are_weighted_by_their_counts():
    few = {"count": 1, "read_rate": 1.0, "doubtful_rate": 0.0, "refused_rate": 0.0}
    many = {"count": 3, "read_rate": 0.0, "doubtful_rate": 1.0, "refused_rate": 0.0}
    assert mean_rates({"count": 4, "groups": {"few": few, "many": many}}) == {
        "count": 4,
        "read_rate": 0.25,
        "doubtful_rate": 0.75,
        "refused_rate": 0.0,
    }


@pytest.mark.parametrize(
    ("table", "name"),
    [("#by-digit", "pen"), ("#by-digit-fonts", "fonts"), ("#by-digit-mnist", "mnist")],
)
def test_table_of_digits_is_the_recorded_confusion_matrix(desktop, recorded, table, name):
    figure = recorded[name]
    rows = rows_of(desktop, table)
    assert list(rows) == [str(digit) for digit in range(10)]
    for digit, (number, recall, misread) in enumerate(rows.values()):
        counts = figure["confusion"][digit]
        assert number == grouped(sum(counts))
        assert recall == percent(figure["recall"][digit])
        assert {int(d): int(n) for d, n in re.findall(r"(\d)\s\((\d+)\)", misread)} == {
            other: times for other, times in enumerate(counts) if times and other != digit
        }


def rates_of(measured):
    return [percent(measured[f"{verdict}_rate"]) for verdict in ("read", "doubtful", "refused")]


def test_table_of_styles_is_the_recorded_one(desktop, recorded):
    for kind in ("made", "written"):
        rows = rows_of(desktop, "#by-style", f".{kind}")
        assert {name: cells for name, cells in rows.items() if cells} == {
            style[0].upper() + style[1:]: [
                grouped(ways[kind]["count"]),
                percent(ways[kind]["accuracy"]),
                *rates_of(ways[kind])[1:],
            ]
            for style, ways in recorded["styles"].items()
            if ways[kind]
        }


def test_table_of_numbers_is_the_recorded_one(desktop, recorded):
    assert rows_of(desktop, "#by-number") == {
        kind_of_number(row): [
            percent(row[way][rate])
            for way in ("strokes", "picture")
            for rate in ("right", "doubtful")
        ]
        for row in recorded["numbers"]["numbers"]
    }


def test_table_of_non_digits_is_the_recorded_one(desktop, recorded):
    nondigits = recorded["nondigits"]
    rows = rows_of(desktop, "#by-kind")
    everything = mean_rates(nondigits)
    assert rows.pop("All of them") == [grouped(nondigits["count"]), *rates_of(everything)]
    assert rows == {
        name[:1].upper() + name[1:]: [grouped(group["count"]), *rates_of(group)]
        for name, group in nondigits["groups"].items()
    }


def test_table_of_digits_refused_and_doubtful_is_the_recorded_one(desktop, recorded):
    assert rows_of(desktop, "#digit-verdicts") == {
        title: [grouped(recorded[name]["count"]), *rates_of(recorded[name])]
        for name, title in TITLES.items()
    }


def test_tables_of_robustness_are_the_recorded_ones(desktop, recorded):
    robustness = recorded["robustness"]
    for name, points in robustness["curves"].items():
        _, _, written = CURVES[name]
        assert rows_of(desktop, f"#curve-{name}") == {
            written(point["value"]): [percent(point["accuracy"]), percent(point["changed"])]
            for point in points
        }
    assert rows_of(desktop, "#by-change") == {
        name[:1].upper() + name[1:]: [percent(change["accuracy"]), percent(change["changed"])]
        for name, change in robustness["changes"].items()
    }


def test_tables_of_networks_are_the_recorded_ones(desktop):
    for table, key, written in (
        ("#accuracy-by-network", "accuracy", percent),
        ("#calibration-by-network", "expected_calibration_error", percentage_points),
    ):
        rows = rows_of(desktop, table)
        assert set(rows) == set(ZOO)
        for name, cells in rows.items():
            figures = figures_of(name)
            assert cells == [written(figures[on][key]) for on in ("mnist", "pen")]


# ------------------------------------------------------------- what is wrong, refused and doubtful


KINDS = ("mistakes", "doubtful", "refused")


@pytest.mark.parametrize("name", TITLES)
@pytest.mark.parametrize("kind", KINDS)
def test_recorded_drawings_are_shown_with_label_prediction_and_confidence(
    desktop, recorded, name, kind
):
    tiles = desktop.locator(f".gallery.{name} .{kind} li").evaluate_all(
        """(tiles) => tiles.map((tile) => [
            Number(tile.dataset.index),
            ...[...tile.querySelectorAll('b')].map((b) => parseInt(b.textContent)),
            tile.querySelector('.confidence').textContent])"""
    )
    shown = {index: rest for index, *rest in tiles}
    for drawing in recorded[name][kind]:
        label, predicted, confidence = shown[drawing["index"]]
        assert (label, predicted) == (drawing["label"], drawing["predicted"])
        assert confidence == percent(drawing["confidence"], counted=False)


def test_every_mistake_on_mnist_and_with_a_pen_is_shown(desktop, recorded):
    for name in ("mnist", "pen"):
        shown = desktop.locator(f".gallery.{name} .mistakes li").count()
        assert shown == recorded[name]["mistake_count"]


def test_wrong_digits_are_red_and_doubtful_ones_have_a_question_mark(desktop):
    for tile in desktop.locator(".gallery li").all():
        label, predicted = tile.locator("b").all()
        is_wrong = label.text_content() != predicted.text_content().rstrip("?")
        assert (predicted.get_attribute("class") == "read") == is_wrong
    texts = desktop.locator(".gallery .doubtful b:last-of-type").all_text_contents()
    assert all(text.endswith("?") for text in texts)


def test_files_of_drawings_stay_small():
    files = (ROOT / "static" / "accuracy").glob("drawings.*")
    assert sum(file.stat().st_size for file in files) < 150_000


def test_map_marks_every_recorded_mistake_in_its_square(desktop, recorded):
    rings = desktop.locator(".map .ring").evaluate_all(
        """(rings) => rings.map(({ cx, cy, r }) => {
            const side = r.baseVal.value / 2;
            return [cx, cy].map((c) => Math.floor(c.baseVal.value / side) - 2);
        })"""
    )
    marked = {100 * row + column for column, row in rings}
    assert len(marked) == recorded["mnist"]["mistake_count"]
    assert {mistake["index"] for mistake in recorded["mnist"]["mistakes"]} <= marked


def test_pictures_of_mistakes_are_loaded(desktop):
    for name in TITLES:
        address = desktop.locator(f".gallery.{name} image").first.get_attribute("href")
        size = desktop.evaluate(
            """async (url) => {
                const picture = new Image();
                picture.src = url;
                await picture.decode();
                return [picture.naturalWidth, picture.naturalHeight];
            }""",
            address,
        )
        said = desktop.locator(f".gallery.{name} image").first
        assert size == [int(said.get_attribute(side)) for side in ("width", "height")]


# -------------------------------------------------------------------------------------- the charts


def test_points_of_curves_are_higher_the_more_accurate(desktop, recorded):
    dots = desktop.locator(".robustness .charts circle.point")
    heights = dots.evaluate_all("(dots) => dots.map((dot) => dot.cy.baseVal.value)")
    curves = recorded["robustness"]["curves"]
    accuracies = [point["accuracy"] for name in CURVES for point in curves[name]]
    by_height = [a for _, a in sorted(zip(heights, accuracies, strict=True))]
    assert by_height == sorted(accuracies, reverse=True)


def test_bars_are_as_long_as_the_recorded_rates(desktop, recorded):
    nondigits = recorded["nondigits"]["groups"].values()
    for table, keys, rows in (
        ("digit-verdicts", ("refused", "doubtful"), [recorded[name] for name in TITLES]),
        ("by-kind", ("read", "doubtful"), nondigits),
    ):
        chart = desktop.locator(f".chart-figure:has(#{table}) .chart")
        lengths = chart.locator("rect").evaluate_all(
            "(bars) => bars.map((b) => b.width.baseVal.value)"
        )
        rates = [row[f"{key}_rate"] for row in rows for key in keys]
        longest = max(lengths) / max(rates)
        assert lengths == pytest.approx([longest * rate for rate in rates], abs=0.11)


def test_every_chart_has_a_description_with_its_numbers(desktop):
    charts = desktop.locator("svg.chart[role=img]")
    assert charts.count() == desktop.locator("svg.chart").count() == 14
    for chart in charts.all():
        assert re.search(r"\d", chart.get_attribute("aria-label"))


def test_every_chart_but_the_map_has_its_table_behind_it(desktop):
    figures = desktop.locator(".chart-figure")
    assert figures.count() == desktop.locator("svg.chart").count() - 1
    for figure in figures.all():
        assert figure.locator("details table").count() >= 1


def test_tables_have_captions_and_their_headings_a_scope(desktop):
    assert desktop.locator("table:not(:has(caption))").count() == 0
    assert desktop.locator("th:not([scope])").count() == 0


# ---------------------------------------------------------------------------------------- the page


@pytest.mark.parametrize("path", ["/", "/inside"])
def test_page_is_linked_from_navigation_and_content(client, path):
    html = client.get(path).get_data(as_text=True)
    navigation, _, content = html.partition("</nav>")
    assert 'href="/accuracy"' in navigation
    assert 'href="/accuracy"' in content


def test_front_page_has_one_line_of_recorded_figures_and_no_table(client, recorded):
    html = client.get("/").get_data(as_text=True)
    line = re.search(r'<p class="record">(.*?)</p>', html, re.S)[1]
    for name in ("mnist", "pen"):
        assert percent(recorded[name]["accuracy"]) in line
    assert "<table" not in html


def test_no_figure_is_written_by_hand():
    template = (ROOT / "templates" / "accuracy.html").read_text()
    text = re.sub(r"{[{%#].*?[}%#]}", "", template)
    percentages = set(re.findall(r"([\d.]+)(?:&nbsp;| )?%", text))
    assert percentages == {"100", "90"}  # the top of an axis, and an example of a confidence
    for figure in figures_of("best").values():
        if "count" in figure:
            assert str(figure["count"]) not in text
            assert grouped(figure["count"]) not in text


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_with_every_table_unfolded(chromium, server, scheme, size):
    with patient_context(chromium, color_scheme=scheme, **size) as context:
        page, complaints = open_page(context, server)
        assert violations(page) == []
        unfold(page)
        assert violations(page) == []
        assert complaints == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_page_fits_the_window_with_every_table_unfolded(chromium, server, width):
    with patient_context(chromium, viewport={"width": width, "height": 844}) as context:
        page, _ = open_page(context, server)
        unfold(page)
        wide = page.locator("body :not(image)").evaluate_all(
            "(all) => all.filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5).length"
        )
        assert wide == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_page_needs_no_script(chromium, server):
    with patient_context(chromium, java_script_enabled=False, **PHONE) as context:
        page = context.new_page()
        page.goto(f"{server}/accuracy")
        page.locator("summary").first.click()
        assert page.locator("#by-digit").is_visible()
