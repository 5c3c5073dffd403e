"""API_KEYS: who has one is let in, the page works on, nobody gets in by accident."""

import hmac
import time

import pytest

from app import create_app
from settings import Settings
from tests.support.page import DESKTOP, draw, opened, read
from tests.support.pictures import TEXT
from tests.support.problems import assert_problem
from web.access.api_keys import COOKIE, LIFETIME, ApiKeyCheck

KEYS = ("first-key-0123456789", "second-key-0123456789")


@pytest.fixture(scope="module")
def guarded():
    return create_app(Settings(numbers_api_url="", api_keys=KEYS, trusted_proxies=1))


def send(client, path="/api/predict", **headers):
    return client.post(
        path, data=TEXT, headers={n.replace("_", "-"): v for n, v in headers.items()}
    )


def test_without_api_keys_everybody_may_predict(client):
    assert send(client).status_code == 200
    assert send(client, X_API_Key="whatever").status_code == 200


@pytest.mark.parametrize("path", ["/api/predict", "/"])
@pytest.mark.parametrize("key", KEYS)
def test_each_api_key_is_accepted(guarded, path, key):
    assert send(guarded.test_client(), path, X_API_Key=key).status_code == 200


@pytest.mark.parametrize("path", ["/api/predict", "/"])
@pytest.mark.parametrize(
    "key",
    [None, "", " ", ",", KEYS[0][:-1], KEYS[0] + "x", ",".join(KEYS), KEYS[0].upper(), "ä", "None"],
)
def test_wrong_api_key_returns_401(guarded, path, key):
    response = send(guarded.test_client(), path, **({} if key is None else {"X_API_Key": key}))
    assert_problem(response, 401)
    assert response.headers["WWW-Authenticate"]


def test_get_routes_need_no_api_key(guarded):
    client = guarded.test_client()
    for path in ("/", "/api", "/api/models", "/api/openapi.json", "/api/facts/7", "/healthz"):
        assert client.get(path).status_code == 200


def test_page_sets_a_session_token_that_is_accepted(guarded):
    client = guarded.test_client()
    cookie = client.get("/").headers["Set-Cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Path=/"))
    assert send(client, Sec_Fetch_Site="same-origin").status_code == 200
    assert send(client).status_code == 200  # of an old browser, which does not say where it is
    assert send(client, Origin="http://localhost").status_code == 200


def test_session_token_cookie_is_secure_over_https(guarded):
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
        {"Origin": "http://["},
        {"Origin": ""},
        {"Sec_Fetch_Site": "same-origin", "X_API_Key": "a-wrong-key-0123456789"},
    ],
)
def test_session_token_is_refused_from_other_sites(guarded, headers):
    client = guarded.test_client()
    client.get("/")
    assert_problem(send(client, **headers), 401)


def test_origin_headers_alone_are_refused(guarded):
    headers = {"Sec_Fetch_Site": "same-origin", "Origin": "http://localhost"}
    assert_problem(send(guarded.test_client(), **headers), 401)


@pytest.mark.parametrize("forged", ["", "page", "page.x.y", "page." + "A" * 3000, "\x7f", "é"])
def test_forged_session_token_is_refused(guarded, forged):
    client = guarded.test_client()
    client.set_cookie(COOKIE, forged)
    assert_problem(send(client), 401)


def check_at(keys, now):
    """The check of these keys as it was at a time in seconds."""
    check = ApiKeyCheck(keys)
    check._signer.get_timestamp = lambda: now
    return check


def test_session_token_expires_and_depends_on_the_keys(guarded):
    now = int(time.time())
    for age, keys, status in (
        (0, KEYS, 200),
        (LIFETIME - 60, KEYS, 200),
        (LIFETIME + 60, KEYS, 401),
        (0, ("another-key-0123456789",), 401),
        (0, tuple(reversed(KEYS)), 200),  # any machine with the same keys
    ):
        check = check_at(keys, now - age)
        client = guarded.test_client()
        client.set_cookie(COOKIE, check._signer.sign(b"page").decode())
        response = send(client)
        assert response.status_code == status
        renewed = any(c.startswith(COOKIE) for c in response.headers.getlist("Set-Cookie"))
        assert renewed is (status == 200 and age > LIFETIME / 2)


def test_request_with_api_key_gets_no_session_token(guarded):
    response = send(guarded.test_client(), X_API_Key=KEYS[0])
    assert not any(c.startswith(COOKIE) for c in response.headers.getlist("Set-Cookie"))


def test_api_keys_are_compared_in_constant_time(monkeypatch):
    """Each comparison is of two digests of one length, whatever was sent, and none is left out."""
    compared = []

    def compare(one, other):
        compared.append((len(one), len(other)))
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", compare)
    check = ApiKeyCheck(KEYS)
    for key in (KEYS[0], KEYS[1], "x", "x" * 10_000):
        compared.clear()
        check.is_key(key)
        assert compared == [(32, 32)] * len(KEYS)


def test_api_key_check_without_keys_raises_value_error():
    with pytest.raises(ValueError, match="no API keys"):
        ApiKeyCheck(())


def test_page_predicts_in_a_browser_where_api_keys_are_required(chromium, service, tmp_path):
    with service(tmp_path, API_KEYS=",".join(KEYS)) as running:
        with opened(chromium, running.url, **DESKTOP) as page:
            draw(page, [[(0, 0), (1, 0), (0.4, 1.5)]])
            assert read(page) == "7"
        assert running.post("/api/predict", TEXT)[0] == 401
