"""Where API keys are required, a page has a session token, a cookie that ends after a day."""

import contextlib
import json

import pytest

from tests.support.accessibility import violations
from tests.support.browser import FLAGS, find_browser
from tests.support.page import (
    COUNT_REQUESTS,
    DESKTOP,
    PHONE,
    opened,
    read,
    said,
    session_token,
    wait_for_requests,
)
from tests.support.polling import PATIENCE
from web.access.api_keys import COOKIE, LIFETIME

EXPIRED = "This page has expired: please reload it, and allow its cookies"


@contextlib.contextmanager
def ready(chromium, address, **options):
    """The page, when nothing is under way any more that could bring it another token."""
    with opened(chromium, address, **options) as page:
        if not address.endswith("/inside"):  # which has no service worker, that fetches the page
            page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        wait_for_requests(page)
        yield page


def deleted(context, address):
    context.clear_cookies(name=COOKIE)


def forged(context, address):
    context.add_cookies([{"name": COOKIE, "value": "page.x.y", "url": address}])


def too_old(context, address):
    context.add_cookies([session_token(address, age=LIFETIME + 60)])


def watch(page):
    """Two lists that grow: the statuses of the predictions, and those of the page itself."""
    predictions, pages = [], []

    def note(response):
        if "/api/predict" in response.url:
            predictions.append(response.status)
        elif response.request.resource_type == "fetch" and response.url == page.url:
            pages.append(response.status)

    page.on("response", note)
    return predictions, pages


def change_drawing(page, digit):
    """Another drawing on either page: on the front page a sample, on /inside an example."""
    if page.url.endswith("/inside"):
        page.click(f"[data-example='{digit}']")
    else:
        page.click("text=Samples")
        page.click(f"#samples button >> nth={digit}")


@pytest.mark.parametrize("path", ["/", "/inside"])
@pytest.mark.parametrize("spoil", [deleted, forged, too_old])
def test_lost_session_token_is_renewed_without_the_visitor_noticing(
    chromium, guarded_service, path, spoil
):
    with ready(chromium, guarded_service.url + path, **DESKTOP) as page:
        predictions, pages = watch(page)
        spoil(page.context, guarded_service.url)
        change_drawing(page, 8)
        assert read(page) == "8"
        assert page.locator("#message").text_content() == ""
        wait_for_requests(page)
        # on /inside three queues may find out at once
        assert 1 <= predictions.count(401) <= 3
        assert predictions.count(200) >= 1
        assert 1 <= len(pages) <= 3
        assert set(predictions) == {401, 200}
        assert set(pages) == {200}
        seen = len(pages)
        change_drawing(page, 5)
        assert read(page) == "5"
        wait_for_requests(page)
        assert len(pages) == seen


def test_renewal_that_fails_is_tried_again(chromium, guarded_service):
    with ready(chromium, guarded_service.url, clock=True, **DESKTOP) as page:
        deleted(page.context, guarded_service.url)
        page.route(guarded_service.url + "/", lambda route: route.fulfill(status=503), times=1)
        change_drawing(page, 6)
        said(page, "failed")
        page.clock.fast_forward(20_000)
        assert read(page) == "6"


@contextlib.contextmanager
def cookies_blocked(chromium, folder, address, **options):
    """The page in a browser whose settings forbid cookies and all other storage."""
    (folder / "Default").mkdir()
    settings = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (folder / "Default" / "Preferences").write_text(json.dumps(settings))
    with chromium.browser_type.launch_persistent_context(
        folder, executable_path=find_browser(), args=FLAGS, **options
    ) as context:
        context.set_default_timeout(1000 * PATIENCE)
        context.add_init_script(f"{{ {COUNT_REQUESTS} }}")
        page = context.new_page()
        page.clock.install()
        page.goto(address)
        page.wait_for_selector("html.ready")
        yield page


@pytest.mark.parametrize("path", ["/", "/inside"])
def test_page_without_cookies_says_so_and_stops_asking(chromium, guarded_service, tmp_path, path):
    address = guarded_service.url + path
    with cookies_blocked(chromium, tmp_path, address, **PHONE) as page:
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        if path == "/":
            change_drawing(page, 6)
        said(page, EXPIRED)
        assert page.locator("#digit").get_attribute("aria-busy") == "false"
        assert violations(page) == []
        wait_for_requests(page)
        predictions, pages = watch(page)
        page.clock.fast_forward(3_600_000)
        wait_for_requests(page)
        assert (predictions, pages) == ([], [])
        change_drawing(page, 4)
        wait_for_requests(page)
        said(page, EXPIRED)
        # one request for what was drawn (on /inside also one for all networks), and no page
        assert set(predictions) == {401}
        assert len(predictions) == (1 if path == "/" else 2)
        assert pages == []
        assert errors == []
