"""How often one may ask: per client, shared through Redis, and never in the way of drawing."""

import io

import pytest
from limits import parse

from app import create_app
from settings import Settings
from tests.support.page import DESKTOP, at, opened
from tests.support.pictures import JPEG, TEXT
from tests.support.polling import PATIENCE
from tests.support.problems import assert_problem
from web.access import rate_limits
from web.access.rate_limits import client_of


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
    assert_problem(response, 429)
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


def test_rate_limits_can_be_disabled():
    assert ask(client_with(ratelimit_enabled=False), 20) == [200] * 20


def test_clients_behind_a_proxy_have_separate_rate_limits():
    client = client_with()
    assert ask(client, 6, **from_address("192.0.2.1"))[-1] == 429
    assert ask(client, **from_address("192.0.2.2")) == [200]
    # what a client writes itself stands before what the proxy adds
    assert ask(client, **from_address("192.0.2.99, 192.0.2.1")) == [429]


def test_forwarded_for_is_ignored_without_trusted_proxies():
    client = client_with(trusted_proxies=0)
    statuses = [ask(client, **from_address(f"192.0.2.{number}"))[0] for number in range(6)]
    assert statuses == [200] * 5 + [429]


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
                    alternatives: [], model: "best", seen: null, fact: null,
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
