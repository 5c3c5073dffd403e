"""What `POST /api/predict` tells beyond the answer: `?include=`, and switches to break things with.

    include=seen,steps,activations,saliency,neuron,models
    skip=crop,box         steps of preprocessing to leave out, see nn.ink.preprocess.OPTIONAL
    off=3:1.2;6:0         units 1 and 2 of layer 3, and unit 0 of layer 6, switched off
    noise=0.2             normal noise of that deviation on what the network sees
    neuron=3.1            whose arithmetic to tell: layer 3, unit 1; in a map 3.1.row.column

They are parameters of the query, so that each way of sending a picture can have them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nn.inference import Inference
from nn.ink import preprocess
from nn.layers import Array
from nn.measure.explain import ablated, block_units, blocks, noisy
from web.explain.payloads import as_activations, as_neuron, as_saliency, as_step, rounded, row_of
from web.models import Model
from web.problems import Problem

INCLUDABLE = ("seen", "steps", "activations", "saliency", "neuron", "models")
LONGEST_OFF = 4000  # characters: all of a network's channels are less
UNITS_OFF = r"\d{1,3}:\d{1,4}(\.\d{1,4})*"
OFF = re.compile(f"{UNITS_OFF}(;{UNITS_OFF})*", re.ASCII)
NEURON = re.compile(r"\d{1,3}\.\d{1,4}(\.\d{1,2}\.\d{1,2})?", re.ASCII)


@dataclass
class Look:
    """What a request wants to see, and what it wants changed; `taken` is filled while reading."""

    model: Model
    include: frozenset[str]
    skip: frozenset[str] = frozenset()
    noise: float = 0.0
    neuron: tuple[int, ...] | None = None
    taken: list[preprocess.Step] = field(default_factory=list)

    def read(self, content: bytes) -> Array | None:
        """The input of an encoded picture.  Raises PictureError."""
        if not self.skip and "steps" not in self.include:
            return preprocess.to_input(content)
        self.taken = list(preprocess.steps(preprocess.open_picture(content), self.skip))
        return preprocess.seen_after(self.taken)

    def changed(self, drawing: Array | None) -> Array | None:
        return noisy(drawing, self.noise) if self.noise and drawing is not None else drawing

    def extras(self, drawing: Array | None, models: Mapping[str, Model]) -> dict[str, Any]:
        """What is to be included, by name, of what the network sees (None: a blank sheet)."""
        found: dict[str, Any] = dict.fromkeys(sorted(self.include))
        if "steps" in self.include:
            found["steps"] = [as_step(name, picture, self.skip) for name, picture in self.taken]
        if "models" in self.include:
            found["models"] = [row_of(model, drawing) for model in models.values()]
        if drawing is None:
            return found
        network = self.model.network
        if "seen" in self.include:
            found["seen"] = rounded(drawing)
        if self.include.isdisjoint(("activations", "saliency", "neuron")):
            return found
        seen = blocks(network, drawing)
        ranked = np.argsort(-seen[-1].y[:10], kind="stable").tolist()
        if "activations" in self.include:
            found["activations"] = as_activations(seen, ranked[0])
        if "saliency" in self.include:
            found["saliency"] = as_saliency(self.model, drawing, *ranked[:2])
        if self.neuron is not None:
            found["neuron"] = as_neuron(seen, *self.neuron)
        return found


def asked_look(query: Mapping[str, str], model: Model) -> Look:
    """Raises Problem (422) for what cannot be included, left out or switched off."""
    include = names_in(query.get("include", ""), INCLUDABLE, "included")
    skip = names_in(query.get("skip", ""), preprocess.OPTIONAL, "skipped")
    off = asked_off(query.get("off", ""))
    if off:
        try:
            network = ablated(model.network, off)
        except ValueError as error:
            raise Problem(422, f"off: {error}") from None
        model = replace(model, network=network, inference=Inference(network))
    asked = asked_neuron(query.get("neuron", ""), model) if "neuron" in include else None
    return Look(model, include, skip, asked_noise(query.get("noise", "0")), asked)


def names_in(text: str, known: tuple[str, ...], what: str) -> frozenset[str]:
    names = {name for name in text.split(",") if name}
    if unknown := names.difference(known):
        raise Problem(
            422, f"{min(unknown)[:40]!r} cannot be {what}: choose from {', '.join(known)}"
        )
    return frozenset(names)


def asked_off(text: str) -> dict[int, list[int]]:
    if not text:
        return {}
    if len(text) > LONGEST_OFF or not OFF.fullmatch(text):
        raise Problem(422, "off is written layer:unit.unit;layer:unit, such as 3:1.2;6:0")
    off: dict[int, list[int]] = {}
    for part in text.split(";"):
        layer, units = part.split(":")
        off.setdefault(int(layer), []).extend(int(unit) for unit in units.split("."))
    return off


def asked_noise(text: str) -> float:
    if not re.fullmatch(r"[01]?(\.\d{1,6})?", text, re.ASCII) or not 0 <= float(text or 0) <= 1:
        raise Problem(422, f"noise is a number from 0 to 1, not {text[:40]!r}")
    return float(text or 0)


def asked_neuron(text: str, model: Model) -> tuple[int, ...]:
    if not NEURON.fullmatch(text):
        raise Problem(422, "neuron is written layer.unit, or layer.unit.row.column in a map")
    place = tuple(int(part) for part in text.split("."))
    units = block_units(model.network)
    if place[0] not in units:
        raise Problem(422, f"there is no neuron in layer {place[0]}: choose from {list(units)}")
    if place[1] >= units[place[0]]:
        raise Problem(422, f"the units of layer {place[0]} go from 0 to {units[place[0]] - 1}")
    return place
