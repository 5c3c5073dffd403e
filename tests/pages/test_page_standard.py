"""What the page owes everyone: access, safety, few bytes, no other servers, a life offline."""

import re
from urllib.parse import urljoin

import pytest
import requests

from nn.ink.strokes import draw
from nn.measure.robustness import encoded
from tests.support.missing import missing
from tests.support.page import DESKTOP, PHONE, first, opened, read, said, sample

CHANGES = """(list) => list.map((element) => {
    const { width, height } = element.getBoundingClientRect();
    return [element.id || element.textContent.trim() || element.className, width, height];
})"""


def violations(page, but=()):
    """What axe finds against WCAG 2.2 AA and its own best practices, in all parts but these."""
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        missing("axe is not here: pip install -r requirements-dev.txt")
    found = (
        Axe()
        .run(page, {"exclude": [[part] for part in but]} if but else None)
        .response["violations"]
    )
    return [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state_of_the_page(chromium, server, scheme):
    with opened(chromium, server, color_scheme=scheme, **PHONE) as page:
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        assert violations(page) == []
        for name in ("A crossed seven", "A four, or a nine", "A star"):
            sample(page, name)
            read(page)
            assert violations(page, but=[".figures"]) == [], name
        page.click("text=Samples")
        assert violations(page, but=[".figures"]) == []
        page.keyboard.press("Escape")
        page.context.set_offline(True)
        page.click("#undo")
        said(page, "You are offline")
        assert violations(page, but=[".figures"]) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_pages_that_the_server_makes(chromium, server, scheme, drawings):
    six = encoded(draw(first(drawings, 6), 280, 20, (140, 140), 170))
    with chromium.new_context(color_scheme=scheme, **PHONE) as context:
        page, made = context.new_page(), []
        page.route("**/read", lambda route: route.fulfill(body=made[-1], content_type="text/html"))
        for content, title in ((six, "That is a 6"), (b"six", "That could not be read")):
            sent = requests.post(f"{server}/read", files={"image": ("6.png", content)}, timeout=10)
            made.append(sent.text)
            page.goto(f"{server}/read")
            assert page.locator("h1").text_content() == title
            assert violations(page) == []


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_whatever_one_presses_is_44_pixels_wide_and_high(chromium, server, width):
    with opened(chromium, server, viewport={"width": width, "height": 800}) as page:
        pressed = page.locator("button:visible, select:visible, .tool, .pages a").evaluate_all(
            CHANGES
        )
        assert len(pressed) >= 12
        assert [row for row in pressed if min(row[1:]) < 44] == []
        page.click("text=Samples")
        offered = page.locator("#samples button").evaluate_all(CHANGES)
        assert [row for row in offered if min(row[1:]) < 44] == []


# 320 by 200 is what is left of 1280 by 800 at 400 %
@pytest.mark.parametrize(
    "size", [(320, 568), (320, 200), (390, 844), (844, 390), (768, 1024), (1280, 800), (1920, 1080)]
)
def test_the_page_fits_its_window_without_scrolling_sideways(chromium, server, size):
    with opened(chromium, server, viewport={"width": size[0], "height": size[1]}) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        pad = page.locator("#pad").bounding_box()
        assert pad["x"] >= 0
        assert pad["x"] + pad["width"] <= size[0]
        assert pad["height"] <= max(size[1], 200)


def test_the_reader_s_own_colours_are_used_where_they_are_forced(chromium, server):
    with opened(chromium, server, forced_colors="active", **DESKTOP) as page:
        sample(page, "A crossed seven")
        assert read(page) == "7"
        bar = "getComputedStyle(document.querySelector('.top .bar'), '::after').backgroundColor"
        pad = "getComputedStyle(document.getElementById('pad')).color"
        text = "getComputedStyle(document.body).color"
        assert page.evaluate(f"{pad} === {text} && {bar} !== 'rgba(0, 0, 0, 0)'")


def test_nothing_moves_by_itself_for_who_wants_it_still(chromium, server):
    with opened(chromium, server, reduced_motion="reduce", **DESKTOP) as page:
        sample(page, "A six")
        assert read(page) == "6"
        assert page.evaluate("document.getAnimations().length") == 0


# -------------------------------------------------------------------------- what goes over the wire


def test_all_of_the_page_is_under_60_kilobytes_and_from_its_own_server(chromium, server):
    with chromium.new_context(service_workers="block", **PHONE) as context:
        page = context.new_page()
        session = context.new_cdp_session(page)
        urls, sizes = [], []
        session.on("Network.requestWillBeSent", lambda e: urls.append(e["request"]["url"]))
        session.on("Network.loadingFinished", lambda e: sizes.append(e["encodedDataLength"]))
        session.send("Network.enable")
        page.goto(server, wait_until="networkidle")
        html = page.content()
    assert [url for url in urls if not url.startswith(server)] == []
    # icons and manifest, which a headless browser may leave out
    for link in re.findall(r'<link rel="(?:icon|apple-touch-icon|manifest)" href="([^"]+)"', html):
        url = urljoin(server, link)
        if url not in urls:
            answer = requests.get(url, timeout=10, stream=True)
            urls.append(url)
            sizes.append(len(answer.raw.read()) + len(str(answer.headers)))
    assert len(urls) > 15
    assert sum(sizes) < 60_000


def test_files_with_hashed_names_are_kept_for_good_and_all_others_are_asked_for(server):
    html = requests.get(server, timeout=10).text
    for url in set(re.findall(r'/static/[^"]+', html)):
        cached = requests.get(server + url, timeout=10).headers["Cache-Control"]
        hashed = re.search(r"\.[0-9a-f]{10}\.\w+$", url)
        assert cached == ("public, max-age=31536000, immutable" if hashed else "no-cache"), url
    page = re.search(r"/static/page/page\.[0-9a-f]{10}\.js", html)[0]
    plain = requests.get(f"{server}/static/page/page.js", timeout=10)
    assert plain.text == requests.get(server + page, timeout=10).text
    again = requests.get(plain.url, headers={"If-None-Match": plain.headers["ETag"]}, timeout=10)
    assert again.status_code == 304
    assert requests.get(f"{server}/static/page/page.0123456789.js", timeout=10).status_code == 404


def test_scripts_run_from_here_alone_and_none_is_inline_or_evaluated(server):
    policy = requests.get(server, timeout=10).headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert re.fullmatch(r"'self' 'sha256-[\w+/=]+'", rules["script-src"])
    assert rules["style-src"] == rules["connect-src"] == rules["form-action"] == "'self'"
    assert "unsafe" not in policy
    assert "http" not in policy


def test_each_answer_carries_the_headers_and_behind_tls_also_that_it_stays_so(server):
    behind = {"X-Forwarded-Proto": "https"}
    for path in ("/", "/api/models", "/static/page/page.js", "/nothing", "/sw.js"):
        plain = requests.get(server + path, timeout=10).headers
        assert plain["X-Content-Type-Options"] == "nosniff"
        assert plain["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in plain["Content-Security-Policy"]
        assert "Strict-Transport-Security" not in plain
        encrypted = requests.get(server + path, headers=behind, timeout=10).headers
        assert encrypted["Strict-Transport-Security"] == "max-age=63072000"
    assert "camera=()" in requests.get(server, timeout=10).headers["Permissions-Policy"]


def test_the_text_of_a_fact_is_text_whatever_stands_in_it(chromium, server):
    with opened(chromium, server, **DESKTOP) as page:
        evil = {"number": 6, "text": "<img src=x onerror=alert(1)>", "kind": "trivia"}
        evil |= {"source": "<b>me</b>", "url": "javascript:alert(1)"}
        page.route("**/api/facts/*", lambda route: route.fulfill(json=evil))
        sample(page, "A six")
        assert read(page) == "6"
        page.click("#another")
        said(page, "<img", "fact")
        assert page.locator("#fact :is(img, b, a)").count() == 0


# ------------------------------------------------------------------------------------------ offline


def test_the_page_opens_without_a_network_says_so_and_reads_once_it_is_back(chromium, server):
    with opened(chromium, server, **DESKTOP) as page:
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.context.set_offline(True)
        page.reload()
        page.wait_for_selector("html.ready")
        said(page, "You are offline")
        sample(page, "A six")
        said(page, "kept")
        page.context.set_offline(False)
        assert read(page) == "6"


def test_it_can_be_put_on_a_home_screen(server):
    html = requests.get(server, timeout=10).text
    address = urljoin(server, re.search(r'rel="manifest" href="([^"]+)"', html)[1])
    manifest = requests.get(address, timeout=10).json()
    assert urljoin(address, manifest["start_url"]) == f"{server}/"
    assert urljoin(address, manifest["scope"]) == f"{server}/"
    assert manifest["display"] == "standalone"
    assert {"192x192", "512x512"} <= {icon["sizes"] for icon in manifest["icons"]}
    assert "maskable" in {icon.get("purpose") for icon in manifest["icons"]}
    for icon in manifest["icons"]:
        answer = requests.get(urljoin(address, icon["src"]), timeout=10)
        assert answer.headers["Content-Type"].split(";")[0] == icon["type"]
