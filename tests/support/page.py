"""How tests use the page in real Chromium: opened, drawn on with mouse, finger and pen, read."""

import contextlib
import time

from tests.support.pictures import strokes_of
from tests.support.polling import PATIENCE
from web.access.api_keys import COOKIE, ApiKeyCheck

DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 3,
    "is_mobile": True,
    "has_touch": True,
}
KEY = "a-key-of-the-tests-0123456789"
ANSWERED = """() => 'answer' in document.body.dataset
    && document.getElementById('digit').getAttribute('aria-busy') === 'false'"""
# Counts the requests of the page that have neither failed nor been responded to in full.
COUNT_REQUESTS = """
    globalThis.underWay = 0;
    const { fetch } = globalThis;
    globalThis.fetch = async (...request) => {
        underWay++;
        try {
            const response = await fetch(...request);
            await response.clone().arrayBuffer();
            return response;
        } finally {
            underWay--;
        }
    };
"""


@contextlib.contextmanager
def patient_context(chromium, **options):
    """A fresh profile whose pages wait as long as all tests do."""
    with chromium.new_context(**options) as context:
        context.set_default_timeout(1000 * PATIENCE)
        yield context


@contextlib.contextmanager
def opened(chromium, address, clock=False, **options):
    """The page in a fresh profile; at the end, the console must have no complaints.

    A violation of the Content-Security-Policy is one.  With `clock`, page.clock moves its time.
    """
    with patient_context(chromium, **options) as context:
        context.add_init_script(f"{{ {COUNT_REQUESTS} }}")
        page = context.new_page()
        complaints = []
        page.on("console", lambda m: m.type in ("error", "warning") and complaints.append(m.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if clock:
            page.clock.install()
        page.goto(address)
        page.wait_for_selector("html.ready")
        yield page
        # that an answer did not come, or was an error, is what some tests are about
        complaints = [text for text in complaints if "Failed to load resource" not in text]
        assert complaints == [], complaints


def session_token(address, age):
    """The cookie that the app at that address, whose API key is KEY, set so many seconds ago."""
    signer, now = ApiKeyCheck((KEY,))._signer, int(time.time())
    signer.get_timestamp = lambda: now - age
    return {"name": COOKIE, "value": signer.sign(b"page").decode(), "url": address}


class Touch:
    """Fingers on the glass, as the browser gets them from the system."""

    def __init__(self, page):
        self.session = page.context.new_cdp_session(page)

    def send(self, kind, *points):
        fingers = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        event = {"type": f"touch{kind}", "touchPoints": fingers}
        self.session.send("Input.dispatchTouchEvent", event)


class Pen:
    """A pen that is pressed with a force from 0 to 1."""

    def __init__(self, page):
        self.session = page.context.new_cdp_session(page)

    def send(self, kind, point, force=0.5):
        down = kind != "Released"
        event = {"type": f"mouse{kind}", "x": point[0], "y": point[1], "pointerType": "pen"}
        event |= {"button": "left", "buttons": int(down), "force": force if down else 0}
        self.session.send("Input.dispatchMouseEvent", event | {"clickCount": 1})


def with_mouse(page, stroke):
    page.mouse.move(*stroke[0])
    page.mouse.down()
    for point in stroke[1:]:
        page.mouse.move(*point)
    page.mouse.up()


def with_finger(page, stroke):
    touch = Touch(page)
    touch.send("Start", stroke[0])
    for point in stroke[1:]:
        touch.send("Move", point)
    touch.send("End")
    touch.session.detach()


def with_pen(page, stroke, force=0.5):
    pen = Pen(page)
    pen.send("Pressed", stroke[0], force)
    for point in stroke[1:]:
        pen.send("Moved", point, force)
    pen.send("Released", stroke[-1])
    pen.session.detach()


def fewer(stroke, most=16):
    """As many points as a quick hand leaves; each costs the browser a frame."""
    if len(stroke) <= most:
        return stroke
    return [stroke[round(i * (len(stroke) - 1) / (most - 1))] for i in range(most)]


def on_pad(page, strokes, size=0.6, middle=(0.5, 0.5)):
    """The strokes in the window's pixels, their longer side that share of the pad's height."""
    page.locator("#pad").scroll_into_view_if_needed()
    box = page.locator("#pad").bounding_box()
    xs, ys = zip(*(point for stroke in strokes for point in stroke), strict=True)
    scale = size * box["height"] / max(max(xs) - min(xs), max(ys) - min(ys), 1e-9)
    centre = ((max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2)
    left = box["x"] + middle[0] * box["width"]
    top = box["y"] + middle[1] * box["height"]
    return [
        [(left + (x - centre[0]) * scale, top + (y - centre[1]) * scale) for x, y in fewer(stroke)]
        for stroke in strokes
    ]


def draw(page, strokes, way=with_mouse, **place):
    for stroke in on_pad(page, strokes, **place):
        way(page, stroke)


def number_of(drawings, digits, gap=0.35):
    """The strokes of a number: our drawings of its digits beside each other, each 1 high."""
    strokes, left = [], 0
    for digit in digits:
        drawn = strokes_of(drawings, int(digit))
        xs, ys = zip(*(point for stroke in drawn for point in stroke), strict=True)
        scale = 1 / (max(ys) - min(ys))
        strokes += [
            [(left + (x - min(xs)) * scale, (y - min(ys)) * scale) for x, y in stroke]
            for stroke in drawn
        ]
        left += (max(xs) - min(xs)) * scale + gap
    return strokes


def put(page, strokes, width=1, size=0.8):
    """The strokes on the pad, through a link, in the middle of a sheet of that width in heights.

    Of what there is room for they take that share.
    """
    xs, ys = zip(*(point for stroke in strokes for point in stroke), strict=True)
    wide, high = max(xs) - min(xs), max(ys) - min(ys)
    scale = size * min(width / max(wide, 1e-9), 1 / max(high, 1e-9))
    left, top = (width - scale * wide) / 2, (1 - scale * high) / 2
    points = [
        [[left + (x - min(xs)) * scale, top + (y - min(ys)) * scale] for x, y in stroke]
        for stroke in strokes
    ]
    page.evaluate(
        """async ([points, width, pen]) => {
            const { encode } = await import('/static/draw/link.js');
            const strokes = points.map((points) => ({ width: pen, points }));
            location.hash = `drawing=${encode({ strokes, width })}`;
        }""",
        [points, width, 12 / 280],
    )


def at(page, x, y):
    """A place on the pad, given in shares of its sides, in the window's pixels."""
    box = page.locator("#pad").bounding_box()
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def read(page):
    """What the page answers to what is on the pad now."""
    page.wait_for_function(ANSWERED)
    answer = page.locator("#digit").text_content()
    assert page.evaluate("document.body.dataset.answer") == answer
    return answer


def wait_for_requests(page):
    """Until the page has got, or given up, what it asked for, and all else it did meanwhile.

    That is so when nothing is under way, and a whole request has come and gone after that.
    """
    page.wait_for_function("() => underWay === 0")
    assert page.evaluate("fetch('/healthz').then((response) => response.ok)")
    page.wait_for_function("() => underWay === 0")


def said(page, words, where="message"):
    """Wait until the page says this."""
    page.wait_for_function(
        "([id, words]) => document.getElementById(id).textContent.includes(words)",
        arg=[where, words],
    )


def sample(page, name):
    page.click("text=Samples")
    page.get_by_role("button", name=name).click()


def ink_near(page, *places):
    """Whether there is ink on the pad within a pixel of each of these places in the window."""
    return page.evaluate(
        """(places) => {
            const pad = document.getElementById('pad'), box = pad.getBoundingClientRect();
            const scale = pad.width / box.width;
            // a copy is read: of a canvas read often that is not made for it the browser warns
            const copy = Object.assign(document.createElement('canvas'), {
                width: pad.width, height: pad.height });
            const context = copy.getContext('2d', { willReadFrequently: true });
            context.drawImage(pad, 0, 0);
            const { data } = context.getImageData(0, 0, pad.width, pad.height);
            const inked = (x, y) => data[4 * (y * pad.width + x) + 3] > 0;
            return places.map(([x, y]) => {
                const column = Math.round((x - box.left) * scale);
                const row = Math.round((y - box.top) * scale);
                return [-1, 0, 1].some((i) => [-1, 0, 1].some((j) => inked(column + i, row + j)));
            });
        }""",
        places,
    )
