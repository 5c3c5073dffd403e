"""python -m nn train | evaluate | mistakes | tune | plot | predict | export | data | models"""

import argparse
import re
import sys
from pathlib import Path

from nn.cli.commands import (
    MEASURES,
    PAGE,
    WEIGHTS,
    UsageError,
    run_data,
    run_evaluate,
    run_export,
    run_mistakes,
    run_models,
    run_predict,
    run_train,
    run_tune,
)
from nn.data import sets
from nn.data.download import DataError
from nn.export.formats import FORMATS, ExportError
from nn.ink.preprocess import PictureError
from nn.plots.drawing import PLOTS, NotPossible, run_plot
from nn.serialization import WeightsError
from nn.training import DivergedError
from nn.tune.overrides import AUGMENTATIONS, OPTIMIZERS, SCHEDULES
from nn.zoo import ZOO

FAILURES = (
    DataError, WeightsError, ExportError, PictureError, NotPossible, DivergedError, OSError,
)  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status: 0 done, 1 it failed, 2 it was asked wrongly."""
    options = parser().parse_args(arguments)
    try:
        options.run(options)
        return 0
    except UsageError as error:
        print(f"python -m nn: {error}", file=sys.stderr)
        return 2
    except FAILURES as error:
        print(f"python -m nn: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\npython -m nn: stopped", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m nn", description="The networks of this project.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("train", help="train a network of the zoo")
    command.add_argument("name", choices=ZOO, metavar="NAME", help=", ".join(ZOO))
    own = command.add_argument_group("instead of the recipe's own")
    own.add_argument("--epochs", type=positive)
    own.add_argument("--learning-rate", type=above_zero, help="the highest of the schedule")
    own.add_argument("--batch-size", type=positive, help="images in each step")
    own.add_argument("--optimizer", choices=OPTIMIZERS)
    own.add_argument("--schedule", choices=SCHEDULES)
    own.add_argument("--width", type=above_zero, default=1.0, help="a factor on hidden sizes")
    own.add_argument("--seed", type=natural)
    own.add_argument(
        "--augment", type=augmentations, help="affine, elastic, affine,elastic or none"
    )
    own.add_argument(
        "--data", help="sets, or folders of pictures named by label, with commas between"
    )
    own.add_argument("--limit", type=positive, help="so many images of each set at most")
    command.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    command.add_argument("--out", type=Path, default=WEIGHTS, help="folder to write to (weights/)")
    command.set_defaults(run=run_train)

    command = commands.add_parser("evaluate", help="measure a network on a data set")
    command.add_argument("network", metavar="NAME-OR-FILE")
    command.add_argument(
        "--on", default="mnist", help=f"{', '.join(MEASURES)}, or a folder of pictures"
    )
    command.add_argument("--split", choices=(*sets.SPLITS, "all"), help="test; of a folder, all")
    command.add_argument("--mistakes", type=natural, help="show so many (20; with --json all)")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.add_argument(
        "--record", action="store_true", help="keep the figures in the weights file"
    )
    command.add_argument("--picture", type=Path, help="write the misclassified to this PNG")
    command.set_defaults(run=run_evaluate)

    command = commands.add_parser("mistakes", help="gather what the page shows of the mistakes")
    command.add_argument("--out", type=Path, default=PAGE, help="folder to write to")
    command.set_defaults(run=run_mistakes)

    command = commands.add_parser(
        "tune", help="search for a better learning rate, batch size, optimizer, width"
    )
    command.add_argument("name", choices=ZOO, metavar="NAME", help=", ".join(ZOO))
    command.add_argument("--trials", type=positive, required=True, help="so many in all")
    command.add_argument("--epochs", type=positive, default=5, help="of each trial (5)")
    command.add_argument(
        "--limit", type=positive, default=10_000, help="so many images of each set (10000)"
    )
    command.add_argument("--seed", type=natural, help="instead of the recipe's")
    command.add_argument(
        "--storage", metavar="URL", help="database to share with other machines (a file here)"
    )
    command.add_argument("--study", type=plain_name, help="name of the search in the storage")
    command.set_defaults(run=run_tune)

    command = commands.add_parser("plot", help="draw a network as PNG or SVG files")
    command.add_argument("network", metavar="NAME-OR-FILE")
    command.add_argument(
        "--what", nargs="+", choices=PLOTS, metavar="KIND", help=f"{', '.join(PLOTS)} (all)"
    )
    command.add_argument(
        "--out", type=Path, default=Path("plots"), help="folder to write to (plots/)"
    )
    command.add_argument("--format", choices=("png", "svg"), default="png")
    command.add_argument("--on", choices=sets.SETS, default="mnist", help="the data set (mnist)")
    command.add_argument("--picture", type=Path, help="what activations are drawn of")
    command.add_argument("--trials", type=Path, help="JSON lines of a tuning, for rates")
    command.set_defaults(run=run_plot)

    command = commands.add_parser("predict", help="read pictures of digits")
    command.add_argument("network", metavar="NAME-OR-FILE")
    command.add_argument("pictures", metavar="PICTURE", nargs="+", type=Path)
    command.add_argument("--json", action="store_true", help="print a line of JSON for each")
    command.set_defaults(run=run_predict)

    command = commands.add_parser("export", help="write a network for other programs")
    command.add_argument("network", metavar="NAME-OR-FILE")
    command.add_argument("--to", choices=FORMATS, required=True)
    command.add_argument("--out", type=Path, help="file to write (NAME.onnx or NAME.json, here)")
    command.set_defaults(run=run_export)

    command = commands.add_parser("data", help="fetch the data sets that are missing")
    command.add_argument("--check", action="store_true", help="only say what is there")
    command.set_defaults(run=run_data)

    command = commands.add_parser("models", help="list the trained networks")
    command.set_defaults(run=run_models)
    return top


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


def augmentations(text: str) -> tuple[str, ...]:
    names = () if text == "none" else tuple(text.split(","))
    if unknown := set(names).difference(AUGMENTATIONS):
        raise argparse.ArgumentTypeError(
            f"{min(unknown)!r} is no augmentation: there are {', '.join(AUGMENTATIONS)}"
        )
    return names


def plain_name(text: str) -> str:
    if not re.fullmatch(r"\w[\w.-]{0,99}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is not a name of letters, digits and . - _")
    return text


def natural(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 up")
    return int(text)
