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

from nn.cli.main import main
from nn.export.formats import ExportError, from_json, to_json, to_json_file, to_onnx
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
from nn.measure.rejection import AMBIGUITY_WEIGHT, is_accepted
from nn.network import Network, new_network
from nn.serialization import WeightsError
from nn.zoo import ZOO

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
def test_a_runtime_gives_the_probabilities_that_the_network_gives(served, images, batch):
    got = answers(served.session, images, batch)
    assert got.dtype == np.float32
    close = SCALED if isinstance(served.network.loss, SquaredError) else CLOSE
    np.testing.assert_allclose(got, served.network.probabilities(images), rtol=0, atol=close)


@pytest.mark.parametrize("batch", [1, 7])
@pytest.mark.parametrize("layers", SMALL.values(), ids=SMALL)
def test_every_kind_of_layer_does_in_a_runtime_what_it_does_here(layers, images, batch):
    network = small_network(layers)
    expected = network.probabilities(images)
    assert expected.std(axis=0).max() > 100 * CLOSE, "the answers would not tell a mistake"
    got = answers(exported(network).session, images, batch)
    np.testing.assert_allclose(got, expected, rtol=0, atol=CLOSE)


def test_every_layer_but_batch_norm_is_among_these():
    assert {type(layer) for layers in SMALL.values() for layer in layers} == {*LAYERS} - {BatchNorm}


@pytest.mark.parametrize("last", [Sigmoid(), Tanh(), Standardize(0.0, 1.0), ReLU()], ids=str)
def test_outputs_of_squared_error_are_scaled_even_where_none_is_positive(last, images):
    network = small_network((Flatten(), Dense(10), last), SquaredError())
    network.params[1]["b"] -= np.float32(4)  # so that whole rows are negative or 0
    got = answers(exported(network).session, images, 7)
    np.testing.assert_allclose(got, network.probabilities(images), rtol=0, atol=CLOSE)
    np.testing.assert_allclose(got.sum(axis=1), 1, atol=CLOSE)


def test_the_model_passes_the_checker_of_onnx(served):
    onnx.checker.check_model(served.content, full_check=True)


def test_the_model_takes_channels_last_images_in_batches_of_any_size(served):
    (taken,), (given,) = served.session.get_inputs(), served.session.get_outputs()
    classes = len(served.network.params[-1].get("b", range(10)))
    assert (taken.name, taken.type, taken.shape) == ("images", "tensor(float)", ["n", 28, 28, 1])
    assert (given.name, given.shape) == ("probabilities", ["n", classes])


def test_the_model_says_what_it_is(served):
    recipe = served.network.about["recipe"]
    meta = served.session.get_modelmeta()
    kept = meta.custom_metadata_map
    assert meta.producer_name == "python -m nn export"
    assert "ink 1 on paper 0" in meta.description
    assert (kept["name"], kept["title"]) == (recipe["name"], recipe["title"])
    assert json.loads(kept["classes"])[:10] == list("0123456789")
    assert json.loads(kept.get("threshold", "null")) == served.network.about.get("threshold")


def test_the_threshold_in_the_model_tells_the_same_drawings_from_digits(images):
    best = exported(Network.load(ROOT / "weights" / "best.npz"))
    kept = best.session.get_modelmeta().custom_metadata_map
    assert json.loads(kept["classes"])[10] == "not a digit"
    got = answers(best.session, images, 7)
    undecided = got[:, :10].sum(axis=1) - got[:, :10].max(axis=1)
    is_digit = got[:, 10] + AMBIGUITY_WEIGHT * undecided <= float(kept["threshold"])
    assert set(is_digit) == {False, True}
    assert (
        is_digit.tolist() == is_accepted(best.network, best.network.probabilities(images)).tolist()
    )


def test_the_same_network_gives_the_same_bytes():
    path = ROOT / "weights" / "lenet.npz"
    assert to_onnx(Network.load(path)) == to_onnx(Network.load(path))


def test_a_network_of_which_nothing_is_known_is_exported_all_the_same(images):
    model = exported(small_network((Flatten(), Dense(3))))
    kept = model.session.get_modelmeta().custom_metadata_map
    assert kept == {"classes": '["0", "1", "2"]'}


def test_batch_norm_is_refused_until_it_is_folded(images):
    network = small_network((Conv(3), BatchNorm(), ReLU(), Flatten(), Dense(10)))
    with pytest.raises(ValueError, match=r"BatchNorm cannot be exported: Network\.folded"):
        to_onnx(network)
    folded = network.folded(images)
    got = answers(exported(folded).session, images, 7)
    np.testing.assert_allclose(got, folded.probabilities(images), rtol=0, atol=CLOSE)


@pytest.mark.parametrize("layers", [(), (Conv(3),)], ids=["no layers", "images come out"])
def test_outputs_that_are_no_classes_are_refused(layers):
    with pytest.raises(ExportError, match="no row of classes"):
        to_onnx(new_network(layers, CrossEntropy(), seed=1))


def test_an_unknown_layer_is_refused_by_name():
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


def test_a_network_comes_back_from_json_bit_for_bit(served):
    assert_same(from_json(json.loads(to_json_file(served.network))), served.network)


def test_numbers_at_the_ends_of_float32_survive_json():
    network = small_network((Flatten(), Dense(6)))
    limits = np.finfo(np.float32)
    extremes = [limits.max, limits.min, limits.tiny, limits.smallest_subnormal, -0.0, 1 / 3]
    network.params[1]["b"] = np.array(extremes, np.float32)
    assert_same(from_json(json.loads(json.dumps(to_json(network)))), network)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_numbers_that_json_does_not_know_are_refused(number):
    network = small_network((Flatten(), Dense(3)))
    network.params[1]["W"][5, 1] = number
    with pytest.raises(ExportError, match="infinite or not a number"):
        to_json_file(network)
    unknown_loss = replace(small_network((Flatten(), Dense(3))), about={"loss": number})
    with pytest.raises(ExportError, match="infinite or not a number"):
        to_json_file(unknown_loss)


BIAS = ("params", 1, "b")
BROKEN = {
    "another format": (("format",), 2),
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
def test_json_that_is_no_network_is_refused(place, value):
    record = to_json(small_network((Flatten(), Dense(3))))
    from_json(record)
    inner = record
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    with pytest.raises(WeightsError, match="not a network of this library"):
        from_json(record)


@pytest.mark.parametrize("record", [{}, [], None, 7, "text"], ids=str)
def test_json_of_something_else_is_refused(record):
    with pytest.raises(WeightsError, match="not a network of this library"):
        from_json(record)


# ---------------------------------------------------------------------------------- the command


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments):
    try:
        return main(["export", *map(str, arguments)])
    except SystemExit as stop:  # argparse's own way to end
        return stop.code


@pytest.mark.parametrize("kind", ["onnx", "json"])
def test_a_network_of_the_zoo_is_written_here_under_its_name(kind, folder, capsys):
    assert run("ten", "--to", kind) == 0
    (file,) = folder.iterdir()
    assert file.name == f"ten.{kind}"
    size = file.stat().st_size
    assert capsys.readouterr().out == f"ten.{kind}: {size / 1000:.0f} kB\n"
    ten = Network.load(ROOT / "weights" / "ten.npz")
    assert file.read_bytes() == {"onnx": to_onnx, "json": to_json_file}[kind](ten)


def test_a_weights_file_is_written_where_it_is_wanted_and_the_folder_made(folder, capsys):
    small_network((Flatten(), Dense(3))).save("mine.npz")
    assert run("mine.npz", "--to", "onnx", "--out", folder / "new" / "a.model") == 0
    assert str(folder / "new" / "a.model") in capsys.readouterr().out
    onnx.checker.check_model((folder / "new" / "a.model").read_bytes(), full_check=True)


def test_an_older_export_is_replaced(folder):
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
    (("infinite.npz", "--to", "json"), 1, "infinite or not a number"),
    (("ten", "--to", "onnx", "--out", "."), 1, "is no plain file"),
    (("ten", "--to", "onnx", "--out", ""), 1, "is no plain file"),
    (("ten", "--to", "onnx", "--out", "/"), 1, "is no plain file"),
    (("ten", "--to", "onnx", "--out", "pipe"), 1, "pipe is no plain file"),
    (("ten", "--to", "onnx", "--out", "text.txt/ten.onnx"), 1, "text.txt"),
    (("net.json", "--to", "json"), 2, "net.json is the weights file itself"),
    (("net.json", "--to", "onnx", "--out", "link"), 2, "link is the weights file itself"),
]


@pytest.mark.parametrize(("arguments", "status", "words"), MISTAKES, ids=str)
def test_a_mistake_gets_a_sentence_and_a_status_and_writes_nothing(
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
def test_a_file_that_does_not_fit_on_the_disk_leaves_the_one_that_was_there(kind, folder):
    (folder / f"ten.{kind}").write_text("older")
    done = subprocess.run(
        [sys.executable, "-m", "nn", "export", "ten", "--to", kind],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=as_if_the_disk_were_full,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert [path.read_text() for path in folder.iterdir()] == ["older"]


def test_without_the_onnx_package_it_says_how_to_get_it_and_json_still_works(
    folder, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "onnx", None)  # import raises ImportError
    assert run("ten", "--to", "onnx") == 1
    told = "python -m nn: ONNX files need `pip install -r requirements-dev.txt`\n"
    assert capsys.readouterr().err == told
    assert list(folder.iterdir()) == []
    assert run("ten", "--to", "json") == 0


def test_onnx_is_imported_only_to_write_an_onnx_file():
    code = "import sys, nn.cli.main; sys.exit('onnx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60).returncode == 0
