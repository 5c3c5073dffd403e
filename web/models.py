"""The trained networks as they are served: loaded once, ranked by measured accuracy."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from nn.inference import Inference
from nn.ink.segmentation.pieces import Box
from nn.layers import Array
from nn.measure.rejection import Verdict
from nn.network import WEIGHTS, Network
from nn.numbers.reader import Digit, NumberReader, Reading
from nn.numbers.seams import SEAMS
from nn.zoo import DEFAULT, ZOO
from web.problems import ProblemError

DIGIT_SETS = ("mnist", "pen")  # the data sets whose accuracy is published


@dataclass(frozen=True)
class Model:
    """A network of the zoo, with its title, ready to predict."""

    name: str
    title: str
    network: Network
    inference: Inference
    seams: Network  # that judges where digits may be cut apart

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

    @cached_property
    def reader(self) -> NumberReader:
        return NumberReader(
            self.network, self.seams, lambda x: self.inference.probabilities(x[:, :, None])
        )

    def predict(self, drawing: Array | None) -> dict[str, Any]:
        """The prediction for one digit (28, 28), None for a blank sheet, as the API gives it."""
        return self.describe_reading(None if drawing is None else self.reader.read_single(drawing))

    def describe_reading(self, reading: Reading | None) -> dict[str, Any]:
        """A reading, or None for that of a blank sheet, as the API gives it."""
        answer: dict[str, Any] = {
            "digit": None,
            "confidence": 0.0,
            "doubtful": False,
            "probabilities": None,
            "rejected": "blank" if reading is None else None,
            "alternatives": [],
            "number": None,
            "digits": [],
            "model": self.name,
        }
        if reading is None:
            return answer
        if reading.verdict is Verdict.REFUSED:
            probabilities = reading.whole.probabilities
            return answer | {"rejected": "not-a-digit", "probabilities": probabilities}
        answer |= {
            "confidence": reading.confidence,
            "doubtful": reading.verdict is Verdict.DOUBTFUL,
            "alternatives": [describe_rival(*rival, reading) for rival in reading.rivals],
            "number": reading.text,
            "digits": [describe_digit(digit) for digit in reading.digits],
        }
        if len(reading.digits) == 1:
            answer |= {
                "digit": reading.digits[0].digit,
                "probabilities": reading.digits[0].probabilities,
            }
        return answer


def describe_digit(digit: Digit) -> dict[str, Any]:
    """A digit of a number as the API gives it."""
    return {
        "digit": digit.digit,
        "confidence": digit.confidence,
        "doubtful": digit.verdict is not Verdict.READ,
        "probabilities": digit.probabilities,
        "box": describe_box(digit.box),
    }


def describe_box(box: Box) -> list[float]:
    """A box in shares of the picture's sides; a pen may have left the picture."""
    return [round(min(max(side, 0.0), 1.0), 4) for side in box]


def describe_rival(text: str, probability: float, reading: Reading) -> dict[str, Any]:
    """Another digit where both are single ones, else another number."""
    if len(text) == len(reading.digits) == 1:
        return {"digit": int(text), "probability": probability}
    return {"number": text, "probability": probability}


def find_model(models: Mapping[str, Model], name: str) -> Model:
    """The model of that name.  Raises ProblemError (422)."""
    if name not in models:
        raise ProblemError(422, f"there is no model {name[:40]!r}: choose from {', '.join(models)}")
    return models[name]


def load_models(folder: Path = WEIGHTS) -> dict[str, Model]:
    """Every network of the zoo that is trained, the most accurate on MNIST's test set first.

    Raises FileNotFoundError when the default or SEAMS is missing, WeightsError for a broken file.
    """
    for name in (DEFAULT, SEAMS.name):
        if not (folder / f"{name}.npz").exists():
            raise FileNotFoundError(
                f"{folder} has no weights for {name}: run `python -m nn train {name}`"
            )
    seams = Network.load(folder / f"{SEAMS.name}.npz")
    models = []
    for name, recipe in ZOO.items():
        if (folder / f"{name}.npz").exists():
            network = Network.load(folder / f"{name}.npz")
            models.append(Model(name, recipe.title, network, Inference(network), seams))
    models.sort(key=lambda model: -model.accuracy.get("mnist", 0.0))
    return {model.name: model for model in models}
