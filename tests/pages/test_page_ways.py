"""Other ways to draw on the page, and what one can do with a drawing."""

import base64
import io
import json
import random

import pytest
from PIL import Image

from nn.ink.strokes import draw as drawn
from tests.support.page import DESKTOP, PHONE, draw, opened, read, said, sample
from tests.support.pictures import strokes_of


@pytest.fixture(scope="module")
def picture(drawings):
    """A PNG of a digit: white chalk on a dark board."""

    def picture_of(digit):
        image = drawn(strokes_of(drawings, digit), 300, 22, (150, 150), 190)
        chalk = Image.eval(image.convert("L"), lambda light: 235 - light * 200 // 255)
        buffer = io.BytesIO()
        chalk.save(buffer, "PNG")
        return buffer.getvalue()

    return picture_of


def read_picture(page):
    page.wait_for_selector(".frame:not([data-empty])")  # opening it takes a moment
    return read(page)


def chosen(name, content, kind):
    return {"name": name, "mimeType": kind, "buffer": content}


# ------------------------------------------------------------------------------------- the keyboard


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def announced(page):
    return page.locator("#place").text_content()


def test_one_is_drawn_by_keyboard_alone(desktop):
    press(desktop, "Tab", "Tab")
    while desktop.evaluate("document.activeElement.id") != "pad":
        press(desktop, "Tab")
    press(desktop, "Shift+ArrowUp", "Space", *["Shift+ArrowDown"] * 4, "Space")
    assert read(desktop) == "1"


def test_keyboard_drawing_announces_each_step(desktop):
    desktop.focus("#pad")
    press(desktop, "ArrowUp")
    assert announced(desktop) == "Row 7, column 14"
    press(desktop, "Home", *["Shift+ArrowRight"] * 2, "ArrowLeft")
    assert announced(desktop) == "Row 7, column 10"
    press(desktop, "Space")
    assert announced(desktop) == "Pen down at row 7, column 10"
    press(desktop, *["ArrowRight"] * 9)
    press(desktop, *["ArrowDown", "ArrowDown", "ArrowLeft"] * 5, *["ArrowDown"] * 3, "Enter")
    assert announced(desktop) == "Lifted."
    assert read(desktop) == "7"
    press(desktop, "ArrowUp")
    assert announced(desktop) == "Row 19, column 14, ink"
    press(desktop, "Control+z")
    assert desktop.locator("#message").text_content() == "Nothing drawn yet"


def test_escape_undoes_the_keyboard_stroke_and_the_cursor_stays_inside(desktop):
    desktop.focus("#pad")
    press(desktop, "PageUp", "End", "ArrowRight", "ArrowUp")
    assert announced(desktop) == "Row 1, column 50"
    press(desktop, "Space", "PageDown")
    assert announced(desktop) == "Row 28, column 50"
    press(desktop, "Escape")
    assert announced(desktop) == "Stroke taken back."
    assert desktop.locator("#message").text_content() == "Nothing drawn yet"
    name = desktop.get_by_role("application", name="Draw a number")
    help_text = desktop.locator(f"#{name.get_attribute('aria-describedby')}").text_content()
    assert "arrows" in help_text


# ----------------------------------------------------------------------------------------- pictures


def test_opened_picture_is_read_and_replaced_by_the_first_stroke(desktop, picture, drawings):
    desktop.set_input_files("#picture", [chosen("five.png", picture(5), "image/png")])
    assert read_picture(desktop) == "5"
    draw(desktop, strokes_of(drawings, 1))
    assert read(desktop) == "1"
    desktop.keyboard.press("Control+z")
    assert read(desktop) == "5"


def test_photo_is_resized_and_stripped_of_exif(desktop, picture):
    exif = Image.Exif()
    exif[0x010E] = "at home"
    large = Image.open(io.BytesIO(picture(3))).resize((3000, 3000))
    photo = io.BytesIO()
    large.save(photo, "JPEG", exif=exif)
    assert b"at home" in photo.getvalue()
    with desktop.expect_request("**/api/predict*") as request:
        desktop.set_input_files("#photo", [chosen("photo.jpg", photo.getvalue(), "image/jpeg")])
    sent = base64.b64decode(json.loads(request.value.post_data)["image"].split(",")[1])
    assert b"at home" not in sent
    assert max(Image.open(io.BytesIO(sent)).size) == 1024
    assert read(desktop) == "3"


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_dropped_and_pasted_pictures_are_read(desktop, picture, way):
    desktop.evaluate(
        """async ([content, way]) => {
            const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt());
            const data = new DataTransfer();
            data.items.add(new File([bytes], 'two.png', { type: 'image/png' }));
            const options = { bubbles: true, cancelable: true };
            const target = document.querySelector('main');
            if (way === 'paste') {
                const event = new ClipboardEvent('paste', { clipboardData: data, ...options });
                target.dispatchEvent(event);
            } else {
                target.dispatchEvent(new DragEvent('dragover', { dataTransfer: data, ...options }));
                if (!document.querySelector('[data-dragged]')) throw Error('not shown as taken');
                target.dispatchEvent(new DragEvent('drop', { dataTransfer: data, ...options }));
            }
        }""",
        [base64.b64encode(picture(2)).decode(), way],
    )
    assert read_picture(desktop) == "2"
    assert desktop.locator("[data-dragged]").count() == 0


def test_file_that_is_no_picture_gives_an_error_sentence(desktop):
    desktop.set_input_files("#picture", [chosen("a.txt", b"seven", "text/plain")])
    said(desktop, "That is no picture", "note")
    desktop.set_input_files("#picture", [chosen("a.png", b"seven", "image/png")])
    said(desktop, "be opened here", "note")
    assert desktop.locator("#message").text_content() == "Nothing drawn yet"


# ------------------------------------------------------------------------------ samples and sharing

SAMPLES = {
    "A slashed zero": "0",
    "A one with a serif": "1",
    "A two with a loop": "2",
    "A flat-topped three": "3",
    "An open four": "4",
    "A five": "5",
    "A six": "6",
    "A crossed seven": "7",
    "An eight": "8",
    "A hooked nine": "9",
}


def test_samples_are_read_as_their_names_say(desktop):
    for name, digit in SAMPLES.items():
        sample(desktop, name)
        assert read(desktop) == digit
    assert desktop.evaluate("document.activeElement.textContent") == "Samples"


def test_shared_link_restores_the_drawing_without_the_server(
    desktop, chromium, server, server_log, drawings
):
    desktop.context.grant_permissions(["clipboard-read", "clipboard-write"])
    draw(desktop, strokes_of(drawings, 4, "open"))
    assert read(desktop) == "4"
    desktop.click("#share")
    said(desktop, "copied", "note")
    link = desktop.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{server}/#drawing=2")
    assert len(link) < 600
    with opened(chromium, link, **PHONE) as other:
        assert read(other) == "4"
        other.click("#undo")
        assert "#" not in other.url
    assert "drawing=" not in server_log.read_text()


@pytest.mark.parametrize("text", ["2BM", "1BMyKsGf6EK8D8C8B6", "1", "1BZZZZZZZZZZZZZ", "1%20"])
def test_invalid_link_gives_an_error_sentence(chromium, server, text):
    with opened(chromium, f"{server}/#drawing={text}", **DESKTOP) as page:
        said(page, "no drawing", "note")
        assert page.locator("#message").text_content() == "Nothing drawn yet"


def test_link_encoding_round_trip_keeps_strokes(desktop):
    rng = random.Random(5)
    widths = [12 / 280, 20 / 280, 28 / 280, 40 / 280]

    def stroke():
        x, y, pressed = rng.random(), rng.random(), rng.random() < 0.3
        points = []
        for _ in range(rng.randrange(1, 40)):
            x, y = x + rng.uniform(-0.1, 0.1), y + rng.uniform(-0.1, 0.1)
            points.append([x, y, rng.random()] if pressed else [x, y])
        erase = {"erase": True} if rng.random() < 0.3 else {}
        return {"width": rng.choice(widths), "points": points} | erase

    cases = [[stroke() for _ in range(rng.randrange(1, 5))] for _ in range(60)]
    worst = desktop.evaluate(
        """async (cases) => {
            const { encode, decode } = await import('/static/draw/link.js');
            const { distance } = await import('/static/draw/ink.js');
            let worst = 0;
            for (const strokes of cases) {
                const again = decode(encode({ strokes, width: 1 })).strokes;
                strokes.forEach(({ width, points, erase }, i) => {
                    if (again[i].width !== width || again[i].erase !== erase) throw Error('kind');
                    if (points[0].length !== again[i].points[0].length) throw Error('pressure');
                    const line = again[i].points;
                    for (const point of points) {
                        const gaps = line.map((p, j) => distance(point, p, line[j + 1] ?? p));
                        worst = Math.max(worst, ...[Math.min(...gaps)]);
                    }
                });
                const twice = encode(decode(encode({ strokes, width: 1 })));
                if (decode(twice).strokes.length !== strokes.length) throw Error('count');
                // no prefix of it is taken for a drawing with more strokes, none breaks the page
                const text = encode({ strokes, width: 1 });
                for (let end = 0; end < text.length; end += 7) decode(text.slice(0, end));
            }
            return worst;
        }""",
        cases,
    )
    assert worst < 0.0025


def test_saved_png_is_read_as_the_same_digit(desktop, client, drawings):
    draw(desktop, strokes_of(drawings, 9))
    assert read(desktop) == "9"
    with desktop.expect_download() as download:
        desktop.click("#save")
    assert download.value.suggested_filename == "digit.png"
    content = download.value.path().read_bytes()
    assert content.startswith(b"\x89PNG")
    answer = client.post("/api/predict", data=content, content_type="image/png").get_json()
    assert answer["digit"] == 9


def test_drawing_survives_reload_until_cleared(desktop, drawings):
    draw(desktop, strokes_of(drawings, 8))
    assert read(desktop) == "8"
    desktop.reload()
    assert read(desktop) == "8"
    desktop.click("#clear")
    desktop.reload()
    desktop.wait_for_selector("html.ready")
    assert desktop.locator("#message").text_content() == "Nothing drawn yet"
    assert desktop.evaluate("sessionStorage.length") == 0
