"""Numbers and names as the pages write them.

static/shared/format.js writes what a page gets later in the same way.
"""

from flask import Flask

from nn.dataset import DIGITS

NBSP = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"

# [least confidence, words for it], the highest first.
CONFIDENCE_WORDS = [
    (0.99, "sure"),
    (0.9, "quite sure"),
    (0.7, "fairly sure"),
    (0.5, "not sure"),
    (0, "a guess"),
]


def percent(fraction: float, counted: bool = True) -> str:
    """Such as "99.4 %"; no rounding makes it 100 % or 0 %.

    A fraction that was counted may be exactly 0 or 1. A probability is not `counted`: no network
    is that sure, whatever its last bits say.
    """
    if counted and fraction in (0, 1):
        return f"{100 * fraction:.0f}{NBSP}%"
    if fraction >= 0.9995:
        return f">{NBSP}99.9{NBSP}%"
    if fraction < 0.0005:
        return f"<{NBSP}0.1{NBSP}%"
    return f"{100 * fraction:.1f}{NBSP}%"


def round_percent(fraction: float) -> str:
    """The label of a tick, such as "96 %": as many decimals as it needs."""
    return f"{100 * fraction:g}{NBSP}%"


def percentage_points(fraction: float) -> str:
    return f"{100 * fraction:.2f}"


def count(number: int) -> str:
    """With commas between thousands."""
    return f"{number:,}"


def capitalized(name: str) -> str:
    """With the first letter in upper case, and all else as it is: "JPEG of quality 50"."""
    return name[:1].upper() + name[1:]


def confidence_in_words(confidence: float) -> str:
    return next(word for least, word in CONFIDENCE_WORDS if confidence >= least)


def add_filters(app: Flask) -> None:
    """Add these functions to the templates, and the number of classes as `DIGITS`."""
    for write in (percent, percentage_points, count, capitalized, confidence_in_words):
        app.add_template_filter(write)
    app.jinja_env.globals["DIGITS"] = DIGITS
