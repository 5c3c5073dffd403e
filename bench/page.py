"""Latency from the lift of the pen to the prediction on the page, in Chromium, through gunicorn.

    python bench/page.py [--digits 30]

The drawings made for the tests are drawn with a mouse, one after another.  The clock is the page's:
it starts with the pointerup event and stops when the body carries the whole drawing's prediction.
"""

import argparse
import json
import statistics
import sys

from playwright.sync_api import Page, sync_playwright
from server import ROOT, run_server

sys.path.insert(0, str(ROOT))

from tests.support.browser import FLAGS, find_browser

RECORD_LATENCIES = """() => {
    const times = (globalThis.times = []);
    let lifted = null;
    addEventListener('pointerup', () => (lifted = performance.now()), true);
    new MutationObserver(() => {
        if (lifted === null || !document.body.dataset.answer) return;
        times.push(performance.now() - lifted);
        lifted = null;
    }).observe(document.body, { attributes: true, attributeFilter: ['data-answer'] });
}"""


def draw_stroke(page: Page, stroke: list[list[float]]) -> None:
    box = page.locator("#pad").bounding_box()
    assert box
    left, side = box["x"] + (box["width"] - box["height"]) / 2, box["height"]
    points = [(left + x * side, box["y"] + y * side) for x, y in stroke]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
    page.mouse.up()


def wait_for_prediction(page: Page) -> None:
    page.wait_for_function(
        "() => document.body.dataset.answer"
        " && document.getElementById('digit').getAttribute('aria-busy') === 'false'"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--digits", type=int, default=30, help="how many to draw")
    count = parser.parse_args().digits
    drawings = json.loads((ROOT / "tests" / "support" / "drawings.json").read_text())["drawings"]
    digits = [d["strokes"] for d in drawings if d["label"] is not None and d["style"] != "square"]
    latencies: list[float] = []
    with run_server() as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(server.url)
        page.wait_for_selector("html.ready")
        page.evaluate(RECORD_LATENCIES)
        for number in range(count):
            page.evaluate("times.length = 0")
            for stroke in digits[number % len(digits)]:
                draw_stroke(page, stroke)
            wait_for_prediction(page)
            latencies.append(page.evaluate("times.at(-1)"))
            page.click("#clear")
        browser.close()
    print(f"{len(latencies)} digits, from the lift of the pen to the prediction, in milliseconds:")
    print(f"median {statistics.median(latencies):.0f}, slowest {max(latencies):.0f}")


if __name__ == "__main__":
    main()
