"""Looking into a network: what each layer makes of a drawing, and why the answer comes out so.

All of it is read from `forward` and `backward`, of one drawing x (28, 28), ink 1 on paper 0.  A
block is a layer with weights together with the activation that follows it, or a pooling: what one
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
class Block:
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
    def mean_activation(self) -> Array:
        """(units,): the output of each neuron, or the mean of each channel."""
        return self.y if self.y.ndim == 1 else self.y.mean(axis=(0, 1))


@dataclass(frozen=True)
class Ablation:
    """A layer that sets some units (of the last axis) to 0."""

    units: tuple[int, ...]

    def init(self, rng: np.random.Generator, shape: Shape) -> tuple[Params, Shape]:
        return {}, shape

    def forward(
        self, params: Params, x: Array, rng: np.random.Generator | None = None
    ) -> tuple[Array, Any]:
        y = x.copy()
        y[..., list(self.units)] = 0
        return y, None

    def backward(
        self, params: Params, cache: Any, dy: Array, want_dx: bool = True
    ) -> tuple[Array, Params]:
        return self.forward(params, dy)[0], {}


def block_units(network: Network) -> dict[int, int]:
    """How many units each block has, by the index of its last layer, first to last."""
    layers = without_ablation(network)
    params = [p for p, layer in zip(network.params, network.layers, strict=True)
              if not isinstance(layer, Ablation)]  # fmt: skip
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


def ablated(network: Network, units: Mapping[int, Sequence[int]]) -> Network:
    """The same network with some units ablated: units maps the end of a block to its units.

    Indices of layers stay the same for all functions here.  Raises ValueError for an index that
    ends no block, for the last block, whose units are the scores, and for an unknown unit.
    """
    ends = block_units(network)
    ends.popitem()
    if unknown := set(units).difference(ends):
        raise ValueError(f"layer {min(unknown)} cannot be ablated: choose from {list(ends)}")
    for i, chosen in units.items():
        if not all(0 <= unit < ends[i] for unit in chosen):
            raise ValueError(f"the units of layer {i} go from 0 to {ends[i] - 1}")
    layers: list[Layer] = []
    params: list[Params] = []
    for i, (layer, own) in enumerate(zip(network.layers, network.params, strict=True)):
        layers.append(layer)
        params.append(own)
        if units.get(i):
            layers.append(Ablation(tuple(units[i])))
            params.append({})
    return replace(network, layers=tuple(layers), params=params)


def blocks(network: Network, drawing: Array) -> list[Block]:
    """What every block makes of a drawing (28, 28), first to last."""
    ends = block_units(network)
    found: list[Block] = []
    x = drawing[None, :, :, None]
    index = -1
    begun: tuple[Layer, Params, Array] | None = None
    for layer, params in zip(network.layers, network.params, strict=True):
        y, _ = layer.forward(params, x)
        if isinstance(layer, Ablation):
            found[-1] = replace(found[-1], y=y[0])
        else:
            index += 1
            if isinstance(layer, Dense | Conv | MaxPool):
                begun = layer, params, x[0]
            if index in ends and begun:
                bend = type(layer).__name__ if isinstance(layer, ACTIVATIONS) else None
                found.append(Block(index, begun[0], begun[1], bend, begun[2], y[0]))
        x = y
    return found


def without_ablation(network: Network) -> tuple[Layer, ...]:
    return tuple(layer for layer in network.layers if not isinstance(layer, Ablation))


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


def contributions(block: Block, source: Block | None) -> Array | None:
    """(sources, units): what each unit of the block before brings into each sum of this one.

    The source None is the drawing, whose units are its pixels for a Dense layer, 784, and one
    channel for a Conv.  Through a Conv it is the mean over all places.  Each column with the bias
    added is the sum before the activation.  None for a pooling, which adds up nothing.
    """
    if isinstance(block.layer, Dense):
        parts = block.x[:, None] * block.params["W"]  # inputs units
        if source is None or source.y.ndim == 1:
            return parts
        return parts.reshape(-1, source.units, block.units).sum(axis=0)
    if not isinstance(block.layer, Conv):
        return None
    x, W = padded(block), block.params["W"]  # h w c; i j c f
    size = block.layer.size
    high, wide = x.shape[0] - size + 1, x.shape[1] - size + 1
    # a mean of windows times weights is the mean of the windows, times weights
    windows = np.lib.stride_tricks.sliding_window_view(x, (high, wide), axis=(0, 1))
    means = windows.mean(axis=(3, 4))  # i j c
    return np.einsum("ijc,ijcf->cf", means, W)


def padded(block: Block) -> Array:
    """The input (h, w, c) of a Conv as its windows see it."""
    assert isinstance(block.layer, Conv)
    if block.layer.padding == "valid":
        return block.x
    return np.asarray(pad(block.x[None], block.layer.size // 2))[0]


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


def neuron(block: Block, unit: int, place: tuple[int, int] | None = None) -> Neuron:
    """How a unit of a block comes by its number: a channel's at a place, or where it is largest.

    weights and inputs are (inputs,) for a Dense layer, (size, size, channels) for a Conv.  Raises
    ValueError for a pooling, which has no arithmetic, and for a unit or a place that is not there.
    """
    if isinstance(block.layer, MaxPool):
        raise ValueError("a pooling has no weights: it keeps the largest of each block")
    if not 0 <= unit < block.units:
        raise ValueError(f"there is no unit {unit}: they go from 0 to {block.units - 1}")
    weights, bias = block.params["W"][..., unit], float(block.params["b"][unit])
    if block.y.ndim == 1:
        if place is not None:
            raise ValueError("only a neuron in a map has a place")
        output = float(block.y[unit])
        return Neuron(weights, block.x, bias, block.activation, output, None)
    assert isinstance(block.layer, Conv)
    field = block.y[:, :, unit]
    if place is None:
        place = divmod(int(field.argmax()), field.shape[1])
    if not all(0 <= at < side for at, side in zip(place, field.shape, strict=True)):
        high, wide = field.shape
        raise ValueError(f"there is no place {place[0]}.{place[1]}: the map is {high}x{wide}")
    (row, column), size = place, block.layer.size
    window = padded(block)[row : row + size, column : column + size]
    return Neuron(weights, window, bias, block.activation, float(field[place]), place)


def noisy(drawing: Array, amount: float, seed: int = 0) -> Array:
    """A drawing (28, 28) with normal noise of that deviation on each pixel, kept within 0..1."""
    noise = np.random.default_rng(seed).normal(0, amount, drawing.shape)
    return np.clip(drawing + noise, 0, 1).astype(np.float32)
