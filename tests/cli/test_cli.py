"""python -m nn: its commands do what they say, and every mistake gets one sentence and a status."""

import csv
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nn.augment import Affine, Elastic
from nn.data import alphabets, fonts, mnist, pen, pictures, sets
from nn.data.numbers import TOUCHING, composed
from nn.data.seams import seams_in
from nn.dataset import DataSet
from nn.ink.strokes import draw
from nn.network import Network
from nn.optimizers import Adam, Constant, Cosine, OneCycle
from nn.tune.overrides import variant
from nn.zoo import ZOO, Recipe
from tests.support.command_line import run
from tests.support.networks import DOUBT_ALL, READ_ALL, REFUSE_ALL, models_with_thresholds
from tests.support.numbers import hand_of
from tests.support.polling import PATIENCE

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def digit_file(tmp_path):
    path = tmp_path / "seven.png"
    strokes = [[(0.0, 0.0), (1.0, 0.0), (0.45, 1.5)]]
    draw(strokes, 280, 20, (140, 140), 180).save(path)
    return path


def test_train_evaluate_record_and_predict_share_a_weights_file(small_mnist, digit_file, capsys):
    out = small_mnist / "out"
    assert run("train", "softmax", "--epochs", 3, "--seed", 5, "--out", out) == 0
    assert {path.name for path in out.iterdir()} == {"softmax.npz", "softmax.history.csv"}
    network = Network.load(out / "softmax.npz")
    assert [row["epoch"] for row in network.about["history"]] == [1, 2, 3]
    assert network.about["recipe"]["seed"] == 5
    assert network.about["figures"]["mnist-validation"]["accuracy"] > 0.9
    assert 0.25 <= network.about["temperature"] <= 4
    capsys.readouterr()

    assert run("evaluate", out / "softmax.npz", "--on", "mnist", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert np.trace(result["confusion"]) / 600 == pytest.approx(result["accuracy"])
    assert len(result["recall"]) == 10

    assert run("evaluate", out / "softmax.npz", "--record") == 0
    assert "accuracy" in capsys.readouterr().out
    recorded = Network.load(out / "softmax.npz").about["figures"]["mnist-test"]
    assert recorded["accuracy"] == result["accuracy"]

    assert run("predict", out / "softmax.npz", digit_file, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["picture"] == str(digit_file)
    assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-5)
    assert answer["digit"] == int(np.argmax(answer["probabilities"]))


def test_train_writes_the_history_as_csv(small_mnist):
    assert run("train", "ten", "--epochs", 2, "--out", small_mnist) == 0
    history = Network.load(small_mnist / "ten.npz").about["history"]
    with (small_mnist / "ten.history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [{key: float(value) for key, value in row.items()} for row in rows] == history


def test_every_recipe_field_can_be_overridden_by_an_option(small_mnist):
    words = "--epochs 2 --learning-rate 0.003 --batch-size 32 --optimizer adam --schedule constant"
    words += " --seed 7 --augment affine,elastic --data mnist --limit 90"
    assert run("train", "ten", *words.split(), "--out", small_mnist) == 0
    network = Network.load(small_mnist / "ten.npz")
    recipe = Recipe.from_json(network.about["recipe"])
    assert recipe.layers == ZOO["ten"].layers
    assert (recipe.epochs, recipe.batch_size, recipe.seed, recipe.limit) == (2, 32, 7, 90)
    assert recipe.optimizer == Adam()
    assert recipe.schedule == Constant(0.003)
    assert recipe.augmentation == (Affine(), Elastic(displacement=0.5))
    assert [row["learning_rate"] for row in network.about["history"]] == [0.003, 0.003]


def test_learning_rate_and_schedule_are_overridden_independently():
    assert variant(ZOO["sigmoid"], learning_rate=0.1).schedule == replace(
        ZOO["sigmoid"].schedule, learning_rate=0.1
    )
    assert variant(ZOO["best"], learning_rate=0.1).schedule == OneCycle(learning_rate=0.1)
    assert variant(ZOO["best"], schedule="cosine").schedule == Cosine(
        ZOO["best"].schedule.learning_rate
    )
    assert variant(ZOO["best"]) == ZOO["best"]


@pytest.fixture
def image_folder(tmp_path):
    """Twenty pictures of a bar that stands, labelled 1, and of one that lies, labelled 7."""
    folder = tmp_path / "own"
    (folder / "1").mkdir(parents=True)
    for i in range(20):
        at, name = 60 + 3 * i, f"{i:02}"
        draw([[(0, 0), (0, 1)]], 280, 16, (at, 140), 150).save(folder / f"1/photo{name}.png")
        draw([[(0, 0), (1, 0)]], 280, 16, (140, at), 150).save(folder / f"7-{name}.jpg")
    (folder / "notes.txt").write_text("not a picture")
    (folder / "unlabelled.png").write_bytes(b"never read")
    return folder


def test_train_and_evaluate_on_a_folder_of_labelled_pictures(image_folder, tmp_path, capsys):
    out = tmp_path / "out"
    words = ("--data", image_folder, "--epochs", 30, "--batch-size", 8, "--out", out)
    assert run("train", "softmax", *words) == 0
    counts = {s: len(sets.load(str(image_folder), s).labels) for s in (*sets.SPLITS, "all")}
    assert counts == {"train": 32, "validation": 4, "test": 4, "all": 40}
    capsys.readouterr()
    assert run("evaluate", out / "softmax.npz", "--on", image_folder, "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["count"], result["accuracy"]) == (40, 1.0)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"nonsense", "not a JPEG, PNG or WebP"), (None, "is blank: take it out")],
)
def test_unusable_picture_in_a_folder_is_named_in_the_error(image_folder, capsys, content, words):
    bad = image_folder / "1" / "zz.png"
    if content:
        bad.write_bytes(content)
    else:
        Image.new("L", (50, 50), 255).save(bad)
    assert run("evaluate", "best", "--on", image_folder) == 1
    error = capsys.readouterr().err
    assert "zz.png" in error
    assert words in error


def test_predict_skips_unreadable_pictures_and_exits_with_1(digit_file, tmp_path, capsys):
    (tmp_path / "text.png").write_text("hello")
    status = run("predict", "best", tmp_path / "none.png", tmp_path / "text.png", digit_file)
    printed = capsys.readouterr()
    assert status == 1
    assert f"{digit_file}: 7 " in printed.out
    assert "none.png" in printed.err
    assert "text.png: the picture is not a JPEG, PNG or WebP" in printed.err
    assert "2 of 3 pictures could not be read" in printed.err


@pytest.mark.parametrize(
    ("thresholds", "digit", "doubtful", "rejected", "words"),
    [
        (READ_ALL, 7, False, None, "7 "),
        (DOUBT_ALL, 7, True, None, "7? "),
        (REFUSE_ALL, None, False, "not-a-digit", "no digit "),
    ],
)
def test_predict_prints_each_verdict(
    thresholds, digit, doubtful, rejected, words, digit_file, tmp_path, capsys
):
    path = tmp_path / "best.npz"
    models_with_thresholds(*thresholds)["best"].network.save(path)
    assert run("predict", path, digit_file) == 0
    assert capsys.readouterr().out.startswith(f"{digit_file}: {words}")
    assert run("predict", path, digit_file, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["digit"], answer["doubtful"], answer["rejected"]) == (digit, doubtful, rejected)
    if rejected:
        assert answer["confidence"] == 0
    else:
        assert 0.5 < answer["confidence"] <= answer["probabilities"][7]


@pytest.fixture
def few_seams(own_digits, monkeypatch):
    """Seams through our own digits in place of the set of them."""
    hand = hand_of(own_digits)

    def seams(split):
        rng = np.random.default_rng(len(split))
        pairs = [composed(hand, [i % 10, i // 10], TOUCHING, rng) for i in range(100)]
        images, labels = zip(*(seam for pair in pairs for seam in seams_in(pair)), strict=True)
        return DataSet(np.stack(images), np.array(labels))

    monkeypatch.setitem(sets.SETS, "seams", seams)


def test_judge_of_cuts_is_trained_and_measured(few_seams, tmp_path, capsys):
    assert run("train", "seams", "--epochs", 6, "--out", tmp_path) == 0
    network = Network.load(tmp_path / "seams.npz")
    assert network.outputs(np.zeros((1, 28, 28, 1), np.float32)).shape == (1, 2)
    assert len(network.about["history"]) == 6
    assert set(network.about["figures"]["seams-validation"]["kept"]) == {"between", "others"}
    capsys.readouterr()
    assert run("evaluate", tmp_path / "seams.npz", "--on", "seams", "--json", "--record") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["count"] > 500
    assert result["auroc"] > 0.8
    assert Network.load(tmp_path / "seams.npz").about["figures"]["seams-test"] == result
    assert run("evaluate", tmp_path / "seams.npz", "--on", "seams") == 0
    assert "AUROC" in capsys.readouterr().out


def test_models_lists_parameters_and_accuracy_of_each_network(capsys):
    assert run("models") == 0
    lines = capsys.readouterr().out.splitlines()
    best = next(line for line in lines if line.startswith("best "))
    network = Network.load(ROOT / "weights" / "best.npz")
    assert f" {network.parameters} " in best
    assert f"{network.about['figures']['mnist-test']['accuracy']:.2%}" in best


def test_data_check_lists_missing_files_and_exits_with_1(small_mnist, capsys):
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
    (("evaluate", "best", "--on", "cats"), 2, "neither a folder nor a data set"),
    (("evaluate", "best", "--on", "OUT"), 1, "has no pictures for all"),
    (("evaluate", "best", "--on", "OUT", "--record"), 2, "--record is for"),
    (("evaluate", "best", "--on", "mnist", "--split", "all"), 2, "is for folders"),
    (("train", "ten", "--learning-rate", "0"), 2, "not a number above 0"),
    (("train", "ten", "--learning-rate", "fast"), 2, "not a number above 0"),
    (("train", "ten", "--learning-rate", "nan"), 2, "not a number above 0"),
    (("train", "ten", "--batch-size", "0"), 2, "whole number from 1 up"),
    (("train", "ten", "--limit", "0"), 2, "whole number from 1 up"),
    (("train", "ten", "--augment", "blur"), 2, "'blur' is no augmentation"),
    (("train", "ten", "--optimizer", "adagrad"), 2, "invalid choice"),
    (("train", "ten", "--schedule", "never"), 2, "invalid choice"),
    (("train", "ten", "--data", "nowhere", "--out", "OUT"), 1, "neither a folder nor a data set"),
    (("train", "ten", "--data", "mnist,nondigits"), 2, "no class for nondigits"),
    (("evaluate", "README.md"), 1, "is not a weights file"),
    (("predict", "best"), 2, "PICTURE"),
    (("predict", "best", "none.png"), 1, "none.png"),
    (("evaluate", "best", "--on", "mnist"), 1, "python -m nn data"),
    (("evaluate", "best", "--on", "styles"), 1, "python -m nn data"),
    (("evaluate", "best", "--on", "nondigits"), 1, "python -m nn data"),
    (("evaluate", "best", "--on", "robustness"), 1, "python -m nn data"),
    (("evaluate", "best", "--on", "styles", "--picture", "OUT/x.png"), 2, "leave it out"),
    (("train", "ten", "--out", "OUT"), 1, "python -m nn data"),
    (("train", "best", "--out", "OUT"), 1, "python -m nn data"),
    (("evaluate", "best", "--on", "seams"), 2, "best judges no seams"),
    (("evaluate", "seams"), 2, "seams reads no digits"),
    (("predict", "seams", "none.png"), 2, "seams reads no digits"),
    (("plot", "seams"), 2, "seams reads no digits"),
    (("fit", "seams"), 2, "seams reads no digits"),
    (("train", "seams", "--data", "mnist"), 2, "seams learns from the set of that name"),
    (("train", "ten", "--data", "seams"), 2, "no other network does"),
    (("train", "seams", "--out", "OUT"), 1, "python -m nn data"),
    (("data",), 1, f"{len(sets.FILES)} files are missing"),
    ((), 2, "COMMAND"),
]


@pytest.mark.parametrize(("arguments", "status", "words"), MISTAKES, ids=str)
def test_invalid_arguments_give_an_error_sentence_and_exit_status(
    arguments, status, words, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(mnist, "MNIST_MIRRORS", ("http://127.0.0.1:9/",))
    monkeypatch.setattr(pen, "PEN_ARCHIVES", ("http://127.0.0.1:9/pen.zip",))
    monkeypatch.setattr(alphabets, "CHARACTERS_ARCHIVES", ("http://127.0.0.1:9/strokes.zip",))
    monkeypatch.setattr(pictures, "PICTURES_MIRRORS", ("http://127.0.0.1:9/",))
    monkeypatch.setattr(fonts, "FONT_MIRRORS", ("http://127.0.0.1:9/",))
    monkeypatch.chdir(ROOT)
    assert run(*(argument.replace("OUT", str(tmp_path)) for argument in arguments)) == status
    printed = capsys.readouterr().err
    assert words in printed
    assert "Traceback" not in printed


def test_unwritable_output_folder_is_named_in_the_error(small_mnist, capsys):
    (small_mnist / "file").write_text("in the way")
    assert run("train", "softmax", "--epochs", 1, "--out", small_mnist / "file" / "weights") == 1
    assert str(small_mnist / "file") in capsys.readouterr().err


def test_python_m_nn_runs_from_any_folder(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "nn", "models"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0
    assert "wide" in done.stdout
