"""Arguments of the commands: types for argparse, the network a command is about, and UsageError.

A type raises ArgumentTypeError in a sentence.
"""

import argparse
import re
from pathlib import Path

import numpy as np

from nn.dataset import DIGITS
from nn.network import INPUT_SHAPE, WEIGHTS, Network
from nn.numbers.seams import SEAMS
from nn.tune.overrides import AUGMENTATIONS
from nn.zoo import ZOO

TRAINABLE = {**ZOO, SEAMS.name: SEAMS}


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


def digit_network(name_or_file: str) -> tuple[Network, Path]:
    """As `named_network`, of a network that reads digits."""
    network, path = named_network(name_or_file)
    if output_count(network) < DIGITS:
        raise UsageError(f"{name_or_file} reads no digits: choose from {', '.join(ZOO)}")
    return network, path


def output_count(network: Network) -> int:
    """The number of classes."""
    return int(network.outputs(np.zeros((1, *INPUT_SHAPE), np.float32)).shape[1])


def named_network(name_or_file: str) -> tuple[Network, Path]:
    """A network of the zoo by name or from any weights file, and that file.  Raises UsageError."""
    is_name = name_or_file in TRAINABLE
    path = WEIGHTS / f"{name_or_file}.npz" if is_name else Path(name_or_file)
    if not path.exists() and is_name:
        raise UsageError(
            f"{name_or_file} is not trained yet: run `python -m nn train {name_or_file}`"
        )
    if not path.exists():
        raise UsageError(f"there is no file {path}: name one, or a network of {', '.join(ZOO)}")
    return Network.load(path), path
