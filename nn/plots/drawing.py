"""The command that draws: gathers what a network, its record and the data give, for nn.plots.figures."""

import argparse
import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nn.data import pen, sets
from nn.cli.commands import UsageError, named_network
from nn.measure.metrics import evaluate
from nn.data.download import DataError
from nn.dataset import DataSet, as_input
from nn.serialization import written_whole
from nn.layers import Array
from nn.network import Network
from nn.ink.preprocess import PictureError, image_to_input, to_input
from nn.measure.rejection import conditional_probabilities
from nn.ink.strokes import draw, renderings


class NotPossible(Exception):
    """What the user asked for is not to be had of this network, or on this machine; status 1."""


def run_plot(options: argparse.Namespace) -> None:
    try:
        from nn.plots import figures as plot  # here, for serving neither has nor needs matplotlib
    except ImportError:
        raise NotPossible("plotting needs `pip install -r requirements-dev.txt`") from None
    kinds = list(dict.fromkeys(options.what or PLOTS))
    if options.picture and "activations" not in kinds:
        raise UsageError("--picture is what activations are drawn of: add --what activations")
    if options.trials and "rates" not in kinds:
        raise UsageError("--trials is what rates are drawn of: add --what rates")
    if options.what and "rates" in kinds and not options.trials:
        raise UsageError("--what rates needs --trials FILE")
    network, path = named_network(options.network)
    picture = read_picture(options.picture) if options.picture else None
    trials = read_trials(options.trials) if options.trials else []
    subject = Subject(plot, network, path.stem, options.on, picture, trials)
    for kind in kinds:
        try:
            figure = PLOTS[kind](subject)
        except (DataError, NotPossible) as error:
            if options.what:
                raise
            print(f"python -m nn: {kind} left out: {error}", file=sys.stderr)
            continue
        target = options.out / f"{path.stem}-{kind}.{options.format}"
        with written_whole(target) as file:
            plot.save(figure, file, options.format)
        print(target, flush=True)


def read_picture(path: Path) -> tuple[Array, str]:
    """The 28x28 input a network sees of the file, and what to call it.  Raises PictureError."""
    try:
        seen = to_input(path.read_bytes())
    except PictureError as error:
        raise PictureError(f"{path}: {error}") from None
    if seen is None:
        raise PictureError(f"{path}: the picture is blank")
    return seen, path.name


def read_trials(path: Path) -> list[dict[str, Any]]:
    """Learning rate, accuracy and state of a tuning's trials, of JSON lines.

    An accuracy that is missing or no number, as of a trial that diverged, is None.  Raises
    DataError with the number of a line that is no trial.
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
            raise DataError(f"{path}: line {number} is no trial in JSON: {error}") from None
        state = str(trial.get("state", "trials"))
        trials.append(
            {"learning_rate": rate, "accuracy": accuracy if known else None, "state": state}
        )
    if not trials:
        raise DataError(f"{path} holds no trials")
    return trials


@dataclass
class Subject:
    """What there is to draw of a network; data is loaded when it is asked for, and once.

    Each kind of plot is a method that raises DataError or NotPossible where it cannot be drawn.
    """

    plot: Any  # the module nn.plots.figures
    network: Network
    name: str
    on: str
    picture: tuple[Array, str] | None
    trials: list[dict[str, Any]]

    @cached_property
    def digits(self) -> DataSet:
        if self.on == "nondigits":
            raise NotPossible("nondigits holds no digits that could be read wrongly")
        return sets.load(self.on, "test")

    @cached_property
    def evaluation(self) -> dict[str, Any]:
        return evaluate(self.network, self.digits, MISTAKES_DRAWN)

    @cached_property
    def groups(self) -> dict[str, Array]:
        """The data set's images by what they show."""
        if self.on == "nondigits":
            return sets.nondigit_groups("test")
        if self.on == "styles":
            return {name: renderings(made)[0] for name, made in pen.made_styles("test").items()}
        images, labels = self.digits
        return {str(label): images[labels == label] for label in np.unique(labels)}

    def history(self) -> Any:
        rows = self.network.about.get("history")
        if not rows:
            raise NotPossible("no history was recorded with its weights")
        return self.plot.history(rows, f"{self.name}: learning curves")

    def confusion(self) -> Any:
        recorded = self.network.about.get("figures", {}).get(f"{self.on}-test", {})
        counts = np.array(recorded.get("confusion") or self.evaluation["confusion"])
        title = f"{self.name}: how it reads {counts.sum():,} digits of {self.on}-test"
        return self.plot.confusion(counts, title)

    def mistakes(self) -> Any:
        rows = [mistake["index"] for mistake in self.evaluation["mistakes"]]
        if not rows:
            raise NotPossible(f"it reads all of {self.on}-test right")
        images, labels = self.digits.images[rows], self.digits.labels[rows]
        shares = conditional_probabilities(self.network.probabilities(as_input(images)))
        title = f"{self.name}: surest mistakes on {self.on}-test, with each digit's probability"
        return self.plot.mistakes(images, labels, shares, title)

    def weights(self) -> Any:
        first = self.plot.first_layer(self.network)
        if first is None:
            raise NotPossible("its first layer looks neither at 28x28 pixels nor at windows")
        layer, images = first
        names = list("0123456789") if layer is self.network.layers[-1] else []
        title = f"{self.name}: weights of its first layer, {self.plot.described(layer)}"
        return self.plot.weights(images[:WEIGHTS_DRAWN], title, names)

    def histograms(self) -> Any:
        if not self.network.parameters:
            raise NotPossible("it has no weights")
        return self.plot.histograms(self.network, f"{self.name}: its weights, by layer")

    def activations(self) -> Any:
        seen, what = self.picture or self.an_image()
        title = f"{self.name}: what each layer makes of {what}"
        return self.plot.activations(self.network, seen, title)

    def an_image(self) -> tuple[Array, str]:
        """One of the data set, or a seven drawn here where there is none."""
        try:
            name, images = next(iter(self.groups.items()))
        except DataError:
            drawn = draw([[(0, 0), (1, 0), (0.45, 1.5)]], 280, 20, (140, 140), 180)
            seen = image_to_input(drawn)
            assert seen is not None, "the pen leaves ink"
            return seen, "a drawn 7"
        return as_input(images[:1])[0, :, :, 0], f"an image of {self.on}-test ({name})"

    def rates(self) -> Any:
        if not self.trials:
            raise NotPossible("it needs --trials FILE")
        title = f"{self.name}: accuracy against learning rate, {len(self.trials)} trials"
        return self.plot.rates(self.trials, title)

    def samples(self) -> Any:
        return self.plot.samples(self.groups, f"{self.on}: random images of its test set")


MISTAKES_DRAWN = 24
WEIGHTS_DRAWN = 64
PLOTS: dict[str, Callable[[Subject], Any]] = {
    "history": Subject.history,
    "confusion": Subject.confusion,
    "mistakes": Subject.mistakes,
    "weights": Subject.weights,
    "histograms": Subject.histograms,
    "activations": Subject.activations,
    "rates": Subject.rates,
    "samples": Subject.samples,
}
