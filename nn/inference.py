"""Inference for one image with preallocated arrays, for serving.

`Network.outputs` takes any number of images.  For a single one it spends more time on allocating
arrays than on computing.  Here all arrays are allocated once, and a list of NumPy calls writes into
them for each image.  The results are equal up to rounding.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nn.layers import (
    Array,
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool,
    Params,
    ReLU,
    Shape,
    Sigmoid,
    Standardize,
    Tanh,
)
from nn.network import INPUT_SHAPE, Network


class Inference:
    """The predictions of a network for one image at a time, from any number of threads."""

    def __init__(self, network: Network) -> None:
        """Raises ValueError for a BatchNorm, which needs a batch: see `Network.folded`."""
        self.network = network
        self.idle = [ExecutionPlan(network)]  # a plan serves one thread at a time

    def outputs(self, image: Array) -> Array:
        """Raw outputs (classes,) for an image (28, 28, 1), as `Network.outputs` gives them.

        Raises ValueError for an image of another shape.
        """
        if image.shape != INPUT_SHAPE:
            raise ValueError(f"an image has the shape {INPUT_SHAPE}, not {image.shape}")
        try:
            plan = self.idle.pop()
        except IndexError:
            plan = ExecutionPlan(self.network)
        outputs = plan.run(image)
        self.idle.append(plan)
        return outputs

    def probabilities(self, image: Array) -> Array:
        """(classes,), summing to 1, for an image (28, 28, 1) with ink 1 on paper 0."""
        return self.network.loss.probabilities(self.outputs(image)[None])[0]


@dataclass(frozen=True)
class Buffer:
    """An output array: `interior` is a view of `padded`, which has zeros around it.

    A convolution with padding "same" reads `padded`, so that its input need not be copied.
    """

    padded: Array
    interior: Array


def buffer_for(shape: Shape, after: Sequence[Layer]) -> Buffer:
    """A buffer for an output of that shape, with the padding that the next layer needs."""
    margin = 0
    if after and isinstance(after[0], Conv) and after[0].padding == "same":
        margin = after[0].size // 2
    padded = np.zeros([*(side + 2 * margin for side in shape[:2]), *shape[2:]], np.float32)
    interior = padded[margin:-margin, margin:-margin] if margin else padded
    return Buffer(padded, interior)


class ExecutionPlan:
    """The arrays for one image, and the calls that fill them, in order."""

    def __init__(self, network: Network) -> None:
        self.calls: list[Callable[[], object]] = []
        pairs = optimize_graph(list(zip(network.layers, network.params, strict=True)))
        layers = [layer for layer, _ in pairs]
        buffer = buffer_for(INPUT_SHAPE, layers)
        self.image = buffer.interior
        for index, (layer, params) in enumerate(pairs):
            buffer = self.add(layer, params, buffer, layers[index + 1 :])
        self.result = buffer.interior

    def run(self, image: Array) -> Array:
        np.copyto(self.image, image)
        for call in self.calls:
            call()
        return self.result.copy()

    def append(self, function: Callable[..., object], *inputs: Array, out: Array) -> None:
        """Append a call that writes its result into `out`."""
        self.calls.append(partial(function, *inputs, out=out))

    def add(self, layer: Layer, params: Params, x: Buffer, after: Sequence[Layer]) -> Buffer:
        """Append the calls of a layer with the input x; returns the buffer of its output."""
        match layer:
            case Conv():
                return self.conv(layer, params, x.padded, after)
            case Dense(units):
                y = buffer_for((units,), after)
                # a matrix-vector product is fastest along the rows of the matrix
                self.append(np.dot, np.ascontiguousarray(params["W"].T), x.interior, out=y.interior)
                self.append(np.add, y.interior, params["b"], out=y.interior)
                return y
            case MaxPool():
                return self.pool(layer, x.interior, after)
            case Flatten():
                flat = x.interior.reshape(-1)
                return Buffer(flat, flat)
        y = buffer_for(x.interior.shape, after)
        if y.interior is y.padded:  # in place if the next layer needs no padding
            y = x
        # arrays of equal numbers, because NumPy is slower with a scalar
        constant = partial(np.full, x.interior.shape, dtype=np.float32)
        match layer:
            case ReLU():
                self.append(np.maximum, x.interior, constant(0), out=y.interior)
            case Sigmoid():
                self.append(np.multiply, x.interior, constant(0.5), out=y.interior)
                self.append(np.tanh, y.interior, out=y.interior)
                self.append(np.add, y.interior, constant(1), out=y.interior)
                self.append(np.multiply, y.interior, constant(0.5), out=y.interior)
            case Tanh():
                self.append(np.tanh, x.interior, out=y.interior)
            case Standardize(mean, std):
                self.append(np.subtract, x.interior, constant(mean), out=y.interior)
                self.append(np.divide, y.interior, constant(std), out=y.interior)
            case BatchNorm():
                raise ValueError(f"{layer} needs a batch of images: fold the network first")
            case _:  # any other layer that does not change the shape
                self.append(partial(fallback, layer, params), x.interior, out=y.interior)
        return y

    def conv(self, layer: Conv, params: Params, x: Array, after: Sequence[Layer]) -> Buffer:
        """The unfolded windows of x (h, w, c) times the kernel, plus the bias."""
        size, filters = layer.size, layer.filters
        height, width, channels = x.shape[0] - size + 1, x.shape[1] - size + 1, x.shape[2]
        kernel = params["W"].reshape(-1, filters)
        down, right, deep = x.strides
        if channels == 1:  # a column for each window: larger contiguous blocks to copy
            columns = np.empty((size, size, height, width), np.float32)
            windows = as_strided(x, columns.shape, (down, right, down, right))
            rows = columns.reshape(-1, height * width).T
        else:
            columns = np.empty((height, width, size, size * channels), np.float32)
            windows = as_strided(x, columns.shape, (down, right, down, deep))
            rows = columns.reshape(height * width, -1)
        product = np.empty((height, width, filters), np.float32)
        y = buffer_for((height, width, filters), after)
        self.calls.append(partial(np.copyto, columns, windows))
        self.append(np.matmul, rows, kernel, out=product.reshape(-1, filters))
        self.append(np.add, product, np.tile(params["b"], (height, width, 1)), out=y.interior)
        return y

    def pool(self, layer: MaxPool, x: Array, after: Sequence[Layer]) -> Buffer:
        """The maximum over the rows of each block, then over its columns: rows are contiguous."""
        size = layer.size
        height, width, channels = x.shape[0] // size, x.shape[1] // size, x.shape[2]
        rows = np.empty((height, width * size, channels), np.float32)
        self.maximum([x[i : height * size : size, : width * size] for i in range(size)], rows)
        y = buffer_for((height, width, channels), after)
        self.maximum([rows[:, j::size] for j in range(size)], y.interior)
        return y

    def maximum(self, views: Sequence[Array], y: Array) -> None:
        self.append(np.maximum, views[0], views[-1], out=y)
        for view in views[1:-1]:
            self.append(np.maximum, y, view, out=y)


def fallback(layer: Layer, params: Params, x: Array, out: Array) -> None:
    """Any layer by its own `forward`, which allocates."""
    np.copyto(out, layer.forward(params, x[None])[0][0])


def optimize_graph(pairs: Sequence[tuple[Layer, Params]]) -> list[tuple[Layer, Params]]:
    """Equivalent layers and params that take less time."""
    pairs = [(layer, params) for layer, params in pairs if not isinstance(layer, Dropout)]
    for i in range(1, len(pairs)):
        if isinstance(pairs[i - 1][0], ReLU) and isinstance(pairs[i][0], MaxPool):
            # the ReLU then has a quarter of the numbers
            pairs[i - 1 : i + 1] = pairs[i], pairs[i - 1]
    match pairs:
        case [(Standardize(mean, std), _), (Flatten(), _), (Dense() as dense, params), *rest]:
            # (x - mean) / std W + b  =  x W / std + (b - mean / std sum of W)
            W = params["W"] / np.float32(std)
            folded = {"W": W, "b": params["b"] - np.float32(mean) * W.sum(axis=0)}
            pairs = [(Flatten(), {}), (dense, folded), *rest]
    return pairs
