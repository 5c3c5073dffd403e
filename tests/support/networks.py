"""The shipped networks, and what each of their layers puts out."""

from pathlib import Path

import numpy as np

from nn.network import Network

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"


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
