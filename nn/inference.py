"""One image through a network without making an array: what answers a visitor.

`Network.outputs` is the plain way, for any number of images.  With a single one it spends more time
on making arrays than on numbers.  Here all arrays are made beforehand and used again, and what is
left is a list of NumPy calls that write into them.  Both ways give the same, up to rounding.
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
    """A network ready to answer for one image after another, in any number of threads."""

    def __init__(self, network: Network) -> None:
        """Raises ValueError for a BatchNorm, which needs a batch: see `Network.folded`."""
        self.network = network
        self.idle = [ExecutionPlan(network)]  # as many as there were ever threads at work at a time

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
    """Where the output of a layer lies: `inner`, a view of `whole`, which has zeros around it.

    The zeros are what a convolution with padding "same" reads: nothing has to be copied for it.
    """

    whole: Array
    inner: Array


def buffer_for(shape: Shape, after: Sequence[Layer]) -> Buffer:
    """An array for an output of that shape, with the margin that the layer after it wants."""
    margin = 0
    if after and isinstance(after[0], Conv) and after[0].padding == "same":
        margin = after[0].size // 2
    whole = np.zeros([*(side + 2 * margin for side in shape[:2]), *shape[2:]], np.float32)
    inner = whole[margin:-margin, margin:-margin] if margin else whole
    return Buffer(whole, inner)


class ExecutionPlan:
    """The arrays for one image on its way, and the calls that fill them one after the other."""

    def __init__(self, network: Network) -> None:
        self.calls: list[Callable[[], object]] = []
        pairs = optimize_graph(list(zip(network.layers, network.params, strict=True)))
        layers = [layer for layer, _ in pairs]
        buffer = buffer_for(INPUT_SHAPE, layers)
        self.image = buffer.inner
        for index, (layer, params) in enumerate(pairs):
            buffer = self.add(layer, params, buffer, layers[index + 1 :])
        self.result = buffer.inner

    def run(self, image: Array) -> Array:
        np.copyto(self.image, image)
        for call in self.calls:
            call()
        return self.result.copy()

    def then(self, function: Callable[..., object], *inputs: Array, out: Array) -> None:
        """One more call, whose result goes into `out`."""
        self.calls.append(partial(function, *inputs, out=out))

    def add(self, layer: Layer, params: Params, x: Buffer, after: Sequence[Layer]) -> Buffer:
        """The calls for a layer that reads from x; where its output will be."""
        match layer:
            case Conv():
                return self.conv(layer, params, x.whole, after)
            case Dense(units):
                y = buffer_for((units,), after)
                # a matrix times a vector is fastest along the rows of the matrix
                self.then(np.dot, np.ascontiguousarray(params["W"].T), x.inner, out=y.inner)
                self.then(np.add, y.inner, params["b"], out=y.inner)
                return y
            case MaxPool():
                return self.pool(layer, x.inner, after)
            case Flatten():
                flat = x.inner.reshape(-1)
                return Buffer(flat, flat)
        y = buffer_for(x.inner.shape, after)
        if y.inner is y.whole:  # nobody wants a margin
            y = x
        # arrays of equal numbers, for NumPy is slower with a single one
        number = partial(np.full, x.inner.shape, dtype=np.float32)
        match layer:
            case ReLU():
                self.then(np.maximum, x.inner, number(0), out=y.inner)
            case Sigmoid():
                self.then(np.multiply, x.inner, number(0.5), out=y.inner)
                self.then(np.tanh, y.inner, out=y.inner)
                self.then(np.add, y.inner, number(1), out=y.inner)
                self.then(np.multiply, y.inner, number(0.5), out=y.inner)
            case Tanh():
                self.then(np.tanh, x.inner, out=y.inner)
            case Standardize(mean, std):
                self.then(np.subtract, x.inner, number(mean), out=y.inner)
                self.then(np.divide, y.inner, number(std), out=y.inner)
            case BatchNorm():
                raise ValueError(f"{layer} does not work on one image: fold the network first")
            case _:  # another that keeps the shape
                self.then(partial(fallback, layer, params), x.inner, out=y.inner)
        return y

    def conv(self, layer: Conv, params: Params, x: Array, after: Sequence[Layer]) -> Buffer:
        """The windows of x (h, w, c) copied side by side, times the kernel, plus the bias."""
        size, filters = layer.size, layer.filters
        height, width, channels = x.shape[0] - size + 1, x.shape[1] - size + 1, x.shape[2]
        kernel = params["W"].reshape(-1, filters)
        down, right, deep = x.strides
        if channels == 1:  # a column of the product for each window: longer runs to copy
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
        self.then(np.matmul, rows, kernel, out=product.reshape(-1, filters))
        self.then(np.add, product, np.tile(params["b"], (height, width, 1)), out=y.inner)
        return y

    def pool(self, layer: MaxPool, x: Array, after: Sequence[Layer]) -> Buffer:
        """The largest of the rows of each block, then of the columns: rows are runs of memory."""
        size = layer.size
        height, width, channels = x.shape[0] // size, x.shape[1] // size, x.shape[2]
        rows = np.empty((height, width * size, channels), np.float32)
        self.largest([x[i : height * size : size, : width * size] for i in range(size)], rows)
        y = buffer_for((height, width, channels), after)
        self.largest([rows[:, j::size] for j in range(size)], y.inner)
        return y

    def largest(self, views: Sequence[Array], y: Array) -> None:
        self.then(np.maximum, views[0], views[-1], out=y)
        for view in views[1:-1]:
            self.then(np.maximum, y, view, out=y)


def fallback(layer: Layer, params: Params, x: Array, out: Array) -> None:
    np.copyto(out, layer.forward(params, x[None])[0][0])


def optimize_graph(pairs: Sequence[tuple[Layer, Params]]) -> list[tuple[Layer, Params]]:
    """Layers with their params that give the same with less to do."""
    pairs = [(layer, params) for layer, params in pairs if not isinstance(layer, Dropout)]
    for i in range(1, len(pairs)):
        if isinstance(pairs[i - 1][0], ReLU) and isinstance(pairs[i][0], MaxPool):
            pairs[i - 1 : i + 1] = pairs[i], pairs[i - 1]  # a quarter is left for the ReLU
    match pairs:
        case [(Standardize(mean, std), _), (Flatten(), _), (Dense() as dense, params), *rest]:
            # (x - mean) / std W + b  =  x W / std + (b - mean / std sum of W)
            W = params["W"] / np.float32(std)
            melted = {"W": W, "b": params["b"] - np.float32(mean) * W.sum(axis=0)}
            pairs = [(Flatten(), {}), (dense, melted), *rest]
    return pairs
