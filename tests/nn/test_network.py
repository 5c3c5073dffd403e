"""Networks as values: what they save they load, folding changes nothing, nothing is unpickled."""

import io
import json
import zipfile
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest

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
from nn.losses import CrossEntropy, SquaredError
from nn.network import FORMAT, Network, new_network
from nn.serialization import WeightsError
from nn.zoo import RECIPES, ZOO, Recipe

# Weights and biases counted by hand from the layer sizes, before any folding of BatchNorm.
WEIGHT_COUNTS = {
    "softmax": 784 * 10 + 10,
    "logistic-hidden": 784 * 100 + 100 + 100 * 10 + 10,
    "ten": 784 * 10 + 10 + 10 * 10 + 10,
    "sigmoid": 784 * 16 + 16 + 16 * 16 + 16 + 16 * 10 + 10,
    "narrow": 784 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10,
    "wide": 784 * 512 + 512 + 512 * 512 + 512 + 512 * 10 + 10,
    "lenet": 25 * 6 + 6 + 25 * 6 * 16 + 16 + 400 * 120 + 120 + 120 * 84 + 84 + 84 * 10 + 10,
}


def images(count=3, seed=1):
    return np.random.default_rng(seed).random((count, 28, 28, 1), np.float32)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_recipe_json_round_trip_is_exact(recipe):
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


@pytest.mark.parametrize(
    "record",
    [{}, {"type": "Recipe"}, {"type": "Dense", "units": 3}, {"type": "os.system"}, {"type": None}],
    ids=str,
)
def test_invalid_recipe_raises_value_error(record):
    with pytest.raises(ValueError, match=r"\w"):
        Recipe.from_json(record)


@pytest.mark.parametrize(("name", "count"), WEIGHT_COUNTS.items())
def test_parameter_count_matches_layer_sizes(name, count):
    recipe = ZOO[name]
    assert new_network(recipe.layers, recipe.loss, seed=1).parameters == count


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_weights_outputs_and_gradients_are_float32(recipe):
    network = new_network(recipe.layers, recipe.loss, seed=1)
    assert {a.dtype for p in network.params for a in p.values()} == {np.dtype(np.float32)}
    outputs, caches = network.forward(images(), np.random.default_rng(1))
    loss, doutputs = network.loss.loss_and_gradient(outputs, np.array([1, 2, 3]))
    _, grads = network.backward(caches, doutputs)
    assert outputs.dtype == doutputs.dtype == np.float32
    assert {a.dtype for p in grads for a in p.values()} == {np.dtype(np.float32)}
    assert np.isfinite(loss)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_saved_network_loads_identically(recipe, tmp_path):
    network = new_network(recipe.layers, recipe.loss, seed=1)
    network.about["history"] = [{"epoch": 1, "loss": 0.5}]
    network.save(tmp_path / "a.npz")
    loaded = Network.load(tmp_path / "a.npz")
    assert (loaded.layers, loaded.loss, loaded.about) == (
        network.layers,
        network.loss,
        network.about,
    )
    np.testing.assert_array_equal(loaded.outputs(images()), network.outputs(images()))
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:  # NumPy reads it as well
        assert json.loads(arrays["about.json"])["history"] == [{"epoch": 1, "loss": 0.5}]
    loaded.save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def broken_files():
    recipe = ZOO["ten"]
    network = new_network(recipe.layers, recipe.loss, seed=1)
    about = {"format": FORMAT, "layers": [], "loss": {"type": "CrossEntropy", "smoothing": 0.0}}

    def archive(about=about, **arrays):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as file:
            file.writestr("about.json", about if isinstance(about, str) else json.dumps(about))
            for name, array in arrays.items():
                with file.open(f"{name}.npy".replace("_", "/"), "w") as entry:
                    np.lib.format.write_array(entry, array, allow_pickle=True)
        return buffer.getvalue()

    dense = [{"type": "Flatten"}, {"type": "Dense", "units": 2, "gain": 1.0}]
    pickled = np.array([{"a": 1}], dtype=object)
    return {
        "empty": b"",
        "text": b"hello",
        "no about.json": archive(about="").replace(b"about.json", b"other.json"),
        "about.json is no JSON": archive(about="{"),
        "about.json is a list": archive(about="[]"),
        "another format": archive({**about, "format": 99}),
        "unknown layer": archive({**about, "layers": [{"type": "Exec", "code": "1"}]}),
        "layer with a wrong field": archive({**about, "layers": [{"type": "Dense", "size": 1}]}),
        "no weights for a layer": archive({**about, "layers": dense}),
        "weights of a wrong shape": archive(
            {**about, "layers": dense}, **{"1_W": np.zeros((3, 2)), "1_b": np.zeros(2)}
        ),
        "weights for no layer": archive(about, **{"7_W": np.zeros(2)}),
        "a pickle": archive({**about, "layers": dense}, **{"1_W": pickled}),
        "a number for an array's name": archive(about, **{"x": np.zeros(2)}),
        "cut": cut(network),
    }


def cut(network):
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        network.save(Path(folder) / "a.npz")
        content = (Path(folder) / "a.npz").read_bytes()
    return content[: len(content) // 2]


@pytest.mark.parametrize(("what", "content"), broken_files().items())
def test_invalid_weights_file_raises_weights_error(what, content, tmp_path):
    path = tmp_path / "broken.npz"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"broken\.npz is not a weights file") as refused:
        Network.load(path)
    assert "\n" not in str(refused.value)


def test_weights_of_format_1_are_refused_with_what_to_do(tmp_path):
    recipe = ZOO["ten"]
    path = tmp_path / "old.npz"
    network = new_network(recipe.layers, recipe.loss, seed=1)
    replace(network, about={"format": 1}).save(path)
    with pytest.raises(WeightsError) as refused:
        Network.load(path)
    assert str(refused.value) == (
        f"{path} has weights of format 1, and format 2 is needed: train the network again"
    )


def test_missing_weights_file_raises_file_not_found(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*none\.npz"):
        Network.load(tmp_path / "none.npz")


def test_failed_save_leaves_the_old_file(tmp_path):
    recipe = ZOO["ten"]
    path = tmp_path / "a.npz"
    network = new_network(recipe.layers, recipe.loss, seed=1)
    network.save(path)
    before = path.read_bytes()
    network.about["figures"] = object()  # no JSON
    with pytest.raises(TypeError):
        network.save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.npz"]


def test_folding_batch_norm_keeps_outputs():
    layers = (Conv(4), BatchNorm(), ReLU(), Flatten(), Dense(6), BatchNorm(), Tanh(), Dense(10))
    network = new_network(layers, CrossEntropy(), seed=2)
    rng = np.random.default_rng(3)
    for params in network.params:
        for key in params.keys() & {"gamma", "beta", "b"}:
            params[key] += rng.standard_normal(params[key].shape).astype(np.float32)
    x = images(40)
    folded = network.folded(x)  # its population is this batch, so batch statistics are the same
    assert not any(isinstance(layer, BatchNorm) for layer in folded.layers)
    np.testing.assert_allclose(folded.outputs(x), network.forward(x)[0], rtol=1e-3, atol=1e-4)
    alone = folded.outputs(x[:1])  # and an image's answer no longer depends on its neighbours
    np.testing.assert_allclose(alone, folded.outputs(x)[:1], rtol=1e-4, atol=1e-5)


def test_batch_norm_without_a_layer_to_fold_into_raises_value_error():
    network = new_network((BatchNorm(), Flatten(), Dense(10)), CrossEntropy(), seed=1)
    with pytest.raises(ValueError, match="right after a Dense or Conv"):
        network.folded(images())


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ((Dense(10),), "put a Flatten before it"),
        ((Flatten(), Conv(3)), "height, width, channels"),
        ((Flatten(), MaxPool()), "height, width, channels"),
        ((Conv(3, 29, "valid"),), "does not fit"),
        ((MaxPool(29),), "do not fit"),
        ((Conv(3, 4, "same"),), "odd"),
        ((Conv(3, 3, "full"),), "same"),
        ((Dropout(1.0),), "rate"),
    ],
)
def test_incompatible_layers_raise_value_error(layers, words):
    with pytest.raises(ValueError, match=words):
        new_network(layers, CrossEntropy(), seed=1)


def test_layers_compare_by_value_and_are_frozen():
    assert Dense(10) == Dense(10) != Dense(11)
    with pytest.raises(FrozenInstanceError):
        Dense(10).units = 11


def test_dropout_is_active_only_with_a_generator():
    x = np.ones((200, 50), np.float32)
    served, _ = Dropout(0.4).forward({}, x)
    np.testing.assert_array_equal(served, x)
    trained, _ = Dropout(0.4).forward({}, x, np.random.default_rng(1))
    assert (trained == 0).mean() == pytest.approx(0.4, abs=0.02)
    assert trained.mean() == pytest.approx(1, abs=0.03)


def test_standardize_and_sigmoid_follow_their_formulas():
    x = np.array([[-800.0, -1.0, 0.0, 2.0, 800.0]])
    np.testing.assert_allclose(Standardize(2, 4).forward({}, x)[0], (x - 2) / 4)
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(Sigmoid().forward({}, x)[0], 1 / (1 + np.exp(-x)), atol=1e-15)


@pytest.mark.parametrize("loss", [CrossEntropy(), CrossEntropy(0.1), SquaredError()], ids=str)
def test_probabilities_are_normalized_for_outputs_of_any_scale(loss):
    rng = np.random.default_rng(4)
    for scale in (0, 1, 1e4):
        outputs = (rng.random((20, 10)) * scale).astype(np.float32)
        probabilities = loss.probabilities(outputs)
        assert (probabilities >= 0).all()
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
        np.testing.assert_array_equal(probabilities.argmax(axis=1), outputs.argmax(axis=1))


def test_cross_entropy_of_large_scores_does_not_overflow():
    outputs = np.array([[1e4, -1e4, 0.0]], np.float32)
    loss, gradient = CrossEntropy().loss_and_gradient(outputs, np.array([1]))
    assert loss == pytest.approx(2e4)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_gradient_step_lowers_the_loss(recipe):
    network = new_network(recipe.layers, recipe.loss, seed=5)
    x, labels = images(8, seed=6), np.arange(8)
    outputs, caches = network.forward(x, np.random.default_rng(1))
    loss, doutputs = network.loss.loss_and_gradient(outputs, labels)
    _, grads = network.backward(caches, doutputs)
    for params, gradients in zip(network.params, grads, strict=True):
        for key in params:
            params[key] -= np.float32(1e-3) * gradients[key]
    outputs, _ = network.forward(x, np.random.default_rng(1))
    assert network.loss.loss_and_gradient(outputs, labels)[0] < loss


def test_nothing_is_unpickled():
    """Every np.load says so, and no module that runs what it reads is imported."""
    import ast

    root = Path(__file__).resolve().parents[2]
    loads = 0
    rooms = ("nn", "facts", "web", "bench")
    sources = [*root.glob("*.py"), *(p for room in rooms for p in (root / room).rglob("*.py"))]
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name.split(".")[0] for alias in node.names}
                names.add((getattr(node, "module", None) or "").split(".")[0])
                assert not names & {"pickle", "dill", "joblib", "shelve", "marshal"}, path
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("np.load", "numpy.load"):
                given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
                assert given.get("allow_pickle") == "False", path
                loads += 1
    assert loads
