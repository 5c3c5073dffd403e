"""python -m nn: one module for each command, with `add` for its arguments and `run`."""

import argparse
import sys

from nn.cli import (
    data,
    evaluate,
    export,
    fit,
    mistakes,
    models,
    plot,
    predict,
    results,
    train,
    tune,
)
from nn.cli.arguments import UsageError
from nn.data.download import DataError
from nn.export import ExportError
from nn.ink.files import PictureError
from nn.plots import PlotError
from nn.serialization import WeightsError
from nn.training import DivergedError

COMMANDS = (train, fit, evaluate, mistakes, tune, plot, predict, export, data, models, results)
FAILURES = (
    *(DataError, WeightsError, ExportError, PictureError, PlotError, DivergedError),
    OSError,
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status: 0 done, 1 failed, 2 a mistake in the arguments."""
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
    for command in COMMANDS:
        command.add(commands)
    return top
