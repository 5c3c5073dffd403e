"""python -m nn evaluate"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nn.cli.arguments import UsageError, digit_network, named_network, natural, output_count
from nn.cli.train import progress_bar
from nn.data import pen, sets
from nn.measure.metrics import evaluate, evaluate_nondigits, evaluate_seams, evaluate_styles
from nn.measure.report import (
    digits_as_text,
    nondigits_as_text,
    robustness_as_text,
    seams_as_text,
    styles_as_text,
)
from nn.measure.robustness import CHANGES, CURVES, robustness
from nn.network import Network
from nn.numbers.evaluation import evaluate_numbers, numbers_as_text
from nn.numbers.seams import SEAMS
from nn.plots.sheets import contact_sheet
from nn.serialization import atomic_write

MISTAKES = 20  # the most confident ones are printed, and recorded with the weights
SEAM_CLASSES = 2  # between two digits, or not
LISTS = {"wrong": "mistakes", "doubtful": "doubtful", "refused": "refused"}  # by --show


def add(commands: Any) -> None:
    command = commands.add_parser("evaluate", help="measure a network on a data set")
    command.add_argument("network", metavar="NAME-OR-FILE")
    command.add_argument(
        "--on", default="mnist", help=f"{', '.join(MEASURES)}, or a folder of pictures"
    )
    command.add_argument("--split", choices=(*sets.SPLITS, "all"), help="test; of a folder, all")
    command.add_argument("--mistakes", type=natural, help="how many to show (20; with --json, all)")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.add_argument(
        "--record", action="store_true", help="store the figures in the weights file"
    )
    command.add_argument(
        "--picture", type=Path, help="write the drawings of --show to this PNG file, by digit"
    )
    command.add_argument(
        "--show", choices=LISTS, default="wrong", help="what --picture shows (wrong)"
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Measure on a data set, and print, record or draw the result."""
    if options.on == SEAMS.name:
        network, path = named_network(options.network)
        if output_count(network) != SEAM_CLASSES:
            raise UsageError(f"{options.network} judges no seams: measure {SEAMS.name} on them")
    else:
        network, path = digit_network(options.network)
    is_folder = options.on not in MEASURES and Path(options.on).is_dir()
    if options.on not in MEASURES and not is_folder:
        raise UsageError(
            f"{options.on!r} is neither a folder nor a data set: choose from {', '.join(MEASURES)}"
        )
    if is_folder and options.record:
        raise UsageError("--record is for the data sets: measure a folder of pictures without it")
    split = options.split or ("all" if is_folder else "test")
    if split == "all" and not is_folder:
        raise UsageError(f"--split all is for folders of pictures: choose another for {options.on}")
    measure, as_text = (on_digits, digits_as_text) if is_folder else MEASURES[options.on]
    if options.picture and measure is not on_digits:
        raise UsageError(f"--picture shows digits: leave it out with --on {options.on}")
    result = measure(network, options.on, split)
    if options.picture:
        images, shown = sets.load(options.on, split).images, result[LISTS[options.show]]
        with atomic_write(options.picture) as file:
            contact_sheet(images, shown).save(file, "PNG", optimize=True)
    if options.record:
        network.about.setdefault("figures", {})[f"{options.on}-{split}"] = shortened(
            result, MISTAKES
        )
        network.save(path)
    default = None if options.json else MISTAKES
    result = shortened(result, default if options.mistakes is None else options.mistakes)
    print(json.dumps(result) if options.json else as_text(result))


def shortened(result: dict[str, Any], most: int | None) -> dict[str, Any]:
    """The result with at most so many drawings in each of its lists (None: all)."""
    return result | {name: result[name][:most] for name in LISTS.values() if name in result}


def on_digits(network: Network, name: str, split: str) -> dict[str, Any]:
    return evaluate(network, sets.load(name, split))


def on_styles(network: Network, name: str, split: str) -> dict[str, Any]:
    return evaluate_styles(network, split)


def on_nondigits(network: Network, name: str, split: str) -> dict[str, Any]:
    return evaluate_nondigits(network, split)


def on_numbers(network: Network, name: str, split: str) -> dict[str, Any]:
    return evaluate_numbers(network, named_network(SEAMS.name)[0], split)


def on_seams(network: Network, name: str, split: str) -> dict[str, Any]:
    return evaluate_seams(network, sets.load(name, split))


def on_changes(network: Network, name: str, split: str) -> dict[str, Any]:
    drawings = pen.pen_drawings(split)
    with progress_bar(len(CHANGES) + sum(map(len, CURVES.values())), "changes") as bar:
        return robustness(network, drawings, lambda _: bar.update())


MEASURES: dict[str, tuple[Callable[..., dict[str, Any]], Callable[..., str]]] = {
    "mnist": (on_digits, digits_as_text),
    "pen": (on_digits, digits_as_text),
    "fonts": (on_digits, digits_as_text),
    "styles": (on_styles, styles_as_text),
    "nondigits": (on_nondigits, nondigits_as_text),
    "numbers": (on_numbers, numbers_as_text),
    "robustness": (on_changes, robustness_as_text),
    SEAMS.name: (on_seams, seams_as_text),
}
