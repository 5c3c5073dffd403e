"""Settings: defaults, what the environment overrides, and a sentence for each invalid value."""

import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis

from settings import Settings
from tests.support.polling import PATIENCE

ROOT = Path(__file__).resolve().parents[2]


def test_empty_environment_gives_the_defaults():
    assert Settings.from_environment({}) == Settings()
    assert (Settings().host, Settings().port) == ("0.0.0.0", 8000)
    assert Settings().numbers_api_url == "http://numbersapi.com"


def test_environment_overrides_defaults():
    environment = {
        "PORT": "5000",
        "HOST": "127.0.0.1",
        "WEB_CONCURRENCY": "4",
        "NUMBERS_API_URL": "https://numbers.example/",
        "REDIS_URL": "redis://cache:6379",
        "RATELIMIT_ENABLED": "False",
    }
    assert Settings.from_environment(environment) == Settings(
        5000, "127.0.0.1", 4, "https://numbers.example", "redis://cache:6379", False
    )


def test_empty_numbers_api_url_is_kept():
    assert Settings.from_environment({"NUMBERS_API_URL": ""}).numbers_api_url == ""


BAD = [
    ("PORT", "http"),
    ("PORT", "0"),
    ("PORT", "65536"),
    ("HOST", "127.0.0.1:8000"),
    ("HOST", "[::1]"),
    ("HOST", "999.0.0.1"),
    ("HOST", "-host"),
    ("HOST", "a host"),
    ("HOST", "unix:/tmp/socket"),
    ("HOST", "x" * 64),
    ("WEB_CONCURRENCY", "-1"),
    ("WEB_CONCURRENCY", "2.5"),
    ("RATELIMIT_ENABLED", "maybe"),
    ("REDIS_TLS_VERIFY", "maybe"),
    ("NUMBERS_API_URL", "numbersapi.com"),
    ("NUMBERS_API_URL", "file:///etc/passwd"),
    ("RATELIMIT_PREDICT", "often"),
    ("RATELIMIT_FACTS", "10 per blink"),
    ("TRUSTED_PROXIES", "one"),
    ("REQUEST_TIMEOUT", "0"),
    ("CORS_ORIGINS", "example.org"),
    ("CORS_ORIGINS", "https://example.org/path"),
    ("CORS_ORIGINS", "https://*.example.org"),
    ("CORS_ORIGINS", "https://a.example, *"),
    ("CORS_ORIGINS", "https://user@a.example"),
    ("CORS_ORIGINS", "https://a.example:port"),
    ("CORS_ORIGINS", "null"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_invalid_setting_raises_value_error_with_name_and_value(name, value):
    with pytest.raises(ValueError, match=f"^{name} is .*: set it to ") as refused:
        Settings.from_environment({name: value})
    assert value in str(refused.value)


def test_invalid_redis_url_error_hides_the_password():
    for value in ("cache:6379", "http://:hunter2@cache", "redis:///0"):
        with pytest.raises(ValueError, match=r"^REDIS_URL is .*: set it to ") as refused:
            Settings.from_environment({"REDIS_URL": value})
        assert value not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "verify", "expected"),
    [
        ("rediss://:secret@cache:6379", "true", ssl.CERT_REQUIRED),
        ("rediss://:secret@cache:6379", "false", ssl.CERT_NONE),
        ("rediss://cache:6379/1?socket_timeout=1", "false", ssl.CERT_NONE),
    ],
)
def test_redis_certificate_is_verified_by_default(url, verify, expected):
    environment = {"REDIS_URL": url, "REDIS_TLS_VERIFY": verify}
    settings = Settings.from_environment(environment)
    connection = Redis.from_url(settings.redis_url).connection_pool.make_connection()
    assert connection.cert_reqs == expected
    assert connection.host == "cache"


def test_redis_tls_verify_is_ignored_without_tls():
    environment = {"REDIS_URL": "redis://cache:6379", "REDIS_TLS_VERIFY": "false"}
    assert Settings.from_environment(environment).redis_url == "redis://cache:6379"


@pytest.mark.parametrize("name", ["::1", "localhost", "app.internal", "4.example", "0.0.0.0"])
def test_host_is_an_address_or_a_name(name):
    assert Settings.from_environment({"HOST": name}).host == name


def test_a_proxy_is_trusted_by_default_only_on_heroku():
    assert Settings.from_environment({}).trusted_proxies == 0
    assert Settings.from_environment({"DYNO": "web.1"}).trusted_proxies == 1
    for value in (0, 2):
        environment = {"DYNO": "web.1", "TRUSTED_PROXIES": str(value)}
        assert Settings.from_environment(environment).trusted_proxies == value


def test_environment_sets_limits_keys_and_origins():
    environment = {
        "RATELIMIT_PREDICT": "7/minute",
        "TRUSTED_PROXIES": "3",
        "REQUEST_TIMEOUT": "5",
        "API_KEYS": " a-key-of-some-length , another-key-of-some-length,",
        "CORS_ORIGINS": "https://a.example/, http://localhost:3000",
    }
    settings = Settings.from_environment(environment)
    assert settings.ratelimit_predict == "7/minute"
    assert (settings.trusted_proxies, settings.request_timeout) == (3, 5)
    assert settings.api_keys == ("a-key-of-some-length", "another-key-of-some-length")
    assert settings.cors_origins == ("https://a.example", "http://localhost:3000")
    assert Settings.from_environment({"CORS_ORIGINS": "*"}).cors_origins == ("*",)


@pytest.mark.parametrize(
    "value",
    ["", " ", ",", " , ,", "short", "a-key-of-some-length,short", "a key of some length", "ä" * 20],
)
def test_invalid_api_keys_raise_value_error(value):
    with pytest.raises(ValueError, match=r"^API_KEYS is ") as refused:
        Settings.from_environment({"API_KEYS": value})
    assert not value.strip(" ,") or value not in str(refused.value)  # no key gets into a log


def test_repr_of_settings_hides_api_keys():
    assert "a-key-of-some" not in repr(Settings(api_keys=("a-key-of-some-length",)))


def test_gunicorn_exits_with_the_error_sentence():
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
    environment = {**os.environ, "PORT": "seaside"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 1
    assert "PORT is 'seaside'" in done.stderr
    assert "Traceback" not in done.stderr
