"""What the page says while it reads: on a network that is slow, failing, gone or out of order."""

import re
import threading

import pytest

from tests.support.page import (
    ANSWERED,
    DESKTOP,
    PHONE,
    at,
    draw,
    opened,
    read,
    said,
    sample,
    wait_for_requests,
)
from tests.support.pictures import strokes_of
from tests.support.polling import PATIENCE
from tests.support.servers.misbehaving_network import misbehaving_network

DIGIT = "document.getElementById('digit').textContent"


@pytest.fixture
def network(server):
    with misbehaving_network(server) as network:
        yield network


@pytest.fixture
def desktop(chromium, network):
    """The page behind a server that may misbehave, on a clock that can be moved."""
    with opened(chromium, network.address, clock=True, **DESKTOP) as page:
        yield page


@pytest.fixture
def gate(network):
    """Closed: readings wait before it until it is set, each for itself."""
    gates = [threading.Event() for _ in range(20)]

    def plan(number):
        assert gates[number].wait(PATIENCE)

    network.plan = plan
    yield gates
    for each in gates:
        each.set()


def settled(page, network):
    """Waits until the page has got, or given up, all that was asked of the network."""
    network.wait_until_idle()
    wait_for_requests(page)


def test_only_one_request_is_under_way_while_drawing(desktop, network, drawings):
    for digit in (3, 8):
        draw(desktop, strokes_of(drawings, digit), size=0.8)
        assert read(desktop) == str(digit)
        desktop.click("#clear")
    assert network.readings >= 2
    assert network.most_under_way == 1


def test_response_to_a_cleared_drawing_is_not_shown(desktop, network, gate, drawings):
    sample(desktop, "An eight")
    network.wait_for_readings(1)
    desktop.click("#clear")
    sample(desktop, "A crossed seven")
    network.wait_for_readings(2)
    gate[1].set()
    assert read(desktop) == "7"
    gate[0].set()
    settled(desktop, network)
    assert read(desktop) == "7"
    desktop.click("#clear")
    settled(desktop, network)
    assert desktop.locator("#digit").text_content() == ""
    assert desktop.locator("#message").text_content() == "Nothing drawn yet"


def test_prediction_disappears_when_the_drawing_changes(desktop, network, gate):
    gate[0].set()
    sample(desktop, "A crossed seven")
    assert read(desktop) == "7"
    sample(desktop, "An eight")
    network.wait_for_readings(2)
    assert desktop.evaluate(f"[{DIGIT}, 'answer' in document.body.dataset]") == ["", False]
    assert desktop.locator("#digit").get_attribute("aria-busy") == "true"
    desktop.clock.fast_forward(300)
    said(desktop, "Reading")
    assert desktop.locator("#fact").text_content() == ""
    assert desktop.locator("#confidence").text_content() == ""
    gate[1].set()
    assert read(desktop) == "8"


def test_only_the_newest_of_several_changes_is_requested(desktop, network, gate):
    names = ("An eight", "A six", "A slashed zero", "A flat-topped three")
    for name in names:
        sample(desktop, name)
    network.wait_for_readings(1)
    for each in gate:
        each.set()
    assert read(desktop) == "3"
    settled(desktop, network)
    assert network.readings == 2


def test_slow_response_is_announced_and_shown_on_arrival(desktop, network, gate):
    sample(desktop, "A six")
    network.wait_for_readings(1)
    desktop.clock.fast_forward(3000)
    said(desktop, "takes long")
    said(desktop, "kept")
    gate[0].set()
    assert read(desktop) == "6"
    assert desktop.locator("#message").text_content() == ""


def test_server_error_is_announced_and_retried(desktop, network):
    network.plan = lambda number: (503, {}) if number < 2 else None
    sample(desktop, "A five")
    said(desktop, "failed")
    said(desktop, "kept")
    assert desktop.evaluate(f"[{DIGIT}, 'answer' in document.body.dataset]") == ["", False]
    assert desktop.locator("#undo").is_enabled()
    desktop.clock.fast_forward(20_000)
    network.wait_for_readings(2)
    desktop.clock.fast_forward(20_000)
    assert read(desktop) == "5"


def test_retry_after_is_respected(desktop, network):
    network.plan = lambda number: (429, {"Retry-After": "600"}) if number == 0 else None
    sample(desktop, "A six")
    said(desktop, "short rest")
    desktop.clock.fast_forward(400_000)
    settled(desktop, network)
    assert network.readings == 1
    desktop.clock.fast_forward(210_000)
    assert read(desktop) == "6"


def test_offline_drawing_is_read_when_online_again(desktop, drawings):
    desktop.context.set_offline(True)
    draw(desktop, [[(0.0, 0.0), (1.0, 0.0), (0.4, 1.6)]])
    said(desktop, "You are offline")
    said(desktop, "kept")
    assert desktop.locator("#digit").text_content() == ""
    desktop.context.set_offline(False)
    assert read(desktop) == "7"


def test_offline_is_announced_before_drawing(desktop):
    desktop.context.set_offline(True)
    said(desktop, "You are offline")
    desktop.context.set_offline(False)
    said(desktop, "Nothing drawn yet")


def test_confidence_is_shown_in_percent(desktop):
    sample(desktop, "A crossed seven")
    assert read(desktop) == "7"
    confidence = desktop.locator("#confidence").text_content().replace("\u00a0", " ")
    assert re.fullmatch(r"(> 99\.9|99\.\d) % sure", confidence)


def test_another_fact_differs_and_has_kind_and_source(desktop):
    sample(desktop, "A six")
    assert read(desktop) == "6"
    before = desktop.locator("#fact .text").text_content()
    desktop.click("#another")
    desktop.wait_for_function(
        "(before) => document.querySelector('#fact .text').textContent !== before", arg=before
    )
    assert desktop.locator("#fact .topic").text_content().split(" · ")[0] in ("math", "trivia")
    source = desktop.locator("#fact .source")
    assert source.text_content().startswith("Source: ")
    for link in source.locator("a").all():
        assert link.get_attribute("href").startswith("https://")


def test_prediction_is_announced_to_screen_readers_after_the_stroke(desktop, drawings):
    draw(desktop, strokes_of(drawings, 3))
    read(desktop)
    fact = desktop.locator("#fact .text").text_content()
    spoken = desktop.locator("#spoken[role=status]").text_content()
    assert spoken.startswith("3, ")
    assert "%" in spoken
    assert spoken.endswith(fact)
    bars = desktop.locator("#bars li .value").all_text_contents()
    assert len(bars) == 10
    assert all("%" in bar for bar in bars)


def test_focus_stays_on_pressed_buttons(desktop):
    sample(desktop, "A six")
    read(desktop)
    for name in ("another", "undo", "redo", "clear"):
        desktop.focus(f"#{name}")
        desktop.keyboard.press("Enter")
        assert desktop.evaluate("document.activeElement.id") == name
    desktop.keyboard.press("Control+z")
    desktop.wait_for_function(ANSWERED)
    desktop.focus("#another")
    desktop.keyboard.press("Delete")
    assert desktop.evaluate("document.activeElement.id") == "another"


def test_predictions_cause_no_layout_shift(chromium, server):
    with opened(chromium, server, **PHONE) as page:
        page.evaluate(
            """() => {
                globalThis.moved = [];
                const answer = document.querySelector('.answer');
                const add = (list) => list.getEntries().forEach(({ sources }) => moved.push(
                    ...sources.filter(({ node }) => node && !answer.contains(node))
                        .map(({ node }) => node.id || node.className || node.nodeName)));
                new PerformanceObserver(add).observe({ type: 'layout-shift', buffered: true });
            }"""
        )
        for name in ("A six", "A four, or a nine", "A star"):
            sample(page, name)
            read(page)
        page.click("#clear")
        page.mouse.click(*at(page, 0.5, 0.5))
        read(page)
        assert page.evaluate("moved") == []
