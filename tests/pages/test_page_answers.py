"""What the page says while it reads: on a network that is slow, failing, gone or out of order."""

import threading

import pytest

from tests.support.between import standing_between
from tests.support.page import ANSWERED, DESKTOP, PHONE, at, draw, first, opened, read, said, sample

DIGIT = "document.getElementById('digit').textContent"


@pytest.fixture
def between(server):
    with standing_between(server) as between:
        yield between


@pytest.fixture
def desktop(chromium, between):
    """The page behind a server that may misbehave, on a clock that can be moved."""
    with opened(chromium, between.address, clock=True, **DESKTOP) as page:
        yield page


@pytest.fixture
def gate(between):
    """Closed: readings wait before it until it is set, each for itself."""
    gates = [threading.Event() for _ in range(20)]

    def plan(number):
        assert gates[number].wait(30)

    between.plan = plan
    yield gates
    for each in gates:
        each.set()


def settled(page):
    """Whatever was under way has arrived when two later requests have come and gone."""
    page.evaluate("fetch('healthz').then(() => fetch('healthz')).then((r) => r.text())")


def test_one_question_at_a_time_is_asked_while_one_draws(desktop, between, drawings):
    for digit in (3, 8):
        draw(desktop, first(drawings, digit), size=0.8)
        assert read(desktop) == str(digit)
        desktop.click("#clear")
    assert between.readings >= 2
    assert between.most_under_way == 1


def test_an_answer_to_a_drawing_that_was_cleared_is_never_shown(desktop, between, gate, drawings):
    sample(desktop, "An eight")
    between.wait_for_readings(1)
    desktop.click("#clear")
    sample(desktop, "A crossed seven")
    between.wait_for_readings(2)
    gate[1].set()
    assert read(desktop) == "7"
    gate[0].set()
    settled(desktop)
    assert read(desktop) == "7"
    desktop.click("#clear")
    settled(desktop)
    assert desktop.locator("#digit").text_content() == ""
    assert desktop.locator("#message").text_content() == "Nothing drawn yet"


def test_the_answer_to_a_drawing_is_gone_as_soon_as_that_is_another_one(desktop, between, gate):
    gate[0].set()
    sample(desktop, "A crossed seven")
    assert read(desktop) == "7"
    sample(desktop, "An eight")
    between.wait_for_readings(2)
    assert desktop.evaluate(f"[{DIGIT}, 'answer' in document.body.dataset]") == ["", False]
    assert desktop.locator("#digit").get_attribute("aria-busy") == "true"
    desktop.clock.fast_forward(300)
    said(desktop, "Reading")
    assert desktop.locator("#fact").text_content() == ""
    assert desktop.locator("#confidence").text_content() == ""
    gate[1].set()
    assert read(desktop) == "8"


def test_of_several_changes_the_newest_is_read_and_those_between_are_not(desktop, between, gate):
    names = ("An eight", "A six", "A slashed zero", "A flat-topped three")
    for name in names:
        sample(desktop, name)
    between.wait_for_readings(1)
    for each in gate:
        each.set()
    assert read(desktop) == "3"
    settled(desktop)
    assert between.readings == 2


def test_a_slow_answer_is_said_to_be_slow_and_shown_when_it_comes(desktop, between, gate):
    sample(desktop, "A six")
    between.wait_for_readings(1)
    desktop.clock.fast_forward(3000)
    said(desktop, "takes long")
    said(desktop, "kept")
    gate[0].set()
    assert read(desktop) == "6"
    assert desktop.locator("#message").text_content() == ""


def test_when_the_server_fails_the_page_says_so_keeps_the_drawing_and_tries_again(desktop, between):
    between.plan = lambda number: (503, {}) if number < 2 else None
    sample(desktop, "A five")
    said(desktop, "failed")
    said(desktop, "kept")
    assert desktop.evaluate(f"[{DIGIT}, 'answer' in document.body.dataset]") == ["", False]
    assert desktop.locator("#undo").is_enabled()
    desktop.clock.fast_forward(20_000)
    between.wait_for_readings(2)
    desktop.clock.fast_forward(20_000)
    assert read(desktop) == "5"


def test_asked_to_wait_it_waits_as_long_as_it_is_asked_to(desktop, between):
    between.plan = lambda number: (429, {"Retry-After": "60"}) if number == 0 else None
    sample(desktop, "A six")
    said(desktop, "short rest")
    desktop.clock.fast_forward(50_000)
    settled(desktop)
    assert between.readings == 1
    desktop.clock.fast_forward(11_000)
    assert read(desktop) == "6"


def test_a_drawing_is_kept_while_the_network_is_gone_and_read_when_it_is_back(desktop, drawings):
    desktop.context.set_offline(True)
    draw(desktop, [[(0.0, 0.0), (1.0, 0.0), (0.4, 1.6)]])
    said(desktop, "You are offline")
    said(desktop, "kept")
    assert desktop.locator("#digit").text_content() == ""
    desktop.context.set_offline(False)
    assert read(desktop) == "7"


def test_a_device_without_a_network_says_so_before_anything_is_drawn(desktop):
    desktop.context.set_offline(True)
    said(desktop, "You are offline")
    desktop.context.set_offline(False)
    said(desktop, "Nothing drawn yet")


def test_between_two_digits_the_page_asks_and_of_no_digit_it_says_so(desktop):
    sample(desktop, "A four, or a nine")
    answer = read(desktop)
    assert answer in "49"
    assert desktop.locator("#message").text_content() in ("4 or 9?", "9 or 4?")
    sample(desktop, "A star")
    assert read(desktop) == ""
    assert desktop.locator("#message").text_content() == "That is no digit I know"
    assert desktop.locator("#fact").text_content() == ""


def test_confidence_is_told_in_words_and_per_cent(desktop):
    sample(desktop, "A crossed seven")
    assert read(desktop) == "7"
    assert desktop.locator("#confidence").text_content().replace("\u00a0", " ") == "> 99.9 % sure"


def test_another_fact_is_another_one_with_its_kind_and_a_source(desktop):
    sample(desktop, "A six")
    assert read(desktop) == "6"
    told = desktop.locator("#fact .text").text_content()
    desktop.click("#another")
    desktop.wait_for_function(
        "(told) => document.querySelector('#fact .text').textContent !== told", arg=told
    )
    assert desktop.locator("#fact .topic").text_content().split(" · ")[0] in ("math", "trivia")
    source = desktop.locator("#fact .source")
    assert source.text_content().startswith("Source: ")
    for link in source.locator("a").all():
        assert link.get_attribute("href").startswith("https://")


def test_the_answer_is_spoken_once_the_pen_is_lifted(desktop, drawings):
    draw(desktop, first(drawings, 3))
    read(desktop)
    fact = desktop.locator("#fact .text").text_content()
    spoken = desktop.locator("#spoken[role=status]").text_content()
    assert spoken.startswith("3, ")
    assert "%" in spoken
    assert spoken.endswith(fact)
    bars = desktop.locator("#bars li .value").all_text_contents()
    assert len(bars) == 10
    assert all("%" in bar for bar in bars)


def test_the_focus_is_never_lost_to_a_button_that_has_done_its_work(desktop):
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


def test_nothing_around_the_answer_moves_when_answers_come_and_go(chromium, server):
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
