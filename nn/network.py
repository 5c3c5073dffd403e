"""A network: layers, their params, and the loss function.

Inference changes nothing in it, so that threads can share one.  It is saved to one self-describing
file: NumPy's .npz (a zip of arrays) with an `about.json`, without pickle.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from nn.layers import LAYERS, Array, BatchNorm, Conv, Dense, Layer, Params, Shape
from nn.losses import LOSSES, Loss
from nn.serialization import WeightsError, from_record, malformed, read_npz, to_record, write_npz

INPUT_SHAPE: Shape = (28, 28, 1)
FORMAT = 2
WEIGHTS = Path(__file__).resolve().parent.parent / "weights"  # the trained networks


@dataclass(frozen=True)
class Network:
    """Layers with their params (a dict for each layer, empty where it has none).

    `about` is JSON, saved with the weights: recipe, history, temperature, thresholds, figures.
    """

    layers: tuple[Layer, ...]
    params: list[Params]
    loss: Loss
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        """The number of weights and biases."""
        return sum(array.size for params in self.params for array in params.values())

    def forward(self, x: Array, rng: np.random.Generator | None = None) -> tuple[Array, list[Any]]:
        """Outputs (n, classes) and each layer's cache, for x (n, 28, 28, 1)."""
        caches = []
        for layer, params in zip(self.layers, self.params, strict=True):
            x, cache = layer.forward(params, x, rng)
            caches.append(cache)
        return x, caches

    def backward(
        self, caches: list[Any], dy: Array, want_dx: bool = False
    ) -> tuple[Array | None, list[Params]]:
        """The gradients of the input (None unless wanted) and of all params, given that of y."""
        grads: list[Params] = [{} for _ in self.layers]
        first = 0 if want_dx else next(i for i, params in enumerate(self.params) if params)
        dx: Any = dy
        for i in range(len(self.layers) - 1, first - 1, -1):
            needed = want_dx or i > first
            dx, grads[i] = self.layers[i].backward(self.params[i], caches[i], dx, needed)
        return (dx if want_dx else None), grads

    def outputs(self, x: Array, batch_size: int = 256) -> Array:
        """Raw outputs (n, classes) for x (n, 28, 28, 1), in batches to limit memory."""
        parts = []
        for start in range(0, len(x), batch_size):
            y = x[start : start + batch_size]
            for layer, params in zip(self.layers, self.params, strict=True):
                y, _ = layer.forward(params, y)
            parts.append(y)
        return np.concatenate(parts)

    def probabilities(self, x: Array) -> Array:
        """(n, classes), rows that sum to 1, for x (n, 28, 28, 1) with ink 1 on paper 0."""
        return self.loss.probabilities(self.outputs(x))

    def folded(self, x: Array, batch_size: int = 250) -> "Network":
        """The same network without BatchNorm, for inference; x (n, 28, 28, 1) is training data.

        The mean and variance of each BatchNorm's input for all of x, and its gamma and beta, go
        into the weights of the Dense or Conv before it.  Raises ValueError if there is none.
        """
        layers: list[Layer] = []
        folded: list[Params] = []
        parts = [x[start : start + batch_size] for start in range(0, len(x), batch_size)]
        for layer, params in zip(self.layers, self.params, strict=True):
            if isinstance(layer, BatchNorm):
                if not layers or not isinstance(layers[-1], Dense | Conv):
                    raise ValueError("a BatchNorm can be folded only right after a Dense or Conv")
                mean, variance = channel_moments(parts)
                scale = params["gamma"] / np.sqrt(variance + layer.epsilon)
                shift = params["beta"] - mean * scale
                parts = [(part * scale + shift).astype(part.dtype) for part in parts]
                W, b = folded[-1]["W"], folded[-1]["b"]
                folded[-1] = {
                    "W": (W * scale).astype(W.dtype),
                    "b": (b * scale + shift).astype(b.dtype),
                }
            else:
                parts = [layer.forward(params, part)[0] for part in parts]
                layers.append(layer)
                folded.append(params)
        return replace(self, layers=tuple(layers), params=folded)

    def save(self, path: Path | str) -> None:
        """Write arrays and about.json to one .npz, atomically.

        The same network gives the same bytes.  Raises OSError when it cannot be written.
        """
        about = {
            "format": FORMAT,
            "layers": to_record(self.layers),
            "loss": to_record(self.loss),
            **self.about,
        }
        arrays = {f"{i}/{key}": a for i, p in enumerate(self.params) for key, a in p.items()}
        write_npz(path, about, arrays)

    @classmethod
    def load(cls, path: Path | str) -> "Network":
        """The network that `save` wrote.

        Raises FileNotFoundError, or WeightsError when it is not a weights file.
        """
        about, arrays = read_npz(path)
        if about.get("format") == 1:
            raise WeightsError(
                f"{path} has weights of format 1, and format {FORMAT} is needed: train the network "
                "again"
            )
        try:
            if about.pop("format") != FORMAT:
                raise ValueError("it has another format")
            layers = from_record(about.pop("layers"), LAYERS)
            loss = from_record(about.pop("loss"), LOSSES)
            params: list[Params] = [{} for _ in layers]
            for name, array in arrays.items():
                index, key = name.split("/")
                params[int(index)][key] = array
            network = cls(layers, params, loss, about)
            check_shapes(network)
        except (KeyError, ValueError, IndexError, TypeError, AttributeError) as error:
            raise malformed(path, error) from None
        return network


def new_network(
    layers: Sequence[Layer], loss: Loss, seed: int, shape: Shape = INPUT_SHAPE
) -> Network:
    """A network with random weights.  Raises ValueError when a layer does not fit its input."""
    rng = np.random.default_rng(seed)
    all_params = []
    for layer in layers:
        params, shape = layer.init(rng, shape)
        all_params.append(params)
    return Network(tuple(layers), all_params, loss)


def check_shapes(network: Network) -> None:
    """Raises ValueError when the params are not as the layers' `init` would make them."""
    shape, rng = INPUT_SHAPE, cast(np.random.Generator, Zeros())
    for layer, params in zip(network.layers, network.params, strict=True):
        expected, shape = layer.init(rng, shape)
        if {k: v.shape for k, v in expected.items()} != {k: v.shape for k, v in params.items()}:
            raise ValueError(f"the arrays of {layer} have the wrong names or shapes")
        if any(array.dtype != np.float32 for array in params.values()):
            raise ValueError(f"the arrays of {layer} are not float32")


class Zeros:
    """A generator of zeros, where only shapes matter: a million normal numbers take 10 ms."""

    def standard_normal(self, shape: Shape, dtype: type) -> Array:
        return np.zeros(shape, dtype)


def channel_moments(parts: list[Array]) -> tuple[Array, Array]:
    """Mean and variance of each channel (the last axis) over all parts, in float64."""
    rows = sum(part.size // part.shape[-1] for part in parts)
    flat = [part.reshape(-1, part.shape[-1]) for part in parts]
    mean = sum(part.sum(axis=0, dtype=np.float64) for part in flat) / rows
    variance = sum(np.square(part - mean).sum(axis=0) for part in flat) / rows
    return np.asarray(mean), np.asarray(variance)
