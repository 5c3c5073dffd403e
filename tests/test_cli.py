"""python -m nn: its commands do what they say, and every mistake gets one sentence and a status."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nn import data
from nn.__main__ import main
from nn.network import Network
from nn.strokes import draw

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def small_mnist(tmp_path, monkeypatch):
    """A table of 600 images as the only MNIST there is; no mirror can be reached."""
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path / "given"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(data, "MNIST_MIRRORS", ())
    monkeypatch.setattr(data, "PEN_ARCHIVES", ())
    rng = np.random.default_rng(1)
    labels = np.arange(600) % 10
    images = rng.integers(0, 80, (600, 28, 28))
    for image, label in zip(images, labels, strict=True):
        image[4 + 2 * label : 6 + 2 * label, 4:24] = 255
    table = np.column_stack([labels, images.reshape(600, -1)])
    (tmp_path / "given" / "mnist").mkdir(parents=True)
    for name in ("mnist_train.csv", "mnist_test.csv"):
        np.savetxt(tmp_path / "given" / "mnist" / name, table, "%d", delimiter=",")
    return tmp_path


@pytest.fixture
def digit_file(tmp_path):
    path = tmp_path / "seven.png"
    strokes = [[(0.0, 0.0), (1.0, 0.0), (0.45, 1.5)]]
    draw(strokes, 280, 20, (140, 140), 180).save(path)
    return path


def run(*arguments):
    return main([str(argument) for argument in arguments])


def test_train_evaluate_and_predict_go_together(small_mnist, digit_file, capsys):
    out = small_mnist / "out"
    assert run("train", "softmax", "--epochs", 3, "--seed", 5, "--out", out) == 0
    assert [path.name for path in out.iterdir()] == ["softmax.npz"]
    network = Network.load(out / "softmax.npz")
    assert [row["epoch"] for row in network.about["history"]] == [1, 2, 3]
    assert network.about["recipe"]["seed"] == 5
    assert network.about["figures"]["mnist-validation"]["accuracy"] > 0.9
    assert 0.25 <= network.about["temperature"] <= 4
    capsys.readouterr()

    assert run("evaluate", out / "softmax.npz", "--on", "mnist", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert np.trace(result["confusion"]) / 600 == pytest.approx(result["accuracy"])
    assert len(result["per_class"]) == 10

    assert run("evaluate", out / "softmax.npz", "--record") == 0
    assert "accuracy" in capsys.readouterr().out
    recorded = Network.load(out / "softmax.npz").about["figures"]["mnist-test"]
    assert recorded["accuracy"] == result["accuracy"]

    assert run("predict", out / "softmax.npz", digit_file, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["picture"] == str(digit_file)
    assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-5)
    assert answer["digit"] == int(np.argmax(answer["probabilities"]))


def test_predict_goes_on_after_a_picture_it_cannot_read(digit_file, tmp_path, capsys):
    (tmp_path / "text.png").write_text("hello")
    status = run("predict", "best", tmp_path / "none.png", tmp_path / "text.png", digit_file)
    printed = capsys.readouterr()
    assert status == 1
    assert f"{digit_file}: 7 " in printed.out
    assert "none.png" in printed.err
    assert "text.png: the picture is not a JPEG, PNG or WebP" in printed.err
    assert "2 of 3 pictures could not be read" in printed.err


def test_models_lists_the_zoo_with_its_figures(capsys):
    assert run("models") == 0
    lines = capsys.readouterr().out.splitlines()
    best = next(line for line in lines if line.startswith("best "))
    network = Network.load(ROOT / "weights" / "best.npz")
    assert f" {network.parameters} " in best
    assert f"{network.about['figures']['mnist-test']['accuracy']:.2%}" in best


def test_data_says_what_is_missing_and_how_to_get_it(small_mnist, capsys):
    assert run("data", "--check") == 1
    printed = capsys.readouterr()
    assert str(small_mnist / "given") in printed.out
    assert "missing" in printed.out
    assert "`python -m nn data` fetches them" in printed.err


MISTAKES = [
    (("train", "nothing"), 2, "invalid choice"),
    (("train", "ten", "--epochs", "-1"), 2, "whole number from 1 up"),
    (("train", "ten", "--epochs", "0"), 2, "whole number from 1 up"),
    (("train", "ten", "--epochs", "many"), 2, "whole number from 1 up"),
    (("train", "ten", "--seed", "-3"), 2, "whole number from 0 up"),
    (("evaluate", "nothing"), 2, "there is no file nothing"),
    (("evaluate", "best", "--on", "cats"), 2, "invalid choice"),
    (("evaluate", "README.md"), 1, "is not a weights file"),
    (("predict", "best"), 2, "PICTURE"),
    (("predict", "best", "none.png"), 1, "none.png"),
    (("evaluate", "best", "--on", "mnist"), 1, "python -m nn data"),
    (("train", "ten", "--out", "OUT"), 1, "python -m nn data"),
    (("train", "best", "--out", "OUT"), 1, "python -m nn data"),
    (("data",), 1, "5 files are missing"),
    ((), 2, "COMMAND"),
]


@pytest.mark.parametrize(("arguments", "status", "words"), MISTAKES, ids=str)
def test_a_mistake_gets_a_sentence_and_a_status(
    arguments, status, words, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(data, "MNIST_MIRRORS", ("http://127.0.0.1:9/",))
    monkeypatch.setattr(data, "PEN_ARCHIVES", ("http://127.0.0.1:9/pen.zip",))
    monkeypatch.chdir(ROOT)
    try:
        ended = main([argument.replace("OUT", str(tmp_path)) for argument in arguments])
    except SystemExit as stop:  # argparse's own way to end
        ended = stop.code
    printed = capsys.readouterr().err
    assert ended == status
    assert words in printed
    assert "Traceback" not in printed


def test_a_place_that_cannot_be_written_to_is_told(small_mnist, capsys):
    (small_mnist / "file").write_text("in the way")
    assert run("train", "softmax", "--epochs", 1, "--out", small_mnist / "file" / "weights") == 1
    assert str(small_mnist / "file") in capsys.readouterr().err


def test_it_runs_as_a_module_from_anywhere(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "nn", "models"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert "wide" in done.stdout
