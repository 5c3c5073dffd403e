"""Whatever the head of a request holds, it gets a documented answer and is not logged."""

import logging
import random

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app import create_app
from settings import Settings
from tests.support.pictures import TEXT
from tests.support.problems import assert_problem
from web.access.request_headers import MAX_LENGTH, PARSED

KEY = "a-key-0123456789"
ROUNDS = 2000
ADDRESSES = (
    "/",
    "/api",
    "/api/predict",
    "/api/facts/7",
    "/api/models",
    "/api//models",
    "/docs/1-forward",
    "/docs/plots/best-history.png",
    "/docs/plots/\0",
    "/metrics",
    "/nothing\xff",
    "/read",
    "/static/draw/pad.js",
)
QUERIES = ("", "model=\xff", "%", "&=&", "include=%ff%00", "noise=.", "kind=%00", "ablate=999:9999")
HEADERS = (
    "Accept",
    "Accept-Encoding",
    "Access-Control-Request-Headers",
    "Access-Control-Request-Method",
    "Connection",
    "Content-Type",
    "Cookie",
    "Host",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "Origin",
    "Range",
    "Sec-Fetch-Site",
    "X-API-Key",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Request-ID",
)
VALUES = (
    "",
    *'[]"*,;=.\0\t\x7f\xff',
    *("http://[", "http://[::1", "http://a:99999", "http://a:-1", "null", "http://localhost"),
    *("[::1", "[::1]:99999", "a:b:c", "a:0", "xn--a", "xn--a.xn--zzzzzz", "a" * 64, ".."),
    *("0", "-1", "1e999", "9" * 30, "9" * 5000, "1_000", "\u0667".encode().decode("latin-1")),
    *("1 Jan 99999999999 00:00:00 GMT", "Mon, 00 Foo 0000 99:99:99 +9999", "0001-01-01"),
    *("1 Jan 2000 00:00:00 +99999999999999999999", "1 Jan 1 0:0:0 +2359"),
    *("31 Dec 9999 23:59:59 -2359", "1 Jan 2000 99999999999999999999:00:00"),
    *("bytes=0-", "bytes=9-1", "bytes=0-0,1-1", "bytes=99999999999999999999-", "x=0-1"),
    *('W/"', '"a', '"a","b"', "gzip;q=nan", "gzip;q=inf,br;q=-inf", "br;q=", "*;q=0"),
    *("multipart/form-data", "multipart/form-data; boundary=\xff", "a/b; c*=nope''x"),
    *("multipart/form-data; boundary*=utf-8''%ff", "text/plain; charset=idna"),
    *("seen_facts=\xff", 'seen_facts="\\400"', "seen_facts=" + "a" * 5000),
    *("session_token=a.b.c", "session_token=page." + "A" * 400 + ".x", "session_token=\xe9"),
    *("same-origin", "1.2.3.4:80", "::1%eth0", "1.2.3.4,", "unknown", "%00", KEY + "\xe9"),
    "x" * 60_000,
)


@pytest.fixture(scope="module")
def apps():
    """An app with each combination of the settings that have headers read."""
    return [
        create_app(
            Settings(
                numbers_api_url="",
                ratelimit_enabled=False,
                trusted_proxies=proxies,
                api_keys=keys,
                cors_origins=origins,
            )
        )
        for proxies in (0, 1)
        for keys in ((), (KEY,))
        for origins in ((), ("*",), ("https://example.org",))
    ]


def ask(app, method, path, query, headers):
    """The status of the response to exactly this head, which no client would send."""
    environ = EnvironBuilder(method=method, data=TEXT if method == "POST" else None).get_environ()
    environ |= {"PATH_INFO": path, "QUERY_STRING": query}
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    _, status, _ = run_wsgi_app(app, environ, buffered=True)
    return int(status.split()[0])


def test_broken_headers_get_no_5xx_and_no_error_in_the_log(apps, caplog):
    chance = random.Random(5)
    statuses = {}
    for _ in range(ROUNDS):
        app, path, query = chance.choice(apps), chance.choice(ADDRESSES), chance.choice(QUERIES)
        method = chance.choice(("GET", "GET", "GET", "HEAD", "OPTIONS", "POST"))
        headers = {
            name: chance.choice(VALUES) for name in chance.sample(HEADERS, chance.choice((1, 1, 3)))
        }
        status = ask(app, method, path, query, headers)
        assert status < 500, (method, path, query, headers)
        statuses[status] = statuses.get(status, 0) + 1
    assert {200, 308, 400, 401, 404, 405, 415, 422, 431} <= statuses.keys()
    # a header of a proxy that is not trusted is worth a warning
    assert {record.name for record in caplog.records if record.levelno >= logging.WARNING} <= {
        "web.access.proxies"
    }


@pytest.mark.parametrize("name", PARSED)
def test_header_too_long_to_be_parsed_returns_431(client, name):
    response = client.get("/api/models", headers={name: "a" * (MAX_LENGTH + 1)})
    assert_problem(response, 431)
    assert f"header {name} " in response.get_json(force=True)["detail"]


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {"Host": "xn--a.example"}),
        ("", {"X-Forwarded-Proto": "http://["}),
        ("kind=\xff", {}),
    ],
)
def test_address_that_is_none_returns_400(query, headers):
    app = create_app(Settings(numbers_api_url="", trusted_proxies=1))
    for path in ("/", "/api", "/api//models", "/api/facts/7"):
        assert ask(app, "GET", path, query, headers) == 400


@pytest.mark.parametrize("path", ["/", "/api/models", "/docs/plots/best-history.png"])
def test_dates_and_ranges_are_ignored(client, path):
    beyond = "1 Jan 99999999999 00:00:00 GMT"
    headers = {"If-Modified-Since": beyond, "If-Range": beyond, "Range": "bytes=0-1"}
    for coding in ("identity", "gzip"):
        with client.get(path, headers=headers | {"Accept-Encoding": coding}) as response:
            assert response.status_code == 200


@pytest.mark.parametrize("path", ["/api/models", "/docs/plots/best-history.png"])
def test_etag_revalidates(client, path):
    with client.get(path) as response:
        headers = {"If-None-Match": response.headers["ETag"]}
    with client.get(path, headers=headers) as response:
        assert response.status_code == 304


@pytest.mark.parametrize(
    "cookie", ["seen_facts={}", "a=b; seen_facts={}; c=d", 'a=   "; seen_facts={}']
)
def test_our_cookie_is_found_among_others(app, cookie):
    client = app.test_client(use_cookies=False)
    response = client.get("/api/facts/7", headers={"Cookie": cookie.format("abcdefgh")})
    assert response.headers["Set-Cookie"].startswith("seen_facts=abcdefgh")


@pytest.mark.parametrize("cookie", ["not_seen_facts=abcd", "a=b seen_facts=abcd", "a=seen_facts=b"])
def test_cookie_of_another_name_is_not_ours(app, cookie):
    client = app.test_client(use_cookies=False)
    response = client.get("/api/facts/7", headers={"Cookie": cookie})
    assert "abcd" not in response.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "path", [f"/api/predict?key={KEY}", f"/api/predict%3Fkey={KEY}", f"/api/predict&key={KEY}"]
)
def test_log_holds_no_query_and_no_key(app, caplog, path):
    with caplog.at_level(logging.INFO):
        headers = {"X-API-Key": KEY, "Cookie": f"session_token={KEY}", "Referer": f"/?{KEY}"}
        app.test_client().post(path, data=TEXT, headers=headers)
    (record,) = [record for record in caplog.records if record.message == "request"]
    assert record.path == "/api/predict"
    assert KEY not in str([vars(record) for record in caplog.records])


def test_log_of_an_internal_error_names_the_route_alone(app, caplog, monkeypatch):
    monkeypatch.setattr("web.api.routes.seen_facts", lambda: 1 / 0)
    assert app.test_client().get(f"/api/facts/{KEY}?{KEY}").status_code == 404
    assert app.test_client().get(f"/api/facts/7?kind={KEY}").status_code == 500
    assert "GET /api/facts/<number> failed" in caplog.text
    assert KEY not in caplog.text
