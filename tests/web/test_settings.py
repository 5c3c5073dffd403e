"""Settings: defaults, what the environment overrides, and a sentence for what makes no sense."""

import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis

from settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def test_an_empty_environment_gives_the_defaults():
    assert Settings.from_environment({}) == Settings()
    assert Settings().port == 8000
    assert Settings().numbers_api_url == "http://numbersapi.com"


def test_the_environment_decides():
    environment = {
        "PORT": "5000",
        "WEB_CONCURRENCY": "4",
        "NUMBERS_API_URL": "https://numbers.example/",
        "REDIS_URL": "redis://cache:6379",
        "RATELIMIT_ENABLED": "False",
    }
    assert Settings.from_environment(environment) == Settings(
        5000, 4, "https://numbers.example", "redis://cache:6379", False
    )


def test_an_empty_address_means_that_no_numbers_service_is_asked():
    assert Settings.from_environment({"NUMBERS_API_URL": ""}).numbers_api_url == ""


BAD = [
    ("PORT", "http"),
    ("PORT", "0"),
    ("PORT", "65536"),
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
def test_what_makes_no_sense_is_told_with_its_name_and_value(name, value):
    with pytest.raises(ValueError, match=f"^{name} is .*: make it ") as refused:
        Settings.from_environment({name: value})
    assert value in str(refused.value)


def test_a_redis_address_that_makes_no_sense_is_told_without_the_password_in_it():
    for value in ("cache:6379", "http://:hunter2@cache", "redis:///0"):
        with pytest.raises(ValueError, match=r"^REDIS_URL is .*: make it ") as refused:
            Settings.from_environment({"REDIS_URL": value})
        assert value not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "verify", "asked"),
    [
        ("rediss://:secret@cache:6379", "true", ssl.CERT_REQUIRED),
        ("rediss://:secret@cache:6379", "false", ssl.CERT_NONE),
        ("rediss://cache:6379/1?socket_timeout=1", "false", ssl.CERT_NONE),
    ],
)
def test_the_certificate_of_a_redis_is_verified_unless_it_is_told_otherwise(url, verify, asked):
    environment = {"REDIS_URL": url, "REDIS_TLS_VERIFY": verify}
    settings = Settings.from_environment(environment)
    connection = Redis.from_url(settings.redis_url).connection_pool.make_connection()
    assert connection.cert_reqs == asked
    assert connection.host == "cache"


def test_a_redis_without_tls_has_no_certificate():
    environment = {"REDIS_URL": "redis://cache:6379", "REDIS_TLS_VERIFY": "false"}
    assert Settings.from_environment(environment).redis_url == "redis://cache:6379"


def test_the_environment_decides_on_limits_keys_and_origins():
    environment = {
        "RATELIMIT_PREDICT": "7/minute",
        "TRUSTED_PROXIES": "0",
        "REQUEST_TIMEOUT": "5",
        "API_KEYS": " a-key-of-some-length , another-key-of-some-length,",
        "CORS_ORIGINS": "https://a.example/, http://localhost:3000",
    }
    settings = Settings.from_environment(environment)
    assert settings.ratelimit_predict == "7/minute"
    assert (settings.trusted_proxies, settings.request_timeout) == (0, 5)
    assert settings.api_keys == ("a-key-of-some-length", "another-key-of-some-length")
    assert settings.cors_origins == ("https://a.example", "http://localhost:3000")
    assert Settings.from_environment({"CORS_ORIGINS": "*"}).cors_origins == ("*",)


@pytest.mark.parametrize(
    "value",
    ["", " ", ",", " , ,", "short", "a-key-of-some-length,short", "a key of some length", "ä" * 20],
)
def test_keys_that_are_none_are_an_error_and_not_an_open_door(value):
    with pytest.raises(ValueError, match=r"^API_KEYS is ") as refused:
        Settings.from_environment({"API_KEYS": value})
    assert not value.strip(" ,") or value not in str(refused.value)  # no key gets into a log


def test_keys_are_not_shown_with_the_settings():
    assert "a-key-of-some" not in repr(Settings(api_keys=("a-key-of-some-length",)))


def test_gunicorn_ends_with_that_sentence_and_no_traceback():
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
    environment = {**os.environ, "PORT": "seaside"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "PORT is 'seaside'" in done.stderr
    assert "Traceback" not in done.stderr
