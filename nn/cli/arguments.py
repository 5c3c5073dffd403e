"""Types of arguments for argparse, each raising ArgumentTypeError in a sentence, and UsageError."""

import argparse
import re

from nn.tune.overrides import AUGMENTATIONS


class UsageError(Exception):
    """The options make no sense, alone or together; exit status 2."""


def positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return int(text)


def above_zero(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def natural(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 up")
    return int(text)


def augmentations(text: str) -> tuple[str, ...]:
    names = () if text == "none" else tuple(text.split(","))
    if unknown := set(names).difference(AUGMENTATIONS):
        raise argparse.ArgumentTypeError(
            f"{min(unknown)!r} is no augmentation: choose from {', '.join(AUGMENTATIONS)}"
        )
    return names


def plain_name(text: str) -> str:
    if not re.fullmatch(r"\w[\w.-]{0,99}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is not a name of letters, digits and . - _")
    return text
