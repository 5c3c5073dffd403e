"""What the commands of `python -m nn` do, given their options."""

import argparse
import csv
import io
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nn.data import pen, sets
from nn.data.download import DataError, places
from nn.dataset import DIGITS, DataSet, as_input, join
from nn.export.formats import FORMATS
from nn.ink.preprocess import PictureError, to_input
from nn.layers import Array, Dense
from nn.measure.calibration import calibrated
from nn.measure.metrics import (
    as_text,
    evaluate,
    evaluate_nondigits,
    evaluate_styles,
    nondigits_as_text,
    robustness_as_text,
    styles_as_text,
)
from nn.measure.rejection import conditional_probabilities, is_accepted, with_threshold
from nn.measure.robustness import CHANGES, CURVES, robustness
from nn.network import Network
from nn.plots.gallery import SPRITE_COLUMNS, chosen, mistakes_as_picture, sprite
from nn.serialization import written_whole
from nn.training import train
from nn.tune.overrides import variant
from nn.zoo import DEFAULT, ZOO, Recipe

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"
PAGE = WEIGHTS.parent / "static" / "inside"
PER_CELL, RIGHT_ONES = (
    3,
    2,
)  # pictures behind a cell of a confusion matrix: few, for they are MNIST's
MISTAKES = 20  # so many, the most confident ones, are printed and recorded with the weights


class UsageError(Exception):
    """What the user asked for makes no sense; exit status 2."""


def run_train(options: argparse.Namespace) -> None:
    recipe = variant(
        ZOO[options.name],
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
        raise UsageError(f"{recipe.name} has ten classes and cannot learn from nondigits")
    training = [sets.load(name, "train") for name in recipe.data]
    digits = [name for name in recipe.data if name != "nondigits"]
    validation = {name: sets.load(name, "validation") for name in digits}
    checkpoint = options.out / f"{recipe.name}.checkpoint.npz"
    try:
        network = train_with_progress(
            recipe, training, join(validation.values()), checkpoint, options.resume
        )
    except KeyboardInterrupt:
        if checkpoint.exists():
            print(f"\n{checkpoint} holds the last whole epoch: --resume goes on", file=sys.stderr)
        raise
    network = calibrated(network, join(validation.values()))
    if "nondigits" in recipe.data:
        drawn = join(sets.load(name, "validation") for name in ("pen", "styles"))
        network = with_threshold(network, as_input(drawn.images))
    network.about["figures"] = {
        f"{name}-validation": evaluate(network, digits, mistakes=0)
        for name, digits in validation.items()
    }
    target = options.out / f"{recipe.name}.npz"
    network.save(target)
    write_history(network.about["history"], options.out / f"{recipe.name}.history.csv")
    checkpoint.unlink(missing_ok=True)
    print(f"{target}: {network.parameters} weights, {target.stat().st_size / 1000:.0f} kB")
    for name, figure in network.about["figures"].items():
        print(f"{name}: accuracy {figure['accuracy']:.2%} of {figure['count']}")


def train_with_progress(
    recipe: Recipe,
    training: Sequence[DataSet],
    validation: DataSet,
    checkpoint: Path,
    resume: bool,
) -> Network:
    """As `nn.training.train`, with a progress bar for each epoch and a line of figures after it."""
    from threadpoolctl import threadpool_limits  # here, for serving neither has nor needs it

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
    from tqdm import tqdm  # here, for serving neither has nor needs it

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
    """A row for each epoch, as a table that any program reads."""
    with written_whole(path) as file:
        table = io.TextIOWrapper(file, "utf-8", newline="")
        rows = csv.DictWriter(table, history[0])
        rows.writeheader()
        rows.writerows(history)
        table.detach()


def run_evaluate(options: argparse.Namespace) -> None:
    network, path = named_network(options.network)
    is_folder = options.on not in MEASURES and Path(options.on).is_dir()
    if options.on not in MEASURES and not is_folder:
        raise UsageError(f"there is no folder {options.on}; sets are {', '.join(MEASURES)}")
    if is_folder and options.record:
        raise UsageError("--record keeps what anyone can measure again, which a folder is not")
    split = options.split or ("all" if is_folder else "test")
    if split == "all" and not is_folder:
        raise UsageError(f"--split all is for folders of pictures, not for {options.on}")
    measure, as_page = (on_digits, as_text) if is_folder else MEASURES[options.on]
    if options.picture and measure is not on_digits:
        raise UsageError(f"--picture shows mistakes on digits: --on {options.on} has none of these")
    result = measure(network, options.on, split)
    mistakes = result.get("mistakes")
    if options.picture:
        digits = sets.load(options.on, split)
        with written_whole(options.picture) as file:
            mistakes_as_picture(digits.images, result["mistakes"]).save(file, "PNG", optimize=True)
    if options.record:
        recorded = result if mistakes is None else {**result, "mistakes": mistakes[:MISTAKES]}
        network.about.setdefault("figures", {})[f"{options.on}-{split}"] = recorded
        network.save(path)
    if mistakes is not None:
        shown = len(mistakes) if options.json else MISTAKES
        result["mistakes"] = mistakes[: shown if options.mistakes is None else options.mistakes]
    print(json.dumps(result) if options.json else as_page(result))


def on_digits(network: Network, name: str, split: str) -> dict[str, Any]:
    return evaluate(network, sets.load(name, split))


def on_styles(network: Network, name: str, split: str) -> dict[str, Any]:
    return evaluate_styles(network, split)


def on_nondigits(network: Network, name: str, split: str) -> dict[str, Any]:
    return evaluate_nondigits(network, split)


def on_changes(network: Network, name: str, split: str) -> dict[str, Any]:
    drawings = pen.pen_drawings(split)
    with progress_bar(len(CHANGES) + sum(map(len, CURVES.values())), "changes") as bar:
        return robustness(network, drawings, lambda _: bar.update())


MEASURES: dict[str, tuple[Callable[..., dict[str, Any]], Callable[..., str]]] = {
    "mnist": (on_digits, as_text),
    "pen": (on_digits, as_text),
    "styles": (on_styles, styles_as_text),
    "nondigits": (on_nondigits, nondigits_as_text),
    "robustness": (on_changes, robustness_as_text),
}


def run_mistakes(options: argparse.Namespace) -> None:
    """The pictures behind the confusion matrices: one sheet of them, and what is what."""
    digits = sets.load("mnist", "test")
    images = as_input(digits.images)
    chosen_rows: dict[str, list[tuple[int, Array]]] = {}
    for name in ZOO:
        path = WEIGHTS / f"{name}.npz"
        if path.exists():
            probabilities = conditional_probabilities(Network.load(path).probabilities(images))
            each = len(images) if name == DEFAULT else PER_CELL
            rows = chosen(digits.labels, probabilities, each, RIGHT_ONES)
            chosen_rows[name] = [(row, probabilities[row]) for row in rows]
    shown = sorted({row for rows in chosen_rows.values() for row, _ in rows})
    place = {row: i for i, row in enumerate(shown)}
    table = {
        "columns": SPRITE_COLUMNS,
        "labels": digits.labels[shown].tolist(),
        "rows": shown,
        "networks": {  # of each picture its place in the sheet, the answer, probabilities in 1/1000
            name: [
                [place[row], int(p.argmax()), *np.round(1000 * p).astype(int).tolist()]
                for row, p in rows
            ]
            for name, rows in chosen_rows.items()
        },
    }
    with written_whole(options.out / "mistakes.png") as file:
        sprite(digits.images[shown]).save(file, "PNG", optimize=True)
    with written_whole(options.out / "mistakes.json") as file:
        file.write(json.dumps(table, separators=(",", ":")).encode())
    print(f"{options.out}: {len(shown)} pictures of {len(chosen_rows)} networks")


def run_tune(options: argparse.Namespace) -> None:
    try:
        from nn.tune import search as tune  # here, for they need Optuna
        from nn.tune import storage as studies
    except ImportError:
        raise DataError("tuning needs `pip install -r requirements-dev.txt`") from None
    recipe = variant(
        ZOO[options.name], epochs=options.epochs, seed=options.seed, limit=options.limit
    )
    try:
        with studies.opened_study(recipe, options.storage, options.study) as study:
            there = tune.finished(study)
            print(f"{len(there)} of {options.trials} trials are there", file=sys.stderr)
            if len(there) < options.trials:
                training = [sets.load(name, "train") for name in recipe.data]
                digits = [name for name in recipe.data if name != "nondigits"]
                validation = join(sets.load(name, "validation") for name in digits)
                tune.search(study, recipe, training, validation, options.trials)
            print(tune.verdict(study, recipe), file=sys.stderr)
    except studies.StudyError as error:
        raise UsageError(str(error)) from None
    except KeyboardInterrupt:
        print("\nthe same command goes on with this search", file=sys.stderr)
        raise


def run_predict(options: argparse.Namespace) -> None:
    network, _ = named_network(options.network)
    failures = 0
    for picture in options.pictures:
        try:
            seen = to_input(picture.read_bytes())
        except (PictureError, OSError) as error:
            print(f"python -m nn: {picture}: {error}", file=sys.stderr)
            failures += 1
            continue
        print(prediction_line(network, picture, seen, options.json))
    if failures:
        raise PictureError(f"{failures} of {len(options.pictures)} pictures could not be read")


def prediction_line(
    network: Network, picture: Path, seen: np.ndarray[Any, Any] | None, as_json: bool
) -> str:
    if seen is None:
        answer = {"picture": str(picture), "digit": None, "rejected": "blank"}
        return json.dumps(answer) if as_json else f"{picture}: blank"
    scores = network.probabilities(seen[None, :, :, None])
    probabilities = conditional_probabilities(scores)[0]
    best_guess = int(probabilities.argmax())
    digit = best_guess if is_accepted(network, scores)[0] else None
    if as_json:
        rounded = [round(float(p), 6) for p in probabilities]
        rejected = "not-a-digit" if digit is None else None
        return json.dumps(
            {
                "picture": str(picture),
                "digit": digit,
                "rejected": rejected,
                "probabilities": rounded,
            }
        )
    row = " ".join(f"{i}:{p:.3f}" for i, p in enumerate(probabilities))
    read = "no digit" if digit is None else f"{digit} {probabilities[digit]:.4f}"
    return f"{picture}: {read}   {row}"


def run_export(options: argparse.Namespace) -> None:
    network, path = named_network(options.network)
    target = options.out or Path(f"{path.stem}.{options.to}")
    if target.exists() and target.samefile(path):
        raise UsageError(f"{target} is the weights file itself: --out names another file to write")
    content = FORMATS[options.to](network)
    with written_whole(target) as file:
        file.write(content)
    print(f"{target}: {len(content) / 1000:.0f} kB")


def run_data(options: argparse.Namespace) -> None:
    print("looked for in:", *places(), sep="\n  ")
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


def run_models(options: argparse.Namespace) -> None:
    print(f"{'name':16} {'weights':>8} {'kB':>6} {'mnist':>7} {'pen':>7}  title")
    for name, recipe in ZOO.items():
        path = WEIGHTS / f"{name}.npz"
        if not path.exists():
            print(f"{name:16} not trained yet: python -m nn train {name}")
            continue
        network = Network.load(path)
        shares = network.about.get("figures", {})
        on_mnist, on_pen = (
            f"{shares[key]['accuracy']:.2%}" if key in shares else "-"
            for key in ("mnist-test", "pen-test")
        )
        size = f"{path.stat().st_size / 1000:.0f}"
        figures = f"{network.parameters:8} {size:>6} {on_mnist:>7} {on_pen:>7}"
        print(f"{name:16} {figures}  {recipe.title}")


def named_network(name_or_file: str) -> tuple[Network, Path]:
    """A network of the zoo by name, or any weights file, and where it lies."""
    path = WEIGHTS / f"{name_or_file}.npz" if name_or_file in ZOO else Path(name_or_file)
    if not path.exists() and name_or_file in ZOO:
        raise UsageError(f"{name_or_file} is not trained yet: python -m nn train {name_or_file}")
    if not path.exists():
        raise UsageError(f"there is no file {path}, and the zoo has only {', '.join(ZOO)}")
    return Network.load(path), path
