"""How often one may ask: per client, shared through Redis, and never in the way of drawing."""

import re
from pathlib import Path

import pytest
from limits import parse
from test_http import JPEG, TEXT, assert_problem

from app import create_app
from settings import Settings
from web.access.rates import client_of

ROOT = Path(__file__).resolve().parents[2]


def client_with(**settings):
    limits = {"ratelimit_predict": "5 per hour", "ratelimit_facts": "3 per hour"}
    return create_app(Settings(numbers_api_url="", **{**limits, **settings})).test_client()


def ask(client, count=1, path="/api/predict", **headers):
    """The statuses of so many requests."""
    return [client.post(path, data=TEXT, headers=headers).status_code for _ in range(count)]


def from_address(address):
    return {"X-Forwarded-For": address}


def test_who_asks_too_often_is_told_when_to_go_on():
    client = client_with()
    assert ask(client, 5) == [200] * 5
    response = client.post("/api/predict", data=TEXT)
    assert_problem(response, 429)
    assert 0 < int(response.headers["Retry-After"]) <= 3600
    assert response.headers["Retry-After"] in response.get_json(force=True)["detail"]
    assert ask(client, path="/") == [429]  # the same work by another door


def test_facts_have_their_own_limit():
    client = client_with()
    statuses = [client.get("/api/facts/7").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert ask(client) == [200]


def test_page_files_lists_and_health_have_none():
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


def test_bad_requests_count_as_well():
    client = client_with()
    statuses = [client.post("/api/predict", data="?").status_code for _ in range(6)]
    assert statuses == [400] * 5 + [429]


def test_a_batch_counts_as_many_as_it_has_pictures():
    client = client_with()
    batch = {"images": [TEXT.decode()] * 4}
    assert client.post("/api/predict", json=batch).status_code == 200
    assert client.post("/api/predict", json=batch).status_code == 429
    assert ask(client) == [429]


def test_limits_can_be_switched_off():
    assert ask(client_with(ratelimit_enabled=False), 20) == [200] * 20


def test_clients_behind_one_proxy_are_told_apart():
    client = client_with()
    assert ask(client, 6, **from_address("192.0.2.1"))[-1] == 429
    assert ask(client, **from_address("192.0.2.2")) == [200]
    # what a client writes itself stands before what the proxy adds
    assert ask(client, **from_address("192.0.2.99, 192.0.2.1")) == [429]


def test_without_a_proxy_nobody_chooses_an_address():
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
def test_an_address_tells_the_client(one, other, same):
    assert (client_of(one) == client_of(other)) is same


def test_drawing_never_meets_the_limit():
    """The page asks every `pace` milliseconds, and once more for each stroke that ends."""
    pace = int(
        re.search(r"pace = (\d+)", (ROOT / "static" / "shared" / "reader.js").read_text())[1]
    )
    most = 1000 / pace + 5  # nobody lifts a pen more often than five times a second
    limit = parse(Settings().ratelimit_predict)
    assert limit.amount / limit.get_expiry() > 7 * most  # some who share an address
    assert limit.amount > 60 * most / 10  # and a minute of one's drawing at once


# ------------------------------------------------------------------------------------------- Redis


def test_instances_with_one_redis_count_together(redis):
    one, other = client_with(redis_url=redis.url), client_with(redis_url=redis.url)
    assert ask(one, 3) + ask(other, 2) == [200] * 5
    assert ask(one) == ask(other) == [429]


def test_without_redis_each_instance_counts_for_itself():
    one, other = client_with(), client_with()
    assert ask(one, 6)[-1] == 429
    assert ask(other) == [200]


def test_a_redis_that_dies_stops_nothing_and_limits_go_on_in_memory(redis, caplog):
    client = client_with(redis_url=redis.url)
    assert ask(client, 3) == [200] * 3
    redis.kill()
    assert ask(client, 6) == [200] * 5 + [429]
    assert len([line for line in caplog.messages if "Redis failed" in line]) == 1


def test_a_redis_that_hangs_stops_nothing(redis):
    client = client_with(redis_url=redis.url)
    assert ask(client) == [200]
    redis.pause()
    assert ask(client, 5) == [200] * 5
    redis.resume()


def test_a_redis_that_comes_back_is_used_again(redis, monkeypatch):
    monkeypatch.setattr("web.access.rates.REST", 0.0)
    one, other = client_with(redis_url=redis.url), client_with(redis_url=redis.url)
    redis.kill()
    assert ask(one, 5) == [200] * 5
    assert ask(one) == [429]
    redis.start()
    assert ask(one, 2) + ask(other, 3) == [200] * 5
    assert ask(one) + ask(other) == [429, 429]


def test_a_redis_that_is_not_there_at_start_is_no_obstacle():
    client = client_with(redis_url="redis://127.0.0.1:1/0")
    assert ask(client, 6) == [200] * 5 + [429]


def test_a_picture_in_a_request_over_the_limit_is_not_looked_at(monkeypatch):
    client = client_with(ratelimit_predict="1 per hour")
    assert ask(client) == [200]
    monkeypatch.setattr("web.api.routes.sent_in", lambda request, read: pytest.fail("it was read"))
    assert client.post("/api/predict", data=JPEG).status_code == 429
