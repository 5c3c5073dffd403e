"""The figures of a network, with what they show gathered from its weights file and data sets."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from nn.data import pen, sets
from nn.data.download import DataError
from nn.dataset import DIGITS, DataSet, as_input
from nn.ink.preprocess import image_to_input
from nn.ink.strokes import draw, renderings
from nn.layers import Array
from nn.measure.metrics import evaluate
from nn.measure.rejection import conditional_probabilities
from nn.network import Network
from nn.plots import PlotError, figures

MAX_MISTAKES = 24
MAX_WEIGHT_IMAGES = 64


@dataclass
class NetworkPlots:
    """The figures of one network; data sets are loaded on first use.

    Each of nn.plots.KINDS is a method, which raises DataError or PlotError where its figure cannot
    be drawn.  picture is an input (28, 28) and its name, for activations in place of an image of
    the data set; trials are those of a tuning, for rates.
    """

    network: Network
    name: str
    data_set: str
    picture: tuple[Array, str] | None
    trials: list[dict[str, Any]]

    @cached_property
    def digits(self) -> DataSet:
        if self.data_set == "nondigits":
            raise PlotError("nondigits has no digits to misread: choose another set with --on")
        return sets.load(self.data_set, "test")

    @cached_property
    def evaluation(self) -> dict[str, Any]:
        return evaluate(self.network, self.digits, MAX_MISTAKES)

    @cached_property
    def image_groups(self) -> dict[str, Array]:
        """The data set's images (n, 28, 28) by digit, style or kind of non-digit."""
        if self.data_set == "nondigits":
            return sets.nondigit_groups("test")
        if self.data_set == "styles":
            restyled = pen.restyled_drawings("test")
            return {style: renderings(drawings)[0] for style, drawings in restyled.items()}
        images, labels = self.digits
        return {str(label): images[labels == label] for label in np.unique(labels)}

    def history(self) -> Figure:
        rows = self.network.about.get("history")
        if not rows:
            raise PlotError("its weights file has no history: train it again")
        return figures.history(rows, f"{self.name}: learning curves")

    def confusion(self) -> Figure:
        recorded = self.network.about.get("figures", {}).get(f"{self.data_set}-test", {})
        counts = np.array(recorded.get("confusion") or self.evaluation["confusion"])
        title = f"{self.name}: how it reads {counts.sum():,} digits of {self.data_set}-test"
        return figures.confusion(counts, title)

    def mistakes(self) -> Figure:
        rows = [mistake["index"] for mistake in self.evaluation["mistakes"]]
        if not rows:
            raise PlotError(f"it makes no mistakes on {self.data_set}-test")
        images, labels = self.digits.images[rows], self.digits.labels[rows]
        probabilities = conditional_probabilities(self.network.probabilities(as_input(images)))
        title = f"surest mistakes on {self.data_set}-test, with each digit's probability"
        return figures.mistakes(images, labels, probabilities, f"{self.name}: {title}")

    def weights(self) -> Figure:
        first = figures.first_layer(self.network)
        if first is None:
            raise PlotError("its first layer has no weights for 28x28 pixels or for windows")
        layer, images = first
        captions = (
            [str(digit) for digit in range(DIGITS)] if layer is self.network.layers[-1] else []
        )
        title = f"{self.name}: weights of its first layer, {figures.layer_name(layer)}"
        return figures.weights(images[:MAX_WEIGHT_IMAGES], title, captions)

    def histograms(self) -> Figure:
        if not self.network.parameters:
            raise PlotError("it has no weights")
        return figures.histograms(self.network, f"{self.name}: its weights, by layer")

    def activations(self) -> Figure:
        image, image_name = self.picture or self.example_image()
        title = f"{self.name}: what each layer makes of {image_name}"
        return figures.activations(self.network, image, title)

    def example_image(self) -> tuple[Array, str]:
        """An input (28, 28) and its name: of the data set, or a drawn 7 where there is none."""
        try:
            name, images = next(iter(self.image_groups.items()))
        except DataError:
            image = image_to_input(draw([[(0, 0), (1, 0), (0.45, 1.5)]], 280, 20, (140, 140), 180))
            assert image is not None, "the pen leaves ink"
            return image, "a drawn 7"
        return as_input(images[:1])[0, :, :, 0], f"an image of {self.data_set}-test ({name})"

    def rates(self) -> Figure:
        if not self.trials:
            raise PlotError("it needs the trials of a tuning: add --trials FILE")
        title = f"{self.name}: accuracy against learning rate, {len(self.trials)} trials"
        return figures.rates(self.trials, title)

    def samples(self) -> Figure:
        title = f"{self.data_set}: random images of its test set"
        return figures.samples(self.image_groups, title)
