"""Gradient equals slope: for every layer, every loss and every network of the zoo, in float64."""

from dataclasses import replace

import numpy as np
import pytest

from nn.gradcheck import gradient_error
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
    fold,
    unfold,
)
from nn.losses import CrossEntropy, SquaredError
from nn.network import Network, new_network
from nn.zoo import RECIPES

TOLERANCE = 1e-5
IMAGE = (6, 7, 3)
LAYERS = [
    (Dense(4), (5,)),
    (Conv(4, 3, "same"), IMAGE),
    (Conv(4, 3, "valid"), IMAGE),
    (Conv(2, 5, "same"), IMAGE),
    (Conv(2, 2, "valid"), IMAGE),
    (Conv(3, 1, "same"), IMAGE),
    (MaxPool(2), IMAGE),
    (MaxPool(3), IMAGE),
    (Flatten(), IMAGE),
    (Standardize(0.1, 0.3), IMAGE),
    (ReLU(), IMAGE),
    (Sigmoid(), (5,)),
    (Tanh(), (5,)),
    (Dropout(0.4), IMAGE),
    (BatchNorm(), (5,)),
    (BatchNorm(), IMAGE),
]
LOSSES = [CrossEntropy(), CrossEntropy(smoothing=0.1), SquaredError()]


def in_float64(network: Network) -> Network:
    params = [{k: a.astype(np.float64) for k, a in layer.items()} for layer in network.params]
    return replace(network, params=params)


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=lambda value: str(value))
def test_layer_gradient_matches_finite_differences(layer, shape):
    rng = np.random.default_rng(5)
    params, out_shape = layer.init(rng, shape)
    params = {key: rng.standard_normal(array.shape) for key, array in params.items()}
    x, weight = rng.standard_normal((4, *shape)), rng.standard_normal((4, *out_shape))

    def total(x, params):
        y, cache = layer.forward(params, x, np.random.default_rng(1))
        assert y.shape == (4, *out_shape)
        return float((y * weight).sum()), cache

    dx, grads = layer.backward(params, total(x, params)[1], weight)
    assert gradient_error(lambda x: total(x, params)[0], x, dx, rng) < TOLERANCE
    assert grads.keys() == params.keys()
    for key, gradient in grads.items():
        assert gradient.shape == params[key].shape
        error = gradient_error(
            lambda value, key=key: total(x, {**params, key: value})[0], params[key], gradient, rng
        )
        assert error < TOLERANCE, key


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_loss_gradient_matches_finite_differences(loss):
    rng = np.random.default_rng(6)
    outputs, labels = rng.standard_normal((7, 10)), rng.integers(0, 10, 7)
    _, gradient = loss.loss_and_gradient(outputs, labels)
    error = gradient_error(
        lambda outputs: loss.loss_and_gradient(outputs, labels)[0], outputs, gradient, rng
    )
    assert error < TOLERANCE


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_network_gradient_matches_finite_differences(recipe):
    network = in_float64(new_network(recipe.layers, recipe.loss, seed=3))
    rng = np.random.default_rng(7)
    x, labels = rng.random((6, 28, 28, 1)), rng.integers(0, 10, 6)

    def loss_at(x, network):
        outputs, caches = network.forward(x, np.random.default_rng(2))
        loss, doutputs = network.loss.loss_and_gradient(outputs, labels)
        return loss, caches, doutputs

    _, caches, doutputs = loss_at(x, network)
    dx, grads = network.backward(caches, doutputs, want_dx=True)
    assert gradient_error(lambda x: loss_at(x, network)[0], x, dx, rng, h=1e-9) < TOLERANCE

    flat = np.concatenate([a.ravel() for layer in network.params for a in layer.values()])
    gradient = np.concatenate(
        [grads[i][k].ravel() for i, p in enumerate(network.params) for k in p]
    )

    def loss_with(flat):
        params, start = [], 0
        for layer in network.params:
            params.append({})
            for key, array in layer.items():
                params[-1][key] = flat[start : start + array.size].reshape(array.shape)
                start += array.size
        return loss_at(x, replace(network, params=params))[0]

    assert gradient_error(loss_with, flat, gradient, rng, h=1e-9) < TOLERANCE

    without_dx, same = network.backward(caches, doutputs)
    assert without_dx is None
    for layer, other in zip(grads, same, strict=True):
        for key, array in layer.items():
            np.testing.assert_array_equal(array, other[key])


def test_gradient_check_detects_an_error_of_a_thousandth():
    rng = np.random.default_rng(8)
    x, W = rng.standard_normal((4, 5)), rng.standard_normal((5, 3))
    right = 2 * (x @ W) @ W.T

    def function(x):
        return float(((x @ W) ** 2).sum())

    assert gradient_error(function, x, right, rng) < TOLERANCE
    assert gradient_error(function, x, right * 1.001, rng) > TOLERANCE
    one_entry_wrong = right.copy()
    one_entry_wrong[2, 3] *= 1.1
    assert gradient_error(function, x, one_entry_wrong, rng) > TOLERANCE


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_fold_is_the_adjoint_of_unfold(size):
    rng = np.random.default_rng(9)
    x = rng.standard_normal((3, 6, 7, 2))
    rows = rng.standard_normal(unfold(x, size).shape)
    left, right = (unfold(x, size) * rows).sum(), (x * fold(rows, x.shape, size)).sum()
    assert left == pytest.approx(right, rel=1e-12)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("size", [1, 3, 5])
def test_conv_matches_a_naive_implementation(padding, size):
    rng = np.random.default_rng(10)
    layer = Conv(4, size, padding)
    params, (out_h, out_w, filters) = layer.init(rng, (6, 7, 3))
    params["b"] = rng.standard_normal(4)
    x = rng.standard_normal((2, 6, 7, 3))
    margin = size // 2 if padding == "same" else 0
    padded = np.pad(x, ((0, 0), (margin, margin), (margin, margin), (0, 0)))
    expected = np.zeros((2, out_h, out_w, filters))
    for n in range(2):
        for row in range(out_h):
            for column in range(out_w):
                for f in range(filters):
                    window = padded[n, row : row + size, column : column + size]
                    expected[n, row, column, f] = (window * params["W"][..., f]).sum()
    expected += params["b"]
    np.testing.assert_allclose(layer.forward(params, x)[0], expected, rtol=1e-5, atol=1e-6)


def test_conv_input_gradient_is_fold_of_the_rows():
    rng = np.random.default_rng(11)
    layer = Conv(4, 3, "valid")
    params, out_shape = layer.init(rng, (6, 7, 3))
    x, dy = rng.standard_normal((2, 6, 7, 3)), rng.standard_normal((2, *out_shape))
    dx, _ = layer.backward(params, layer.forward(params, x)[1], dy)
    rows = dy.reshape(-1, 4) @ params["W"].reshape(-1, 4).T
    np.testing.assert_allclose(dx, fold(rows, x.shape, 3), rtol=1e-5, atol=1e-6)


def test_max_pool_passes_the_gradient_to_one_of_tied_maxima():
    layer = MaxPool(2)
    _, cache = layer.forward({}, np.ones((1, 4, 4, 1)))
    dx, _ = layer.backward({}, cache, np.full((1, 2, 2, 1), 3.0))
    assert dx.sum() == 12
    assert np.count_nonzero(dx) == 4
