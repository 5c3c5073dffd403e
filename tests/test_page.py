"""The page in real Chromium, from real gunicorn: drawn on with mouse and finger, read right."""

import contextlib
import re
from pathlib import Path

import pytest

from charts import AXES, percent
from nn.network import Network

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"

DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 3,
    "is_mobile": True,
    "has_touch": True,
}
ANSWERED = """() => 'answer' in document.body.dataset
    && document.getElementById('digit').getAttribute('aria-busy') === 'false'"""


@contextlib.contextmanager
def opened(chromium, server, **options):
    """The page in a fresh profile; at the end, the console must have no complaints."""
    context = chromium.new_context(**options)
    page = context.new_page()
    complaints = []
    page.on("console", lambda m: m.type in ("error", "warning") and complaints.append(m.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(server)
    page.wait_for_selector("html.ready")
    try:
        yield page
        assert complaints == []
    finally:
        context.close()


@pytest.fixture
def desktop(chromium, server):
    with opened(chromium, server, **DESKTOP) as page:
        yield page


@pytest.fixture
def phone(chromium, server):
    with opened(chromium, server, **PHONE) as page:
        yield page


def with_mouse(page, stroke):
    page.mouse.move(*stroke[0])
    page.mouse.down()
    for point in stroke[1:]:
        page.mouse.move(*point)
    page.mouse.up()


def with_finger(page, stroke):
    session = page.context.new_cdp_session(page)

    def touch(kind, *points):
        places = [{"x": x, "y": y} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    touch("touchStart", stroke[0])
    for point in stroke[1:]:
        touch("touchMove", point)
    touch("touchEnd")
    session.detach()


def on_pad(page, strokes, size=0.6, middle=(0.5, 0.5)):
    """The strokes in the window's pixels, their longer side that share of the pad."""
    page.locator("#pad").scroll_into_view_if_needed()
    box = page.locator("#pad").bounding_box()
    xs, ys = zip(*(point for stroke in strokes for point in stroke), strict=True)
    scale = size * box["width"] / max(max(xs) - min(xs), max(ys) - min(ys), 1e-9)
    centre = ((max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2)
    left = box["x"] + middle[0] * box["width"]
    top = box["y"] + middle[1] * box["height"]
    return [
        [(left + (x - centre[0]) * scale, top + (y - centre[1]) * scale) for x, y in stroke]
        for stroke in strokes
    ]


def draw(page, strokes, way=with_mouse, **place):
    for stroke in on_pad(page, strokes, **place):
        way(page, stroke)


def read(page):
    """What the page answers to what is on the pad now."""
    page.wait_for_function(ANSWERED)
    answer = page.locator("#digit").text_content()
    assert page.evaluate("document.body.dataset.answer") == answer
    return answer


def draw_all_and_read(page, digits, way):
    answers = []
    for strokes in digits:
        draw(page, strokes, way)
        answers.append(read(page))
        fact = page.locator("#fact")
        assert len(fact.text_content()) > 40
        assert "Source: " in fact.text_content()
        assert re.search(r"\d %", page.locator("#confidence").text_content().replace("\u00a0", " "))
        assert page.locator("#bars li.top .name").text_content() == answers[-1]
        page.click("#clear")
    return answers


def by_writer(pen_test, writer):
    """The first drawing of each digit by one of the writers the networks have never seen."""
    drawn = [drawing for drawing in pen_test if drawing.writer == writer]
    return [next(d.strokes for d in drawn if d.label == digit) for digit in range(10)]


@pytest.fixture(scope="module")
def own_digits(drawings):
    return [next(d["strokes"] for d in drawings if d["label"] == digit) for digit in range(10)]


def test_ten_digits_by_an_unknown_writer_are_read_when_drawn_with_the_mouse(desktop, pen_test):
    digits = by_writer(pen_test, 9)
    assert draw_all_and_read(desktop, digits, with_mouse) == list("0123456789")


def test_ten_digits_by_an_unknown_writer_are_read_when_drawn_with_a_finger(phone, pen_test):
    digits = by_writer(pen_test, 13)
    assert draw_all_and_read(phone, digits, with_finger) == list("0123456789")


def test_our_own_ten_digits_are_read_when_drawn_with_the_mouse(desktop, own_digits):
    assert draw_all_and_read(desktop, own_digits, with_mouse) == list("0123456789")


def test_our_own_ten_digits_are_read_when_drawn_with_a_finger(phone, own_digits):
    assert draw_all_and_read(phone, own_digits, with_finger) == list("0123456789")


@pytest.mark.parametrize("middle", [(0.2, 0.2), (0.8, 0.2), (0.2, 0.8), (0.8, 0.8)])
def test_a_small_digit_in_a_corner_is_read(desktop, own_digits, middle):
    draw(desktop, own_digits[7], size=0.3, middle=middle)
    assert read(desktop) == "7"


def test_the_answer_comes_while_the_pen_is_still_down(desktop, own_digits):
    (stroke,) = on_pad(desktop, own_digits[7])[:1]
    desktop.mouse.move(*stroke[0])
    desktop.mouse.down()
    for point in stroke[1:]:
        desktop.mouse.move(*point)
    assert read(desktop) == "7"
    desktop.mouse.up()
    assert read(desktop) == "7"


def test_an_empty_pad_and_a_cleared_one_say_that_nothing_is_drawn(desktop, own_digits):
    assert desktop.locator("#message").text_content() == "Nothing drawn yet"
    assert desktop.locator("#digit").text_content() == ""
    draw(desktop, own_digits[3])
    assert read(desktop) == "3"
    desktop.click("#clear")
    assert desktop.locator("#message").text_content() == "Nothing drawn yet"
    assert desktop.locator("#digit").text_content() == ""
    assert desktop.evaluate("document.body.dataset.answer || ''") == ""


def test_undo_and_redo_take_back_and_bring_back_a_stroke_and_its_answer(desktop, drawings):
    crossed = next(d["strokes"] for d in drawings if (d["label"], d["style"]) == (4, "open"))
    assert len(crossed) == 2
    draw(desktop, crossed)
    assert read(desktop) == "4"
    desktop.keyboard.press("Control+z")
    assert read(desktop) != "4"
    desktop.keyboard.press("Control+Shift+z")
    assert read(desktop) == "4"
    desktop.click("#undo")
    desktop.click("#undo")
    assert desktop.locator("#message").text_content() == "Nothing drawn yet"
    assert desktop.locator("#undo").is_disabled()


def ink_near(page, *places):
    """Whether there is ink on the pad within a pixel of each of these places in the window."""
    return page.evaluate(
        """(places) => {
            const pad = document.getElementById('pad'), box = pad.getBoundingClientRect();
            const scale = pad.width / box.width;
            // read once: the browser warns of a canvas that is read often
            const { data } = pad.getContext('2d').getImageData(0, 0, pad.width, pad.height);
            const inked = (x, y) => data[4 * (y * pad.width + x) + 3] > 0;
            return places.map(([x, y]) => {
                const column = Math.round((x - box.left) * scale);
                const row = Math.round((y - box.top) * scale);
                return [-1, 0, 1].some((i) => [-1, 0, 1].some((j) => inked(column + i, row + j)));
            });
        }""",
        places,
    )


@pytest.mark.parametrize("ratio", [1, 2, 3])
def test_ink_lies_under_the_pointer_on_a_scrolled_page_at_any_pixel_ratio(chromium, server, ratio):
    small = {"viewport": {"width": 700, "height": 420}, "device_scale_factor": ratio}
    with opened(chromium, server, **small) as page:
        page.mouse.wheel(0, 90)
        page.wait_for_function("scrollY > 0")
        box = page.locator("#pad").bounding_box()
        x, y = box["x"] + 0.3 * box["width"], max(box["y"], 0) + 100
        with_mouse(page, [(x, y), (x + 40, y), (x + 80, y)])
        places = [(x, y), (x + 80, y), (x + 40, y + 50), (x - 40, y)]
        assert ink_near(page, *places) == [True, True, False, False]


def test_a_tap_leaves_a_dot(phone):
    box = phone.locator("#pad").bounding_box()
    x, y = box["x"] + 100, box["y"] + 100
    phone.touchscreen.tap(x, y)
    assert ink_near(phone, (x, y)) == [True]


def test_a_finger_that_draws_does_not_scroll_the_page(phone, own_digits):
    draw(phone, own_digits[1], with_finger)
    assert phone.evaluate("scrollY") == 0


def test_the_drawing_outlives_a_resize_of_the_window(desktop, own_digits):
    draw(desktop, own_digits[5])
    assert read(desktop) == "5"
    desktop.set_viewport_size({"width": 420, "height": 900})
    first = on_pad(desktop, own_digits[5])[0][0]
    desktop.wait_for_function("pad.width === Math.round(pad.getBoundingClientRect().width)")
    assert ink_near(desktop, first) == [True]


def test_seen_shows_the_28x28_that_the_network_saw(desktop, own_digits):
    draw(desktop, own_digits[0])
    assert read(desktop) == "0"
    alpha = desktop.evaluate(
        "[...seen.getContext('2d').getImageData(0, 0, 28, 28).data].filter((_, i) => i % 4 === 3)"
    )
    assert len(alpha) == 784
    rows = [sum(alpha[28 * row : 28 * row + 28]) for row in range(28)]
    inked = [row for row, total in enumerate(rows) if total > 28]
    assert 18 <= len(inked) <= 22
    assert abs((inked[0] + inked[-1]) / 2 - 14) <= 1.5


def test_another_network_reads_the_same_drawing_anew(desktop, own_digits):
    draw(desktop, own_digits[2])
    assert read(desktop) == "2"
    sure = desktop.locator("#bars li.top .value").text_content()
    with desktop.expect_response(re.compile("model=softmax")) as response:
        desktop.select_option("#model", "softmax")
    assert response.value.json()["model"] == "softmax"
    read(desktop)
    assert desktop.locator("#bars li.top .value").text_content() != sure


def test_networks_are_ranked_by_their_measured_accuracy(desktop):
    options = desktop.locator("#model option").all_text_contents()
    shares = [float(re.search(r"([\d.]+) %", option).group(1)) for option in options]
    assert len(shares) == 8
    assert shares == sorted(shares, reverse=True)
    assert desktop.locator("#model").input_value() == "best"


def test_an_answer_to_a_drawing_that_was_cleared_is_never_shown(desktop, own_digits):
    held = []
    desktop.route("**/api/predict*", lambda route: held.append(route))
    with desktop.expect_request("**/api/predict*"):
        draw(desktop, own_digits[8])
    desktop.click("#clear")
    eight = {"digit": 8, "confidence": 1.0, "probabilities": None, "rejected": None}
    for route in held:
        route.fulfill(json={**eight, "alternatives": [], "model": "best", "seen": None})
    # whatever was under way has arrived when two later requests have come and gone
    desktop.evaluate("fetch('healthz').then(() => fetch('healthz')).then((r) => r.text())")
    assert desktop.locator("#digit").text_content() == ""
    assert desktop.locator("#message").text_content() == "Nothing drawn yet"
    desktop.unroute("**/api/predict*")
    draw(desktop, own_digits[1])
    assert read(desktop) == "1"


def test_when_the_server_fails_the_page_says_so_keeps_the_drawing_and_tries_again(chromium, server):
    context = chromium.new_context(**DESKTOP)
    page = context.new_page()
    page.goto(server)
    page.wait_for_selector("html.ready")
    page.context.set_offline(True)
    strokes = [[(0.0, 0.0), (1.0, 0.0), (0.4, 1.6)]]
    draw(page, strokes)
    page.wait_for_function("message.textContent.includes('kept')")
    assert page.evaluate("'answer' in document.body.dataset") is False
    assert page.locator("#digit").text_content() == ""
    page.context.set_offline(False)
    assert read(page) == "7"
    context.close()


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
def test_the_page_fits_its_window_without_scrolling_sideways(chromium, server, width):
    with opened(chromium, server, viewport={"width": width, "height": 800}) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_pad_and_answer_are_both_in_sight_on_a_phone(phone):
    for name in ("#pad", "#confidence", ".numeral"):
        box = phone.locator(name).bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 844


def test_all_of_the_page_comes_from_its_own_server(chromium, server):
    asked = []
    context = chromium.new_context(**DESKTOP)
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(server)
    page.wait_for_selector("html.ready")
    assert len(asked) > 5
    assert [url for url in asked if not url.startswith(server)] == []
    context.close()


# ------------------------------------------------------------------------- how often it is right


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
    wrongly = sum(group["accepted"] * group["count"] for group in others["groups"].values())
    assert desktop.locator(".headline strong").all_text_contents() == [
        percent(measured["mnist"]["accuracy"]),
        percent(measured["pen"]["accuracy"]),
        percent(others["kept"]),
        percent(wrongly / others["count"]),
    ]


def test_each_digit_has_its_measured_accuracy_and_mistakes(desktop, measured):
    pen = measured["pen"]
    mistakes = 0
    for digit in range(10):
        drawn, right, misread = row_of(desktop, "#by-digit", str(digit))
        assert int(drawn) == sum(pen["confusion"][digit])
        assert right == percent(pen["per_class"][digit])
        mistakes += sum(int(times) for times in re.findall(r"\((\d+)\)", misread))
    assert mistakes == pen["mistakes_in_all"]


def test_each_style_has_its_measured_figures(desktop, measured):
    for style, ways in measured["styles"].items():
        cells = row_of(desktop, "#by-style", style.capitalize())
        for way, (right, kept) in zip(ways.values(), (cells[:2], cells[2:]), strict=True):
            if way is None:
                assert (right, kept) == ("–", "–")  # noqa: RUF001
            else:
                assert right.split(" ")[0] == percent(way["accuracy"])
                assert right.endswith(f"of\u00a0{way['count']:,}")
                assert kept == percent(way["kept"])


def test_each_kind_of_non_digit_has_its_measured_share_of_false_accepts(desktop, measured):
    others = measured["nondigits"]
    for name, group in others["groups"].items():
        cells = row_of(desktop, "#by-kind", name.capitalize())
        assert cells == [f"{group['count']:,}", percent(group["accepted"])]
    assert row_of(desktop, "#not-kept", "Drawn with a pen")[1] == percent(1 - others["kept"])


def test_each_point_of_a_curve_is_drawn_and_in_its_table(desktop, measured):
    for name, curve in measured["robustness"]["curves"].items():
        for point in curve:
            cells = row_of(desktop, f"#curve-{name}", AXES[name].told(point["at"]))
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
        assert f"{mistake['label']} as {mistake['answer']}, " in picture.get_attribute("alt")
    said = [int(picture.get_attribute(name)) for name in ("width", "height")]
    desktop.locator(".figures details", has=desktop.locator("img")).locator("summary").click()
    picture.scroll_into_view_if_needed()
    desktop.wait_for_function("document.querySelector('.figures img').naturalWidth > 0")
    assert picture.evaluate("(i) => [i.naturalWidth, i.naturalHeight]") == said


def test_tables_have_captions_and_their_headings_a_scope(desktop):
    assert desktop.locator("table:not(:has(caption))").count() == 0
    assert desktop.locator("th:not([scope])").count() == 0
    assert desktop.locator(".figures svg[role=img][aria-label]").count() == len(AXES)
