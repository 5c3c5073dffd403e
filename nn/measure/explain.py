"""Looking into a network: what each layer makes of a drawing, and why the answer comes out so.

All of it is read from `forward` and `backward`, of one drawing x (28, 28), ink 1 on paper 0.  A
stage is a layer with weights together with the activation that follows it, or a pooling: what one
shows of a network.  It is named by the index of its last layer in `network.layers`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nn.layers import (
    Array,
    Conv,
    Dense,
    Layer,
    MaxPool,
    Params,
    ReLU,
    Shape,
    Sigmoid,
    Tanh,
    pad,
)
from nn.network import Network

ACTIVATIONS = (ReLU, Sigmoid, Tanh)


@dataclass(frozen=True)
class Stage:
    """A layer at work: x is what it was given and y what it made of it, without the batch axis."""

    index: int  # of its last layer, the activation if there is one
    layer: Layer
    params: Params
    activation: str | None
    x: Array
    y: Array

    @property
    def units(self) -> int:
        """Neurons of a Dense layer, channels of any other."""
        return int(self.y.shape[-1])

    @property
    def strengths(self) -> Array:
        """(units,): how active each is: its number, or the mean of its map."""
        return self.y if self.y.ndim == 1 else self.y.mean(axis=(0, 1))


@dataclass(frozen=True)
class Silence:
    """A layer that lets all through but some units (of the last axis), which it sets to 0."""

    units: tuple[int, ...]

    def init(self, rng: np.random.Generator, shape: Shape) -> tuple[Params, Shape]:
        return {}, shape

    def forward(
        self, params: Params, x: Array, rng: np.random.Generator | None = None
    ) -> tuple[Array, Any]:
        y = x.copy()
        y[..., list(self.units)] = 0
        return y, None

    def backward(self, params: Params, cache: Any, dy: Array) -> tuple[Array, Params]:
        return self.forward(params, dy)[0], {}


def stage_units(network: Network) -> dict[int, int]:
    """How many units each stage has, by the index of its last layer, first to last."""
    layers = without_silence(network)
    params = [p for p, layer in zip(network.params, network.layers, strict=True)
              if not isinstance(layer, Silence)]  # fmt: skip
    found: dict[int, int] = {}
    units = 1
    for i, layer in enumerate(layers):
        if isinstance(layer, Dense | Conv):
            units = params[i]["W"].shape[-1]
            active = i + 1 < len(layers) and isinstance(layers[i + 1], ACTIVATIONS)
            found[i + 1 if active else i] = units
        elif isinstance(layer, MaxPool):
            found[i] = units
    return found


def silenced(network: Network, off: Mapping[int, Sequence[int]]) -> Network:
    """The same network with units switched off: off maps the end of a stage to its units.

    Indices of layers stay what they were to all functions here.  Raises ValueError for an index
    that ends no stage, or the last one, whose units are the answer, and for a unit there is not.
    """
    units = stage_units(network)
    units.popitem()
    if unknown := set(off).difference(units):
        raise ValueError(f"in layer {min(unknown)} nothing can be switched off: in {list(units)}")
    for i, chosen in off.items():
        if not all(0 <= unit < units[i] for unit in chosen):
            raise ValueError(f"the units of layer {i} go from 0 to {units[i] - 1}")
    layers: list[Layer] = []
    params: list[Params] = []
    for i, (layer, own) in enumerate(zip(network.layers, network.params, strict=True)):
        layers.append(layer)
        params.append(own)
        if off.get(i):
            layers.append(Silence(tuple(off[i])))
            params.append({})
    return replace(network, layers=tuple(layers), params=params)


def stages(network: Network, drawing: Array) -> list[Stage]:
    """What every stage makes of a drawing (28, 28), first to last."""
    ends = stage_units(network)
    found: list[Stage] = []
    x = drawing[None, :, :, None]
    index = -1
    begun: tuple[Layer, Params, Array] | None = None
    for layer, params in zip(network.layers, network.params, strict=True):
        y, _ = layer.forward(params, x)
        if isinstance(layer, Silence):
            found[-1] = replace(found[-1], y=y[0])
        else:
            index += 1
            if isinstance(layer, Dense | Conv | MaxPool):
                begun = layer, params, x[0]
            if index in ends and begun:
                bend = type(layer).__name__ if isinstance(layer, ACTIVATIONS) else None
                found.append(Stage(index, begun[0], begun[1], bend, begun[2], y[0]))
        x = y
    return found


def without_silence(network: Network) -> tuple[Layer, ...]:
    return tuple(layer for layer in network.layers if not isinstance(layer, Silence))


def gradient(network: Network, drawing: Array, direction: Mapping[int, float]) -> Array:
    """(28, 28): how a sum of the network's outputs changes with each pixel of a drawing (28, 28).

    direction weighs the outputs: {7: 1} is the score of the seven, {9: 1, 7: -1} by how much the
    nine outdoes it.
    """
    outputs, caches = network.forward(drawing[None, :, :, None])
    dy = np.zeros_like(outputs)
    for unit, weight in direction.items():
        dy[0, unit] = weight
    dx, _ = network.backward(caches, dy, want_dx=True)
    return np.asarray(dx)[0, :, :, 0]


def contributions(stage: Stage, source: Stage | None) -> Array | None:
    """(sources, units): what each unit of the stage before brings into each sum of this one.

    The source None is the drawing, whose units are its pixels for a Dense layer, 784, and one
    channel for a Conv.  Through a Conv it is the mean over all places.  Each column with the bias
    added is the sum before the activation.  None for a pooling, which adds up nothing.
    """
    if isinstance(stage.layer, Dense):
        parts = stage.x[:, None] * stage.params["W"]  # inputs units
        if source is None or source.y.ndim == 1:
            return parts
        return parts.reshape(-1, source.units, stage.units).sum(axis=0)
    if not isinstance(stage.layer, Conv):
        return None
    x, W = padded(stage), stage.params["W"]  # h w c; i j c f
    size = stage.layer.size
    high, wide = x.shape[0] - size + 1, x.shape[1] - size + 1
    # a mean of windows times weights is the mean of the windows, times weights
    windows = np.lib.stride_tricks.sliding_window_view(x, (high, wide), axis=(0, 1))
    means = windows.mean(axis=(3, 4))  # i j c
    return np.einsum("ijc,ijcf->cf", means, W)


def padded(stage: Stage) -> Array:
    """The input (h, w, c) of a Conv as its windows see it."""
    assert isinstance(stage.layer, Conv)
    if stage.layer.padding == "valid":
        return stage.x
    return np.asarray(pad(stage.x[None], stage.layer.size // 2))[0]


@dataclass(frozen=True)
class Neuron:
    """The arithmetic of one unit: sum(weights x inputs) + bias, bent by the activation."""

    weights: Array
    inputs: Array  # of the same shape
    bias: float
    activation: str | None
    output: float
    place: tuple[int, int] | None  # in its map, row and column; None in a Dense layer

    @property
    def products(self) -> Array:
        return self.weights * self.inputs


def neuron(stage: Stage, unit: int, place: tuple[int, int] | None = None) -> Neuron:
    """How a unit of a stage comes by its number: a channel's at a place, or where it is largest.

    weights and inputs are (inputs,) for a Dense layer, (size, size, channels) for a Conv.  Raises
    ValueError for a pooling, which has no arithmetic, and for a unit or a place that is not there.
    """
    if isinstance(stage.layer, MaxPool):
        raise ValueError("a pooling has no weights: it keeps the largest of each block")
    if not 0 <= unit < stage.units:
        raise ValueError(f"there is no unit {unit}: they go from 0 to {stage.units - 1}")
    weights, bias = stage.params["W"][..., unit], float(stage.params["b"][unit])
    if stage.y.ndim == 1:
        if place is not None:
            raise ValueError("only a neuron in a map has a place")
        output = float(stage.y[unit])
        return Neuron(weights, stage.x, bias, stage.activation, output, None)
    assert isinstance(stage.layer, Conv)
    field = stage.y[:, :, unit]
    if place is None:
        place = divmod(int(field.argmax()), field.shape[1])
    if not all(0 <= at < side for at, side in zip(place, field.shape, strict=True)):
        high, wide = field.shape
        raise ValueError(f"there is no place {place[0]}.{place[1]}: the map is {high}x{wide}")
    (row, column), size = place, stage.layer.size
    window = padded(stage)[row : row + size, column : column + size]
    return Neuron(weights, window, bias, stage.activation, float(field[place]), place)


def noisy(drawing: Array, amount: float, seed: int = 0) -> Array:
    """A drawing (28, 28) with normal noise of that deviation on each pixel, kept within 0..1."""
    noise = np.random.default_rng(seed).normal(0, amount, drawing.shape)
    return np.clip(drawing + noise, 0, 1).astype(np.float32)
