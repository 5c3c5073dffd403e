"""The system's Chromium: where it is, and how it is started; `--install` gets one where it may."""

import shutil
import sys
from pathlib import Path

from tests.support.packages import apt_install, attempt

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def find_browser() -> str | None:
    """Of the system, or the one Playwright has downloaded."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def install_browser() -> None:
    """By the system's package manager where that goes without a question, else by Playwright."""
    if not apt_install("chromium"):
        attempt([sys.executable, "-m", "playwright", "install", "chromium"])


if __name__ == "__main__":
    if sys.argv[1:] == ["--install"] and not find_browser():
        print("Installing Chromium for the browser tests ...", flush=True)
        install_browser()
        if not find_browser():
            print("There is no Chromium, and none could be installed.")
