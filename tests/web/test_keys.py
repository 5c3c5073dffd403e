"""API_KEYS: who has one is let in, the page works on, nobody gets in by accident."""

import pytest
from test_http import TEXT, assert_problem

from app import create_app
from settings import Settings
from web.access.keys import COOKIE, LIFETIME, Gate

KEYS = ("first-key-0123456789", "second-key-0123456789")


@pytest.fixture(scope="module")
def guarded():
    return create_app(Settings(numbers_api_url="", api_keys=KEYS))


def send(client, path="/api/predict", **headers):
    return client.post(
        path, data=TEXT, headers={n.replace("_", "-"): v for n, v in headers.items()}
    )


def test_without_keys_everybody_may_ask(client):
    assert send(client).status_code == 200
    assert send(client, X_API_Key="whatever").status_code == 200


@pytest.mark.parametrize("path", ["/api/predict", "/"])
@pytest.mark.parametrize("key", KEYS)
def test_each_key_lets_in(guarded, path, key):
    assert send(guarded.test_client(), path, X_API_Key=key).status_code == 200


@pytest.mark.parametrize("path", ["/api/predict", "/"])
@pytest.mark.parametrize(
    "key",
    [None, "", " ", ",", KEYS[0][:-1], KEYS[0] + "x", ",".join(KEYS), KEYS[0].upper(), "ä", "None"],
)
def test_nothing_else_lets_in(guarded, path, key):
    response = send(guarded.test_client(), path, **({} if key is None else {"X_API_Key": key}))
    assert_problem(response, 401)
    assert response.headers["WWW-Authenticate"]


def test_what_has_no_drawing_in_it_needs_no_key(guarded):
    client = guarded.test_client()
    for path in ("/", "/api", "/api/models", "/api/openapi.json", "/api/facts/7", "/healthz"):
        assert client.get(path).status_code == 200


def test_the_page_works_on(guarded):
    client = guarded.test_client()
    cookie = client.get("/").headers["Set-Cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Path=/"))
    assert send(client, Sec_Fetch_Site="same-origin").status_code == 200
    assert send(client).status_code == 200  # of an old browser, which does not say where it is
    assert send(client, Origin="http://localhost").status_code == 200


def test_a_pass_is_secure_behind_tls(guarded):
    headers = {"X-Forwarded-Proto": "https"}
    assert "Secure" in guarded.test_client().get("/", headers=headers).headers["Set-Cookie"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "same-origin", "X_API_Key": "a-wrong-key-0123456789"},
    ],
)
def test_the_pass_of_the_page_is_of_no_use_to_other_sites(guarded, headers):
    client = guarded.test_client()
    client.get("/")
    assert_problem(send(client, **headers), 401)


def test_what_a_browser_would_say_of_itself_is_not_enough(guarded):
    headers = {"Sec_Fetch_Site": "same-origin", "Origin": "http://localhost"}
    assert_problem(send(guarded.test_client(), **headers), 401)


@pytest.mark.parametrize("forged", ["", "page", "page.x.y", "page." + "A" * 3000, "\x7f", "é"])
def test_a_forged_pass_lets_nobody_in(guarded, forged):
    client = guarded.test_client()
    client.set_cookie(COOKIE, forged)
    assert_problem(send(client), 401)


def passes(keys, clock):
    gate = Gate(keys)
    gate._signer.get_timestamp = lambda: clock[0]
    return gate


def test_a_pass_ends_with_its_time_and_with_its_keys(guarded):
    import time

    now = int(time.time())
    for age, keys, status in (
        (0, KEYS, 200),
        (LIFETIME - 60, KEYS, 200),
        (LIFETIME + 60, KEYS, 401),
        (0, ("another-key-0123456789",), 401),
        (0, tuple(reversed(KEYS)), 200),  # any machine with the same keys
    ):
        gate = passes(keys, [now - age])
        client = guarded.test_client()
        client.set_cookie(COOKIE, gate._signer.sign(b"page").decode())
        response = send(client)
        assert response.status_code == status
        renewed = any(c.startswith(COOKIE) for c in response.headers.getlist("Set-Cookie"))
        assert renewed is (status == 200 and age > LIFETIME / 2)


def test_who_has_a_key_gets_no_pass(guarded):
    response = send(guarded.test_client(), X_API_Key=KEYS[0])
    assert not any(c.startswith(COOKIE) for c in response.headers.getlist("Set-Cookie"))


def test_keys_are_compared_as_a_whole_and_all_of_them(monkeypatch):
    """Each comparison is of two digests of one length, whatever was sent, and none is left out."""
    import hmac

    compared = []

    def compare(one, other):
        compared.append((len(one), len(other)))
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", compare)
    gate = Gate(KEYS)
    for key in (KEYS[0], KEYS[1], "x", "x" * 10_000):
        compared.clear()
        gate.is_key(key)
        assert compared == [(32, 32)] * len(KEYS)


def test_a_gate_without_keys_cannot_be_built():
    with pytest.raises(ValueError, match="without keys"):
        Gate(())


def test_the_page_in_a_browser_reads_a_drawing_where_keys_are_needed(chromium, tmp_path):
    from tests.support.service import service

    with service(tmp_path, API_KEYS=",".join(KEYS)) as running:
        page = chromium.new_page()
        page.goto(running.url)
        pad = page.locator("#pad").bounding_box()
        x, y, side = pad["x"], pad["y"], pad["width"]
        page.mouse.move(x + 0.3 * side, y + 0.25 * side)
        page.mouse.down()
        page.mouse.move(x + 0.68 * side, y + 0.25 * side, steps=8)
        page.mouse.move(x + 0.45 * side, y + 0.8 * side, steps=8)
        page.mouse.up()
        page.wait_for_selector("body[data-answer='7']")
        page.close()
        assert running.post("/api/predict", TEXT)[0] == 401
