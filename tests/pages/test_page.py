"""The page in real Chromium, from real gunicorn: drawn on with mouse, finger, pen and keys."""

import re

import pytest

from tests.support.page import (
    Pen,
    Touch,
    at,
    draw,
    ink_near,
    on_pad,
    opened,
    read,
    with_finger,
    with_mouse,
    with_pen,
)
from tests.support.pictures import strokes_of


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


def test_digits_of_a_test_writer_are_read_with_the_mouse(desktop, pen_test):
    digits = by_writer(pen_test, 9)
    assert draw_all_and_read(desktop, digits, with_mouse) == list("0123456789")


def test_digits_of_a_test_writer_are_read_with_a_finger(phone, pen_test):
    digits = by_writer(pen_test, 13)
    assert draw_all_and_read(phone, digits, with_finger) == list("0123456789")


def test_own_digits_are_read_with_a_pen(desktop, drawings):
    digits = [strokes_of(drawings, digit) for digit in range(10)]
    assert draw_all_and_read(desktop, digits, with_pen) == list("0123456789")


@pytest.mark.parametrize("middle", [(0.2, 0.2), (0.8, 0.8)])
def test_small_digit_in_a_corner_is_read(desktop, drawings, middle):
    draw(desktop, strokes_of(drawings, 7), size=0.3, middle=middle)
    assert read(desktop) == "7"


def test_prediction_is_shown_while_drawing(desktop, drawings):
    (stroke,) = on_pad(desktop, strokes_of(drawings, 7))[:1]
    desktop.mouse.move(*stroke[0])
    desktop.mouse.down()
    for point in stroke[1:]:
        desktop.mouse.move(*point)
    assert read(desktop) == "7"
    desktop.mouse.up()
    assert read(desktop) == "7"


# ------------------------------------------------------------------------------- where the ink lies


@pytest.mark.parametrize("ratio", [1, 2, 3])
def test_ink_follows_the_pointer_when_scrolled_at_any_pixel_ratio(chromium, server, ratio):
    small = {"viewport": {"width": 700, "height": 420}, "device_scale_factor": ratio}
    with opened(chromium, server, **small) as page:
        page.mouse.wheel(0, 90)
        page.wait_for_function("() => scrollY > 0")
        box = page.locator("#pad").bounding_box()
        x, y = box["x"] + 0.3 * box["width"], max(box["y"], 0) + 100
        with_mouse(page, [(x, y), (x + 40, y), (x + 80, y)])
        places = [(x, y), (x + 80, y), (x + 40, y + 50), (x - 40, y)]
        assert ink_near(page, *places) == [True, True, False, False]


def test_ink_follows_the_finger_when_zoomed(phone):
    session = phone.context.new_cdp_session(phone)
    session.send("Emulation.setPageScaleFactor", {"pageScaleFactor": 2})
    phone.wait_for_function("() => visualViewport.scale === 2")
    left, top = phone.evaluate(
        "() => [pad.getBoundingClientRect().left, pad.getBoundingClientRect().top]"
    )
    with_finger(phone, [(left + x, top + 60) for x in (60, 90, 120)])
    places = [(left + x, top + y) for x, y in [(60, 60), (120, 60), (90, 120)]]
    assert ink_near(phone, *places) == [True, True, False]


def test_drawing_and_prediction_survive_rotation_of_the_phone(phone, drawings):
    draw(phone, strokes_of(drawings, 5), with_finger)
    assert read(phone) == "5"
    phone.set_viewport_size({"width": 844, "height": 390})
    stroke = on_pad(phone, strokes_of(drawings, 5))[0]
    phone.wait_for_function("() => Math.abs(pad.width - 3 * pad.clientWidth) <= 1")
    assert ink_near(phone, stroke[0], stroke[-1]) == [True, True]
    assert read(phone) == "5"


def test_stroke_continues_when_the_window_is_resized(desktop):
    desktop.set_viewport_size({"width": 600, "height": 900})
    desktop.wait_for_function("() => pad.width === Math.round(pad.getBoundingClientRect().width)")
    start = at(desktop, 0.3, 0.3)
    desktop.mouse.move(*start)
    desktop.mouse.down()
    desktop.mouse.move(*at(desktop, 0.5, 0.3))
    desktop.set_viewport_size({"width": 500, "height": 700})
    desktop.wait_for_function("() => pad.width === Math.round(pad.getBoundingClientRect().width)")
    desktop.mouse.move(*at(desktop, 0.5, 0.7))
    desktop.mouse.up()
    places = [at(desktop, x, y) for x, y in [(0.3, 0.3), (0.5, 0.7), (0.3, 0.7)]]
    assert ink_near(desktop, *places) == [True, True, False]


# ------------------------------------------------------------------------ how strokes begin and end


def test_tap_draws_a_dot(phone):
    x, y = at(phone, 0.3, 0.3)
    phone.touchscreen.tap(x, y)
    assert ink_near(phone, (x, y)) == [True]


def test_touch_scrolls_only_outside_the_pad(phone):
    draw(phone, [[(0, 1), (0, 0)]], with_finger)
    assert phone.evaluate("scrollY") == 0
    assert phone.evaluate("getComputedStyle(document.body).touchAction") == "auto"
    x, y = phone.viewport_size["width"] / 2, phone.viewport_size["height"] - 60
    with_finger(phone, [(x, y), (x, y - 40), (x, y - 120), (x, y - 200)])
    phone.wait_for_function("() => scrollY > 0")


def test_second_finger_is_ignored(phone):
    touch = Touch(phone)
    one, two, end = at(phone, 0.2, 0.2), at(phone, 0.8, 0.2), at(phone, 0.2, 0.8)
    touch.send("Start", one)
    touch.send("Start", one, two)
    touch.send("Move", end, at(phone, 0.8, 0.8))
    touch.send("End")
    places = [at(phone, 0.2, 0.5), two, at(phone, 0.8, 0.5)]
    assert ink_near(phone, *places) == [True, False, False]


def test_touch_is_ignored_while_a_pen_draws(phone):
    pen, touch = Pen(phone), Touch(phone)
    pen.send("Pressed", at(phone, 0.2, 0.2))
    pen.send("Moved", at(phone, 0.4, 0.2))
    touch.send("Start", at(phone, 0.7, 0.7))
    touch.send("Move", at(phone, 0.9, 0.9))
    pen.send("Moved", at(phone, 0.6, 0.2))
    touch.send("End")
    pen.send("Released", at(phone, 0.6, 0.2))
    places = [at(phone, 0.5, 0.2), at(phone, 0.7, 0.7), at(phone, 0.8, 0.8)]
    assert ink_near(phone, *places) == [True, False, False]


def test_pen_pressure_sets_the_line_width(desktop):
    for force, y in ((0.1, 0.2), (1, 0.7)):
        with_pen(desktop, [at(desktop, x / 10, y) for x in range(2, 9)], force)
    side = [(0.5, y + off) for y in (0.2, 0.7) for off in (0, 0.035)]
    places = [at(desktop, x, y) for x, y in side]
    assert ink_near(desktop, *places) == [True, False, True, True]


def test_cancelled_touch_ends_its_stroke(phone):
    touch = Touch(phone)
    touch.send("Start", at(phone, 0.2, 0.2))
    touch.send("Move", at(phone, 0.5, 0.2))
    touch.send("Cancel")
    with_finger(phone, [at(phone, 0.2, 0.8), at(phone, 0.5, 0.8)])
    places = [at(phone, 0.3, 0.2), at(phone, 0.3, 0.8), at(phone, 0.4, 0.5)]
    assert ink_near(phone, *places) == [True, True, False]
    assert not phone.locator(".frame[data-drawing]").count()


def test_stroke_that_leaves_the_pad_ends_outside(desktop):
    with_mouse(desktop, [at(desktop, 0.5, 0.5), at(desktop, 0.9, 0.5), at(desktop, 1.3, 0.5)])
    desktop.mouse.move(*at(desktop, 0.5, 0.8))
    places = [at(desktop, 0.97, 0.5), at(desktop, 0.5, 0.8)]
    assert ink_near(desktop, *places) == [True, False]


def test_clearing_during_a_stroke_leaves_nothing(desktop):
    desktop.mouse.move(*at(desktop, 0.3, 0.3))
    desktop.mouse.down()
    desktop.mouse.move(*at(desktop, 0.5, 0.3))
    desktop.keyboard.press("Delete")
    desktop.mouse.move(*at(desktop, 0.7, 0.3))
    desktop.mouse.up()
    assert ink_near(desktop, *[at(desktop, x, 0.3) for x in (0.3, 0.4, 0.6, 0.7)]) == [False] * 4
    assert desktop.locator("#message").text_content() == "Nothing drawn yet"
    with_mouse(desktop, [at(desktop, 0.3, 0.6), at(desktop, 0.6, 0.6)])
    assert ink_near(desktop, at(desktop, 0.4, 0.6), at(desktop, 0.4, 0.3)) == [True, False]


# ---------------------------------------------------------------------------------------- the tools


def test_empty_and_cleared_pads_say_nothing_is_drawn(desktop, drawings):
    assert desktop.locator("#message").text_content() == "Nothing drawn yet"
    assert desktop.locator("#digit").text_content() == ""
    draw(desktop, strokes_of(drawings, 3))
    assert read(desktop) == "3"
    desktop.click("#clear")
    assert desktop.locator("#message").text_content() == "Nothing drawn yet"
    assert desktop.locator("#digit").text_content() == ""
    assert desktop.evaluate("document.body.dataset.answer || ''") == ""


def test_undo_and_redo_restore_strokes_and_predictions(desktop, drawings):
    draw(desktop, strokes_of(drawings, 4, "open"))
    assert read(desktop) == "4"
    desktop.keyboard.press("Control+z")
    assert read(desktop) != "4"
    desktop.keyboard.press("Control+Shift+z")
    assert read(desktop) == "4"
    desktop.click("#undo")
    desktop.click("#undo")
    assert desktop.locator("#message").text_content() == "Nothing drawn yet"
    assert desktop.locator("#undo").is_disabled()
    desktop.keyboard.press("Control+y")
    desktop.keyboard.press("Control+y")
    assert read(desktop) == "4"


def test_undo_restores_a_cleared_drawing(desktop, drawings):
    draw(desktop, strokes_of(drawings, 1))
    assert read(desktop) == "1"
    desktop.keyboard.press("Delete")
    desktop.keyboard.press("Control+z")
    assert read(desktop) == "1"


def test_eraser_removes_ink_and_can_be_undone(desktop, drawings):
    draw(desktop, [[(x / 9, 0) for x in range(10)]], size=0.8)
    across = [at(desktop, 0.5, 0.3), at(desktop, 0.5, 0.7)]
    desktop.keyboard.press("e")
    with_mouse(desktop, across)
    places = [at(desktop, x, 0.5) for x in (0.3, 0.5, 0.7)]
    assert ink_near(desktop, *places) == [True, False, True]
    desktop.keyboard.press("Control+z")
    assert ink_near(desktop, *places) == [True, True, True]


def test_erasing_everything_says_nothing_is_drawn(desktop):
    desktop.mouse.click(*at(desktop, 0.5, 0.5))
    desktop.click(".tool.eraser")
    desktop.mouse.click(*at(desktop, 0.5, 0.5))
    assert read(desktop) == ""
    assert desktop.locator("#message").text_content() == "Nothing drawn yet"


def test_tools_have_keyboard_shortcuts_named_in_tooltips(desktop):
    desktop.focus("#pad")
    for key, tool in (("1", "thin"), ("3", "thick"), ("e", "eraser"), ("2", "medium")):
        desktop.keyboard.press(key)
        assert desktop.locator("input[name=tool]:checked").get_attribute("value") == tool
        assert f"({key.upper()})" in desktop.locator(f".tool.{tool}").get_attribute("title")
    desktop.locator(".record a").focus()
    desktop.keyboard.press("e")
    assert desktop.locator("input[name=tool]:checked").get_attribute("value") == "medium"
    for name, keys in (("undo", "Ctrl+Z"), ("redo", "Ctrl+Shift+Z"), ("clear", "Delete")):
        assert keys in desktop.locator(f"#{name}").get_attribute("title")


def test_pens_draw_different_widths(desktop):
    for tool, y in (("thin", 0.2), ("medium", 0.5), ("thick", 0.8)):
        desktop.click(f".tool.{tool}")
        with_mouse(desktop, [at(desktop, 0.2, y), at(desktop, 0.8, y)])
    off = [at(desktop, 0.5, y + gap) for gap in (0.027, 0.042) for y in (0.2, 0.5, 0.8)]
    assert ink_near(desktop, *off) == [False, True, True, False, False, True]


# ------------------------------------------------------------------------------------ what is shown


def test_network_input_is_shown_as_28x28(desktop, drawings):
    draw(desktop, strokes_of(drawings, 0))
    assert read(desktop) == "0"
    alpha = desktop.evaluate(
        "[...seen.getContext('2d').getImageData(0, 0, 28, 28).data].filter((_, i) => i % 4 === 3)"
    )
    assert len(alpha) == 784
    rows = [sum(alpha[28 * row : 28 * row + 28]) for row in range(28)]
    inked = [row for row, total in enumerate(rows) if total > 28]
    assert 18 <= len(inked) <= 22
    assert abs((inked[0] + inked[-1]) / 2 - 14) <= 1.5


def test_choosing_a_network_predicts_again(desktop, drawings):
    draw(desktop, strokes_of(drawings, 2))
    assert read(desktop) == "2"
    sure = desktop.locator("#bars li.top .value").text_content()
    with desktop.expect_response(re.compile("model=softmax")) as response:
        desktop.select_option("#model", "softmax")
    assert response.value.json()["model"] == "softmax"
    read(desktop)
    assert desktop.locator("#bars li.top .value").text_content() != sure


def test_networks_are_ranked_by_accuracy(desktop):
    options = desktop.locator("#model option").all_text_contents()
    shares = [float(re.search(r"([\d.]+)\s%", option).group(1)) for option in options]
    assert len(shares) == 8
    assert shares == sorted(shares, reverse=True)
    assert desktop.locator("#model").input_value() == "best"


def test_pad_and_prediction_are_both_visible_on_a_phone(phone):
    for name in ("#pad", "#confidence", ".numeral", "#clear"):
        box = phone.locator(name).bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 664  # what a phone's browser leaves of 844
