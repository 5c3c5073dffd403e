"""Settings: defaults, what the environment overrides, and a sentence for what makes no sense."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from settings import Settings

ROOT = Path(__file__).resolve().parent.parent


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
    ("NUMBERS_API_URL", "numbersapi.com"),
    ("NUMBERS_API_URL", "file:///etc/passwd"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_what_makes_no_sense_is_told_with_its_name_and_value(name, value):
    with pytest.raises(ValueError, match=f"^{name} is .*: make it ") as refused:
        Settings.from_environment({name: value})
    assert value in str(refused.value)


def test_gunicorn_ends_with_that_sentence_and_no_traceback():
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
    environment = {**os.environ, "PORT": "seaside"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "PORT is 'seaside'" in done.stderr
    assert "Traceback" not in done.stderr
