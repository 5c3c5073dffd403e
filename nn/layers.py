"""Layers: frozen dataclasses of hyperparameters, without weights and without state.

    init(rng, shape)                  -> params, output shape      (shape without the batch axis)
    forward(params, x, rng=None)      -> y, cache                  cache: what backward needs
    backward(params, cache, dy)       -> dx, grads                 grads: keys and shapes as params

`rng` is passed in training only.  Images are channels-last, (n, height, width, channels).  Params
are float32; with params and inputs cast to float64, all results are float64.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Params = dict[str, Array]
Shape = tuple[int, ...]
Gradients = tuple[Any, Params]  # dx, or None if it is not wanted, and grads
Rng = np.random.Generator


class Layer(Protocol):
    """The methods of every layer.

    Below the first layer with params dx is not used: with `want_dx=False` a layer may return None
    for it, which saves a third of the products of a Dense or Conv.
    """

    def init(self, rng: Rng, shape: Shape) -> tuple[Params, Shape]: ...

    def forward(self, params: Params, x: Array, rng: Rng | None = None) -> tuple[Array, Any]: ...

    def backward(
        self, params: Params, cache: Any, dy: Array, want_dx: bool = True
    ) -> Gradients: ...


def scaled_normal(rng: Rng, shape: Shape, inputs: int, gain: float) -> npt.NDArray[np.float32]:
    """Normal weights of variance gain / inputs, so that the variance stays the same through layers.

    gain 2 is for ReLU (He et al. 2015, "Delving Deep into Rectifiers"), gain 1 for sigmoid,
    tanh and softmax (LeCun et al. 1998, "Efficient BackProp", section 4.6).
    """
    return rng.standard_normal(shape, dtype=np.float32) * np.float32(np.sqrt(gain / inputs))


@dataclass(frozen=True)
class Dense:
    """y = x W + b with W (inputs, units)."""

    units: int
    gain: float = 2.0

    def init(self, rng: Rng, shape: Shape) -> tuple[Params, Shape]:
        if len(shape) != 1:
            raise ValueError(f"Dense needs flat input, not {shape}: put a Flatten before it")
        W = scaled_normal(rng, (shape[0], self.units), shape[0], self.gain)
        return {"W": W, "b": np.zeros(self.units, np.float32)}, (self.units,)

    def forward(self, params: Params, x: Array, rng: Rng | None = None) -> tuple[Array, Any]:
        y = x @ params["W"]  # n units
        y += params["b"]
        return y, x

    def backward(self, params: Params, cache: Any, dy: Array, want_dx: bool = True) -> Gradients:
        x = cache
        dx = dy @ params["W"].T if want_dx else None  # n inputs
        return dx, {"W": x.T @ dy, "b": dy.sum(axis=0)}


def unfold(x: Array, size: int) -> Array:
    """Every size x size window of x as a row (im2col): (n, h, w, c) -> (n h' w', size size c).

    h' = h - size + 1, likewise w'.  A convolution is a Dense layer on these rows.
    """
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    # n h' w' c i j  ->  n h' w' i j c: the last two are then contiguous
    return windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, size * size * x.shape[3])


def fold(rows: Array, shape: Shape, size: int) -> Array:
    """The transpose of `unfold`: each row is added to x at the position of its window.

    shape is that of unfold's x, (n, h, w, c); sum(unfold(x) * r) == sum(x * fold(r)).
    """
    n, h, w, c = shape
    out_h, out_w = h - size + 1, w - size + 1
    windows = rows.reshape(n, out_h, out_w, size, size, c)
    x = np.zeros(shape, rows.dtype)
    for i in range(size):
        for j in range(size):
            x[:, i : i + out_h, j : j + out_w] += windows[:, :, :, i, j]
    return x


# A few images are unfolded at a time: 4 MB of float32 stay in the cache, but a whole batch (90 MB
# for 128 images of 28x28x24) would go through main memory.
MAX_UNFOLDED = 1 << 20


def parts(images: int, numbers_per_image: int) -> list[slice]:
    """Slices of a batch, each with as many images as are unfolded at a time."""
    step = max(1, MAX_UNFOLDED // numbers_per_image)
    return [slice(start, start + step) for start in range(0, images, step)]


def correlate(x: Array, W: Array) -> Array:
    """The cross-correlation of x (n, h, w, c) with the kernels W (size, size, c, filters).

    The result is (n, h', w', filters) with h' = h - size + 1, likewise w'.
    """
    size, _, _, filters = W.shape
    n, h, w, _ = x.shape
    kernel = W.reshape(-1, filters)
    y = np.empty((n, h - size + 1, w - size + 1, filters), np.result_type(x, W))
    for part in parts(n, y[0].size // filters * len(kernel)):
        np.matmul(unfold(x[part], size), kernel, out=y[part].reshape(-1, filters))
    return y


def tile_channels(channels: Array, x: Array) -> Array:
    """A number for each channel (c,) repeated over an image: (a,), for x (n, ..., c) as (n, a).

    Broadcasting over the last axis processes c numbers at a time, which is slow for few channels:
    with the repeated numbers the same product takes a quarter of the time.
    """
    return np.tile(channels, x[0].size // len(channels))


def channel_means(x: Array) -> Array:
    """The mean (c,) of each channel of x (n, ..., c), as one BLAS call."""
    rows = x.reshape(-1, x.shape[-1])
    return np.asarray(np.full(len(rows), 1 / len(rows), x.dtype) @ rows)


def pad(x: Array, margin: int) -> Array:
    """x (n, h, w, c) with `margin` zeros around each image."""
    n, h, w, c = x.shape
    padded = np.zeros((n, h + 2 * margin, w + 2 * margin, c), x.dtype)
    padded[:, margin : margin + h, margin : margin + w] = x
    return padded


@dataclass(frozen=True)
class Conv:
    """Cross-correlation with `filters` kernels, stride 1; W (size, size, c, filters).

    padding "same" gives the same height and width (zeros around the image; size must be odd),
    "valid" uses only windows inside the image: h' = h - size + 1.
    """

    filters: int
    size: int = 3
    padding: str = "same"
    gain: float = 2.0

    def init(self, rng: Rng, shape: Shape) -> tuple[Params, Shape]:
        if self.padding not in ("same", "valid"):
            raise ValueError(f'padding is "same" or "valid", not {self.padding!r}')
        if self.padding == "same" and self.size % 2 == 0:
            raise ValueError(f'padding "same" needs an odd kernel size, not {self.size}')
        if len(shape) != 3:
            raise ValueError(f"Conv needs (height, width, channels), not {shape}")
        h, w, c = shape
        shrink = 0 if self.padding == "same" else self.size - 1
        if min(h, w) <= shrink:
            raise ValueError(f"a {self.size}x{self.size} kernel does not fit into {h}x{w}")
        W = scaled_normal(rng, (self.size, self.size, c, self.filters), self.size**2 * c, self.gain)
        params = {"W": W, "b": np.zeros(self.filters, np.float32)}
        return params, (h - shrink, w - shrink, self.filters)

    def forward(self, params: Params, x: Array, rng: Rng | None = None) -> tuple[Array, Any]:
        if self.padding == "same":
            x = pad(x, self.size // 2)
        y = correlate(x, params["W"])  # n h' w' filters
        flat = y.reshape(len(y), -1)
        flat += tile_channels(params["b"], y)
        return y, x

    def backward(self, params: Params, cache: Any, dy: Array, want_dx: bool = True) -> Gradients:
        """dx is a convolution of dy with the kernel rotated by 180 degrees, channels swapped.

        It equals `fold(drows @ kernel.T)`, the transpose of forward, with fewer passes over memory.
        x is unfolded again, which is cheaper than storing nine copies of x.
        """
        x = cache
        n, out_h, out_w, filters = dy.shape
        kernel = params["W"].reshape(-1, filters)
        dkernel = np.zeros_like(kernel)
        for part in parts(n, out_h * out_w * kernel.shape[0]):
            dkernel += unfold(x[part], self.size).T @ dy[part].reshape(-1, filters)
        db = np.ones(n * out_h * out_w, dy.dtype) @ dy.reshape(-1, filters)
        grads = {"W": dkernel.reshape(params["W"].shape), "b": db}
        if not want_dx:
            return None, grads
        rotated = params["W"][::-1, ::-1].transpose(0, 1, 3, 2)  # i j filters c
        margin = self.size // 2 if self.padding == "same" else self.size - 1
        return correlate(pad(dy, margin), rotated), grads


@dataclass(frozen=True)
class MaxPool:
    """The maximum of each size x size block of a channel; a last partial block is dropped."""

    size: int = 2

    def init(self, rng: Rng, shape: Shape) -> tuple[Params, Shape]:
        if len(shape) != 3:
            raise ValueError(f"MaxPool needs (height, width, channels), not {shape}")
        h, w, c = shape
        if min(h, w) < self.size:
            raise ValueError(f"blocks of {self.size}x{self.size} do not fit into {h}x{w}")
        return {}, (h // self.size, w // self.size, c)

    def forward(self, params: Params, x: Array, rng: Rng | None = None) -> tuple[Array, Any]:
        corners = self._corners(x)
        y = corners[0].copy()  # n h' w' c
        for corner in corners[1:]:
            np.maximum(y, corner, out=y)
        return y, (x, y)

    def backward(self, params: Params, cache: Any, dy: Array, want_dx: bool = True) -> Gradients:
        """The gradient goes to the first maximum of a block, so that ties do not get it twice."""
        x, y = cache
        dx = np.zeros_like(x)
        free = np.ones(y.shape, bool)
        for corner, dcorner in zip(self._corners(x), self._corners(dx), strict=True):
            chosen = corner == y
            chosen &= free
            free ^= chosen
            np.multiply(dy, chosen, out=dcorner)
        return dx, {}

    def _corners(self, x: Array) -> list[Array]:
        """Views of x, one for each position in a block: (n, h', w', c) each."""
        s, h, w = self.size, x.shape[1] // self.size, x.shape[2] // self.size
        return [x[:, i : h * s : s, j : w * s : s] for i in range(s) for j in range(s)]


@dataclass(frozen=True)
class Flatten:
    """(n, a, b, ...) -> (n, a b ...)."""

    def init(self, rng: Rng, shape: Shape) -> tuple[Params, Shape]:
        return {}, (int(np.prod(shape)),)

    def forward(self, params: Params, x: Array, rng: Rng | None = None) -> tuple[Array, Any]:
        return x.reshape(len(x), -1), x.shape

    def backward(self, params: Params, cache: Any, dy: Array, want_dx: bool = True) -> Gradients:
        return dy.reshape(cache), {}


@dataclass(frozen=True)
class Standardize:
    """y = (x - mean) / std with two fixed numbers, those of the training pixels.

    They are the same for all pixels: the corner pixels hardly vary in the training set, and divided
    by their own standard deviation a stray dot in a corner would outweigh the digit.
    """

    mean: float
    std: float

    def init(self, rng: Rng, shape: Shape) -> tuple[Params, Shape]:
        return {}, shape

    def forward(self, params: Params, x: Array, rng: Rng | None = None) -> tuple[Array, Any]:
        return (x - x.dtype.type(self.mean)) / x.dtype.type(self.std), None

    def backward(self, params: Params, cache: Any, dy: Array, want_dx: bool = True) -> Gradients:
        return dy / dy.dtype.type(self.std), {}


@dataclass(frozen=True)
class ReLU:
    """y = max(x, 0)."""

    def init(self, rng: Rng, shape: Shape) -> tuple[Params, Shape]:
        return {}, shape

    def forward(self, params: Params, x: Array, rng: Rng | None = None) -> tuple[Array, Any]:
        y = np.maximum(x, 0)
        return y, y

    def backward(self, params: Params, cache: Any, dy: Array, want_dx: bool = True) -> Gradients:
        y = cache
        return dy * (y > 0), {}


@dataclass(frozen=True)
class Sigmoid:
    """y = 1 / (1 + exp(-x)), computed without overflow as (1 + tanh(x / 2)) / 2."""

    def init(self, rng: Rng, shape: Shape) -> tuple[Params, Shape]:
        return {}, shape

    def forward(self, params: Params, x: Array, rng: Rng | None = None) -> tuple[Array, Any]:
        y = 0.5 * (1 + np.tanh(0.5 * x))
        return y, y

    def backward(self, params: Params, cache: Any, dy: Array, want_dx: bool = True) -> Gradients:
        y = cache
        return dy * y * (1 - y), {}


@dataclass(frozen=True)
class Tanh:
    """y = tanh(x)."""

    def init(self, rng: Rng, shape: Shape) -> tuple[Params, Shape]:
        return {}, shape

    def forward(self, params: Params, x: Array, rng: Rng | None = None) -> tuple[Array, Any]:
        y = np.tanh(x)
        return y, y

    def backward(self, params: Params, cache: Any, dy: Array, want_dx: bool = True) -> Gradients:
        y = cache
        return dy * (1 - y * y), {}


@dataclass(frozen=True)
class Dropout:
    """In training each number becomes 0 with probability `rate`, the others grow by 1/(1 - rate).

    Srivastava et al. 2014, as "inverted dropout": without effect in inference.
    """

    rate: float

    def init(self, rng: Rng, shape: Shape) -> tuple[Params, Shape]:
        if not 0 <= self.rate < 1:
            raise ValueError(f"a dropout rate is 0 <= rate < 1, not {self.rate}")
        return {}, shape

    def forward(self, params: Params, x: Array, rng: Rng | None = None) -> tuple[Array, Any]:
        if rng is None:
            return x, None
        mask = rng.random(x.shape, np.float32) >= self.rate
        scale = mask.astype(x.dtype) / x.dtype.type(1 - self.rate)
        return x * scale, scale

    def backward(self, params: Params, cache: Any, dy: Array, want_dx: bool = True) -> Gradients:
        scale = cache
        return (dy if scale is None else dy * scale), {}


@dataclass(frozen=True)
class BatchNorm:
    """Each channel to mean 0 and variance 1 over the batch, then times gamma plus beta.

    Ioffe & Szegedy 2015.  It has batch statistics only, no running ones: for inference,
    `Network.folded` measures the population and folds this layer into the one before it.
    """

    epsilon: float = 1e-5

    def init(self, rng: Rng, shape: Shape) -> tuple[Params, Shape]:
        channels = shape[-1]
        return {
            "gamma": np.ones(channels, np.float32),
            "beta": np.zeros(channels, np.float32),
        }, shape

    def forward(self, params: Params, x: Array, rng: Rng | None = None) -> tuple[Array, Any]:
        unit = x.reshape(len(x), -1) - tile_channels(channel_means(x), x)  # a row for each image
        variance = channel_means((unit * unit).reshape(x.shape))
        std = np.sqrt(variance + x.dtype.type(self.epsilon))
        unit /= tile_channels(std, x)
        y = unit * tile_channels(params["gamma"], x)
        y += tile_channels(params["beta"], x)
        return y.reshape(x.shape), (unit, std)

    def backward(self, params: Params, cache: Any, dy: Array, want_dx: bool = True) -> Gradients:
        unit, std = cache  # unit: the normalised x, a row for each image
        flat = dy.reshape(unit.shape)
        mean_dyu, mean_dy = channel_means((flat * unit).reshape(dy.shape)), channel_means(dy)
        count = dy.size // dy.shape[-1]
        grads = {"gamma": mean_dyu * count, "beta": mean_dy * count}
        if not want_dx:
            return None, grads
        # dy minus the parts that change the mean and the variance of the batch
        dx = unit * tile_channels(-mean_dyu, dy)
        dx += flat
        dx -= tile_channels(mean_dy, dy)
        dx *= tile_channels(params["gamma"] / std, dy)
        return dx.reshape(dy.shape), grads


LAYERS: tuple[type, ...] = (
    Dense, Conv, MaxPool, Flatten, Standardize, ReLU, Sigmoid, Tanh, Dropout, BatchNorm,
)  # fmt: skip
