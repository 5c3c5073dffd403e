"""Whole numbers on the page: written, bracketed, looked into digit by digit, read another way."""

import json

import pytest

from tests.support.accessibility import violations
from tests.support.page import (
    PHONE,
    draw,
    ink_near,
    number_of,
    on_pad,
    opened,
    put,
    read,
    said,
    sample,
    with_finger,
    with_mouse,
)
from tests.support.pictures import strokes_of

SIDEWAYS = {"width": 844, "height": 390}
EITHER = """async () => {
    const { namedSamples } = await import('/static/draw/samples.js');
    return Object.fromEntries(namedSamples)['A four, or a nine'].strokes
        .map(({ points }) => points);
}"""


def answered(page, number):
    """Wait until that is the answer to what is on the pad now."""
    page.wait_for_selector(f"body[data-answer='{number}']")
    assert read(page) == number


def brackets(page):
    return page.locator(".brackets span").all_text_contents()


def top_bar(page):
    return page.locator("#bars li.top .name").text_content()


# ------------------------------------------------------------------------------------------ written


@pytest.mark.parametrize(
    ("way", "window"), [(with_mouse, "desktop"), (with_finger, "phone")], ids=["mouse", "finger"]
)
def test_number_is_read_bracketed_and_spoken(request, way, window, drawings):
    page = request.getfixturevalue(window)
    draw(page, number_of(drawings, "42"), way, size=0.8)
    answered(page, "42")
    assert brackets(page) == ["4", "2"]
    assert page.locator("#fact-title").text_content() == "About 42"
    assert page.locator("#spoken").text_content().startswith("forty-two, 9")


def test_number_is_written_by_keyboard(desktop):
    desktop.focus("#pad")
    for key in ["Space", *["Shift+ArrowDown"] * 3, "Space", *["Shift+ArrowRight"] * 2]:
        desktop.keyboard.press(key)
    for key in ["Space", *["Shift+ArrowUp"] * 3, "Space"]:
        desktop.keyboard.press(key)
    answered(desktop, "11")
    desktop.keyboard.press("End")
    columns = round(28 * desktop.evaluate("pad.clientWidth / pad.clientHeight"))
    assert desktop.locator("#place").text_content().endswith(f"column {columns}")


def test_brackets_span_the_ink_and_let_the_pen_through(desktop, drawings):
    strokes = number_of(drawings, "70")
    draw(desktop, strokes, size=0.9)
    answered(desktop, "70")
    places = [point for stroke in on_pad(desktop, strokes, size=0.9) for point in stroke]
    first, last = (bracket.bounding_box() for bracket in desktop.locator(".brackets span").all())
    assert first["x"] < min(x for x, _ in places) < first["x"] + first["width"] < last["x"]
    assert last["x"] < max(x for x, _ in places) < last["x"] + last["width"]
    assert max(box["y"] + box["height"] for box in (first, last)) <= min(y for _, y in places)
    under = "([x, y]) => document.elementFromPoint(x, y).id"
    assert desktop.evaluate(under, [first["x"] + 9, first["y"] + 9]) == "pad"


def test_brackets_follow_the_drawing_and_vanish_with_it(desktop, drawings):
    put(desktop, number_of(drawings, "42"))
    answered(desktop, "42")
    assert not desktop.locator(".brackets[data-outdated]").count()
    desktop.mouse.move(*on_pad(desktop, [[(0, 0), (0, 1)]], middle=(0.95, 0.5))[0][0])
    desktop.mouse.down()
    assert desktop.locator(".brackets[data-outdated]").count()
    desktop.keyboard.press("Control+z")
    desktop.mouse.up()
    answered(desktop, "42")
    assert brackets(desktop) == ["4", "2"]
    desktop.click("#clear")
    assert brackets(desktop) == []


# ----------------------------------------------------------------------------------------- the pad


def test_wide_pad_sends_a_wide_picture_and_the_strokes(desktop, drawings):
    with desktop.expect_request("**/api/predict*") as request:
        desktop.mouse.click(*on_pad(desktop, [[(0, 0), (0, 1)]], size=0.5)[0][0])
    sent = json.loads(request.value.post_data)
    shape = "([url]) => createImageBitmap(new Blob([Uint8Array.from(atob(url.split(',')[1]),"
    shape += " (c) => c.charCodeAt())])).then(({ width, height }) => [width, height])"
    width, height = desktop.evaluate(shape, [sent["image"]])
    assert height == 280
    assert width == 10 * round(28 * desktop.evaluate("pad.clientWidth / pad.clientHeight"))
    [[[x, y]]] = sent["strokes"]
    assert (x, y) == pytest.approx((width / 2, 70), abs=1)
    desktop.click(".tool.eraser")
    with desktop.expect_request("**/api/predict*") as request:
        desktop.mouse.click(*on_pad(desktop, [[(0, 0), (0, 1)]], size=0.1)[0][0])
    assert "strokes" not in json.loads(request.value.post_data)


def test_square_drawing_lies_in_the_middle_of_a_wide_pad(desktop, drawings):
    with desktop.expect_request("**/api/predict*") as request:
        sample(desktop, "A one with a serif")
    answered(desktop, "1")
    strokes = json.loads(request.value.post_data)["strokes"]
    assert max(x for stroke in strokes for x, _ in stroke) < 280
    box = desktop.locator("#pad").bounding_box()
    left = box["x"] + (box["width"] - box["height"]) / 2
    places = [
        [left + x / 280 * box["height"], box["y"] + y / 280 * box["height"]] for x, y in strokes[0]
    ]
    assert all(ink_near(desktop, *places))


def test_turned_phone_keeps_the_number_whole_and_its_history(phone, drawings):
    upright = phone.viewport_size
    phone.set_viewport_size(SIDEWAYS)
    phone.wait_for_function("() => pad.clientWidth > 1.5 * pad.clientHeight")
    phone.wait_for_function("() => Math.abs(pad.width - 3 * pad.clientWidth) <= 1")
    before = phone.locator("#pad").bounding_box()
    strokes = on_pad(phone, number_of(drawings, "71"), size=0.8)
    for stroke in strokes:
        with_finger(phone, stroke)
    answered(phone, "71")
    phone.set_viewport_size(upright)
    phone.wait_for_function("() => Math.abs(pad.width - 3 * pad.clientWidth) <= 1")
    after = phone.locator("#pad").bounding_box()
    assert after["width"] == after["height"]
    scale = after["width"] / before["width"]
    top = after["y"] + (after["height"] - scale * before["height"]) / 2
    places = [
        (after["x"] + scale * (x - before["x"]), top + scale * (y - before["y"]))
        for stroke in strokes
        for x, y in stroke
    ]
    assert all(ink_near(phone, *places))
    phone.click("#undo")
    answered(phone, "7")
    phone.click("#redo")
    answered(phone, "71")
    phone.reload()
    answered(phone, "71")


def test_stroke_on_a_drawing_shown_smaller_is_as_thick_as_the_pen(chromium, server, drawings):
    with opened(chromium, server, viewport={"width": 500, "height": 800}) as page:
        put(page, number_of(drawings, "1"), width=2)
        answered(page, "1")
        box = page.locator("#pad").bounding_box()
        x, y = box["x"] + 0.75 * box["width"], box["y"] + 0.4 * box["height"]
        with_mouse(page, [(x, y), (x, y + 0.2 * box["height"])])
        places = [(x + share * box["height"], y + 20) for share in (0.03, 0.042)]
        assert ink_near(page, *places) == [True, False]


# ----------------------------------------------------------------------------------- what is shown


def test_tap_on_a_digit_shows_its_shares_and_what_the_network_saw(phone, drawings):
    put(phone, number_of(drawings, "42"))
    answered(phone, "42")
    buttons = phone.locator(".digits button")
    assert buttons.evaluate_all("(all) => all.map((one) => one.ariaPressed)") == ["true", "false"]
    assert top_bar(phone) == "4"
    label = buttons.nth(1).get_attribute("aria-label")
    assert label.startswith("2, second digit of 2, ")
    assert label.endswith("%")
    buttons.nth(1).tap()
    assert buttons.evaluate_all("(all) => all.map((one) => one.ariaPressed)") == ["false", "true"]
    assert top_bar(phone) == "2"
    assert "the second digit" in phone.locator("#seen").get_attribute("aria-label")
    assert phone.locator("#bars").get_attribute("aria-label").endswith("the second digit")


def test_rival_number_is_one_tap_away_and_back(desktop, drawings):
    either = [[(point[0], point[1]) for point in stroke] for stroke in desktop.evaluate(EITHER)]
    put(desktop, [*beside(either, 0), *beside(strokes_of(drawings, 2), 0.9)])
    first = read(desktop)
    rival = f"{13 - int(first[0])}2"
    assert first in ("42", "92")
    assert desktop.locator("#message").text_content() == f"or {rival}, or no number at all"
    button = desktop.locator("#message button")
    for number, other in ((rival, first), (first, rival)):
        button.focus()
        desktop.keyboard.press("Enter")
        answered(desktop, number)
        assert desktop.evaluate("document.activeElement.textContent") == other
        said(desktop, f"About {int(number)}", "fact-title")
        assert brackets(desktop) == list(number)
        words = {"42": "forty-two", "92": "ninety-two"}
        said(desktop, words[number], "spoken")
    assert len(desktop.locator("#fact .text").text_content()) > 20


def beside(strokes, left):
    return [[(x + left, y) for x, y in stroke] for stroke in strokes]


def test_rival_digit_is_one_tap_away(desktop):
    sample(desktop, "A four, or a nine")
    digit = read(desktop)
    rival = str(13 - int(digit))
    desktop.click(f"#message button:text('{rival}')")
    answered(desktop, rival)
    assert desktop.locator("#message").text_content() == f"{rival} or {digit}?"
    assert top_bar(desktop) == rival
    said(desktop, f"About {rival}", "fact-title")


def test_rival_with_fewer_digits_is_shown_without_shares(desktop, drawings):
    with desktop.expect_response("**/api/predict*") as response:
        put(desktop, number_of(drawings, "12"))
    answered(desktop, "12")
    rivals = {"alternatives": [{"number": "6", "probability": 0.2}]}
    desktop.evaluate(
        """async (prediction) => {
            const { show } = await import('/static/page/prediction.js');
            show(prediction, true, false);
        }""",
        response.value.json() | rivals,
    )
    for number, brackets_of, bars in (("6", [], 0), ("12", ["1", "2"], 1)):
        desktop.click("#message button")
        answered(desktop, number)
        assert brackets(desktop) == brackets_of
        assert desktop.locator("#bars li.top").count() == bars


def test_refusal_of_several_lines_says_why(desktop, drawings):
    seven = strokes_of(drawings, 7)
    lines = [[(x, y + 1.6 * line) for x, y in stroke] for line in (0, 1) for stroke in seven]
    put(desktop, lines)
    said(desktop, "several lines")
    assert brackets(desktop) == []
    assert desktop.locator("#digit").text_content() == ""


def test_twelve_digits_fit_on_the_narrowest_phone(chromium, server, drawings):
    with opened(chromium, server, viewport={"width": 320, "height": 568}) as page:
        put(page, number_of(drawings, "123456789012"), width=4)
        answered(page, "123456789012")
        digits = [digit.bounding_box() for digit in page.locator(".digits button").all()]
        assert len(digits) == 12
        assert min(min(box["width"], box["height"]) for box in digits) >= 24
        assert digits[-1]["x"] + digits[-1]["width"] <= 320
        assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("width", [390, 1280])
def test_longer_numbers_move_nothing_on_the_page(chromium, server, drawings, width):
    boxes = """() => ['#pad', '#bars', '#fact-title'].map((part) => {
        const { top, height } = document.querySelector(part).getBoundingClientRect();
        return [top, height];
    })"""
    with opened(chromium, server, viewport={"width": width, "height": 844}) as page:
        found = [page.evaluate(boxes)]
        for number in ("7", "71", "71717"):
            put(page, number_of(drawings, number), width=2)
            answered(page, number)
            found.append(page.evaluate(boxes))
        for moved in found[1:]:
            assert moved == [pytest.approx(box, abs=0.5) for box in found[0]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_in_a_number(chromium, server, drawings, scheme):
    with opened(chromium, server, color_scheme=scheme, **PHONE) as page:
        put(page, number_of(drawings, "42"))
        answered(page, "42")
        assert violations(page) == []


def test_numbers_are_put_in_words(desktop):
    words = {
        "0": "zero",
        "7": "seven",
        "007": "zero zero seven",
        "00": "zero zero",
        "13": "thirteen",
        "20": "twenty",
        "42": "forty-two",
        "101": "one hundred and one",
        "1000": "one thousand",
        "2026": "two thousand and twenty-six",
        "40100": "forty thousand one hundred",
        "1000001": "one million and one",
        "999999999999": "nine hundred and ninety-nine billion nine hundred and ninety-nine million"
        " nine hundred and ninety-nine thousand nine hundred and ninety-nine",
    }
    found = desktop.evaluate(
        """async (numbers) => {
            const { inWords } = await import('/static/page/words.js');
            return numbers.map(inWords);
        }""",
        list(words),
    )
    assert dict(zip(words, found, strict=True)) == words


def test_link_of_a_wide_drawing_keeps_its_sheet_and_pens(desktop):
    drawing = {
        "width": 1.75,
        "strokes": [
            {"width": 20 / 280, "points": [[0.2, 0.2], [1.7, 0.9]]},
            {"width": 0.2, "points": [[1.0, 0.5, 0.25]], "erase": True},
        ],
    }
    again = desktop.evaluate(
        """async (drawing) => {
            const { decode, encode } = await import('/static/draw/link.js');
            const text = encode(drawing);
            for (let end = 0; end < text.length; end++) decode(text.slice(0, end));
            return decode(text);
        }""",
        drawing,
    )
    assert again["width"] == 1.75
    assert [stroke.get("erase", False) for stroke in again["strokes"]] == [False, True]
    for stroke, decoded in zip(drawing["strokes"], again["strokes"], strict=True):
        assert decoded["width"] == pytest.approx(stroke["width"], abs=0.001)
        for end in (0, -1):
            assert decoded["points"][end] == pytest.approx(stroke["points"][end], abs=0.02)
