"""python -m nn train"""

import argparse
import csv
import io
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from nn.cli.arguments import (
    TRAINABLE,
    UsageError,
    above_zero,
    augmentations,
    named_network,
    natural,
    positive,
)
from nn.data import sets
from nn.dataset import DIGITS, DataSet, as_input, join
from nn.layers import Dense
from nn.measure.calibration import calibrated
from nn.measure.metrics import evaluate, evaluate_seams
from nn.measure.rejection import with_thresholds
from nn.network import WEIGHTS, Network
from nn.numbers import fitting
from nn.numbers.seams import SEAMS
from nn.serialization import atomic_write
from nn.training import train
from nn.tune.overrides import OPTIMIZERS, SCHEDULES, variant
from nn.zoo import Recipe


def add(commands: Any) -> None:
    command = commands.add_parser("train", help="train a network of the zoo")
    command.add_argument("name", choices=TRAINABLE, metavar="NAME", help=", ".join(TRAINABLE))
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
    own.add_argument("--limit", type=positive, help="at most this many images of each set")
    command.add_argument("--resume", action="store_true", help="continue from the checkpoint")
    command.add_argument("--out", type=Path, default=WEIGHTS, help="folder to write to (weights/)")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Train, calibrate and measure on validation data; write the weights and their history."""
    recipe = variant(
        TRAINABLE[options.name],
        learning_rate=options.learning_rate,
        schedule=options.schedule,
        width=options.width,
        optimizer=options.optimizer,
        augmentation=options.augment,
        epochs=options.epochs,
        batch_size=options.batch_size,
        seed=options.seed,
        limit=options.limit,
        data=tuple(options.data.split(",")) if options.data else None,
        fractions=() if options.data else None,
    )
    if "nondigits" in recipe.data and classes_of(recipe) == DIGITS:
        raise UsageError(f"{recipe.name} has no class for nondigits: train best with them")
    if (SEAMS.name in recipe.data) != (recipe.name == SEAMS.name):
        raise UsageError(
            f"{SEAMS.name} learns from the set of that name, and no other network does"
        )
    # asked for before the training: it is needed after it
    seams = named_network(SEAMS.name)[0] if "nondigits" in recipe.data else None
    training = load_all(recipe.data, "train")
    names = [name for name in recipe.data if name != "nondigits"]
    validation = dict(zip(names, load_all(names, "validation"), strict=True))
    checkpoint = options.out / f"{recipe.name}.checkpoint.npz"
    try:
        network = train_with_progress(
            recipe, training, join(validation.values()), checkpoint, options.resume
        )
    except KeyboardInterrupt:
        if checkpoint.exists():
            print(f"\n{checkpoint} holds the last whole epoch: add --resume", file=sys.stderr)
        raise
    network = calibrated(network, join(validation.values()))
    if seams:
        unlike = sets.unlike_training("validation").values()
        network = with_thresholds(network, (as_input(digits.images) for digits in unlike))
        network = fitted_to_numbers(network, seams)
    network.about["figures"] = {
        f"{name}-validation": evaluate_seams(network, of_set)
        if name == "seams"
        else evaluate(network, of_set, mistakes=0)
        for name, of_set in validation.items()
    }
    target = options.out / f"{recipe.name}.npz"
    network.save(target)
    write_history(network.about["history"], options.out / f"{recipe.name}.history.csv")
    checkpoint.unlink(missing_ok=True)
    print(f"{target}: {network.parameters} weights, {target.stat().st_size / 1000:.0f} kB")
    for name, figure in network.about["figures"].items():
        print(f"{name}: accuracy {figure['accuracy']:.2%} of {figure['count']}")


def fitted_to_numbers(network: Network, seams: Network) -> Network:
    """As `nn.numbers.fitting.with_geometry`, with a progress bar.  Raises DataError."""
    from tqdm import tqdm  # not installed where the app is served

    return fitting.with_geometry(
        network, seams, partial(tqdm, desc="numbers", unit=" drawings", leave=False, disable=None)
    )


def load_all(names: Sequence[str], split: str) -> list[DataSet]:
    """The sets of these names, each made in a process of its own.  Raises DataError."""
    load = partial(sets.load, split=split)
    if len(names) == 1:
        return [load(names[0])]
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # for the processes, which share the cores
    # spawned, because a process with the threads of a BLAS library cannot be forked safely
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        return list(pool.map(load, names))


def train_with_progress(
    recipe: Recipe,
    training: Sequence[DataSet],
    validation: DataSet,
    checkpoint: Path,
    resume: bool,
) -> Network:
    """As `nn.training.train`, with a progress bar for each epoch and a line of figures after it."""
    from threadpoolctl import threadpool_limits  # not installed where the app is served

    bar: Any = None

    def after_step(row: dict[str, Any]) -> None:
        nonlocal bar
        if row["step"] == 1:
            bar = progress_bar(row["steps"], f"epoch {row['epoch']}/{recipe.epochs}")
        bar.set_postfix(loss=f"{row['loss']:.4f}", accuracy=f"{row['accuracy']:.4f}", refresh=False)
        bar.update()
        if row["step"] == row["steps"]:
            bar.close()

    return train(
        recipe,
        training,
        validation,
        checkpoint,
        resume,
        after_step,
        lambda row: print(as_line(row), flush=True),
        partial(threadpool_limits, 1),
    )


def progress_bar(steps: int, title: str) -> Any:
    from tqdm import tqdm  # not installed where the app is served

    return tqdm(total=steps, desc=title, unit="batch", leave=False, disable=None)


def as_line(row: dict[str, Any]) -> str:
    """An epoch of the history."""
    return (
        f"epoch {row['epoch']:3}  loss {row['loss']:.4f}  accuracy {row['accuracy']:.4f}  "
        f"validation {row['validation_loss']:.4f} {row['validation_accuracy']:.4f}  "
        f"learning rate {row['learning_rate']:.2g}  {row['seconds']:.0f} s"
    )


def classes_of(recipe: Recipe) -> int:
    units: int = recipe.layers[-1].units if isinstance(recipe.layers[-1], Dense) else DIGITS
    return units


def write_history(history: list[dict[str, Any]], path: Path) -> None:
    """Write the history as CSV, a row for each epoch."""
    with atomic_write(path) as file:
        table = io.TextIOWrapper(file, "utf-8", newline="")
        rows = csv.DictWriter(table, history[0])
        rows.writeheader()
        rows.writerows(history)
        table.detach()
