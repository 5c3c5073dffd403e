"""The same app with another thing in its network's place; gunicorn starts them by these names.

`floor` answers the same probabilities whatever is drawn: what is left is HTTP, JPEG, preprocessing.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from flask import Flask

from nn import layers
from nn.layers import Array
from nn.network import Network
from nn.zoo import DEFAULT
from web import models

MODELS = models.load_models()
Forward = Callable[[Array], Array]  # (n, 28, 28, 1) -> probabilities (n, classes)


class Replaced:
    """A network that answers by other means, made in the worker when it is first asked."""

    def __init__(self, network: Network, make: Callable[[Network], Forward]) -> None:
        self._network = network
        self._forward = cache(lambda: make(network))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def probabilities(self, x: Array) -> Array:
        return self._forward()(x)


def with_network(make: Callable[[Network], Forward]) -> Flask:
    """The app, its default network replaced."""
    network: Any = Replaced(MODELS[DEFAULT].network, make)
    loaded = {**MODELS, DEFAULT: replace(MODELS[DEFAULT], network=network)}
    models.load_models = lambda: loaded  # type: ignore[assignment, misc]
    from app import create_app

    return create_app()


def floor() -> Flask:
    answer = np.full((1, 11), 1e-4, np.float32)
    answer[0, 7] = 0.999
    return with_network(lambda network: lambda x: answer)


def in_onnxruntime() -> Flask:
    import onnxruntime

    from nn.export.formats import to_onnx

    def make(network: Network) -> Forward:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(content, options)
        name = session.get_inputs()[0].name
        return lambda x: np.asarray(session.run(None, {name: x})[0])

    # exported here, so that what the export needs is no part of a worker's time or memory
    content = to_onnx(MODELS[DEFAULT].network)
    return with_network(make)


def in_torch() -> Flask:
    import torch

    def make(network: Network) -> Forward:
        torch.set_num_threads(1)
        steps = [
            step_in_torch(layer, params)
            for layer, params in zip(network.layers, network.params, strict=True)
        ]

        def forward(x: Array) -> Array:
            with torch.inference_mode():
                y = torch.from_numpy(np.ascontiguousarray(x)).permute(0, 3, 1, 2).contiguous()
                for step in steps:
                    y = step(y)
                return network.loss.probabilities(y.numpy())

        return forward

    return with_network(make)


def step_in_torch(layer: layers.Layer, params: layers.Params) -> Callable[[Any], Any]:
    """A layer as PyTorch's functions, channels first as it likes them."""
    from torch import from_numpy
    from torch.nn import functional

    match layer:
        case layers.Conv(_, _, padding):
            W = from_numpy(np.ascontiguousarray(params["W"].transpose(3, 2, 0, 1)))
            b = from_numpy(params["b"])
            return lambda x: functional.conv2d(x, W, b, padding=padding)
        case layers.Dense():
            W, b = from_numpy(np.ascontiguousarray(params["W"].T)), from_numpy(params["b"])
            return lambda x: functional.linear(x, W, b)
        case layers.MaxPool(size):
            return lambda x: functional.max_pool2d(x, size)
        case layers.Flatten():  # our weights expect channels last
            return lambda x: x.permute(0, 2, 3, 1).flatten(1)
        case layers.ReLU():
            return functional.relu
        case layers.Dropout():
            return lambda x: x
    raise SystemExit(f"{layer} has no peer in PyTorch here: add it to step_in_torch")
