"""python -m nn tune"""

import argparse
import sys
from typing import Any

from nn.cli.arguments import UsageError, natural, plain_name, positive
from nn.data import sets
from nn.data.download import DataError
from nn.dataset import join
from nn.tune.overrides import variant
from nn.zoo import ZOO


def add(commands: Any) -> None:
    command = commands.add_parser(
        "tune", help="search for a better learning rate, batch size, optimizer, width"
    )
    command.add_argument("name", choices=ZOO, metavar="NAME", help=", ".join(ZOO))
    command.add_argument(
        "--trials", type=positive, required=True, help="finished trials, of all workers"
    )
    command.add_argument("--epochs", type=positive, default=5, help="of each trial (5)")
    command.add_argument(
        "--limit", type=positive, default=10_000, help="images used of each set (10000)"
    )
    command.add_argument("--seed", type=natural, help="instead of the recipe's")
    command.add_argument(
        "--storage",
        metavar="URL",
        help="database to share with other machines (a file in the cache)",
    )
    command.add_argument("--study", type=plain_name, help="name of the search in the storage")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Search until that many trials are finished, and print the best."""
    try:
        from nn.tune import search, storage  # they import Optuna
    except ImportError:
        raise DataError("tuning needs `pip install -r requirements-dev.txt`") from None
    recipe = variant(
        ZOO[options.name], epochs=options.epochs, seed=options.seed, limit=options.limit
    )
    try:
        with storage.opened_study(recipe, options.storage, options.study) as study:
            count = len(search.finished(study))
            print(f"{count} of {options.trials} trials are finished", file=sys.stderr)
            if count < options.trials:
                training = [sets.load(name, "train") for name in recipe.data]
                digits = [name for name in recipe.data if name != "nondigits"]
                validation = join(sets.load(name, "validation") for name in digits)
                search.search(study, recipe, training, validation, options.trials)
            print(search.summary(study, recipe), file=sys.stderr)
    except storage.StudyError as error:
        raise UsageError(str(error)) from None
    except KeyboardInterrupt:
        print("\nrun the same command to go on with this search", file=sys.stderr)
        raise
