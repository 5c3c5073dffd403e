"""The trained networks as they are served: loaded once, ranked by measured accuracy."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nn.dataset import DIGITS
from nn.inference import Inference
from nn.layers import Array
from nn.measure.rejection import (
    Verdict,
    conditional_probabilities,
    confidence_of,
    verdicts,
)
from nn.network import Network
from nn.zoo import DEFAULT, ZOO
from web.problems import ProblemError

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
DIGIT_SETS = ("mnist", "pen")  # the data sets whose accuracy is published
MIN_ALTERNATIVE = 0.15  # of another digit to be an alternative, given that it is a digit


@dataclass(frozen=True)
class Reading:
    """What a network makes of a drawing: its best guess, and whether that is to be believed."""

    digit: int
    confidence: float  # the probability of that digit, with "no digit" counted in
    probabilities: list[float]  # of the ten digits, given that it is one
    verdict: Verdict

    @property
    def alternatives(self) -> list[dict[str, Any]]:
        """The other digits that are nearly as probable, the likeliest first."""
        others = [
            {"digit": digit, "probability": probability}
            for digit, probability in enumerate(self.probabilities)
            if digit != self.digit and probability >= MIN_ALTERNATIVE
        ]
        return sorted(others, key=lambda other: -other["probability"])


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

    def read(self, drawing: Array) -> Reading:
        """What the network makes of a drawing (28, 28), whatever its verdict."""
        scores = self.inference.probabilities(drawing[:, :, None])[None]
        probabilities = conditional_probabilities(scores)[0].tolist()
        return Reading(
            digit=max(range(DIGITS), key=probabilities.__getitem__),
            confidence=float(confidence_of(scores)[0]),
            probabilities=probabilities,
            verdict=Verdict(int(verdicts(self.network, scores)[0])),
        )

    def predict(self, drawing: Array | None) -> dict[str, Any]:
        """The prediction for a drawing (28, 28), None for a blank sheet, as the API gives it."""
        return self.describe_reading(None if drawing is None else self.read(drawing))

    def describe_reading(self, reading: Reading | None) -> dict[str, Any]:
        """A reading, or None for that of a blank sheet, as the API gives it."""
        refused = reading is None or reading.verdict is Verdict.REFUSED
        answer: dict[str, Any] = {
            "digit": None,
            "confidence": 0.0,
            "doubtful": False,
            "probabilities": None if reading is None else reading.probabilities,
            "rejected": "blank" if reading is None else "not-a-digit" if refused else None,
            "alternatives": [],
            "model": self.name,
        }
        if reading is not None and not refused:
            answer |= {
                "digit": reading.digit,
                "confidence": reading.confidence,
                "doubtful": reading.verdict is Verdict.DOUBTFUL,
                "alternatives": reading.alternatives,
            }
        return answer


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
