"""The options of `POST /api/predict`: what to include beside the prediction, and what to change.

    include=seen,steps,division,activations,saliency,neuron,models
    skip=crop,box         steps of preprocessing to leave out, see nn.ink.preprocess.OPTIONAL
    ablate=3:1.2;6:0      units 1 and 2 of layer 3, and unit 0 of layer 6, set to 0
    noise=0.2             normal noise of that standard deviation on what the network sees
    place=2               the digit of a number, counted from 0, that is looked into
    digits=1              read a single digit, and never several
    neuron=3.1            whose arithmetic to include: layer 3, unit 1; in a map 3.1.row.column

They are parameters of the query, so that each way of sending a picture can have them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nn.dataset import DIGITS
from nn.inference import Inference
from nn.ink import preprocess
from nn.ink.files import PictureFile
from nn.ink.segmentation.pieces import EVERYTHING, Box
from nn.layers import Array
from nn.measure.explain import ablated, block_units, blocks, noisy
from nn.measure.rejection import Verdict
from nn.numbers.reader import Reading
from web.explain.division import as_division
from web.explain.payloads import as_activations, as_neuron, as_saliency, as_step, rounded, row_of
from web.models import Model
from web.problems import ProblemError

INCLUDABLE = ("seen", "steps", "division", "activations", "saliency", "neuron", "models")
COSTLY = ("activations", "saliency")  # each takes longer than reading a drawing
MAX_ABLATION_LENGTH = 4000  # characters: all of a network's channels are less
ABLATED_UNITS = r"\d{1,3}:\d{1,4}(\.\d{1,4})*"
ABLATION = re.compile(f"{ABLATED_UNITS}(;{ABLATED_UNITS})*", re.ASCII)
NEURON = re.compile(r"\d{1,3}\.\d{1,4}(\.\d{1,2}\.\d{1,2})?", re.ASCII)
PLACE = re.compile(r"\d|1[01]", re.ASCII)
NOISE = re.compile(r"[01]?(\.\d{1,6})?", re.ASCII)


@dataclass(frozen=True)
class IncludeOptions:
    """What a request wants included and changed.  The units of `model` are ablated already."""

    model: Model
    include: frozenset[str]
    skip: frozenset[str] = frozenset()
    noise: float = 0.0
    neuron: tuple[int, ...] | None = None
    single: bool = False  # whether the drawing is one digit, whatever it looks like
    place: int = 0  # of the digit of a number that is looked into

    @property
    def cost(self) -> int:
        """As how many drawings more it counts, for each drawing, towards the rate limit."""
        return len(self.include.intersection(COSTLY))

    def read(
        self, drawing: PictureFile | Array | None, strokes: Sequence[Array] = ()
    ) -> tuple[Reading | None, list[preprocess.Step]]:
        """What the network reads, None for a blank sheet, and the steps of preprocessing.

        A drawing that is an array (28, 28) is the input of the network itself: a single digit.
        There are no steps unless they are included.  Raises PictureError.
        """
        if not isinstance(drawing, PictureFile):
            return self.read_single(drawing), []
        with_steps = bool(self.skip) or "steps" in self.include
        image = preprocess.open_picture(drawing, colours=with_steps)
        steps = list(preprocess.steps(image, self.skip)) if with_steps else []
        if self.skip:
            return self.read_single(preprocess.input_after(steps)), steps
        crop = preprocess.image_to_crop(image)
        if crop is None:
            return None, steps
        if self.single or self.noise:
            return self.read_single(crop.as_input(), crop.box), steps
        size = drawing.width, drawing.height
        return self.model.reader.read(crop, strokes, size), steps

    def read_single(self, drawing: Array | None, box: Box = EVERYTHING) -> Reading | None:
        """A drawing (28, 28) as one digit, with noise if that is wanted; None for a blank sheet."""
        if drawing is None:
            return None
        return self.model.reader.read_single(
            noisy(drawing, self.noise) if self.noise else drawing, box
        )

    def chosen(self, reading: Reading) -> Array:
        """The input (28, 28) that is looked into: of a number, that of the digit at `place`."""
        if len(reading.digits) == 1 or reading.verdict is Verdict.REFUSED:
            return reading.whole.drawing
        return reading.digits[min(self.place, len(reading.digits) - 1)].drawing

    def included(
        self, reading: Reading | None, steps: list[preprocess.Step], models: Mapping[str, Model]
    ) -> dict[str, Any]:
        """What is to be included, by name; `reading` and `steps` are what `read` returned."""
        found: dict[str, Any] = dict.fromkeys(sorted(self.include))
        seen = None if reading is None else self.chosen(reading)
        if "steps" in self.include:
            found["steps"] = [as_step(name, picture, self.skip) for name, picture in steps]
        if "models" in self.include:
            found["models"] = [row_of(model, seen) for model in models.values()]
        if reading is None or seen is None:
            return found
        if "division" in self.include and reading.division is not None:
            found["division"] = as_division(reading)
        network = self.model.network
        if "seen" in self.include:
            found["seen"] = rounded(seen)
        if self.include.isdisjoint(("activations", "saliency", "neuron")):
            return found
        found_blocks = blocks(network, seen)
        ranked = np.argsort(-found_blocks[-1].y[:DIGITS], kind="stable").tolist()
        if "activations" in self.include:
            found["activations"] = as_activations(found_blocks, ranked[0])
        if "saliency" in self.include:
            found["saliency"] = as_saliency(network, seen, *ranked[:2])
        if self.neuron is not None:
            found["neuron"] = as_neuron(found_blocks, *self.neuron)
        return found


def parse_options(query: Mapping[str, str], model: Model) -> IncludeOptions:
    """Raises ProblemError (422) for what cannot be included, left out or ablated."""
    include = parse_names(query.get("include", ""), INCLUDABLE, "included")
    skip = parse_names(query.get("skip", ""), preprocess.OPTIONAL, "skipped")
    if units := parse_ablation(query.get("ablate", "")):
        try:
            network = ablated(model.network, units)
        except ValueError as error:
            raise ProblemError(422, f"ablate: {error}") from None
        model = replace(model, network=network, inference=Inference(network))
    noise = parse_noise(query.get("noise", "0"))
    neuron = parse_neuron(query.get("neuron", ""), model) if "neuron" in include else None
    single = parse_digits(query.get("digits", ""))
    return IncludeOptions(
        model, include, skip, noise, neuron, single, parse_place(query.get("place", "0"))
    )


def parse_digits(text: str) -> bool:
    """Whether a single digit is asked for."""
    if text not in ("", "1"):
        raise ProblemError(422, f"digits is {text[:40]!r}: make it 1, or leave it out")
    return text == "1"


def parse_place(text: str) -> int:
    if not PLACE.fullmatch(text):
        raise ProblemError(422, f"place is {text[:40]!r}: make it a whole number from 0 to 11")
    return int(text)


def parse_names(text: str, known: tuple[str, ...], what: str) -> frozenset[str]:
    """Names separated by commas; `what` cannot be done with others, for the error sentence."""
    names = {name for name in text.split(",") if name}
    if unknown := names.difference(known):
        raise ProblemError(
            422, f"{min(unknown)[:40]!r} cannot be {what}: choose from {', '.join(known)}"
        )
    return frozenset(names)


def parse_ablation(text: str) -> dict[int, list[int]]:
    """Units by the layer that ends their block."""
    if not text:
        return {}
    if len(text) > MAX_ABLATION_LENGTH or not ABLATION.fullmatch(text):
        raise ProblemError(
            422, "ablate is malformed: write layer:unit.unit;layer:unit, such as 3:1.2;6:0"
        )
    units: dict[int, list[int]] = {}
    for part in text.split(";"):
        layer, chosen = part.split(":")
        units.setdefault(int(layer), []).extend(int(unit) for unit in chosen.split("."))
    return units


def parse_noise(text: str) -> float:
    if not NOISE.fullmatch(text) or float(text or 0) > 1:
        raise ProblemError(422, f"noise is {text[:40]!r}: make it a number from 0 to 1")
    return float(text or 0)


def parse_neuron(text: str, model: Model) -> tuple[int, ...]:
    if not NEURON.fullmatch(text):
        raise ProblemError(
            422, "neuron is malformed: write layer.unit, or layer.unit.row.column in a map"
        )
    layer, unit, *position = (int(part) for part in text.split("."))
    units = block_units(model.network)
    if layer not in units:
        raise ProblemError(422, f"neuron: layer {layer} ends no block: choose from {list(units)}")
    if unit >= units[layer]:
        raise ProblemError(
            422, f"neuron: layer {layer} has no unit {unit}: choose from 0 to {units[layer] - 1}"
        )
    return layer, unit, *position
