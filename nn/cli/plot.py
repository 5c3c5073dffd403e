"""python -m nn plot"""

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

from nn.cli.arguments import UsageError, digit_network
from nn.data import sets
from nn.data.download import DataError
from nn.ink.files import PictureError
from nn.ink.preprocess import to_input
from nn.layers import Array
from nn.plots import KINDS, PlotError
from nn.serialization import atomic_write


def add(commands: Any) -> None:
    command = commands.add_parser("plot", help="draw a network as PNG or SVG files")
    command.add_argument("network", metavar="NAME-OR-FILE")
    command.add_argument(
        "--what", nargs="+", choices=KINDS, metavar="KIND", help=f"{', '.join(KINDS)} (all)"
    )
    command.add_argument(
        "--out", type=Path, default=Path("plots"), help="folder to write to (plots/)"
    )
    command.add_argument("--format", choices=("png", "svg"), default="png")
    command.add_argument("--on", choices=sets.SETS, default="mnist", help="the data set (mnist)")
    command.add_argument("--picture", type=Path, help="what activations are drawn of")
    command.add_argument("--trials", type=Path, help="JSON lines of a tuning, for rates")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Write a file for each kind of plot.  By default, one that cannot be drawn is left out."""
    try:
        from nn.plots import figures, network_plots  # they import matplotlib
    except ImportError:
        raise PlotError("plotting needs `pip install -r requirements-dev.txt`") from None
    kinds = list(dict.fromkeys(options.what or KINDS))
    if options.picture and "activations" not in kinds:
        raise UsageError("--picture is for activations: add --what activations")
    if options.trials and "rates" not in kinds:
        raise UsageError("--trials is for rates: add --what rates")
    if options.what and "rates" in kinds and not options.trials:
        raise UsageError("--what rates needs --trials: add a FILE of them")
    network, path = digit_network(options.network)
    picture = read_picture(options.picture) if options.picture else None
    trials = read_trials(options.trials) if options.trials else []
    plots = network_plots.NetworkPlots(network, path.stem, options.on, picture, trials)
    for kind in kinds:
        try:
            figure = getattr(plots, kind)()
        except (DataError, PlotError) as error:
            if options.what:
                raise
            print(f"python -m nn: {kind} left out: {error}", file=sys.stderr)
            continue
        target = options.out / f"{path.stem}-{kind}.{options.format}"
        with atomic_write(target) as file:
            figures.save(figure, file, options.format)
        print(target, flush=True)


def read_picture(path: Path) -> tuple[Array, str]:
    """The network's input (28, 28) made of the file, and the file's name.  Raises PictureError."""
    try:
        image = to_input(path.read_bytes())
    except PictureError as error:
        raise PictureError(f"{path}: {error}") from None
    if image is None:
        raise PictureError(f"{path} is blank: choose a picture with a digit")
    return image, path.name


def read_trials(path: Path) -> list[dict[str, Any]]:
    """Learning rate, accuracy and state of each trial in a file of JSON lines.

    An accuracy that is missing or NaN, as of a training that diverged, becomes None.  Raises
    DataError with the number of the first line that is not a trial.
    """
    trials = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            trial = json.loads(line)
            rate, accuracy = float(trial["learning_rate"]), trial.get("accuracy")
            known = accuracy is not None and not math.isnan(accuracy)
            if not 0 < rate < math.inf or (known and not 0 <= accuracy <= 1):
                raise ValueError("learning rate or accuracy out of range")
        except KeyError as error:
            raise DataError(f"{path}: line {number} is a trial without {error}") from None
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise DataError(f"{path}: line {number} is not a trial in JSON: {error}") from None
        state = str(trial.get("state", "trials"))
        accuracy = accuracy if known else None
        trials.append({"learning_rate": rate, "accuracy": accuracy, "state": state})
    if not trials:
        raise DataError(f"{path} has no trials: choose the output of `python -m nn tune`")
    return trials
