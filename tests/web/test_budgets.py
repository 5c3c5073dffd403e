"""What a request may cost by its address and its head: a few ordinary drawings, whatever is in it.

The server lets in addresses of 8 kB and heads of 64 kB.  What pictures may cost is in
test_budgets_pictures.py.
"""

import pytest
from werkzeug.test import EnvironBuilder

from app import create_app
from settings import Settings
from tests.support.budgets import cost_meter
from tests.support.pictures import TEXT

MAX_DRAWINGS = 6
MAX_DRAWINGS_OF_OPTIONS = 15  # of all that `include=` can ask for; it has a rate limit
MAX_MEGABYTES = 16
KEY = "a-key-0123456789"
ADDRESS, HEAD = 7_900, 60_000  # characters

EVERYTHING = "seen,steps,division,activations,saliency,neuron,models&neuron=16.0&noise=0.1"
# By route, the addresses that cost most.
ADDRESSES = {
    "GET /": ["/"],
    "POST /": ["/", "/?" + "a&" * (ADDRESS // 2)],
    "GET /accuracy": ["/accuracy"],
    "GET /api": ["/api"],
    "GET /api/facts/<number>": [
        "/api/facts/" + "0" * ADDRESS + "x",
        "/api/facts/" + "0" * ADDRESS + "7",
        "/api/facts/-" + "9" * ADDRESS,
        "/api/facts/999962000357",  # 999979 x 999983: the hardest to factorise
        "/api/facts/7?" + "a&" * (ADDRESS // 2),
        "/api/facts/7?" + "%ff" * (ADDRESS // 3),
        "/api/facts/7?kind=" + "a" * ADDRESS,
    ],
    "GET /api/models": ["/api/models"],
    "GET /api/openapi.json": ["/api/openapi.json"],
    "POST /api/predict": [
        f"/api/predict?include={EVERYTHING}",
        f"/api/predict?include={EVERYTHING}&skip=crop,box,centre&model=wide",
        "/api/predict?include=" + "seen," * (ADDRESS // 5),
        "/api/predict?include=" + "a," * (ADDRESS // 2),
        "/api/predict?ablate=1:" + ".".join(["15"] * 1300),
        "/api/predict?ablate=" + ";".join(["1:0"] * 990),
        "/api/predict?ablate=" + "1:0" + ".0" * 1990 + "x",
        "/api/predict?include=neuron&neuron=" + "1" * ADDRESS,
        "/api/predict?noise=." + "1" * ADDRESS,
        "/api/predict?model=" + "a" * ADDRESS,
        "/api/predict?" + "model=&" * (ADDRESS // 7),
        "/api/predict?" + "a&" * (ADDRESS // 2),
    ],
    "GET /docs/<page>": ["/docs/1-forward", "/docs/" + "a" * ADDRESS],
    "GET /docs/plots/<name>": ["/docs/plots/best-history.png", "/docs/plots/" + "a" * ADDRESS],
    "GET /healthz": ["/healthz"],
    "GET /inside": ["/inside"],
    "GET /metrics": ["/metrics"],
    "GET /read": ["/read"],
    "POST /read": ["/read", "/read?" + "a&" * (ADDRESS // 2)],
    "GET /readyz": ["/readyz"],
    "GET /static/<path:filename>": [
        "/static/testset/mistakes.json",
        "/static/testset/mistakes.png",
        "/static/" + "a/" * (ADDRESS // 2),
        "/static/" + "../" * (ADDRESS // 3),
    ],
    "GET /sw.js": ["/sw.js"],
    "no route": [
        "/" + "a/" * (ADDRESS // 2),
        "/api" + "/" * ADDRESS + "models",
        "/" + "%ff" * (ADDRESS // 3),
    ],
}


def routes_of(app):
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }


def filled(part, start="", end=""):
    """As many copies of the part as fit into a head."""
    return start + part * ((HEAD - len(start) - len(end)) // len(part)) + end


# By header, values whose parsing costs most, and a request by which they are parsed.
HEADERS = {
    "Accept": ("GET /healthz", [filled("text/html,")]),
    "Accept-Encoding": (
        "GET /api/models",
        [filled("a,"), filled("br,gzip,"), ",".join(f"gzip;q=0.{i}" for i in range(4000))],
    ),
    "Access-Control-Request-Headers": (
        "OPTIONS /api/predict",
        [filled(","), filled("a,"), filled("X-API-Key,"), filled(" ")],
    ),
    "Access-Control-Request-Method": ("OPTIONS /api/predict", [filled("G")]),
    "Connection": ("GET /healthz", [filled("close,")]),
    "Content-Type": (
        "POST /api/predict",
        [
            filled("a=b;", "a/b;"),
            filled(";", "a/b;"),
            filled("a*0=b;", "a/b;"),
            filled("a*=utf-8''%41;", "a/b;"),
            filled('\\"', 'a/b;a="'),
            filled('b="', "multipart/form-data;"),
            filled("a", "multipart/form-data; boundary="),
            filled(" ", "a/b;", "x"),
        ],
    ),
    "Cookie": (
        "GET /api/facts/7",
        [
            filled(" ", "a=", '"'),
            filled(" ", "a", '"'),
            filled(" ", "seen_facts=", '"'),
            filled(" ;", "seen_facts"),
            filled("a;"),
            filled(";"),
            filled("; seen_facts=a"),
            filled("a", "seen_facts="),
            filled("\\000", 'seen_facts="', '"'),
            filled(".", "session_token="),
            filled("a", "session_token=page.", ".b"),
        ],
    ),
    "Host": ("GET /healthz", [filled("a."), filled("xn--a."), filled("["), filled("1:")]),
    "If-Match": ("GET /api/models", [filled("a,"), filled('"a,'), filled(",")]),
    "If-Modified-Since": ("GET /api/models", [filled("1 "), filled(":"), filled("(")]),
    "If-None-Match": (
        "GET /docs/plots/best-history.png",
        [filled(","), filled("a,"), filled('"a,'), filled('"a",'), filled(" ", '"a"', "x")],
    ),
    "If-Range": ("GET /docs/plots/best-history.png", [filled("1 "), filled('"a,')]),
    "Origin": ("POST /api/predict", [filled("["), filled("a", "http://["), filled("\u00e9")]),
    "Range": (
        "GET /docs/plots/best-history.png",
        [filled("0-0,", "bytes="), filled("1", "bytes=", "-")],
    ),
    "Sec-Fetch-Site": ("POST /api/predict", [filled("a")]),
    "X-API-Key": ("POST /api/predict", [filled("a"), filled("\u00e9")]),
    "X-Forwarded-For": ("GET /healthz", [filled(","), filled("a,"), filled('"'), filled("\\")]),
    "X-Forwarded-Host": ("GET /healthz", [filled("a,")]),
    "X-Forwarded-Port": ("GET /healthz", [filled("1,")]),
    "X-Forwarded-Prefix": ("GET /healthz", [filled("/a,")]),
    "X-Forwarded-Proto": ("GET /healthz", [filled("a,"), filled("a"), filled('"')]),
    "X-Request-ID": ("GET /healthz", [filled("a")]),
}
VALUES = [
    pytest.param(request, name, value, id=f"{name}: {value[:20]}...{value[-1]}")
    for name, (request, values) in HEADERS.items()
    for value in values
]


# With them every header is read that the app can read.
SETTINGS = {
    "api_keys": (KEY,),
    "cors_origins": ("https://example.org", "https://example.com"),
    "trusted_proxies": 1,
}


@pytest.fixture(scope="module")
def cost():
    """Measures a request to an app that reads every header."""
    with cost_meter(**SETTINGS) as measure:
        yield measure


class RecordedEnviron(dict):
    """The environ of a request, and the headers that were read from it."""

    def __init__(self, environ):
        super().__init__(environ)
        self.read = set()

    def record(self, key):
        if key.startswith("HTTP_") or key == "CONTENT_TYPE":
            self.read.add(key.removeprefix("HTTP_").replace("_", "-"))

    def __getitem__(self, key):
        self.record(key)
        return super().__getitem__(key)

    def get(self, key, default=None):
        self.record(key)
        return super().get(key, default)


def test_every_header_that_is_read_has_a_budget():
    app = create_app(Settings(numbers_api_url="", **SETTINGS))
    read = set()
    for route, (address, *_) in ADDRESSES.items():
        for method in {route.split()[0], "HEAD", "OPTIONS"} - {"no"}:
            headers = {name: "a" for name in HEADERS if name not in ("If-Match", "X-API-Key")}
            headers |= {"Access-Control-Request-Method": "POST", "Accept-Encoding": "br"}
            body = TEXT if method == "POST" else b""
            builder = EnvironBuilder(address, method=method, headers=headers, data=body)
            environ = RecordedEnviron(builder.get_environ())
            app(environ, lambda *_: None).close()
            read |= environ.read
    assert read <= {name.upper() for name in HEADERS}


def test_every_route_has_a_budget(app):
    assert routes_of(app) | {"no route"} == ADDRESSES.keys()


@pytest.mark.parametrize("route", ADDRESSES)
def test_each_route_costs_a_few_drawings(cost, route):
    method = route.split()[0] if "/" in route else "GET"
    most = MAX_DRAWINGS_OF_OPTIONS if route == "POST /api/predict" else MAX_DRAWINGS
    for address in ADDRESSES[route]:
        headers = {"Accept-Encoding": "gzip", "X-API-Key": KEY}  # the slower of the two codings
        body = TEXT if method == "POST" else b""
        # a fact is computed when it is first asked for; a page is rendered once in a process
        found = cost(address, body, method, headers, again="facts" not in route)
        assert found.status < 500, address[:80]
        assert found.drawings <= most, f"{address[:80]}: {found[:4]}"
        assert found.megabytes <= MAX_MEGABYTES, f"{address[:80]}: {found[:4]}"


@pytest.mark.parametrize(("request_line", "name", "value"), VALUES)
def test_each_header_costs_a_few_drawings(cost, request_line, name, value):
    method, path = request_line.split()
    headers = {"Origin": "https://example.org", "Access-Control-Request-Method": "POST"}
    if name == "Sec-Fetch-Site":
        del headers["Origin"]
    found = cost(path, TEXT if method == "POST" else b"", method, headers | {name: value})
    assert found.status < 500
    assert found.drawings <= MAX_DRAWINGS, found[:4]
    assert found.megabytes <= MAX_MEGABYTES, found[:4]
