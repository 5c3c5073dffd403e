"""python -m nn train | evaluate | predict | data | models"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nn import data
from nn.calibration import calibrated
from nn.evaluation import as_text, evaluate
from nn.network import Network, WeightsError
from nn.preprocess import PictureError, to_input
from nn.training import Diverged, train
from nn.zoo import ZOO

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
MISTAKES = 20  # so many, the most confident ones, are printed and kept with the weights


class UsageError(Exception):
    """What the user asked for makes no sense; exit status 2."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status: 0 done, 1 it failed, 2 it was asked wrongly."""
    options = parser().parse_args(arguments)
    try:
        options.run(options)
        return 0
    except UsageError as error:
        print(f"python -m nn: {error}", file=sys.stderr)
        return 2
    except (data.DataError, WeightsError, PictureError, Diverged, OSError) as error:
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
    command.add_argument("--epochs", type=positive, help="instead of the recipe's")
    command.add_argument("--seed", type=natural, help="instead of the recipe's")
    command.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    command.add_argument("--out", type=Path, default=WEIGHTS, help="folder to write to (weights/)")
    command.set_defaults(run=run_train)

    command = commands.add_parser("evaluate", help="measure a network on a data set")
    command.add_argument("network", metavar="NAME-OR-FILE")
    command.add_argument("--on", choices=data.SETS, default="mnist")
    command.add_argument("--split", choices=data.SPLITS, default="test")
    command.add_argument("--mistakes", type=natural, help="show so many (20; with --json all)")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.add_argument(
        "--record", action="store_true", help="keep the figures in the weights file"
    )
    command.set_defaults(run=run_evaluate)

    command = commands.add_parser("predict", help="read pictures of digits")
    command.add_argument("network", metavar="NAME-OR-FILE")
    command.add_argument("pictures", metavar="PICTURE", nargs="+", type=Path)
    command.add_argument("--json", action="store_true", help="print a line of JSON for each")
    command.set_defaults(run=run_predict)

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


def natural(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 up")
    return int(text)


def run_train(options: argparse.Namespace) -> None:
    recipe = ZOO[options.name]
    if options.epochs:
        recipe = replace(recipe, epochs=options.epochs)
    if options.seed is not None:
        recipe = replace(recipe, seed=options.seed)
    training = data.join(data.load(name, "train") for name in recipe.data)
    validation = {name: data.load(name, "validation") for name in recipe.data}
    checkpoint = options.out / f"{recipe.name}.checkpoint.npz"
    try:
        network = train(
            recipe, training, data.join(validation.values()), checkpoint, options.resume
        )
    except KeyboardInterrupt:
        if checkpoint.exists():
            print(f"\n{checkpoint} holds the last whole epoch: --resume goes on", file=sys.stderr)
        raise
    network = calibrated(network, data.join(validation.values()))
    network.about["figures"] = {
        f"{name}-validation": evaluate(network, digits, mistakes=0)
        for name, digits in validation.items()
    }
    target = options.out / f"{recipe.name}.npz"
    network.save(target)
    checkpoint.unlink(missing_ok=True)
    print(f"{target}: {network.parameters} weights, {target.stat().st_size / 1000:.0f} kB")
    for name, figure in network.about["figures"].items():
        print(f"{name}: accuracy {figure['accuracy']:.2%} of {figure['count']}")


def run_evaluate(options: argparse.Namespace) -> None:
    network, path = named_network(options.network)
    result = evaluate(network, data.load(options.on, options.split), mistakes=None)
    mistakes = result["mistakes"]
    if options.record:
        figures = network.about.setdefault("figures", {})
        figures[f"{options.on}-{options.split}"] = {**result, "mistakes": mistakes[:MISTAKES]}
        network.save(path)
    shown = len(mistakes) if options.json else MISTAKES
    result["mistakes"] = mistakes[: shown if options.mistakes is None else options.mistakes]
    print(json.dumps(result) if options.json else as_text(result))


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
    probabilities = network.probabilities(seen[None, :, :, None])[0, :10]
    digit = int(probabilities.argmax())
    if as_json:
        rounded = [round(float(p), 6) for p in probabilities]
        return json.dumps(
            {"picture": str(picture), "digit": digit, "rejected": None, "probabilities": rounded}
        )
    row = " ".join(f"{i}:{p:.3f}" for i, p in enumerate(probabilities))
    return f"{picture}: {digit} {probabilities[digit]:.4f}   {row}"


def run_data(options: argparse.Namespace) -> None:
    print("looked for in:", *data.places(), sep="\n  ")
    missing = []
    for file in data.FILES:
        path = data.find_file(file)
        if path is None and not options.check:
            try:
                path = data.fetch_file(file)
            except data.DataError as error:
                print(f"python -m nn: {error}", file=sys.stderr)
        if path is None:
            missing.append(file)
        print(f"{file:32} {path or 'missing'}", flush=True)
    if missing:
        raise data.DataError(f"{len(missing)} files are missing: `python -m nn data` fetches them")


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


if __name__ == "__main__":
    sys.exit(main())
