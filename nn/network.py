"""A network: layers, their params, and the loss that says what its outputs mean.

It is a value: nothing in it changes while it predicts, so threads share one.  It saves to one
self-describing file: a zip as NumPy writes it (.npz), of arrays and an `about.json`, no pickle.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from nn.layers import LAYERS, Array, BatchNorm, Conv, Dense, Layer, Params, Shape
from nn.losses import LOSSES, Loss
from nn.serialization import WeightsError, from_record, read_npz, to_record, write_npz

INPUT_SHAPE: Shape = (28, 28, 1)
FORMAT = 2


@dataclass(frozen=True)
class Network:
    """Layers with their params (a dict for each layer, empty where it has none).

    `about` is what is known of it: recipe, seed, history, figures.  JSON, kept with the weights.
    """

    layers: tuple[Layer, ...]
    params: list[Params]
    loss: Loss
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        """How many numbers were learnt."""
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
        """The gradients of all params, given that of the outputs; of the input too if wanted."""
        grads: list[Params] = [{} for _ in self.layers]
        first = 0 if want_dx else next(i for i, params in enumerate(self.params) if params)
        dx: Any = dy
        for i in range(len(self.layers) - 1, first - 1, -1):
            needed = want_dx or i > first
            dx, grads[i] = self.layers[i].backward(self.params[i], caches[i], dx, needed)
        return (dx if want_dx else None), grads

    def outputs(self, x: Array, at_once: int = 256) -> Array:
        """Raw outputs (n, classes) for x (n, 28, 28, 1), a few at a time to bound memory."""
        parts = []
        for start in range(0, len(x), at_once):
            y = x[start : start + at_once]
            for layer, params in zip(self.layers, self.params, strict=True):
                y, _ = layer.forward(params, y)
            parts.append(y)
        return np.concatenate(parts)

    def probabilities(self, x: Array) -> Array:
        """(n, classes), rows that sum to 1, for x (n, 28, 28, 1) with ink 1 on paper 0."""
        return self.loss.probabilities(self.outputs(x))

    def folded(self, x: Array, at_once: int = 250) -> "Network":
        """The same network without BatchNorm, for serving; x (n, 28, 28, 1) is training data.

        One pass: where a BatchNorm stands, the mean and variance of all of x are measured, and
        scale and shift go into the weights of the Dense or Conv right before it.
        """
        layers: list[Layer] = []
        folded: list[Params] = []
        parts = [x[start : start + at_once] for start in range(0, len(x), at_once)]
        for layer, params in zip(self.layers, self.params, strict=True):
            if isinstance(layer, BatchNorm):
                if not layers or not isinstance(layers[-1], Dense | Conv):
                    raise ValueError("a BatchNorm can be folded only right after a Dense or Conv")
                mean, variance = channel_moments(parts)
                scale = params["gamma"] / np.sqrt(variance + layer.epsilon)
                shift = params["beta"] - mean * scale
                parts = [(part * scale + shift).astype(part.dtype) for part in parts]
                before = folded[-1]
                folded[-1] = {
                    "W": (before["W"] * scale).astype(before["W"].dtype),
                    "b": (before["b"] * scale + shift).astype(before["b"].dtype),
                }
            else:
                parts = [layer.forward(params, part)[0] for part in parts]
                layers.append(layer)
                folded.append(params)
        return replace(self, layers=tuple(layers), params=folded)

    def save(self, path: Path | str) -> None:
        """Write arrays and about.json to one .npz; a file that was there is replaced whole or not.

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
        """The network `save` wrote, with nothing but the file.

        Raises FileNotFoundError, or WeightsError when it is no weights file.
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
            raise WeightsError(f"{path} is not a weights file of this library: {error}") from None
        return network


def new_network(
    layers: Sequence[Layer], loss: Loss, seed: int, shape: Shape = INPUT_SHAPE
) -> Network:
    """A network with fresh weights.  Raises ValueError when a layer does not fit the one before."""
    rng = np.random.default_rng(seed)
    all_params = []
    for layer in layers:
        params, shape = layer.init(rng, shape)
        all_params.append(params)
    return Network(tuple(layers), all_params, loss)


def check_shapes(network: Network) -> None:
    """Raises ValueError when the params are not those the layers would make."""
    shape, rng = INPUT_SHAPE, cast(np.random.Generator, Zeros())
    for layer, have in zip(network.layers, network.params, strict=True):
        want, shape = layer.init(rng, shape)
        if {k: v.shape for k, v in want.items()} != {k: v.shape for k, v in have.items()}:
            raise ValueError(f"the arrays of {layer} have the wrong names or shapes")
        if any(array.dtype != np.float32 for array in have.values()):
            raise ValueError(f"the arrays of {layer} are not float32")


class Zeros:
    """In a generator's place where only shapes matter: a million normal numbers take 10 ms."""

    def standard_normal(self, shape: Shape, dtype: type) -> Array:
        return np.zeros(shape, dtype)


def channel_moments(parts: list[Array]) -> tuple[Array, Array]:
    """Mean and variance of each channel (the last axis) over all of parts, in float64."""
    rows = sum(part.size // part.shape[-1] for part in parts)
    flat = [part.reshape(-1, part.shape[-1]) for part in parts]
    mean = sum(part.sum(axis=0, dtype=np.float64) for part in flat) / rows
    variance = sum(np.square(part - mean).sum(axis=0) for part in flat) / rows
    return np.asarray(mean), np.asarray(variance)
