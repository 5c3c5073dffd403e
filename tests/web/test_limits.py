"""How often one may ask: per client, shared through Redis, and never in the way of drawing."""

import base64
import io

import pytest
from limits import parse
from PIL import Image

from app import create_app
from nn.ink.files import MAX_WORK, inspect
from nn.measure.robustness import encoded
from settings import Settings
from tests.support.hostile_pictures import noise
from tests.support.page import DESKTOP, at, opened
from tests.support.pictures import JPEG, TEXT
from tests.support.polling import PATIENCE
from tests.support.problems import assert_problem
from web.access import rate_limits
from web.access.rate_limits import RateLimits, client_of
from web.api.request_body import WORK_PER_DRAWING, cost_of
from web.problems import ProblemError


def client_with(**settings):
    limits = {"ratelimit_predict": "5 per hour", "ratelimit_facts": "3 per hour"}
    return create_app(Settings(numbers_api_url="", **{**limits, **settings})).test_client()


def ask(client, count=1, path="/api/predict", **headers):
    """The statuses of so many requests."""
    return [client.post(path, data=TEXT, headers=headers).status_code for _ in range(count)]


def from_address(address):
    return {"X-Forwarded-For": address}


def test_rate_limit_returns_429_with_retry_after():
    client = client_with()
    assert ask(client, 5) == [200] * 5
    response = client.post("/api/predict", data=TEXT)
    assert_problem(response, 429)
    assert 0 < int(response.headers["Retry-After"]) <= 3600
    assert response.headers["Retry-After"] in response.get_json(force=True)["detail"]
    assert ask(client, path="/") == [429]  # the same work by another door


def test_rate_limit_of_drawings_holds_for_the_form():
    client = client_with()

    def post():
        return client.post("/read", data={"image": (io.BytesIO(JPEG), "seven.jpg")})

    assert [post().status_code for _ in range(5)] == [200] * 5
    response = post()
    assert (response.status_code, response.mimetype) == (429, "text/html")  # people see it
    assert 0 < int(response.headers["Retry-After"]) <= 3600
    assert ask(client) == [429]
    assert client.get("/read").status_code == 302


def test_every_post_has_a_rate_limit(app):
    for rule in app.url_map.iter_rules():
        if "POST" in rule.methods:
            assert app.view_functions[rule.endpoint].rate_limit == "drawings", rule


def test_facts_have_their_own_rate_limit():
    client = client_with()
    statuses = [client.get("/api/facts/7").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert ask(client) == [200]


def test_page_and_metadata_routes_have_no_rate_limit():
    client = client_with(ratelimit_predict="1 per hour", ratelimit_facts="1 per hour")
    for path in (
        "/",
        "/api",
        "/api/models",
        "/api/openapi.json",
        "/healthz",
        "/static/page/page.js",
    ):
        assert [client.get(path).status_code for _ in range(5)] == [200] * 5


def test_bad_requests_count_towards_the_rate_limit():
    client = client_with()
    statuses = [client.post("/api/predict", data="?").status_code for _ in range(6)]
    assert statuses == [400] * 5 + [429]


def test_batch_counts_each_picture_towards_the_rate_limit():
    client = client_with()
    batch = {"images": [TEXT.decode()] * 4}
    assert client.post("/api/predict", json=batch).status_code == 200
    assert client.post("/api/predict", json=batch).status_code == 429
    assert ask(client) == [429]


def send(client, image, kind):
    content = encoded(image, kind)
    return client.post(
        "/api/predict", data=content, content_type=f"image/{kind.lower()}"
    ).status_code


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGBA"), ("JPEG", "RGB")])
def test_drawings_as_the_page_sends_them_count_as_one(kind, mode):
    client = client_with()
    drawing = noise(280, 280, mode) if kind == "JPEG" else Image.new(mode, (280, 280), "white")
    assert [send(client, drawing, kind) for _ in range(6)] == [200] * 5 + [429]


@pytest.mark.parametrize("path", ["/api/predict", "/", "/read"])
def test_larger_pictures_count_as_more_drawings(path, monkeypatch):
    client = client_with(ratelimit_predict="20 per hour")
    screenshot = Image.new("RGB", (3840, 2160), "white")
    screenshot.paste((0, 0, 0), (900, 200, 1100, 2000))
    content = encoded(screenshot)
    assert client.post(path, data=content, content_type="image/png").status_code == 200
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("it was decoded"))
    response = client.post(path, data=content, content_type="image/png")
    assert response.status_code == 429
    assert "then go on" in response.text


def test_picture_that_counts_for_more_than_the_limit_takes_all_of_it():
    client = client_with()
    assert send(client, Image.new("RGB", (3840, 2160), "white"), "PNG") == 200
    assert ask(client) == [429]


def test_large_photo_counts_as_less_than_a_png_of_its_size():
    photo = Image.new("RGB", (3000, 2500), "gray")
    as_jpeg, as_png = (cost_of(inspect(encoded(photo, kind))) for kind in ("JPEG", "PNG"))
    assert 1 < as_jpeg < as_png <= MAX_WORK / WORK_PER_DRAWING + 1


def test_batch_counts_what_its_pictures_count_together():
    client = client_with(ratelimit_predict="20 per hour")
    large = base64.b64encode(encoded(Image.new("L", (1100, 1100), 255))).decode()
    assert client.post("/api/predict", json={"images": [large] * 3}).status_code == 200
    assert client.post("/api/predict", json={"images": [large] * 3}).status_code == 429


def test_costly_options_count_as_more_drawings():
    client = client_with()
    path = "/api/predict?include=activations,saliency,seen"
    assert [client.post(path, data=TEXT).status_code for _ in range(2)] == [200, 429]


def test_rate_limits_can_be_disabled():
    assert ask(client_with(ratelimit_enabled=False), 20) == [200] * 20


def test_clients_behind_a_proxy_have_separate_rate_limits():
    client = client_with(trusted_proxies=1)
    assert ask(client, 6, **from_address("192.0.2.1"))[-1] == 429
    assert ask(client, **from_address("192.0.2.2")) == [200]
    # what a client writes itself stands before what the proxy adds
    assert ask(client, **from_address("192.0.2.99, 192.0.2.1")) == [429]


def test_forwarded_for_is_ignored_by_default_and_one_warning_says_what_to_set(service, tmp_path):
    """The real server: no layer below the app may believe a peer on this machine, either."""
    default = {"TRUSTED_PROXIES": None, "DYNO": None, "WEB_CONCURRENCY": "1"}
    with service(tmp_path, RATELIMIT_PREDICT="5 per day", **default) as one:
        statuses = [
            one.post("/api/predict", TEXT, **from_address(f"192.0.2.{number}"))[0]
            for number in range(8)
        ]
        assert statuses == [200] * 5 + [429] * 3
        warned = [line for line in one.lines() if "TRUSTED_PROXIES" in line["message"]]
        assert [line["level"] for line in warned] == ["WARNING"]
        assert "192.0.2." not in one.log.read_text()


def test_proxies_are_trusted_with_address_and_scheme_only():
    headers = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Port": "1",
        "X-Forwarded-Prefix": "/evil",
        "X-Forwarded-Server": "evil.example",
        "Forwarded": "host=evil.example;proto=http",
    }
    client = client_with(trusted_proxies=1)
    page = client.get("/api", headers={"X-Forwarded-Proto": "https", **headers}).text
    assert "https://localhost/api/predict" in page
    assert "evil" not in page


def test_counts_of_many_clients_are_bounded(monkeypatch):
    monkeypatch.setattr(rate_limits, "MAX_CLIENTS", 20)
    limits = RateLimits(Settings(ratelimit_facts="3 per day"))
    for number in range(1000):
        limits.count("facts", f"2001:db8:0:{number:x}::1")
        assert len(limits._memory.storage) <= 20
    for _ in range(3):
        limits.count("facts", "192.0.2.1")
    with pytest.raises(ProblemError):
        limits.count("facts", "192.0.2.1")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:2", True),  # one subscriber has all of a /64
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::1", True),
        ("nonsense", "", True),
        (None, "_hidden", True),
    ],
)
def test_client_of_normalizes_addresses(one, other, same):
    assert (client_of(one) == client_of(other)) is same


def test_continuous_drawing_stays_below_the_rate_limit(chromium, server):
    """Five short strokes a second for four seconds, with a server that responds at once."""
    seconds, strokes_per_second, moves = 4, 5, 8
    with opened(chromium, server, clock=True, **DESKTOP) as page:
        page.clock.pause_at(page.evaluate("Date.now()") + 60_000)
        page.evaluate(
            """() => {
                globalThis.sent = 0;
                const answer = {
                    digit: null, confidence: 0, probabilities: null, rejected: "blank",
                    alternatives: [], number: null, digits: [], model: "best", seen: null,
                    fact: null,
                };
                globalThis.fetch = async () => { sent++; return Response.json(answer); };
            }"""
        )
        for stroke in range(seconds * strokes_per_second):
            y = 0.1 + 0.8 * stroke / (seconds * strokes_per_second)
            page.mouse.move(*at(page, 0.2, y))
            page.mouse.down()
            for move in range(moves):
                page.mouse.move(*at(page, 0.2 + 0.07 * move, y))
                page.clock.run_for(1000 / strokes_per_second / moves)
            page.mouse.up()
        sent = page.evaluate("sent") / seconds
    limit = parse(Settings().ratelimit_predict)
    assert sent > strokes_per_second, "the page asks while one draws, too"
    assert limit.amount / limit.get_expiry() > 7 * sent, "some may share an address"


# ------------------------------------------------------------------------------------------- Redis


@pytest.fixture
def patient(monkeypatch):
    """Redis may take its time, and is asked again at once after a failure."""
    monkeypatch.setattr(rate_limits, "REDIS_TIMEOUT", PATIENCE)
    monkeypatch.setattr(rate_limits, "REDIS_RETRY_DELAY", 0.0)


@pytest.fixture
def resting(monkeypatch):
    """Redis is not asked again after a failure."""
    monkeypatch.setattr(rate_limits, "REDIS_RETRY_DELAY", 1e6)


def test_instances_share_rate_limits_by_redis(redis, patient):
    one, other = client_with(redis_url=redis.url), client_with(redis_url=redis.url)
    assert ask(one, 3) + ask(other, 2) == [200] * 5
    assert ask(one) == ask(other) == [429]


def test_instances_without_redis_have_separate_rate_limits():
    one, other = client_with(), client_with()
    assert ask(one, 6)[-1] == 429
    assert ask(other) == [200]


def test_rate_limit_falls_back_to_memory_when_redis_dies(redis, resting, caplog):
    client = client_with(redis_url=redis.url)
    assert ask(client, 3) == [200] * 3
    redis.kill()
    assert ask(client, 6) == [200] * 5 + [429]
    assert len([line for line in caplog.messages if "Redis failed" in line]) == 1


def test_rate_limit_asks_a_hanging_redis_once_at_most(redis, resting, monkeypatch):
    client = client_with(redis_url=redis.url)
    assert ask(client) == [200]
    redis.pause()
    hit, asked = rate_limits.hit, []

    def recorded(limiter, *arguments):
        asked.append(type(limiter.storage).__name__)
        return hit(limiter, *arguments)

    monkeypatch.setattr(rate_limits, "hit", recorded)
    assert ask(client, 5)[:4] == [200] * 4
    redis.resume()
    assert asked.count("RedisStorage") <= 1
    assert asked.count("MemoryStorage") == 5


def test_rate_limit_uses_redis_again_when_it_is_back(redis, patient):
    one, other = client_with(redis_url=redis.url), client_with(redis_url=redis.url)
    redis.kill()
    assert ask(one, 5) == [200] * 5
    assert ask(one) == [429]
    redis.start()
    assert ask(one, 2) + ask(other, 3) == [200] * 5
    assert ask(one) + ask(other) == [429, 429]


def test_rate_limit_works_if_redis_is_missing_at_start():
    client = client_with(redis_url="redis://127.0.0.1:1/0")
    assert ask(client, 6) == [200] * 5 + [429]


def test_picture_over_the_rate_limit_is_not_decoded(monkeypatch):
    client = client_with(ratelimit_predict="1 per hour")
    assert ask(client) == [200]
    monkeypatch.setattr("web.api.routes.parse_body", lambda request: pytest.fail("it was read"))
    assert client.post("/api/predict", data=JPEG).status_code == 429
