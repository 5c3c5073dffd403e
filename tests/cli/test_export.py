"""Exported networks answer as they do here, and every mistake gets one sentence and a status."""

import json
import os
import re
import resource
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from nn.export import ExportError
from nn.export.json import from_json, to_json, to_json_file
from nn.export.onnx import to_onnx
from nn.ink.preprocess import image_to_input
from nn.ink.strokes import draw
from nn.layers import (
    LAYERS,
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
from nn.measure.rejection import AMBIGUITY_WEIGHT, Verdict, verdicts
from nn.network import Network, new_network
from nn.serialization import WeightsError
from nn.zoo import ZOO
from tests.support import command_line
from tests.support.polling import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
# What float32 allows.  `sigmoid` differs by up to 3e-5 on what it makes nothing of: its outputs are
# all near 0 there, and what scales them to sum to 1 scales the rounding too.  NumPy's own answers
# are then as far from those in float64.
CLOSE = 1e-5
SCALED = 5e-5

SMALL = {
    "valid 5x5": (Conv(4, 5, "valid"), ReLU(), Flatten(), Dense(10)),
    "same 5x5": (Conv(4, 5), ReLU(), Flatten(), Dense(10)),
    "valid 2x2": (Conv(3, 2, "valid"), Tanh(), Flatten(), Dense(10)),
    "1x1": (Conv(3, 1), Sigmoid(), Flatten(), Dense(10)),
    "pool of three": (MaxPool(3), Flatten(), Dense(10)),  # 28 = 9 * 3 + 1
    "pools of odd sizes": (
        *(Conv(4, 4, "valid"), MaxPool(2)),  # 25 = 12 * 2 + 1
        *(Conv(6, 2, "valid"), Tanh(), MaxPool(3), Flatten()),  # 11 = 3 * 3 + 2
        *(Dense(12), Sigmoid(), Dense(11)),
    ),
    "standardized within": (Conv(3), Standardize(0.2, 1.7), MaxPool(), Flatten(), Dense(5)),
    "everything": (
        *(Standardize(0.13, 0.31), Conv(4, 3), ReLU(), MaxPool(), Dropout(0.4)),
        *(Conv(5, 5, "valid"), Tanh(), Flatten(), Flatten(), Dense(8), Sigmoid(), Dense(10)),
    ),
}


@pytest.fixture(scope="module")
def images(drawings):
    """42 inputs: the drawings as the networks see them, random noise, an empty and a full sheet."""
    seen = [
        image_to_input(draw(drawing["strokes"], 280, 20, (140, 140), 180)) for drawing in drawings
    ]
    noise = np.random.default_rng(1).random((40 - len(seen), 28, 28), np.float32)
    sheets = np.zeros((28, 28), np.float32), np.ones((28, 28), np.float32)
    images = np.stack([*seen, *noise, *sheets])[..., None]
    assert images.shape == (42, 28, 28, 1)
    return images


@dataclass(frozen=True)
class Exported:
    network: Network
    content: bytes
    session: onnxruntime.InferenceSession


def exported(network):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    content = to_onnx(network)
    providers = ["CPUExecutionProvider"]
    return Exported(network, content, onnxruntime.InferenceSession(content, options, providers))


def answers(session, images, batch):
    batches = [images[start : start + batch] for start in range(0, len(images), batch)]
    return np.concatenate([session.run(None, {"images": images})[0] for images in batches])


def small_network(layers, loss=None, seed=1):
    """With random biases, for fresh ones are 0 and would hide a mistake."""
    network = new_network(layers, loss or CrossEntropy(), seed)
    rng = np.random.default_rng(seed)
    for params in network.params:
        if "b" in params:
            params["b"] = rng.standard_normal(params["b"].shape, np.float32)
    return network


@pytest.fixture(scope="module", params=ZOO)
def served(request):
    return exported(Network.load(ROOT / "weights" / f"{request.param}.npz"))


# ------------------------------------------------------------------------------------------ ONNX


@pytest.mark.parametrize("batch", [1, 7])
def test_onnx_runtime_gives_the_same_probabilities(served, images, batch):
    got = answers(served.session, images, batch)
    assert got.dtype == np.float32
    close = SCALED if isinstance(served.network.loss, SquaredError) else CLOSE
    np.testing.assert_allclose(got, served.network.probabilities(images), rtol=0, atol=close)


@pytest.mark.parametrize("batch", [1, 7])
@pytest.mark.parametrize("layers", SMALL.values(), ids=SMALL)
def test_onnx_runtime_gives_the_same_probabilities_for_each_layer(layers, images, batch):
    network = small_network(layers)
    expected = network.probabilities(images)
    assert expected.std(axis=0).max() > 100 * CLOSE, "the answers would not tell a mistake"
    got = answers(exported(network).session, images, batch)
    np.testing.assert_allclose(got, expected, rtol=0, atol=CLOSE)


def test_small_networks_cover_every_layer_but_batch_norm():
    assert {type(layer) for layers in SMALL.values() for layer in layers} == {*LAYERS} - {BatchNorm}


@pytest.mark.parametrize("last", [Sigmoid(), Tanh(), Standardize(0.0, 1.0), ReLU()], ids=str)
def test_onnx_normalizes_squared_error_outputs_that_are_not_positive(last, images):
    network = small_network((Flatten(), Dense(10), last), SquaredError())
    network.params[1]["b"] -= np.float32(4)  # so that whole rows are negative or 0
    got = answers(exported(network).session, images, 7)
    np.testing.assert_allclose(got, network.probabilities(images), rtol=0, atol=CLOSE)
    np.testing.assert_allclose(got.sum(axis=1), 1, atol=CLOSE)


def test_onnx_checker_accepts_the_model(served):
    onnx.checker.check_model(served.content, full_check=True)


def test_onnx_input_is_channels_last_with_any_batch_size(served):
    (taken,), (given,) = served.session.get_inputs(), served.session.get_outputs()
    classes = len(served.network.params[-1].get("b", range(10)))
    assert (taken.name, taken.type, taken.shape) == ("images", "tensor(float)", ["n", 28, 28, 1])
    assert (given.name, given.shape) == ("probabilities", ["n", classes])


def test_onnx_metadata_describes_network_and_classes(served):
    recipe = served.network.about["recipe"]
    meta = served.session.get_modelmeta()
    metadata = meta.custom_metadata_map
    assert meta.producer_name == "python -m nn export"
    assert "ink 1 on paper 0" in meta.description
    assert (metadata["name"], metadata["title"]) == (recipe["name"], recipe["title"])
    assert json.loads(metadata["classes"])[:10] == list("0123456789")
    thresholds = json.loads(metadata.get("thresholds", "null"))
    assert thresholds == served.network.about.get("thresholds")


def test_onnx_thresholds_give_the_same_verdicts(images):
    best = exported(Network.load(ROOT / "weights" / "best.npz"))
    metadata = best.session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata["classes"])[10] == "not a digit"
    got = answers(best.session, images, 7)
    undecided = got[:, :10].sum(axis=1) - got[:, :10].max(axis=1)
    score = got[:, 10] + AMBIGUITY_WEIGHT * undecided
    thresholds = json.loads(metadata["thresholds"])
    found = np.where(score > thresholds["doubtful"], Verdict.DOUBTFUL, Verdict.READ)
    found = np.where(score > thresholds["refused"], Verdict.REFUSED, found)
    assert {Verdict.READ, Verdict.REFUSED} <= set(found)
    assert found.tolist() == verdicts(best.network, best.network.probabilities(images)).tolist()


def test_onnx_export_is_deterministic():
    path = ROOT / "weights" / "lenet.npz"
    assert to_onnx(Network.load(path)) == to_onnx(Network.load(path))


def test_network_without_metadata_is_exported(images):
    model = exported(small_network((Flatten(), Dense(3))))
    metadata = model.session.get_modelmeta().custom_metadata_map
    assert metadata == {"classes": '["0", "1", "2"]'}


def test_batch_norm_is_exported_only_after_folding(images):
    network = small_network((Conv(3), BatchNorm(), ReLU(), Flatten(), Dense(10)))
    with pytest.raises(ValueError, match=r"BatchNorm cannot be exported: fold it"):
        to_onnx(network)
    folded = network.folded(images)
    got = answers(exported(folded).session, images, 7)
    np.testing.assert_allclose(got, folded.probabilities(images), rtol=0, atol=CLOSE)


@pytest.mark.parametrize("layers", [(), (Conv(3),)], ids=["no layers", "images come out"])
def test_network_without_a_row_of_classes_is_not_exported(layers):
    with pytest.raises(ExportError, match=r"instead of \(classes,\)"):
        to_onnx(new_network(layers, CrossEntropy(), seed=1))


def test_unknown_layer_is_named_in_the_error():
    class Unknown:
        init, forward = ReLU.init, ReLU.forward

    with pytest.raises(ExportError, match="Unknown has no ONNX form"):
        to_onnx(new_network((Flatten(), Unknown(), Dense(3)), CrossEntropy(), seed=1))


# ------------------------------------------------------------------------------------------ JSON


def assert_same(one, other):
    assert (one.layers, one.loss, one.about) == (other.layers, other.loss, other.about)
    for ours, theirs in zip(one.params, other.params, strict=True):
        assert {key: (a.dtype, a.shape, a.tobytes()) for key, a in ours.items()} == {
            key: (a.dtype, a.shape, a.tobytes()) for key, a in theirs.items()
        }


def test_json_round_trip_is_bit_exact(served):
    assert_same(from_json(json.loads(to_json_file(served.network))), served.network)


def test_json_round_trip_keeps_extreme_float32_values():
    network = small_network((Flatten(), Dense(6)))
    limits = np.finfo(np.float32)
    extremes = [limits.max, limits.min, limits.tiny, limits.smallest_subnormal, -0.0, 1 / 3]
    network.params[1]["b"] = np.array(extremes, np.float32)
    assert_same(from_json(json.loads(json.dumps(to_json(network)))), network)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_not_exported_as_json(number):
    network = small_network((Flatten(), Dense(3)))
    network.params[1]["W"][5, 1] = number
    with pytest.raises(ExportError, match="infinite or NaN"):
        to_json_file(network)
    unknown_loss = replace(small_network((Flatten(), Dense(3))), about={"loss": number})
    with pytest.raises(ExportError, match="infinite or NaN"):
        to_json_file(unknown_loss)


BIAS = ("params", 1, "b")
BROKEN = {
    "another format": (("format",), 1),
    "unknown layer": (("layers", 0, "type"), "os.system"),
    "layers that are none": (("layers",), 7),
    "no loss": (("loss",), None),
    "no params": (("params",), None),
    "params of fewer layers": (("params",), []),
    "about that is a list": (("about",), []),
    "an array that is a number": (BIAS, 7),
    "another type": ((*BIAS, "dtype"), "float64"),
    "another shape than it says": ((*BIAS, "shape"), [4]),
    "another shape than the layer's": (BIAS, {"shape": [1], "dtype": "float32", "data": [0.5]}),
    "text for a number": ((*BIAS, "data"), [0, "one", 2]),
    "rows of unlike lengths": ((*BIAS, "data"), [[0], [1, 2]]),
    "a number beyond all floats": ((*BIAS, "data"), [0, 1, 10**400]),
}


@pytest.mark.parametrize(("place", "value"), BROKEN.values(), ids=BROKEN)
def test_invalid_json_network_raises_weights_error(place, value):
    record = to_json(small_network((Flatten(), Dense(3))))
    from_json(record)
    inner = record
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    with pytest.raises(WeightsError, match="not a network of this library"):
        from_json(record)


@pytest.mark.parametrize("record", [{}, [], None, 7, "text"], ids=str)
def test_json_without_a_network_raises_weights_error(record):
    with pytest.raises(WeightsError, match="not a network of this library"):
        from_json(record)


# ---------------------------------------------------------------------------------- the command


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments):
    return command_line.run("export", *arguments)


@pytest.mark.parametrize("kind", ["onnx", "json"])
def test_export_writes_to_the_current_folder_by_default(kind, folder, capsys):
    assert run("ten", "--to", kind) == 0
    (file,) = folder.iterdir()
    assert file.name == f"ten.{kind}"
    size = file.stat().st_size
    assert capsys.readouterr().out == f"ten.{kind}: {size / 1000:.0f} kB\n"
    ten = Network.load(ROOT / "weights" / "ten.npz")
    assert file.read_bytes() == {"onnx": to_onnx, "json": to_json_file}[kind](ten)


def test_export_creates_the_folder_of_out(folder, capsys):
    small_network((Flatten(), Dense(3))).save("mine.npz")
    assert run("mine.npz", "--to", "onnx", "--out", folder / "new" / "a.model") == 0
    assert str(folder / "new" / "a.model") in capsys.readouterr().out
    onnx.checker.check_model((folder / "new" / "a.model").read_bytes(), full_check=True)


def test_export_replaces_an_existing_file(folder):
    (folder / "ten.onnx").write_text("older")
    assert run("ten", "--to", "onnx") == 0
    onnx.checker.check_model((folder / "ten.onnx").read_bytes())


def contents(folder):
    """The bytes of each file, None for what is no file."""
    return {path: path.read_bytes() if path.is_file() else None for path in folder.iterdir()}


MISTAKES = [
    (("nothing", "--to", "onnx"), 2, "there is no file nothing"),
    (("ten",), 2, "--to"),
    (("ten", "--to", "cats"), 2, "invalid choice"),
    (("--to", "onnx"), 2, "NAME-OR-FILE"),
    (("text.txt", "--to", "onnx"), 1, "text.txt is not a weights file"),
    (("text.txt", "--to", "json"), 1, "text.txt is not a weights file"),
    ((".", "--to", "onnx"), 1, "Is a directory"),
    (("unfolded.npz", "--to", "onnx"), 1, "a BatchNorm cannot be exported"),
    (("infinite.npz", "--to", "json"), 1, "infinite or NaN"),
    (("ten", "--to", "onnx", "--out", "."), 1, "is not a regular file"),
    (("ten", "--to", "onnx", "--out", ""), 1, "is not a regular file"),
    (("ten", "--to", "onnx", "--out", "/"), 1, "is not a regular file"),
    (("ten", "--to", "onnx", "--out", "pipe"), 1, "pipe is not a regular file"),
    (("ten", "--to", "onnx", "--out", "text.txt/ten.onnx"), 1, "text.txt"),
    (("net.json", "--to", "json"), 2, "net.json is the weights file itself"),
    (("net.json", "--to", "onnx", "--out", "link"), 2, "link is the weights file itself"),
]


@pytest.mark.parametrize(("arguments", "status", "words"), MISTAKES, ids=str)
def test_invalid_arguments_give_an_error_and_write_nothing(
    arguments, status, words, folder, capsys
):
    (folder / "text.txt").write_text("hello")
    small_network((Flatten(), Dense(3))).save("net.json")  # a weights file in spite of its name
    (folder / "link").symlink_to("net.json")
    os.mkfifo("pipe")  # in a device's place
    small_network((Conv(3), BatchNorm(), Flatten(), Dense(3))).save("unfolded.npz")
    infinite = small_network((Flatten(), Dense(3)))
    infinite.params[1]["b"][0] = np.inf
    infinite.save("infinite.npz")
    before = contents(folder)
    assert run(*arguments) == status
    printed = capsys.readouterr()
    assert printed.out == ""
    assert words in printed.err
    assert re.search(r"^python -m nn( export: error)?: .", printed.err.splitlines()[-1])
    assert "Traceback" not in printed.err
    assert contents(folder) == before


def as_if_the_disk_were_full():
    """No file can grow beyond 10 kB."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))


@pytest.mark.parametrize("kind", ["onnx", "json"])
def test_full_disk_leaves_the_existing_file_unchanged(kind, folder):
    (folder / f"ten.{kind}").write_text("older")
    done = subprocess.run(
        [sys.executable, "-m", "nn", "export", "ten", "--to", kind],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=as_if_the_disk_were_full,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert [path.read_text() for path in folder.iterdir()] == ["older"]


def test_missing_onnx_package_is_named_and_json_export_works(folder, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "onnx", None)  # import raises ImportError
    assert run("ten", "--to", "onnx") == 1
    sentence = "python -m nn: ONNX files need `pip install -r requirements-dev.txt`\n"
    assert capsys.readouterr().err == sentence
    assert list(folder.iterdir()) == []
    assert run("ten", "--to", "json") == 0


def test_command_line_does_not_import_onnx_on_start():
    code = "import sys, nn.cli.main; sys.exit('onnx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=PATIENCE).returncode == 0
