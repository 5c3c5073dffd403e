"""The page among others that mean it no good: answers not of our server, links, pictures."""

import contextlib
import io
import json

import pytest
import requests
from PIL import Image

from tests.support.page import DESKTOP, opened, patient_context, read, said, sample
from tests.support.polling import PATIENCE
from tests.support.servers.local_http import local_server

HTML = {"Content-Type": "text/html"}
JSON = {"Content-Type": "application/json"}
FAILED = "() => /failed|reached/.test(document.getElementById('message').textContent)"
ANSWER = {"digit": 3, "confidence": 0.9, "doubtful": False}
ANSWER |= {"probabilities": [0.1] * 10, "rejected": None}


@contextlib.contextmanager
def middlebox(server, answer):
    """Between page and server: answers predictions itself as long as `box.answer` is not None."""

    def behave(request):
        body = request.body()
        if request.path.startswith("/api/predict") and box.answer:
            with contextlib.suppress(ConnectionError):  # the page has given up
                return box.answer(request)
            return None
        if request.path == "/login":
            return request.respond(b"<h1>Log in</h1>", 200, HTML)
        kind = {"Content-Type": request.headers.get("Content-Type")}
        url = server + request.path
        real = requests.request(request.command, url, data=body, headers=kind, timeout=PATIENCE)
        kind = {"Content-Type": real.headers["Content-Type"]}
        return request.respond(real.content, real.status_code, kind)

    with local_server(behave) as box:
        box.answer = answer
        yield box


@contextlib.contextmanager
def misled(chromium, server, answer, path="/"):
    """A page on a clock that can be moved, and the middlebox before it."""
    with (
        middlebox(server, answer) as box,
        opened(chromium, box.url + path, clock=True, **DESKTOP) as page,
    ):
        yield box, page


def responds(body, status=200, headers=JSON):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda request: request.respond(content, status, headers)


@pytest.mark.parametrize(
    "answer",
    [
        responds(b"<h1>Log in</h1>", 200, HTML),
        responds(b"<h1>Log in</h1>", 200, JSON),
        responds(b"", 302, {"Location": "/login"}),
        responds(b"", 307, {"Location": "/login"}),
        responds(b"<h1>Blocked</h1>", 403, HTML),
        responds(b"", 204, {}),
        responds(b'{"digit": 3,', 200, JSON | {"Content-Length": "9999"}),
        responds("welcome"),
        responds([]),
        responds(None),
        responds(b"[" * 100_000),
        responds({"digit": 3}),
        responds(ANSWER | {"confidence": "very"}),
        responds(ANSWER | {"probabilities": [None] * 10}),
        responds(ANSWER | {"digit": "3"}),
        responds({"digit": None, "confidence": 0, "probabilities": "none"}),
    ],
)
def test_answer_of_something_else_is_no_prediction(chromium, server, answer):
    with misled(chromium, server, answer) as (box, page):
        sample(page, "A crossed seven")
        page.wait_for_function(FAILED)
        assert page.locator("#digit").text_content() == ""
        box.answer = None
        page.clock.fast_forward(20_000)
        assert read(page) == "7"


def test_answer_of_something_else_is_no_prediction_on_inside(chromium, server):
    login = responds(b"<h1>Log in</h1>", 200, HTML)
    with misled(chromium, server, login, "/inside") as (box, page):
        page.wait_for_function(FAILED)
        assert page.locator("#digit").text_content() == ""
        box.answer = None
        page.clock.fast_forward(20_000)
        assert read(page) == "7"


@pytest.mark.parametrize("wait", ["9" * 12, "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_page_asks_again_however_long_it_shall_wait(chromium, server, wait):
    limited = responds({}, 429, JSON | {"Retry-After": wait})
    with misled(chromium, server, limited) as (box, page):
        sample(page, "A six")
        said(page, "Trying again in 10\u00a0min")
        box.answer = None
        page.clock.fast_forward(601_000)
        assert read(page) == "6"


def test_upload_that_was_too_slow_is_sent_again(chromium, server):
    with misled(chromium, server, responds({"detail": "too slow"}, 408)) as (box, page):
        sample(page, "A six")
        said(page, "takes long. Your drawing is kept. Trying again in")
        box.answer = None
        page.clock.fast_forward(20_000)
        assert read(page) == "6"


def begin(request):
    request.send_response(200)
    request.send_header("Content-Type", "application/json")
    request.end_headers()
    request.wfile.write(b'{"digit": 3, "probabilities": [')


def test_answer_that_stops_in_the_middle_is_given_up(chromium, server):
    def stall(request):
        begin(request)
        request.server.released.wait(PATIENCE)

    with misled(chromium, server, stall) as (box, page):
        sample(page, "A six")
        page.wait_for_function("() => underWay > 0")
        page.clock.fast_forward(3000)
        said(page, "takes long")
        page.clock.fast_forward(15_000)
        said(page, "can’t be reached")
        box.answer = None
        page.clock.fast_forward(20_000)
        assert read(page) == "6"


def test_answer_without_end_is_given_up_after_some_megabytes(chromium, server):
    sent = []

    def endless(request):
        begin(request)
        sent.append(0)
        with contextlib.suppress(ConnectionError):
            while not box.released.is_set():
                request.wfile.write(b"0.1, " * 2000)
                sent[-1] += 10_000

    # without the counting of requests, which reads each answer to its end
    with middlebox(server, endless) as box, patient_context(chromium, **DESKTOP) as context:
        page = context.new_page()
        page.clock.install()
        page.goto(box.url)
        page.wait_for_selector("html.ready")
        sample(page, "A six")
        said(page, "failed")  # which is said at once, and not when a time is over
        box.answer = None
        page.clock.fast_forward(20_000)
        page.wait_for_function("() => document.body.dataset.answer === '6'")
    assert max(sent) < 50_000_000  # what lies in buffers comes on top


# ---------------------------------------------------------------------------------------- the link

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def number(value):
    """As static/draw/link.js writes it."""
    rest, text = 2 * abs(value) + (value < 0), ""
    while True:
        rest, digit = rest >> 5, rest & 31
        text += LETTERS[digit | 32 * (rest > 0)]
        if not rest:
            return text


def leaps(count):
    """One stroke that crosses the widest space there is, as often as that."""
    steps = [number(-9216) + number(512)]
    steps += [number(18432 * (-1) ** i) + number(0) for i in range(count)]
    return "1B" + number(len(steps)) + "".join(steps)


@pytest.mark.parametrize(
    "text",
    [
        leaps(3900),  # three and a half million points from 20,000 letters
        "1B" + "_" * 19_000,
        "1BC" + "A" * 5_000_000,
        "1" + "BCAA" * 1_000_000,
        "1BNaNNaN" + "[" * 100_000,
    ],
    ids=["leaps", "numbers", "zeros", "dots", "brackets"],
)
def test_hostile_link_leaves_the_page_usable(chromium, server, text):
    with opened(chromium, server, **DESKTOP) as page:
        page.evaluate("(text) => { location.hash = `drawing=${text}`; }", text)
        said(page, "no drawing that can be read", "note")
        sample(page, "A six")
        assert read(page) == "6"


def test_link_with_the_longest_line_allowed_is_drawn(chromium, server):
    with opened(chromium, f"{server}/#drawing={leaps(10)}", **DESKTOP) as page:
        read(page)
        assert page.locator("#note").text_content() == ""
        page.click("#clear")
        sample(page, "A six")
        assert read(page) == "6"


def test_drawing_too_large_for_a_link_says_so(desktop):
    words = desktop.evaluate(
        """async () => {
            const { share } = await import('/static/draw/share.js');
            const point = (_, i) => [(i * 0.377) % 1, (i * 0.61) % 1];
            const strokes = [{ width: 0.07, points: Array.from({ length: 9000 }, point) }];
            return share({ strokes, width: 1 });
        }"""
    )
    assert words == "This drawing is too large for a link. You can save it."


# ------------------------------------------------------------------------ pictures and the storage


def chosen(content, name="a.png"):
    return [{"name": name, "mimeType": "image/png", "buffer": content}]


def png(side, digit=False):
    content = io.BytesIO()
    image = Image.new("1", (side, side), 1)
    if digit:
        image.paste(0, (side // 2 - side // 20, side // 5, side // 2 + side // 20, 4 * side // 5))
    image.save(content, "PNG")
    return content.getvalue()


def test_picture_of_too_many_pixels_or_a_cut_one_gives_a_sentence(desktop):
    for content in (png(30_000), png(100)[:60], b"", b"\x89PNG\r\n\x1a\n" + b"\0" * 5_000_000):
        desktop.set_input_files("#picture", chosen(content))
        said(desktop, "opened here", "note")
        desktop.click("#clear")
        assert desktop.locator("#note").text_content() == ""
    sample(desktop, "A six")
    assert read(desktop) == "6"


def test_of_two_pictures_the_one_chosen_last_is_read(desktop):
    """The first is far larger, and takes longer to be opened."""
    desktop.evaluate(
        """() => {
            globalThis.decoded = [];
            const { createImageBitmap } = globalThis;
            globalThis.createImageBitmap = async (file) => {
                const bitmap = await createImageBitmap(file);
                decoded.push(bitmap.width);
                return bitmap;
            };
        }"""
    )
    desktop.set_input_files("#picture", chosen(png(12_000)))
    desktop.set_input_files("#picture", chosen(png(300, digit=True)))
    desktop.wait_for_function("() => decoded.length === 2")
    assert read(desktop) == "1"
    desktop.click("#undo")
    assert desktop.locator("#undo").get_attribute("aria-disabled") == "true"


def test_full_storage_brings_back_no_older_drawing(desktop):
    sample(desktop, "A crossed seven")  # a short text
    assert read(desktop) == "7"
    desktop.evaluate(
        """() => {
            for (let size = 1 << 22; size >= 1; size = Math.floor(size / 2)) {
                for (const name of 'abc') {
                    try {
                        sessionStorage.setItem(name + size, 'x'.repeat(size));
                    } catch {
                        // full: what is smaller may still go in
                    }
                }
            }
        }"""
    )
    sample(desktop, "An eight")  # a long one
    assert read(desktop) == "8"
    desktop.reload()
    desktop.wait_for_selector("html.ready")
    assert desktop.locator("#message").text_content() == "Nothing drawn yet"
    sample(desktop, "A six")
    assert read(desktop) == "6"
