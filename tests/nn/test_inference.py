"""One image through arrays made beforehand gives what the plain way gives."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pytest

from nn.inference import Inference
from nn.layers import (
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    Flatten,
    MaxPool,
    ReLU,
    Sigmoid,
    Standardize,
    Tanh,
)
from nn.losses import CrossEntropy
from nn.network import new_network
from nn.zoo import RECIPES

SHAPES = {
    "two convolutions with nothing between": (Conv(3), Conv(2), Flatten(), Dense(10)),
    "a large kernel after a small one": (Conv(3), ReLU(), Conv(4, 7), Flatten(), Dense(10)),
    "no padding": (Conv(3, 5, "valid"), Tanh(), Conv(4, 2, "valid"), Flatten(), Dense(10)),
    "pools that drop a last block": (Conv(3, 4, "valid"), ReLU(), MaxPool(3), Flatten(), Dense(10)),
    "a pool before a padded layer": (MaxPool(), Conv(3), MaxPool(), Conv(2), Flatten(), Dense(10)),
    "pools of size one": (MaxPool(1), Flatten(), Dense(10)),
    "standardised pixels first": (Standardize(0.2, 0.5), Conv(3), Flatten(), Dense(10)),
    "sigmoids between convolutions": (Conv(3), Sigmoid(), Conv(2), Sigmoid(), Flatten(), Dense(10)),
    "dropout everywhere": (Dropout(0.5), Conv(2), Dropout(0.5), ReLU(), Dropout(0.5), MaxPool(),
                           Dropout(0.5), Flatten(), Dropout(0.5), Dense(10), Dropout(0.5)),
    "nothing but a Dense": (Flatten(), Dense(11)),
}  # fmt: skip


ZOO = {
    recipe.name: tuple(layer for layer in recipe.layers if not isinstance(layer, BatchNorm))
    for recipe in RECIPES
}


def with_biases(layers):
    """A network whose biases are not zero, as fresh ones are."""
    network = new_network(layers, CrossEntropy(), seed=3)
    rng = np.random.default_rng(4)
    for params in network.params:
        if "b" in params:
            params["b"][:] = rng.standard_normal(params["b"].shape)
    return network


@pytest.mark.parametrize("layers", [*SHAPES.values(), *ZOO.values()], ids=[*SHAPES, *ZOO])
def test_outputs_match_network_forward(layers):
    network = with_biases(layers)
    inference = Inference(network)
    images = np.random.default_rng(5).random((20, 28, 28, 1), np.float32)
    expected = network.outputs(images)
    for image, outputs in zip(images, expected, strict=True):
        assert np.allclose(inference.outputs(image), outputs, rtol=1e-5, atol=1e-5)


def test_probabilities_match_network_probabilities(image_of_noise):
    network = with_biases((Conv(4), Flatten(), Dense(10)))
    probabilities = Inference(network).probabilities(image_of_noise)
    assert probabilities.shape == (10,)
    assert np.allclose(probabilities, network.probabilities(image_of_noise[None])[0], atol=1e-6)


def test_outputs_are_not_overwritten_by_the_next_image(image_of_noise):
    inference = Inference(with_biases((Flatten(), Dense(10))))
    first = inference.outputs(image_of_noise)
    kept = first.copy()
    inference.outputs(np.zeros_like(image_of_noise))
    assert np.array_equal(first, kept)
    assert np.array_equal(inference.outputs(image_of_noise), first)


def test_inference_is_thread_safe():
    network = with_biases((Conv(8), ReLU(), Conv(8), ReLU(), MaxPool(), Flatten(), Dense(10)))
    inference = Inference(network)
    images = np.random.default_rng(6).random((200, 28, 28, 1), np.float32)
    alone = [inference.outputs(image) for image in images]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(inference.outputs, images))
    assert np.array_equal(together, alone)


def test_inference_leaves_weights_unchanged(image_of_noise):
    network = with_biases((Conv(4), ReLU(), Flatten(), Dense(10)))
    before = [{key: array.copy() for key, array in params.items()} for params in network.params]
    Inference(network).outputs(image_of_noise)
    for params, kept in zip(network.params, before, strict=True):
        assert all(np.array_equal(params[key], kept[key]) for key in kept)


def test_unfolded_batch_norm_raises_value_error():
    network = with_biases((Conv(4), BatchNorm(), Flatten(), Dense(10)))
    with pytest.raises(ValueError, match="fold"):
        Inference(network)


def test_unknown_layer_falls_back_to_forward(image_of_noise):
    @dataclass(frozen=True)
    class Halve:
        def forward(self, params, x, rng=None):
            return x / 2, None

    network = with_biases((Conv(4), Flatten(), Dense(10)))
    halved = replace(network, layers=(Conv(4), Halve(), Flatten(), Dense(10)))
    halved.params.insert(1, {})
    outputs = Inference(halved).outputs(image_of_noise)
    assert np.allclose(outputs, halved.outputs(image_of_noise[None])[0], atol=1e-5)


def test_wrong_image_shape_raises_value_error():
    inference = Inference(with_biases((Flatten(), Dense(10))))
    with pytest.raises(ValueError, match=r"\(28, 28, 1\)"):
        inference.outputs(np.zeros((27, 28, 1), np.float32))


@pytest.fixture
def image_of_noise():
    return np.random.default_rng(7).random((28, 28, 1), np.float32)
