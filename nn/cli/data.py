"""python -m nn data"""

import argparse
import sys
from typing import Any

from nn.data import sets
from nn.data.download import DataError, search_folders


def add(commands: Any) -> None:
    command = commands.add_parser("data", help="fetch the data sets that are missing")
    command.add_argument("--check", action="store_true", help="fetch nothing, only list")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """List the files of the data sets, and fetch those that are missing."""
    print("folders searched:", *search_folders(), sep="\n  ")
    missing = []
    for file in sets.FILES:
        path = sets.find_file(file)
        if path is None and not options.check:
            try:
                path = sets.fetch_file(file)
            except DataError as error:
                print(f"python -m nn: {error}", file=sys.stderr)
        if path is None:
            missing.append(file)
        print(f"{file:32} {path or 'missing'}", flush=True)
    if missing:
        raise DataError(f"{len(missing)} files are missing: `python -m nn data` fetches them")
