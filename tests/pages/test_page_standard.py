"""What the page owes everyone: access, safety, few bytes, no other servers."""

import re
from urllib.parse import urljoin

import pytest
import requests

from app import create_app
from nn.ink.strokes import draw
from nn.measure.robustness import encoded
from settings import Settings
from tests.support.accessibility import violations
from tests.support.page import DESKTOP, PHONE, opened, patient_context, read, said, sample
from tests.support.pictures import strokes_of
from tests.support.polling import PATIENCE

CHANGES = """(list) => list.map((element) => {
    const { width, height } = element.getBoundingClientRect();
    return [element.id || element.textContent.trim() || element.className, width, height];
})"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_in_any_state_of_the_page(chromium, server, scheme):
    with opened(chromium, server, color_scheme=scheme, **PHONE) as page:
        assert violations(page) == []
        for name in ("A crossed seven", "A four, or a nine", "A star"):
            sample(page, name)
            read(page)
            assert violations(page) == [], name
        page.click("text=Samples")
        assert violations(page) == []
        page.keyboard.press("Escape")
        page.context.set_offline(True)
        page.click("#undo")
        said(page, "You are offline")
        assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_on_form_results(chromium, server, scheme, drawings):
    six = encoded(draw(strokes_of(drawings, 6), 280, 20, (140, 140), 170))
    with patient_context(chromium, color_scheme=scheme, **PHONE) as context:
        page, made = context.new_page(), []
        page.route("**/read", lambda route: route.fulfill(body=made[-1], content_type="text/html"))
        for content, title in ((six, "That is a 6"), (b"six", "That could not be read")):
            sent = requests.post(
                f"{server}/read", files={"image": ("6.png", content)}, timeout=PATIENCE
            )
            made.append(sent.text)
            page.goto(f"{server}/read")
            assert page.locator("h1").text_content() == title
            assert violations(page) == []


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_controls_are_at_least_44_pixels(chromium, server, width):
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
def test_page_does_not_scroll_horizontally(chromium, server, size):
    with opened(chromium, server, viewport={"width": size[0], "height": size[1]}) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        pad = page.locator("#pad").bounding_box()
        assert pad["x"] >= 0
        assert pad["x"] + pad["width"] <= size[0]
        assert pad["height"] <= max(size[1], 200)


def test_forced_colors_are_respected(chromium, server):
    with opened(chromium, server, forced_colors="active", **DESKTOP) as page:
        sample(page, "A crossed seven")
        assert read(page) == "7"
        bar = "getComputedStyle(document.querySelector('.top .bar'), '::after').backgroundColor"
        pad = "getComputedStyle(document.getElementById('pad')).color"
        text = "getComputedStyle(document.body).color"
        assert page.evaluate(f"{pad} === {text} && {bar} !== 'rgba(0, 0, 0, 0)'")


def test_reduced_motion_disables_animations(chromium, server):
    with opened(chromium, server, reduced_motion="reduce", **DESKTOP) as page:
        sample(page, "A six")
        assert read(page) == "6"
        assert page.evaluate("document.getAnimations().length") == 0


# -------------------------------------------------------------------------- what goes over the wire


def test_page_is_under_70_kb_and_from_one_origin(chromium, server):
    with patient_context(chromium, service_workers="block", **PHONE) as context:
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
            answer = requests.get(url, timeout=PATIENCE, stream=True)
            urls.append(url)
            sizes.append(len(answer.raw.read()) + len(str(answer.headers)))
    assert len(urls) > 15
    assert sum(sizes) < 70_000


def test_hashed_files_are_immutable_and_others_revalidate(server):
    html = requests.get(server, timeout=PATIENCE).text
    for url in set(re.findall(r'/static/[^"]+', html)):
        cached = requests.get(server + url, timeout=PATIENCE).headers["Cache-Control"]
        hashed = re.search(r"\.[0-9a-f]{10}\.\w+$", url)
        assert cached == ("public, max-age=31536000, immutable" if hashed else "no-cache"), url
    page = re.search(r"/static/page/page\.[0-9a-f]{10}\.js", html)[0]
    plain = requests.get(f"{server}/static/page/page.js", timeout=PATIENCE)
    assert plain.text == requests.get(server + page, timeout=PATIENCE).text
    again = requests.get(
        plain.url, headers={"If-None-Match": plain.headers["ETag"]}, timeout=PATIENCE
    )
    assert again.status_code == 304
    assert (
        requests.get(f"{server}/static/page/page.0123456789.js", timeout=PATIENCE).status_code
        == 404
    )


def test_content_security_policy_allows_own_scripts_only(server):
    policy = requests.get(server, timeout=PATIENCE).headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert re.fullmatch(r"'self' 'sha256-[\w+/=]+'", rules["script-src"])
    assert rules["style-src"] == rules["connect-src"] == rules["form-action"] == "'self'"
    assert "unsafe" not in policy
    assert "http" not in policy


def test_security_headers_are_sent_and_hsts_over_https(server):
    behind = create_app(Settings(numbers_api_url="", trusted_proxies=1)).test_client()
    for path in ("/", "/api/models", "/static/page/page.js", "/nothing", "/sw.js"):
        plain = requests.get(server + path, timeout=PATIENCE).headers
        assert plain["X-Content-Type-Options"] == "nosniff"
        assert plain["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in plain["Content-Security-Policy"]
        assert "Strict-Transport-Security" not in plain
        encrypted = behind.get(path, headers={"X-Forwarded-Proto": "https"}).headers
        assert encrypted["Strict-Transport-Security"] == "max-age=63072000"
    assert "camera=()" in requests.get(server, timeout=PATIENCE).headers["Permissions-Policy"]


def test_html_in_facts_is_escaped(chromium, server):
    with opened(chromium, server, **DESKTOP) as page:
        evil = {"number": 6, "text": "<img src=x onerror=alert(1)>", "kind": "trivia"}
        evil |= {"source": "<b>me</b>", "url": "javascript:alert(1)"}
        page.route("**/api/facts/*", lambda route: route.fulfill(json=evil))
        sample(page, "A six")
        assert read(page) == "6"
        page.click("#another")
        said(page, "<img", "fact")
        assert page.locator("#fact :is(img, b, a)").count() == 0


def test_manifest_makes_the_page_installable(server):
    html = requests.get(server, timeout=PATIENCE).text
    address = urljoin(server, re.search(r'rel="manifest" href="([^"]+)"', html)[1])
    manifest = requests.get(address, timeout=PATIENCE).json()
    assert urljoin(address, manifest["start_url"]) == f"{server}/"
    assert urljoin(address, manifest["scope"]) == f"{server}/"
    assert manifest["display"] == "standalone"
    assert {"192x192", "512x512"} <= {icon["sizes"] for icon in manifest["icons"]}
    assert "maskable" in {icon.get("purpose") for icon in manifest["icons"]}
    for icon in manifest["icons"]:
        answer = requests.get(urljoin(address, icon["src"]), timeout=PATIENCE)
        assert answer.headers["Content-Type"].split(";")[0] == icon["type"]
