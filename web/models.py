"""The trained networks as they are served: loaded once, ranked by measured accuracy."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nn.dataset import DIGITS
from nn.inference import Inference
from nn.layers import Array
from nn.measure.rejection import conditional_probabilities, is_accepted
from nn.network import Network
from nn.zoo import DEFAULT, ZOO
from web.problems import ProblemError

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
DIGIT_SETS = ("mnist", "pen")  # the data sets whose accuracy is published
MIN_ALTERNATIVE = 0.15  # the probability from which another digit is an alternative


@dataclass(frozen=True)
class Model:
    """A network of the zoo, with its title, ready to predict."""

    name: str
    title: str
    network: Network
    inference: Inference

    @property
    def figures(self) -> dict[str, Any]:
        """What `python -m nn evaluate --record` measured on test splits, by data set."""
        figures: dict[str, Any] = self.network.about.get("figures", {})
        return {
            key.removesuffix("-test"): figure
            for key, figure in figures.items()
            if key.endswith("-test")
        }

    @property
    def accuracy(self) -> dict[str, float]:
        """On digits, by data set, on its test split."""
        return {name: self.figures[name]["accuracy"] for name in DIGIT_SETS if name in self.figures}

    def describe(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "parameters": self.network.parameters,
            "accuracy": self.accuracy,
        }

    def predict(self, drawing: Array | None) -> dict[str, Any]:
        """The prediction for a 28x28 drawing, or for a blank sheet (None), as the API gives it."""
        if drawing is None:
            return {
                "digit": None,
                "confidence": 0.0,
                "probabilities": None,
                "rejected": "blank",
                "alternatives": [],
                "model": self.name,
            }
        scores = self.inference.probabilities(drawing[:, :, None])[None]
        probabilities = conditional_probabilities(scores)[0].tolist()
        digit = max(range(DIGITS), key=probabilities.__getitem__)
        if not is_accepted(self.network, scores)[0]:
            return {
                "digit": None,
                "confidence": 0.0,
                "probabilities": probabilities,
                "rejected": "not-a-digit",
                "alternatives": [],
                "model": self.name,
            }
        others = [
            {"digit": other, "probability": probability}
            for other, probability in enumerate(probabilities)
            if other != digit and probability >= MIN_ALTERNATIVE
        ]
        return {
            "digit": digit,
            "confidence": probabilities[digit],
            "probabilities": probabilities,
            "rejected": None,
            "alternatives": sorted(others, key=lambda other: -other["probability"]),
            "model": self.name,
        }


def find_model(models: Mapping[str, Model], name: str) -> Model:
    """The model of that name.  Raises ProblemError (422)."""
    if name not in models:
        raise ProblemError(422, f"there is no model {name[:40]!r}: choose from {', '.join(models)}")
    return models[name]


def load_models(folder: Path = WEIGHTS) -> dict[str, Model]:
    """Every network of the zoo that is trained, the most accurate on MNIST's test set first.

    Raises FileNotFoundError when the default is missing, WeightsError for a broken file.
    """
    models = []
    for name, recipe in ZOO.items():
        if (folder / f"{name}.npz").exists():
            network = Network.load(folder / f"{name}.npz")
            models.append(Model(name, recipe.title, network, Inference(network)))
    if DEFAULT not in {model.name for model in models}:
        raise FileNotFoundError(
            f"{folder} has no weights for {DEFAULT}: run `python -m nn train {DEFAULT}`"
        )
    models.sort(key=lambda model: -model.accuracy.get("mnist", 0.0))
    return {model.name: model for model in models}
