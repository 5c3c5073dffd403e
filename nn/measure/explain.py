"""Explaining a prediction: activations, contributions, gradients by the input, and ablation.

All come from `forward` and `backward` for one drawing x (28, 28), ink 1 on paper 0.  A block is a
layer with weights together with the activation that follows it, or a pooling.  It is identified by
the index of its last layer in `network.layers`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nn.layers import (
    Array,
    Conv,
    Dense,
    Gradients,
    Layer,
    MaxPool,
    Params,
    ReLU,
    Rng,
    Shape,
    Sigmoid,
    Tanh,
    pad,
)
from nn.network import Network

ACTIVATIONS = (ReLU, Sigmoid, Tanh)


@dataclass(frozen=True)
class Block:
    """A block with its input x and its output y for one drawing, both without the batch axis."""

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

    def init(self, rng: Rng, shape: Shape) -> tuple[Params, Shape]:
        return {}, shape

    def forward(self, params: Params, x: Array, rng: Rng | None = None) -> tuple[Array, Any]:
        y = x.copy()
        y[..., list(self.units)] = 0
        return y, None

    def backward(self, params: Params, cache: Any, dy: Array, want_dx: bool = True) -> Gradients:
        return self.forward(params, dy)[0], {}


def block_units(network: Network) -> dict[int, int]:
    """The number of units of each block by the index of its last layer, first to last."""
    layers = [layer for layer in network.layers if not isinstance(layer, Ablation)]
    found: dict[int, int] = {}
    units = 1
    for i, layer in enumerate(layers):
        if isinstance(layer, Dense | Conv):
            units = layer.units if isinstance(layer, Dense) else layer.filters
            active = i + 1 < len(layers) and isinstance(layers[i + 1], ACTIVATIONS)
            found[i + 1 if active else i] = units
        elif isinstance(layer, MaxPool):
            found[i] = units
    return found


def ablated(network: Network, units: Mapping[int, Sequence[int]]) -> Network:
    """The same network with some units ablated: units maps the index of a block to unit numbers.

    Ablation layers are not counted in the indices of blocks.  Raises ValueError for an index that
    is not that of a block, for the last block, whose units are the outputs, and for an unknown
    unit.
    """
    ends = block_units(network)
    ends.popitem()
    if unknown := set(units).difference(ends):
        raise ValueError(f"layer {min(unknown)} cannot be ablated: choose from {list(ends)}")
    for i, chosen in units.items():
        if wrong := [unit for unit in chosen if not 0 <= unit < ends[i]]:
            raise ValueError(f"layer {i} has no unit {wrong[0]}: choose from 0 to {ends[i] - 1}")
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
    """The blocks of a network with their activations for a drawing (28, 28), first to last."""
    ends = block_units(network)
    found: list[Block] = []
    x = drawing[None, :, :, None]
    index = -1
    first: tuple[Layer, Params, Array] | None = None  # the layer that the block begins with
    for layer, params in zip(network.layers, network.params, strict=True):
        y, _ = layer.forward(params, x)
        if isinstance(layer, Ablation):
            found[-1] = replace(found[-1], y=y[0])
        else:
            index += 1
            if isinstance(layer, Dense | Conv | MaxPool):
                first = layer, params, x[0]
            if index in ends and first:
                activation = type(layer).__name__ if isinstance(layer, ACTIVATIONS) else None
                found.append(Block(index, *first[:2], activation, first[2], y[0]))
        x = y
    return found


def gradient(network: Network, drawing: Array, direction: Mapping[int, float]) -> Array:
    """(28, 28): the derivative of a weighted sum of outputs by each pixel of a drawing (28, 28).

    direction has the weights: {7: 1} is the score of the seven, {9: 1, 7: -1} the score of the nine
    minus that of the seven.
    """
    outputs, caches = network.forward(drawing[None, :, :, None])
    dy = np.zeros_like(outputs)
    for unit, weight in direction.items():
        dy[0, unit] = weight
    dx, _ = network.backward(caches, dy, want_dx=True)
    return np.asarray(dx)[0, :, :, 0]


def contributions(block: Block, source: Block | None) -> Array | None:
    """(sources, units): the contribution of each unit of the block before to each unit of this one.

    The source None is the drawing: its units are 784 pixels for a Dense layer, one channel for a
    Conv.  A column's sum plus the bias is the unit's value before the activation; for a Conv, its
    mean over all positions.  None for a pooling, which has no weights.
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
    """The input (h, w, c) of a Conv with the zeros around it."""
    assert isinstance(block.layer, Conv)
    if block.layer.padding == "valid":
        return block.x
    return np.asarray(pad(block.x[None], block.layer.size // 2))[0]


@dataclass(frozen=True)
class Neuron:
    """The arithmetic of one unit: activation(sum(weights x inputs) + bias) = output."""

    weights: Array
    inputs: Array  # of the same shape
    bias: float
    activation: str | None
    output: float
    position: tuple[int, int] | None  # row and column in its map; None in a Dense layer

    @property
    def products(self) -> Array:
        return self.weights * self.inputs


def neuron(block: Block, unit: int, position: tuple[int, int] | None = None) -> Neuron:
    """The arithmetic of a unit of a block: a channel's at a position, or where it is largest.

    weights and inputs are (inputs,) for a Dense layer, (size, size, channels) for a Conv.  Raises
    ValueError for a pooling, which has no weights, and for an unknown unit or position.
    """
    if isinstance(block.layer, MaxPool):
        raise ValueError("a pooling has no weights: it takes the largest of each window")
    if not 0 <= unit < block.units:
        raise ValueError(
            f"layer {block.index} has no unit {unit}: choose from 0 to {block.units - 1}"
        )
    weights, bias = block.params["W"][..., unit], float(block.params["b"][unit])
    if block.y.ndim == 1:
        if position is not None:
            raise ValueError("a neuron of a Dense layer has no row and column: leave them out")
        output = float(block.y[unit])
        return Neuron(weights, block.x, bias, block.activation, output, None)
    assert isinstance(block.layer, Conv)
    field = block.y[:, :, unit]
    if position is None:
        position = divmod(int(field.argmax()), field.shape[1])
    if not all(0 <= at < side for at, side in zip(position, field.shape, strict=True)):
        (row, column), (high, wide) = position, field.shape
        raise ValueError(
            f"a map of {high}x{wide} has no row {row}, column {column}: "
            "choose a position inside it, counted from 0"
        )
    (row, column), size = position, block.layer.size
    window = padded(block)[row : row + size, column : column + size]
    return Neuron(weights, window, bias, block.activation, float(field[position]), position)


def noisy(drawing: Array, std: float, seed: int = 0) -> Array:
    """A drawing (28, 28) with normal noise of that standard deviation, clipped to 0..1."""
    noise = np.random.default_rng(seed).normal(0, std, drawing.shape)
    return np.clip(drawing + noise, 0, 1).astype(np.float32)
