"""The options of `POST /api/predict`: what to include beside the prediction, and what to change.

    include=seen,steps,activations,saliency,neuron,models
    skip=crop,box         steps of preprocessing to leave out, see nn.ink.preprocess.OPTIONAL
    ablate=3:1.2;6:0      units 1 and 2 of layer 3, and unit 0 of layer 6, set to 0
    noise=0.2             normal noise of that standard deviation on what the network sees
    neuron=3.1            whose arithmetic to include: layer 3, unit 1; in a map 3.1.row.column

They are parameters of the query, so that each way of sending a picture can have them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nn.dataset import DIGITS
from nn.inference import Inference
from nn.ink import preprocess
from nn.ink.files import PictureFile
from nn.layers import Array
from nn.measure.explain import ablated, block_units, blocks, noisy
from web.explain.payloads import as_activations, as_neuron, as_saliency, as_step, rounded, row_of
from web.models import Model
from web.problems import ProblemError

INCLUDABLE = ("seen", "steps", "activations", "saliency", "neuron", "models")
COSTLY = ("activations", "saliency")  # each takes longer than reading a drawing
MAX_ABLATION_LENGTH = 4000  # characters: all of a network's channels are less
ABLATED_UNITS = r"\d{1,3}:\d{1,4}(\.\d{1,4})*"
ABLATION = re.compile(f"{ABLATED_UNITS}(;{ABLATED_UNITS})*", re.ASCII)
NEURON = re.compile(r"\d{1,3}\.\d{1,4}(\.\d{1,2}\.\d{1,2})?", re.ASCII)
NOISE = re.compile(r"[01]?(\.\d{1,6})?", re.ASCII)


@dataclass(frozen=True)
class IncludeOptions:
    """What a request wants included and changed.  The units of `model` are ablated already."""

    model: Model
    include: frozenset[str]
    skip: frozenset[str] = frozenset()
    noise: float = 0.0
    neuron: tuple[int, ...] | None = None

    @property
    def cost(self) -> int:
        """As how many drawings more it counts, for each drawing, towards the rate limit."""
        return len(self.include.intersection(COSTLY))

    def read(
        self, drawing: PictureFile | Array | None
    ) -> tuple[Array | None, list[preprocess.Step]]:
        """The input for the network, and the steps of preprocessing that made it.

        The input is (28, 28), or None for a blank sheet.  A drawing that is an array is the input
        itself.  There are no steps unless they are included.  Raises PictureError.
        """
        steps: list[preprocess.Step] = []
        if not isinstance(drawing, PictureFile):
            seen = drawing
        elif self.skip or "steps" in self.include:
            steps = list(preprocess.steps(preprocess.open_picture(drawing), self.skip))
            seen = preprocess.input_after(steps)
        else:
            seen = preprocess.to_input(drawing)
        return noisy(seen, self.noise) if self.noise and seen is not None else seen, steps

    def included(
        self, seen: Array | None, steps: list[preprocess.Step], models: Mapping[str, Model]
    ) -> dict[str, Any]:
        """What is to be included, by name; `seen` and `steps` are what `read` returned."""
        found: dict[str, Any] = dict.fromkeys(sorted(self.include))
        if "steps" in self.include:
            found["steps"] = [as_step(name, picture, self.skip) for name, picture in steps]
        if "models" in self.include:
            found["models"] = [row_of(model, seen) for model in models.values()]
        if seen is None:
            return found
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
    return IncludeOptions(model, include, skip, noise, neuron)


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
