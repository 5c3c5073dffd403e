"""Layers: frozen records of sizes that own no weights and remember nothing.

    init(rng, shape)                  -> params, output shape      (shape without the batch axis)
    forward(params, x, rng=None)      -> y, cache                  cache: what backward will want
    backward(params, cache, dy)       -> dx, grads                 grads: keys and shapes of params

`rng` is passed in training only.  Images are channels-last, (n, height, width, channels).  All is
float32 because `init` makes it so; cast the params to float64 and everything follows.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Params = dict[str, Array]
Shape = tuple[int, ...]


class Layer(Protocol):
    """What every layer offers.

    Below the first layer with params nobody reads dx: `want_dx=False` lets a layer give None
    instead, which saves a third of the products of a Dense or Conv.
    """

    def init(self, rng: np.random.Generator, shape: Shape) -> tuple[Params, Shape]: ...

    def forward(
        self, params: Params, x: Array, rng: np.random.Generator | None = None
    ) -> tuple[Array, Any]: ...

    def backward(
        self, params: Params, cache: Any, dy: Array, want_dx: bool = True
    ) -> tuple[Any, Params]: ...


def scaled_normal(
    rng: np.random.Generator, shape: Shape, inputs: int, gain: float
) -> npt.NDArray[np.float32]:
    """Normal weights of variance gain / inputs, so that signals keep their size through layers.

    gain 2 suits ReLU (He et al. 2015, "Delving Deep into Rectifiers"), gain 1 the sigmoid, tanh
    and softmax (LeCun et al. 1998, "Efficient BackProp", section 4.6).
    """
    return rng.standard_normal(shape, dtype=np.float32) * np.float32(np.sqrt(gain / inputs))


@dataclass(frozen=True)
class Dense:
    """y = x W + b with W (inputs, units)."""

    units: int
    gain: float = 2.0

    def init(self, rng: np.random.Generator, shape: Shape) -> tuple[Params, Shape]:
        if len(shape) != 1:
            raise ValueError(f"Dense wants flat input, not {shape}: put a Flatten before it")
        W = scaled_normal(rng, (shape[0], self.units), shape[0], self.gain)
        return {"W": W, "b": np.zeros(self.units, np.float32)}, (self.units,)

    def forward(
        self, params: Params, x: Array, rng: np.random.Generator | None = None
    ) -> tuple[Array, Any]:
        y = x @ params["W"]  # n units
        y += params["b"]
        return y, x

    def backward(
        self, params: Params, cache: Any, dy: Array, want_dx: bool = True
    ) -> tuple[Array | None, Params]:
        x = cache
        dx = dy @ params["W"].T if want_dx else None  # n inputs
        return dx, {"W": x.T @ dy, "b": dy.sum(axis=0)}


def unfold(x: Array, size: int) -> Array:
    """Every size x size window of x as a row: (n, h, w, c) -> (n h' w', size size c).

    h' = h - size + 1, likewise w'.  A convolution is a Dense layer on these rows.
    """
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    # n h' w' c i j  ->  n h' w' i j c: the last two are then one run of memory to copy
    return windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, size * size * x.shape[3])


def fold(rows: Array, shape: Shape, size: int) -> Array:
    """The transpose of `unfold`: each row's numbers added back where its window lay.

    shape is that of unfold's x, (n, h, w, c); it holds sum(unfold(x) * r) == sum(x * fold(r)).
    """
    n, h, w, c = shape
    out_h, out_w = h - size + 1, w - size + 1
    windows = rows.reshape(n, out_h, out_w, size, size, c)
    x = np.zeros(shape, rows.dtype)
    for i in range(size):
        for j in range(size):
            x[:, i : i + out_h, j : j + out_w] += windows[:, :, :, i, j]
    return x


# Rows are made for a few images at a time and used at once: 4 MB of float32 stay in the cache,
# where those of a whole batch (90 MB for 128 images of 28x28x24) would go through main memory.
NUMBERS_UNFOLDED_AT_ONCE = 1 << 20


def parts(images: int, numbers_per_image: int) -> list[slice]:
    """Slices of a batch, each of as many images as may be unfolded at once."""
    step = max(1, NUMBERS_UNFOLDED_AT_ONCE // numbers_per_image)
    return [slice(start, start + step) for start in range(0, images, step)]


def correlate(x: Array, W: Array) -> Array:
    """Each window of x (n, h, w, c) times the kernels W (size, size, c, filters).

    The result is (n, h', w', filters) with h' = h - size + 1, likewise w'.
    """
    size, _, _, filters = W.shape
    n, h, w, _ = x.shape
    kernel = W.reshape(-1, filters)
    y = np.empty((n, h - size + 1, w - size + 1, filters), np.result_type(x, W))
    for part in parts(n, y[0].size // filters * len(kernel)):
        np.matmul(unfold(x[part], size), kernel, out=y[part].reshape(-1, filters))
    return y


def across(channels: Array, x: Array) -> Array:
    """A number for each channel (c,) at each place of an image: (a,), for x (n, ..., c) as (n, a).

    Broadcasting over the last axis works through c numbers at a time, and a handful of channels is
    too few to be fast: repeated over the whole image, the same product takes a quarter of the time.
    """
    return np.tile(channels, x[0].size // len(channels))


def mean_over_rows(x: Array) -> Array:
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

    padding "same" keeps height and width (zeros around the image; size must be odd), "valid" takes
    only windows inside: h' = h - size + 1.
    """

    filters: int
    size: int = 3
    padding: str = "same"
    gain: float = 2.0

    def init(self, rng: np.random.Generator, shape: Shape) -> tuple[Params, Shape]:
        if self.padding not in ("same", "valid"):
            raise ValueError(f'padding is "same" or "valid", not {self.padding!r}')
        if self.padding == "same" and self.size % 2 == 0:
            raise ValueError(f'padding "same" wants an odd kernel size, not {self.size}')
        if len(shape) != 3:
            raise ValueError(f"Conv wants (height, width, channels), not {shape}")
        h, w, c = shape
        shrink = 0 if self.padding == "same" else self.size - 1
        if min(h, w) <= shrink:
            raise ValueError(f"a {self.size}x{self.size} kernel does not fit into {h}x{w}")
        W = scaled_normal(rng, (self.size, self.size, c, self.filters), self.size**2 * c, self.gain)
        params = {"W": W, "b": np.zeros(self.filters, np.float32)}
        return params, (h - shrink, w - shrink, self.filters)

    def forward(
        self, params: Params, x: Array, rng: np.random.Generator | None = None
    ) -> tuple[Array, Any]:
        if self.padding == "same":
            x = pad(x, self.size // 2)
        y = correlate(x, params["W"])  # n h' w' filters
        flat = y.reshape(len(y), -1)
        flat += across(params["b"], y)
        return y, x

    def backward(
        self, params: Params, cache: Any, dy: Array, want_dx: bool = True
    ) -> tuple[Array | None, Params]:
        """dx is a convolution too: of dy with the kernel turned by 180 degrees and in, out swapped.

        That equals `fold(drows @ kernel.T)`, the transpose of forward, with fewer passes over
        memory.  The rows of x are unfolded again: cheaper than keeping nine copies of x.
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
        turned = params["W"][::-1, ::-1].transpose(0, 1, 3, 2)  # i j filters c
        margin = self.size // 2 if self.padding == "same" else self.size - 1
        return correlate(pad(dy, margin), turned), grads


@dataclass(frozen=True)
class MaxPool:
    """The largest of each size x size block of a channel; a last partial block is dropped."""

    size: int = 2

    def init(self, rng: np.random.Generator, shape: Shape) -> tuple[Params, Shape]:
        if len(shape) != 3:
            raise ValueError(f"MaxPool wants (height, width, channels), not {shape}")
        h, w, c = shape
        if min(h, w) < self.size:
            raise ValueError(f"blocks of {self.size}x{self.size} do not fit into {h}x{w}")
        return {}, (h // self.size, w // self.size, c)

    def forward(
        self, params: Params, x: Array, rng: np.random.Generator | None = None
    ) -> tuple[Array, Any]:
        corners = self._corners(x)
        y = corners[0].copy()  # n h' w' c
        for corner in corners[1:]:
            np.maximum(y, corner, out=y)
        return y, (x, y)

    def backward(
        self, params: Params, cache: Any, dy: Array, want_dx: bool = True
    ) -> tuple[Array, Params]:
        """The gradient goes to the first of the largest, so that ties do not get it twice."""
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
        """Views of x, one for each place in a block: (n, h', w', c) each."""
        s, h, w = self.size, x.shape[1] // self.size, x.shape[2] // self.size
        return [x[:, i : h * s : s, j : w * s : s] for i in range(s) for j in range(s)]


@dataclass(frozen=True)
class Flatten:
    """(n, a, b, ...) -> (n, a b ...)."""

    def init(self, rng: np.random.Generator, shape: Shape) -> tuple[Params, Shape]:
        return {}, (int(np.prod(shape)),)

    def forward(
        self, params: Params, x: Array, rng: np.random.Generator | None = None
    ) -> tuple[Array, Any]:
        return x.reshape(len(x), -1), x.shape

    def backward(
        self, params: Params, cache: Any, dy: Array, want_dx: bool = True
    ) -> tuple[Array, Params]:
        return dy.reshape(cache), {}


@dataclass(frozen=True)
class Standardize:
    """y = (x - mean) / std with two fixed numbers, those of the training pixels.

    One mean for all pixels and not one for each: the corner pixels hardly vary in the training set,
    and dividing by their standard deviation would let one stray dot in a corner outvote the digit.
    """

    mean: float
    std: float

    def init(self, rng: np.random.Generator, shape: Shape) -> tuple[Params, Shape]:
        return {}, shape

    def forward(
        self, params: Params, x: Array, rng: np.random.Generator | None = None
    ) -> tuple[Array, Any]:
        return (x - x.dtype.type(self.mean)) / x.dtype.type(self.std), None

    def backward(
        self, params: Params, cache: Any, dy: Array, want_dx: bool = True
    ) -> tuple[Array, Params]:
        return dy / dy.dtype.type(self.std), {}


@dataclass(frozen=True)
class ReLU:
    """y = max(x, 0)."""

    def init(self, rng: np.random.Generator, shape: Shape) -> tuple[Params, Shape]:
        return {}, shape

    def forward(
        self, params: Params, x: Array, rng: np.random.Generator | None = None
    ) -> tuple[Array, Any]:
        y = np.maximum(x, 0)
        return y, y

    def backward(
        self, params: Params, cache: Any, dy: Array, want_dx: bool = True
    ) -> tuple[Array, Params]:
        y = cache
        return dy * (y > 0), {}


@dataclass(frozen=True)
class Sigmoid:
    """y = 1 / (1 + exp(-x)), by way of tanh, which does not overflow: (1 + tanh(x / 2)) / 2."""

    def init(self, rng: np.random.Generator, shape: Shape) -> tuple[Params, Shape]:
        return {}, shape

    def forward(
        self, params: Params, x: Array, rng: np.random.Generator | None = None
    ) -> tuple[Array, Any]:
        y = 0.5 * (1 + np.tanh(0.5 * x))
        return y, y

    def backward(
        self, params: Params, cache: Any, dy: Array, want_dx: bool = True
    ) -> tuple[Array, Params]:
        y = cache
        return dy * y * (1 - y), {}


@dataclass(frozen=True)
class Tanh:
    """y = tanh(x)."""

    def init(self, rng: np.random.Generator, shape: Shape) -> tuple[Params, Shape]:
        return {}, shape

    def forward(
        self, params: Params, x: Array, rng: np.random.Generator | None = None
    ) -> tuple[Array, Any]:
        y = np.tanh(x)
        return y, y

    def backward(
        self, params: Params, cache: Any, dy: Array, want_dx: bool = True
    ) -> tuple[Array, Params]:
        y = cache
        return dy * (1 - y * y), {}


@dataclass(frozen=True)
class Dropout:
    """In training each number is dropped with probability `rate`, the others grow by 1/(1 - rate).

    Srivastava et al. 2014, in the "inverted" form: nothing is left to do when serving.
    """

    rate: float

    def init(self, rng: np.random.Generator, shape: Shape) -> tuple[Params, Shape]:
        if not 0 <= self.rate < 1:
            raise ValueError(f"a dropout rate lies in 0 <= rate < 1, not {self.rate}")
        return {}, shape

    def forward(
        self, params: Params, x: Array, rng: np.random.Generator | None = None
    ) -> tuple[Array, Any]:
        if rng is None:
            return x, None
        mask = rng.random(x.shape, np.float32) >= self.rate
        scale = mask.astype(x.dtype) / x.dtype.type(1 - self.rate)
        return x * scale, scale

    def backward(
        self, params: Params, cache: Any, dy: Array, want_dx: bool = True
    ) -> tuple[Array, Params]:
        scale = cache
        return (dy if scale is None else dy * scale), {}


@dataclass(frozen=True)
class BatchNorm:
    """Each channel to mean 0 and variance 1 over the batch, then times gamma plus beta.

    Ioffe & Szegedy 2015.  It knows batch statistics only and keeps no running ones: to serve a
    network, `Network.folded` measures the population and melts this layer into the one before it.
    """

    epsilon: float = 1e-5

    def init(self, rng: np.random.Generator, shape: Shape) -> tuple[Params, Shape]:
        channels = shape[-1]
        return {
            "gamma": np.ones(channels, np.float32),
            "beta": np.zeros(channels, np.float32),
        }, shape

    def forward(
        self, params: Params, x: Array, rng: np.random.Generator | None = None
    ) -> tuple[Array, Any]:
        unit = x.reshape(len(x), -1) - across(mean_over_rows(x), x)  # a row for each image
        variance = mean_over_rows((unit * unit).reshape(x.shape))
        std = np.sqrt(variance + x.dtype.type(self.epsilon))
        unit /= across(std, x)
        y = unit * across(params["gamma"], x)
        y += across(params["beta"], x)
        return y.reshape(x.shape), (unit, std)

    def backward(
        self, params: Params, cache: Any, dy: Array, want_dx: bool = True
    ) -> tuple[Array | None, Params]:
        unit, std = cache  # unit: the normalised x, a row for each image
        flat = dy.reshape(unit.shape)
        mean_dyu, mean_dy = mean_over_rows((flat * unit).reshape(dy.shape)), mean_over_rows(dy)
        count = dy.size // dy.shape[-1]
        grads = {"gamma": mean_dyu * count, "beta": mean_dy * count}
        if not want_dx:
            return None, grads
        # what dy says, less the part that mean and variance take back
        dx = unit * across(-mean_dyu, dy)
        dx += flat
        dx -= across(mean_dy, dy)
        dx *= across(params["gamma"] / std, dy)
        return dx.reshape(dy.shape), grads


LAYERS: tuple[type, ...] = (
    Dense, Conv, MaxPool, Flatten, Standardize, ReLU, Sigmoid, Tanh, Dropout, BatchNorm,
)  # fmt: skip
