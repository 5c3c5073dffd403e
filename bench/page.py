"""From the lift of the pen to the answer on the page, in real Chromium through real gunicorn.

    python bench/page.py [--digits 30]

Drawn are the digits made for the tests, each once or more often, with a mouse.  The clock is the
page's own: it starts with the pointerup event and stops when the body carries the answer to the
whole drawing.
"""

import argparse
import json
import statistics
import sys

from playwright.sync_api import Page, sync_playwright
from served import ROOT, serving

sys.path.insert(0, str(ROOT / "tests"))

from browser import FLAGS, find_browser  # type: ignore[import-not-found]

WATCH = """() => {
    const times = (globalThis.times = []);
    let lifted = null;
    addEventListener('pointerup', () => (lifted = performance.now()), true);
    new MutationObserver(() => {
        if (lifted === null || !document.body.dataset.answer) return;
        times.push(performance.now() - lifted);
        lifted = null;
    }).observe(document.body, { attributes: true, attributeFilter: ['data-answer'] });
}"""


def draw(page: Page, stroke: list[list[float]], last: bool) -> None:
    box = page.locator("#pad").bounding_box()
    assert box
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
    page.mouse.up()
    if last:
        page.wait_for_function(
            "() => document.body.dataset.answer"
            " && document.getElementById('digit').getAttribute('aria-busy') === 'false'"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--digits", type=int, default=30, help="how many to draw")
    wanted = parser.parse_args().digits
    drawings = json.loads((ROOT / "tests" / "support" / "drawings.json").read_text())["drawings"]
    digits = [d["strokes"] for d in drawings if d["label"] is not None and d["style"] != "square"]
    times: list[float] = []
    with serving() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(address)
        page.wait_for_selector("html.ready")
        page.evaluate(WATCH)
        for number in range(wanted):
            strokes = digits[number % len(digits)]
            page.evaluate("times.length = 0")
            for stroke in strokes:
                draw(page, stroke, stroke is strokes[-1])
            times.append(page.evaluate("times.at(-1)"))
            page.click("#clear")
        browser.close()
    print(f"{len(times)} digits, from the pen's lift to the answer, in milliseconds:")
    print(f"median {statistics.median(times):.0f}, most {max(times):.0f}")


if __name__ == "__main__":
    main()
