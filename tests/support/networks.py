"""The shipped networks, and what each of their layers puts out."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from nn.network import Network
from nn.zoo import DEFAULT
from web.models import load_models

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"
# Thresholds of scores, which are from 0 to 1.
READ_ALL, DOUBT_ALL, REFUSE_ALL = (2.0, 2.0), (-1.0, 2.0), (-1.0, -1.0)


def network_of(name):
    return Network.load(WEIGHTS / f"{name}.npz")


def outputs_by_layer(network, seen):
    """Every layer's output for what the API says was seen, by plain forward passes."""
    x = np.array(seen, np.float32).reshape(1, 28, 28, 1)
    outputs = []
    for layer, params in zip(network.layers, network.params, strict=True):
        x, _ = layer.forward(params, x)
        outputs.append(x[0])
    return outputs


def models_with_thresholds(doubtful, refused):
    """The networks as served, but for the thresholds of the default one."""
    models = load_models()
    best = models[DEFAULT]
    thresholds = {"doubtful": doubtful, "refused": refused}
    network = replace(best.network, about={**best.network.about, "thresholds": thresholds})
    return {**models, DEFAULT: replace(best, network=network)}
