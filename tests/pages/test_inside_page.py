"""/inside in real Chromium, against numbers computed here from the picture that the page sends."""

import base64
import contextlib
import json
import re
import urllib.parse

import numpy as np
import pytest
import requests

from nn.dataset import as_input
from nn.ink.preprocess import input_after, open_picture, steps, to_input
from nn.measure.rejection import conditional_probabilities
from nn.zoo import ZOO
from tests.support.accessibility import violations
from tests.support.networks import network_of, outputs_by_layer
from tests.support.page import (
    ANSWERED,
    DESKTOP,
    PHONE,
    draw,
    opened,
    patient_context,
    read,
    said,
    with_mouse,
)
from tests.support.pictures import strokes_of
from tests.support.polling import PATIENCE
from tests.support.servers.misbehaving_network import misbehaving_network


@contextlib.contextmanager
def inside(chromium, server, **options):
    """The page, when it has read its example, with all it has sent since."""
    with opened(chromium, f"{server}/inside", **options) as page:
        page.sent = []
        page.on("request", lambda r: "api/p" in r.url and page.sent.append((r.url, r.post_data)))
        settled(page)
        page.click("[data-example='7']")
        settled(page)
        yield page


@pytest.fixture
def page(chromium, server):
    with inside(chromium, server, **DESKTOP) as page:
        yield page


@pytest.fixture
def phone(chromium, server):
    with inside(chromium, server, **PHONE) as page:
        yield page


def settled(page):
    page.wait_for_function(ANSWERED)


def choose(page, model):
    page.select_option("#model", model)
    settled(page)


def asked(page, what="activations"):
    """The last question with that in it: its query, and the picture sent."""
    url, body = next(sent for sent in reversed(page.sent) if what in sent[0])
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
    picture = base64.b64decode(json.loads(body)["image"].split(",")[1])
    return query, picture


def seen_by(page):
    query, picture = asked(page)
    skip = query.get("skip", "").split(",")
    return input_after(list(steps(open_picture(picture), skip)))


def number(text):
    return float(text.replace("\u2212", "-").replace("\u00a0", " ").strip("× ").split()[0])


def cells(page, selector):
    return page.eval_on_selector_all(
        selector, "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )


def pixels(page, selector):
    """The RGBA of a canvas as (height, width, 4)."""
    found = page.eval_on_selector(
        selector,
        """canvas => {
            const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
            copy.drawImage(canvas, 0, 0);
            const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
            return [canvas.height, canvas.width, [...data]];
        }""",
    )
    return np.array(found[2]).reshape(found[0], found[1], 4)


def on_pad(page, *strokes):
    box = page.locator("#pad").bounding_box()
    for stroke in strokes:
        with_mouse(
            page, [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        )


def test_inside_opens_with_an_example(page):
    assert page.text_content("#digit") == "7"
    assert page.locator(".unit:visible").count() > 100
    assert page.evaluate("document.documentElement.scrollWidth") == 1280
    assert not page.is_visible("#division"), "nothing was cut"
    assert page.locator("#digits button").count() == 0


def test_drawing_is_carried_between_pages(chromium, server):
    with opened(chromium, server, **DESKTOP) as page:
        on_pad(page, [(0.5, 0.2), (0.5, 0.5), (0.5, 0.8)])
        page.wait_for_function(ANSWERED)
        page.click("nav a:has-text('See inside')")
        page.wait_for_selector("html.ready")
        page.wait_for_function(ANSWERED)
        assert page.text_content("#digit") == "1"
        page.click("[data-example='4']")
        settled(page)
        page.click(".brand a")
        page.wait_for_selector("html.ready")
        assert read(page) == "4", "and back"


def test_shown_probabilities_match_the_network(page):
    choose(page, "softmax")
    network = network_of("softmax")
    _, picture = asked(page)
    expected = network.probabilities(to_input(picture)[None, :, :, None])[0]
    shown = page.eval_on_selector_all("#bars .value", "spans => spans.map(s => s.textContent)")
    assert [number(text) for text in shown] == pytest.approx(100 * expected, abs=0.06)
    assert page.text_content("#bars .top .name") == str(expected.argmax())


def test_confidence_history_ends_with_the_prediction(page):
    page.click("#clear")
    page.wait_for_function("() => document.getElementById('digit').textContent === ''")
    on_pad(page, [(0.3, 0.2 + i / 100) for i in range(60)], [(0.6, 0.2), (0.6, 0.8)])
    settled(page)
    page.wait_for_function("() => document.querySelectorAll('#history-words li').length > 1")
    said = page.eval_on_selector_all("#history-words li", "all => all.map(li => li.textContent)")
    assert page.locator("#history circle").count() == len(said) <= 50
    digit, confidence = page.text_content("#digit"), page.text_content("#confidence")
    last = said[-1].removeprefix("perhaps ")
    assert last == (f"{digit}, {confidence}" if digit else "no digit")
    assert page.locator("#history .level").count() == 2, "lines at 50 and 90 %"


def test_preprocessing_steps_are_shown_and_can_be_skipped(page):
    plain = seen_by(page)
    last = pixels(page, "#film li:last-child canvas")[:, :, 0] / 255
    assert np.abs(last - plain).max() < 0.01
    sizes = page.eval_on_selector_all("#film .size", "all => all.map(p => p.textContent)")
    assert sizes[0] == "280 × 280"
    assert sizes[-1] == "28 × 28"
    page.locator("[data-step=crop] input").uncheck()
    settled(page)
    without = seen_by(page)
    assert asked(page)[0]["skip"] == "crop"
    assert np.abs(without - plain).max() > 0.3
    alpha = pixels(page, "#seen")[:, :, 3] / 255
    assert np.abs(alpha - without).max() < 0.01
    assert "without crop" in page.text_content("#changed")
    page.click("text=Squeeze the whole canvas")
    settled(page)
    _, picture = asked(page)
    squeezed = input_after(list(steps(open_picture(picture), ("crop", "box", "centre"))))
    assert np.abs(pixels(page, "#seen")[:, :, 3] / 255 - squeezed).max() < 0.01
    page.click("text=All steps")
    settled(page)
    assert np.abs(pixels(page, "#seen")[:, :, 3] / 255 - plain).max() < 0.01


@pytest.mark.parametrize("name", ["best", "sigmoid"])
def test_layer_table_shows_mean_and_maximum_of_outputs(page, name):
    choose(page, name)
    network = network_of(name)
    outputs = outputs_by_layer(network, seen_by(page))
    rows = page.eval_on_selector_all(
        "#layers tbody tr", "rows => rows.map(r => [r.dataset.layer, ...[...r.cells].slice(2)"
        ".map(cell => cell.textContent)])"
    )  # fmt: skip
    assert len(rows) == {"best": 9, "sigmoid": 3}[name]
    for layer, mean, most in rows:
        y = outputs[int(layer)]
        assert number(mean) == pytest.approx(y.mean(), abs=2e-3)
        assert number(most) == pytest.approx(y.max(), abs=2e-2)


def test_weight_histogram_counts_the_predicted_class(page):
    choose(page, "narrow")
    weights = network_of("narrow").params[-1]["W"][:, int(page.text_content("#digit"))]
    most = np.abs(weights).max()
    counts = [int(row[2]) for row in cells(page, "#histogram-table tbody tr")]
    assert counts == np.histogram(weights, 24, (-most, most))[0].tolist()
    assert page.locator("#histogram rect").count() == 24
    assert page.locator("#histogram .zero").count() == 1


@pytest.mark.parametrize(("name", "layer"), [("ten", 2), ("lenet", 4), ("best", 16)])
def test_neuron_table_adds_up_to_its_output(page, name, layer):
    choose(page, name)
    unit = page.locator(f".unit[data-layer='{layer}']:visible").nth(3)
    index = int(unit.get_attribute("data-unit"))
    unit.click()
    page.wait_for_selector(f"#neuron[data-neuron='{layer}.{index}']:visible")
    rows = cells(page, "#neuron tbody tr")
    products = [number(row[3]) for row in rows]
    for _, value, weight, product in rows[:-3]:
        assert number(value) * number(weight) == pytest.approx(number(product), abs=0.01)
    assert sum(products[:-1]) == pytest.approx(products[-1], abs=0.006)
    result = number(page.text_content("#neuron output"))
    bends = network_of(name).layers[layer].__class__.__name__ == "ReLU"
    assert result == pytest.approx(max(products[-1], 0) if bends else products[-1], abs=0.002)
    y = outputs_by_layer(network_of(name), seen_by(page))[layer]
    if y.ndim == 3:
        row, column = map(
            int, re.findall(r"row (\d+), column (\d+)", page.text_content("#neuron h3"))[0]
        )
        assert result == pytest.approx(y[row, column, index], abs=0.01)
        assert y[:, :, index].max() == pytest.approx(y[row, column, index], abs=1e-3)
    else:
        assert result == pytest.approx(y[index], abs=0.01)


def test_position_in_a_feature_map_can_be_chosen(page):
    choose(page, "lenet")
    page.locator(".unit[data-layer='1']:visible").nth(2).click()
    page.wait_for_selector("#neuron[data-neuron='1.2']:visible")
    canvas = page.locator("#neuron-map canvas")
    side = canvas.bounding_box()["width"]
    canvas.click(position={"x": side * 10.5 / 28, "y": side * 14.5 / 28})
    page.wait_for_selector("h3:has-text('at row 14, column 10')")
    y = outputs_by_layer(network_of("lenet"), seen_by(page))[1]
    assert number(page.text_content("#neuron output")) == pytest.approx(y[14, 10, 2], abs=0.01)


def test_neurons_are_accessible_by_keyboard(page):
    choose(page, "narrow")
    assert page.locator(".unit[tabindex='0']").count() == 1, "one stop for the Tab key"
    page.focus(".unit[tabindex='0']")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    focused = page.evaluate("({...document.activeElement.dataset})")
    assert focused["layer"] == "4"
    page.wait_for_selector(f"#neuron[data-neuron='4.{focused['unit']}']:visible")
    label = page.evaluate("document.activeElement.getAttribute('aria-label')")
    y = outputs_by_layer(network_of("narrow"), seen_by(page))[4]
    assert number(label.split(": ")[1]) == pytest.approx(y[int(focused["unit"])], abs=0.01)


def test_shown_saliency_matches_finite_differences(page):
    choose(page, "narrow")
    network, seen = network_of("narrow"), seen_by(page).astype(np.float64)
    exact = [{k: a.astype(np.float64) for k, a in params.items()} for params in network.params]

    def score(x):
        x = x.reshape(1, 28, 28, 1)
        for layer, params in zip(network.layers, exact, strict=True):
            x, _ = layer.forward(params, x)
        return x[0]

    winner = int(page.text_content("#digit"))
    shown = cells(page, "#why-table table:first-child tbody tr")
    assert len(shown) == 8
    for place, value in shown:
        row, column = map(int, place.split(", "))
        more, less = seen.copy(), seen.copy()
        more[row, column] += 1e-5
        less[row, column] -= 1e-5
        slope = (score(more) - score(less))[winner] / 2e-5
        assert number(value) == pytest.approx(slope * seen[row, column], abs=0.02)
    row, column = map(int, shown[0][0].split(", "))
    red, _, blue, alpha = pixels(page, "#why-winner")[row, column]
    assert alpha == 255, "the strongest is opaque"
    assert (blue > red) == (number(shown[0][1]) > 0), "blue speaks for it"
    assert re.match(r"What would make it a \d and no \d", page.text_content("#why-change-words"))


def test_network_comparison_matches_the_api(page, server):
    page.click("[data-example='4']")
    settled(page)
    page.wait_for_function("() => document.querySelector('#zoo tr:last-child .took').textContent")
    _, picture = asked(page, "models")
    for name in ZOO:
        own = requests.post(
            f"{server}/api/predict?model={name}",
            data=picture,
            headers={"Content-Type": "image/png"},
            timeout=PATIENCE,
        ).json()
        row = page.locator(f"#zoo tr[data-model='{name}']")
        doubt = "?" if own["doubtful"] else ""
        digit = "no digit" if own["digit"] is None else f"{own['digit']}{doubt}"
        assert row.locator(".reads").text_content() == digit
        if own["digit"] is not None and own["confidence"] < 0.9995:
            shown = number(row.locator(".sure").text_content())
            assert shown == pytest.approx(100 * own["confidence"], abs=0.06)
        assert f"{network_of(name).parameters:,}" in row.text_content()


def test_number_is_shown_cut_into_its_digits(page, drawings):
    page.click("#clear")
    for digit, x in (("4", 0.3), ("2", 0.7)):
        draw(page, strokes_of(drawings, int(digit)), size=0.5, middle=(x, 0.5))
    settled(page)
    assert page.text_content("#digit") == "42"
    page.wait_for_selector("#division:visible")
    strokes = len(json.loads(page.sent[-1][1])["strokes"])
    assert page.text_content("#division-summary").startswith(f"{strokes} strokes, ")
    winner, *_ = cells(page, "#paths tbody tr")
    assert winner[0] == "42, won"
    candidates = {row[0]: row[1:] for row in cells(page, "#candidates tbody tr")}
    cut = winner[1].split(", ")
    assert "".join(candidates[f"{pieces}, won"][0] for pieces in cut) == "42"
    assert page.locator("#division svg .won").count() == 2
    assert page.locator("#division .marked text").all_text_contents() == ["4", "2"]
    page.focus("#candidates tbody tr:first-child button")
    page.keyboard.press("ArrowDown")
    digit = page.text_content("#candidates tr.marked td")
    assert page.locator("#division .marked text").all_text_contents() == [digit]


def test_chosen_digit_of_a_number_is_looked_into(page, server):
    page.click("[data-example='54']")
    settled(page)
    digits = page.locator("#digits button")
    assert digits.all_text_contents() == ["5", "4"]
    pressed = [digit.get_attribute("aria-pressed") for digit in digits.all()]
    assert pressed == ["true", "false"], "the first"
    digits.nth(1).click()
    settled(page)
    url, body = next(sent for sent in reversed(page.sent) if "activations" in sent[0])
    assert "place=1" in url
    headers = {"Content-Type": "application/json"}
    own = requests.post(url, data=body, headers=headers, timeout=PATIENCE).json()
    alpha = pixels(page, "#seen")[:, :, 3].ravel() / 255
    assert np.abs(alpha - own["digits"][1]["seen"]).max() < 0.01
    assert page.text_content("#bars .top .name") == "4"
    assert page.text_content("#why-winner-words") == "Which ink makes it a 4"
    assert digits.nth(1).get_attribute("aria-label").startswith("4, digit 2 of 2, ")
    page.wait_for_function("() => underWay === 0")
    assert page.text_content("#zoo tr[data-model='best'] .reads") == "4"
    assert page.text_content("#digit") == "54", "the number is the same"


def test_ablated_channel_changes_the_prediction_accordingly(page):
    choose(page, "lenet")
    before = page.text_content("#why-winner-words")
    page.locator(".unit[data-layer='4']:visible").nth(1).click()
    page.wait_for_selector("#neuron:visible")
    unit = int(page.get_attribute("#neuron", "data-neuron").split(".")[1])
    page.click("#off")
    settled(page)
    assert asked(page)[0]["ablate"] == f"4:{unit}"
    assert f"layer 4: {unit}" in page.text_content("#off-list")
    network = network_of("lenet")
    network.params[3]["W"][..., unit] = 0
    network.params[3]["b"][unit] = 0
    expected = network.probabilities(seen_by(page)[None, :, :, None])[0]
    shown = page.eval_on_selector_all("#bars .value", "spans => spans.map(s => s.textContent)")
    assert [number(text.strip(">\u00a0")) for text in shown] == pytest.approx(
        100 * expected, abs=0.1
    )
    page.click("#mend")
    settled(page)
    assert "ablate" not in asked(page)[0]
    assert page.text_content("#why-winner-words") == before
    assert page.text_content("#off-list") == "All neurons are on."


def test_rotation_and_noise_change_the_input(page):
    plain = seen_by(page)
    page.locator("#turn").fill("180")
    settled(page)
    # the middle of mass comes to pixel 14, 14, which turned is 13, 13
    turned = np.roll(plain[::-1, ::-1], (1, 1), (0, 1))
    assert np.abs(seen_by(page) - turned).mean() < 0.02, "upside down"
    page.locator("#turn").fill("0")
    page.locator("#noise").fill("0.4")
    settled(page)
    assert asked(page)[0]["noise"] == "0.4"
    alpha = pixels(page, "#seen")[:, :, 3] / 255
    assert 0.1 < alpha[plain == 0].mean() < 0.3
    page.click("#busiest")
    settled(page)
    assert len(asked(page)[0]["ablate"].split(";")) == 6, "one of each hidden layer"


def test_failed_request_is_reported_and_sent_again(chromium, server):
    with misbehaving_network(server) as network:
        # the first two are one for the page, and one for all networks
        network.plan = lambda number: (503, {}) if number < 2 else None
        with opened(chromium, f"{network.address}/inside", clock=True, **DESKTOP) as page:
            said(page, "The server failed. Trying again.")
            assert page.get_attribute("#digit", "aria-busy") == "true"
            page.clock.fast_forward(20_000)
            assert read(page) == "7"


def test_cleared_pad_shows_nothing(page):
    page.click("#clear")
    page.wait_for_function("() => document.body.classList.contains('blank')")
    assert page.text_content("#digit") == ""
    assert page.text_content("#message") == "Nothing drawn yet"
    page.click("#undo")
    settled(page)
    assert page.text_content("#digit") == "7"


def test_confusion_cell_opens_its_pictures(page, mnist_test):
    shares = conditional_probabilities(network_of("ten").probabilities(as_input(mnist_test.images)))
    answers = shares.argmax(axis=1)
    page.locator("#gallery").scroll_into_view_if_needed()
    page.click("#matrix-models button:has-text('ten')")
    button = page.locator(".matrix[data-shown] button[data-digit='4'][data-as='9']")
    behind = np.flatnonzero((mnist_test.labels == 4) & (answers == 9))
    assert int(button.text_content()) == len(behind)
    button.click()
    page.wait_for_selector("#gallery[data-shown='ten 4 9']")
    rows = page.eval_on_selector_all("#pictures canvas", "all => all.map(c => +c.dataset.row)")
    surest = behind[np.argsort(-shares[behind, 9], kind="stable")]
    assert rows == surest[: len(rows)].tolist()
    assert len(rows) == 3
    for i, row in enumerate(rows):
        shown = pixels(page, f"#pictures li:nth-child({i + 1}) canvas")[:, :, 0]
        assert (shown == mnist_test.images[row]).all()
        caption = page.text_content(f"#pictures li:nth-child({i + 1})")
        assert number(caption.removeprefix("4 as 9")) == pytest.approx(
            100 * shares[row, 9], abs=0.1
        )
    page.click("#all-mistakes")
    page.wait_for_selector("#gallery[data-shown='ten']")


def test_gallery_lists_all_mistakes_by_confidence(page):
    recorded = network_of("best").about["figures"]["mnist-test"]
    page.locator("#gallery").scroll_into_view_if_needed()
    page.wait_for_selector("#gallery[data-shown='best']")
    page.click("#more-pictures")
    page.wait_for_selector(f"#pictures li:nth-child({recorded['mistake_count']})")
    assert page.locator("#pictures li").count() == recorded["mistake_count"]
    rows = page.eval_on_selector_all("#pictures canvas", "all => all.map(c => +c.dataset.row)")
    assert {mistake["index"] for mistake in recorded["mistakes"]} <= set(rows)
    captions = page.locator("#pictures li").all_text_contents()
    shares = [
        number(re.sub(r"^\s*\d as \d", "", caption).strip().rstrip("%")) for caption in captions
    ]
    assert shares == sorted(shares, reverse=True)


def test_inside_fits_a_phone_and_works_by_touch(phone):
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    phone.locator(".unit[data-layer='3']:visible").nth(4).tap()
    phone.wait_for_selector("#neuron:visible")
    sides = phone.eval_on_selector_all(
        ".unit:not([hidden])", "all => all.map(b => b.getBoundingClientRect().width)"
    )
    assert min(sides) >= 24, "large enough for a finger (WCAG 2.2, 2.5.8)"
    phone.locator("[data-step=polarity] input").uncheck()
    settled(phone)
    assert asked(phone)[0]["skip"] == "polarity"


def test_inside_shows_every_network(page):
    for name in ZOO:
        choose(page, name)
        assert page.locator(".unit:visible").count() >= 10
        assert page.locator("#layers tbody tr").count() >= 1


def test_picture_sent_has_a_transparent_background(page):
    _, picture = asked(page)
    image = open_picture(picture)
    assert image.mode == "RGBA"
    assert image.getpixel((0, 0)) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("device", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"]
)
def test_axe_finds_no_violation_on_inside(chromium, server, device, scheme):
    with inside(chromium, server, color_scheme=scheme, **device) as page:
        page.click("[data-example='54']")
        page.wait_for_selector("#division:visible")
        page.locator(".unit:visible").nth(30).click()
        page.wait_for_selector("#neuron:visible")
        page.locator("#gallery").scroll_into_view_if_needed()
        page.wait_for_selector("#gallery[data-shown]")
        # of tables that are alike, one: axe takes its time for each cell
        closed = ".learning:not(:first-child) details, .tuning details"
        page.evaluate(
            """closed => document.querySelectorAll('details').forEach((details) => {
                details.open = !details.matches(closed);
            })""",
            closed,
        )
        assert violations(page, but=["#test-set"] if scheme == "dark" else ()) == []


def test_axe_finds_no_violation_in_the_course(chromium, server):
    with patient_context(chromium, **PHONE) as context:
        page = context.new_page()
        page.goto(f"{server}/docs/3-backpropagation")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == 390
