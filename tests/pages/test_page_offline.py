"""Without a connection: what the service worker stores, shows, and leaves alone."""

import contextlib

import pytest
import requests

from tests.support.accessibility import violations
from tests.support.page import DESKTOP, PHONE, opened, read, said, sample
from tests.support.polling import PATIENCE
from tests.support.servers.local_http import local_server

STORED = """async () => {
    const [name] = (await caches.keys()).filter((name) => name.startsWith('draw-a-digit / '));
    const requests = await (await caches.open(name)).keys();
    return requests.map(({ url }) => url.replace(location.origin, ''));
}"""


@contextlib.contextmanager
def installed(chromium, address, **options):
    """The front page, when its service worker is at work."""
    with opened(chromium, address, **options) as page:
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.reload()
        page.wait_for_function("() => navigator.serviceWorker.controller !== null")
        yield page


def heading(page):
    return page.locator("h1").text_content()


def wait_until_stored(page, path):
    """The visitor does not wait for that, so a test has to."""
    page.wait_for_function("(path) => caches.match(path).then(Boolean)", arg=path)


def test_page_loads_offline_and_predicts_when_online_again(chromium, server):
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


def test_each_page_opens_offline_as_itself_or_says_that_it_cannot(chromium, server):
    with installed(chromium, server, **DESKTOP) as page:
        page.goto(f"{server}/inside")
        wait_until_stored(page, "/inside")
        page.context.set_offline(True)
        page.goto(f"{server}/inside?from=home")
        assert heading(page) == "See inside"
        page.wait_for_selector("html.ready")
        answer = page.goto(f"{server}/accuracy")
        assert (answer.status, heading(page)) == (503, "No connection")
        page.click("text=Try again")
        assert (page.url, heading(page)) == (f"{server}/accuracy", "No connection")
        page.context.set_offline(False)
        page.click("text=Try again")
        assert (page.url, heading(page)) == (f"{server}/accuracy", "How often is it right?")
        page.context.set_offline(True)
        page.goto(f"{server}/api")
        page.click("text=draw a digit")
        assert (page.url, heading(page)) == (f"{server}/", "Draw a number")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_without_a_connection(chromium, server, scheme):
    with installed(chromium, server, color_scheme=scheme, **PHONE) as page:
        page.context.set_offline(True)
        page.goto(f"{server}/accuracy")
        assert heading(page) == "No connection"
        assert violations(page) == []


def test_full_device_changes_nothing_for_who_is_online(chromium, server):
    with installed(chromium, server, **DESKTOP) as page:
        before = page.evaluate(STORED)
        storage = page.context.new_cdp_session(page)
        storage.send("Storage.overrideQuotaForOrigin", {"origin": server, "quotaSize": 1})
        put = "caches.open('a').then((cache) => cache.put('/a', new Response('a')))"
        assert page.evaluate(f"{put}.catch(({{ name }}) => name)") == "QuotaExceededError"
        page.goto(f"{server}/inside")
        assert heading(page) == "See inside"
        assert read(page) == "7"
        page.goto(f"{server}/accuracy")
        assert heading(page) == "How often is it right?"
        assert sorted(page.evaluate(STORED)) == sorted(before)


def test_caches_of_others_at_the_same_origin_are_left_alone(chromium, server):
    others = ["another-app", "page-of-another", "draw-a-digit /elsewhere/ 0123456789"]
    earlier = ["page-0123456789", "draw-a-digit / 0123456789"]
    with opened(chromium, f"{server}/inside", **DESKTOP) as page:
        open_all = "(names) => Promise.all(names.map((name) => caches.open(name)))"
        page.evaluate(f"(names) => ({open_all})(names).then(() => true)", others + earlier)
        page.goto(server)
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.wait_for_function("() => caches.has('page-0123456789').then((has) => !has)")
        page.wait_for_function("() => caches.has('draw-a-digit / 0123456789').then((has) => !has)")
        left = page.evaluate("caches.keys()")
        assert set(others) < set(left)
        assert len(left) == len(others) + 1


def test_only_the_pages_themselves_are_stored(chromium, server):
    with installed(chromium, server, **DESKTOP) as page:
        before = page.evaluate(STORED)
        for path in ("?a=1", "?a=2", "nothing", "docs/1-forward", "api/models", "healthz"):
            page.goto(f"{server}/{path}")
        page.goto(f"{server}/api")
        wait_until_stored(page, "/api")
        more = set(page.evaluate(STORED)) - set(before)
        assert {path for path in more if not path.startswith("/static/")} == {"/api"}


@pytest.mark.parametrize("status", [401, 429, 500])
def test_errors_are_shown_and_not_stored(chromium, server, status):
    failing = set()

    def behave(request):
        if request.path in failing:
            return request.respond(b"<h1>Broken</h1>", status, {"Content-Type": "text/html"})
        answer = requests.get(server + request.path, timeout=PATIENCE)
        kind = {"Content-Type": answer.headers["Content-Type"]}
        return request.respond(answer.content, answer.status_code, kind)

    with local_server(behave) as proxy, installed(chromium, proxy.url, **DESKTOP) as page:
        page.goto(f"{proxy.url}/accuracy")
        wait_until_stored(page, "/accuracy")
        failing |= {"/accuracy", "/inside"}
        for path in failing:
            page.goto(proxy.url + path)
            assert heading(page) == "Broken"
        page.context.set_offline(True)
        page.goto(f"{proxy.url}/accuracy")
        assert heading(page) == "How often is it right?"
        page.goto(f"{proxy.url}/inside")
        assert heading(page) == "No connection"


def test_page_that_says_no_store_opens_offline_too(chromium, guarded_service):
    """With API keys the page comes with a session token, which is in no copy."""
    with installed(chromium, guarded_service.url, **DESKTOP) as page:
        headers = page.evaluate(
            "caches.match('/').then(({ headers }) => Object.fromEntries(headers))"
        )
        assert "set-cookie" not in headers
        page.context.set_offline(True)
        page.reload()
        page.wait_for_selector("html.ready")
        said(page, "You are offline")
        page.context.set_offline(False)
        sample(page, "A six")
        assert read(page) == "6"
