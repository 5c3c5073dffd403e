"""What the pages show of a drawing that is read, doubtful or refused.

The thresholds of the network are set here, so that it doubts or refuses whatever is drawn.
"""

import io
import re
from contextlib import ExitStack

import pytest
import requests

from app import create_app
from nn.measure.robustness import encoded
from settings import Settings
from tests.support.accessibility import violations
from tests.support.networks import DOUBT_ALL, READ_ALL, REFUSE_ALL, models_with_thresholds
from tests.support.page import (
    DESKTOP,
    PHONE,
    number_of,
    on_pad,
    opened,
    patient_context,
    put,
    read,
    said,
    sample,
)
from tests.support.pictures import picture_of, strokes_of
from tests.support.polling import PATIENCE
from tests.support.servers.app_in_thread import app_in_thread

BOXES = """() => ['.equation', '.reading', '.saw', '#bars', '#pad'].map((part) => {
    const { x, y, width, height } = document.querySelector(part).getBoundingClientRect();
    return [part, x, y, width, height];
})"""
# The colour of the first inked pixel of a canvas, null where there is none.  A copy is read: of a
# canvas read often that is not made for it the browser warns.
INK = """(canvas) => {
    const { width, height } = canvas;
    const copy = Object.assign(document.createElement('canvas'), { width, height });
    const context = copy.getContext('2d', { willReadFrequently: true });
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    const inked = data.findIndex((value, i) => i % 4 === 3 && value === 255);
    return inked < 0 ? null : [...data.slice(inked - 3, inked)];
}"""


@pytest.fixture(scope="module")
def server_with():
    """The address of an app whose default network has these thresholds; each is started once."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        running = {}

        def address(thresholds):
            if thresholds not in running:
                patch.setattr("app.load_models", lambda: models_with_thresholds(*thresholds))
                app = create_app(Settings(numbers_api_url="", ratelimit_enabled=False))
                running[thresholds] = stack.enter_context(app_in_thread(app))
            return running[thresholds]

        yield address


@pytest.fixture
def doubting(server_with):
    return server_with(DOUBT_ALL)


@pytest.fixture
def desktop(chromium, doubting):
    with opened(chromium, doubting, **DESKTOP) as page:
        yield page


def message(page):
    return page.locator("#message").text_content()


@pytest.mark.parametrize("window", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_doubtful_digit_has_a_question_mark_and_a_fact(chromium, doubting, window):
    with opened(chromium, doubting, **window) as page:
        sample(page, "A crossed seven")
        assert read(page) == "7"
        assert message(page) == "or no digit at all"
        assert page.locator(".doubt").evaluate(INK), "the question mark is written"
        assert "%" in page.locator("#confidence").text_content()
        assert page.locator("#bars li.top .name").text_content() == "7"
        assert page.locator("#fact-title").text_content() == "About 7"
        assert len(page.locator("#fact .text").text_content()) > 20


def test_doubtful_digits_of_a_number_have_dotted_brackets(desktop, drawings):
    put(desktop, number_of(drawings, "71"))
    assert read(desktop) == "71"
    assert message(desktop) == "or no number at all"
    assert desktop.locator(".doubt").evaluate(INK), "the question mark is written"
    for bracket in (".brackets .doubtful::after", ".digits .doubtful::before"):
        element, part = bracket.split("::")
        assert desktop.locator(element).count() == 2
        style = f"(one) => getComputedStyle(one, '::{part}').borderTopStyle"
        assert desktop.locator(element).first.evaluate(style) == "dotted"
    assert desktop.locator("#spoken").text_content().startswith("Perhaps seventy-one, ")


def test_rival_of_a_doubtful_digit_is_named(desktop):
    sample(desktop, "A four, or a nine")
    digit = read(desktop)
    assert message(desktop) == f"or {'9' if digit == '4' else '4'}, or no digit at all"


def test_two_close_digits_are_asked_about(chromium, server_with):
    with opened(chromium, server_with(READ_ALL), **DESKTOP) as page:
        sample(page, "A four, or a nine")
        assert read(page) in "49"
        assert message(page) in ("4 or 9?", "9 or 4?")
        assert page.locator(".doubt").is_hidden()


def test_refused_drawing_has_neither_digit_nor_fact(chromium, server_with):
    with opened(chromium, server_with(REFUSE_ALL), **DESKTOP) as page:
        sample(page, "A star")
        assert read(page) == ""
        assert message(page) == "That is no digit I know"
        assert page.locator("#fact").text_content() == ""
        assert page.locator("#spoken").text_content() == "That is no digit I know"


def test_doubt_is_announced_to_screen_readers(desktop):
    sample(desktop, "A crossed seven")
    read(desktop)
    confidence = desktop.locator("#confidence").text_content()
    fact = desktop.locator("#fact .text").text_content()
    spoken = desktop.locator("#spoken").text_content()
    assert spoken == f"Perhaps 7, {confidence}, or no digit at all. {fact}"


def test_doubt_goes_when_a_network_without_doubt_reads(desktop):
    sample(desktop, "A crossed seven")
    read(desktop)
    doubted = desktop.locator(".numeral canvas").evaluate(INK)
    desktop.select_option("#model", "lenet")  # it has ten classes, and reads everything
    assert read(desktop) == "7"
    assert message(desktop) == ""
    assert desktop.locator(".doubt").is_hidden()
    desktop.wait_for_function(
        f"([name, doubted]) => String(({INK})(document.querySelector(name))) !== String(doubted)",
        arg=[".numeral canvas", doubted],
    )


def test_doubt_is_not_put_in_words_while_a_stroke_grows(desktop, drawings):
    (stroke,) = on_pad(desktop, strokes_of(drawings, 7))[:1]
    desktop.mouse.move(*stroke[0])
    desktop.mouse.down()
    for point in stroke[1:]:
        desktop.mouse.move(*point)
    assert read(desktop) == "7"
    assert message(desktop) == ""
    desktop.mouse.up()
    said(desktop, "or no digit at all")


@pytest.mark.parametrize("width", [320, 390, 700, 1280])
def test_doubt_moves_nothing_on_the_page(chromium, doubting, width):
    with opened(chromium, doubting, viewport={"width": width, "height": 844}) as page:
        page.select_option("#model", "lenet")
        sample(page, "A crossed seven")
        assert read(page) == "7"
        certain = {part: box for part, *box in page.evaluate(BOXES)}
        page.select_option("#model", "best")
        said(page, "or no digit at all")
        doubtful = {part: box for part, *box in page.evaluate(BOXES)}
        words = certain.pop(".reading"), doubtful.pop(".reading")  # in the middle of its row
        assert words[0][0] == pytest.approx(words[1][0], abs=0.5)
        for part, box in certain.items():
            assert doubtful[part] == pytest.approx(box, abs=0.5), part
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_inside_marks_doubt(chromium, doubting):
    with opened(chromium, f"{doubting}/inside", **DESKTOP) as page:
        page.click("[data-example='7']")
        assert read(page) == "7"
        assert message(page) == "or no digit at all"
        mark = "getComputedStyle(document.getElementById('digit'), '::after').content"
        assert "?" in page.evaluate(mark)
        words = page.locator("#history-words li").all_text_contents()
        assert words[-1].startswith("perhaps 7, ")
        reads = "#zoo tr[data-model='{}'] .reads"
        last = "#zoo tr:last-child .took"
        page.wait_for_function("(took) => document.querySelector(took).textContent", arg=last)
        assert page.locator(reads.format("best")).text_content() == "7?"
        assert page.locator(reads.format("lenet")).text_content() == "7"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_in_doubt(chromium, doubting, drawings, scheme):
    with opened(chromium, doubting, color_scheme=scheme, **PHONE) as page:
        for name in ("A crossed seven", "A four, or a nine"):
            sample(page, name)
            read(page)
            assert violations(page) == [], name
        page.goto(f"{doubting}/inside")
        page.click("[data-example='7']")
        read(page)
        assert violations(page) == []
    form = post_form(doubting, picture_of(strokes_of(drawings, 7))).text
    with patient_context(chromium, color_scheme=scheme, **PHONE) as context:
        page = context.new_page()
        page.route("**/read", lambda route: route.fulfill(body=form, content_type="text/html"))
        page.goto(f"{doubting}/read")
        assert page.locator("h1").text_content() == "7, or no digit at all?"
        assert violations(page) == []


def post_form(address, image):
    files = {"image": ("digit.png", io.BytesIO(encoded(image)))}
    return requests.post(f"{address}/read", files=files, timeout=PATIENCE)


def test_form_shows_a_doubtful_digit_with_its_fact(doubting, drawings):
    response = post_form(doubting, picture_of(strokes_of(drawings, 7)))
    assert response.status_code == 200
    assert "<h1>7, or no digit at all?</h1>" in response.text
    assert "If it is a digit, the probability of each" in response.text
    assert "About 7" in response.text
    shown = re.search(r'class="read-digit doubtful">(.*?)</p>', response.text)[1]
    assert re.sub(r"<[^>]+>", "", shown) == "= 7?"


def test_form_shows_that_a_drawing_is_refused(server_with, drawings):
    response = post_form(server_with(REFUSE_ALL), picture_of(strokes_of(drawings, None, "star")))
    assert response.status_code == 200
    assert "<h1>That is no digit I know</h1>" in response.text
    assert 'id="fact"' not in response.text
