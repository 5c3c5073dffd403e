"""The app with another inference backend; gunicorn starts each by its function's name.

`no_network` returns the same probabilities for every drawing, which leaves HTTP, JPEG and
preprocessing.
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
from nn.dataset import NOT_A_DIGIT
from nn.layers import Array
from nn.network import Network
from nn.zoo import DEFAULT
from web import models

MODELS = models.load_models()
Backend = Callable[[Array], Array]  # (n, 28, 28, 1) -> probabilities (n, classes)


class NetworkWithBackend:
    """A network whose probabilities a backend computes, made in the worker at its first request."""

    def __init__(self, network: Network, make: Callable[[Network], Backend]) -> None:
        self._network = network
        self._backend = cache(lambda: make(network))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def probabilities(self, x: Array) -> Array:
        return self._backend()(x)


def app_with_backend(make: Callable[[Network], Backend]) -> Flask:
    """The app, whose default network computes by the backend that `make` returns for it."""
    network: Any = NetworkWithBackend(MODELS[DEFAULT].network, make)
    loaded = {**MODELS, DEFAULT: replace(MODELS[DEFAULT], network=network)}
    models.load_models = lambda: loaded  # type: ignore[assignment, misc]
    from app import create_app

    return create_app()


def no_network() -> Flask:
    probabilities = np.full((1, NOT_A_DIGIT + 1), 1e-4, np.float32)
    probabilities[0, 7] = 0.999
    return app_with_backend(lambda network: lambda x: probabilities)


def with_onnxruntime() -> Flask:
    import onnxruntime

    from nn.export.onnx import to_onnx

    def make(network: Network) -> Backend:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(content, options)
        name = session.get_inputs()[0].name
        return lambda x: np.asarray(session.run(None, {name: x})[0])

    # exported before the fork, so that workers spend no time and memory of their own on it
    content = to_onnx(MODELS[DEFAULT].network)
    return app_with_backend(make)


def with_torch() -> Flask:
    import torch

    def make(network: Network) -> Backend:
        torch.set_num_threads(1)
        functions = [
            torch_function(layer, params)
            for layer, params in zip(network.layers, network.params, strict=True)
        ]

        def forward(x: Array) -> Array:
            with torch.inference_mode():
                y = torch.from_numpy(np.ascontiguousarray(x)).permute(0, 3, 1, 2).contiguous()
                for function in functions:
                    y = function(y)
                return network.loss.probabilities(y.numpy())

        return forward

    return app_with_backend(make)


def torch_function(layer: layers.Layer, params: layers.Params) -> Callable[[Any], Any]:
    """A layer as a function of PyTorch on images with channels first."""
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
    raise SystemExit(f"{layer} has no counterpart here: add it to torch_function")
