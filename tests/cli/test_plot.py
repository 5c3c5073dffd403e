"""python -m nn plot: what is drawn is what is there, number by number, and errors are sentences."""

import io
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

import nn.plots
from nn.cli.plot import read_trials
from nn.data import pen, sets
from nn.dataset import DataSet, as_input
from nn.ink.preprocess import to_input
from nn.ink.strokes import Drawing, draw
from nn.ink.styles.table import STYLES
from nn.layers import Conv, Dense, Dropout, Flatten, MaxPool, ReLU, Sigmoid, Standardize
from nn.losses import CrossEntropy, SquaredError
from nn.measure.rejection import conditional_probabilities, confidence_of
from nn.network import Network, new_network
from nn.plots import KINDS
from nn.plots import figures as plot
from tests.support.command_line import run
from tests.support.polling import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
SIGNATURES = {"png": b"\x89PNG\r\n\x1a\n", "svg": b"<?xml"}

NETWORKS = {
    "dense": ((Standardize(0.13, 0.31), Flatten(), Dense(10)), CrossEntropy()),
    "sigmoid": ((Flatten(), Dense(70), Sigmoid(), Dense(10), Sigmoid()), SquaredError()),
    "conv": (
        (Conv(6, 5), ReLU(), MaxPool(), Conv(45), ReLU(), Flatten(), Dropout(0.5), Dense(11)),
        CrossEntropy(),
    ),
}
HISTORY = [
    {
        "epoch": epoch,
        "learning_rate": 0.1 / epoch,
        "loss": 2 / epoch,
        "accuracy": 1 - 0.4 / epoch,
        "validation_loss": 2.2 / epoch,
        "validation_accuracy": 1 - 0.5 / epoch,
        "seconds": 1.0,
    }
    for epoch in range(1, 6)
]
TRIALS = [
    {"learning_rate": 0.001, "accuracy": 0.9, "iteration": 4, "state": "complete"},
    {"learning_rate": 0.01, "accuracy": 0.97, "iteration": 4, "state": "complete"},
    {"learning_rate": 0.02, "accuracy": 0.0, "iteration": 1, "state": "stopped at $1 of $4"},
    {"learning_rate": 1.0, "accuracy": None, "iteration": 0, "state": "failed"},
]


@pytest.fixture(params=NETWORKS)
def network(request):
    return new_network(*NETWORKS[request.param], seed=3)


@pytest.fixture
def confusion():
    counts = np.random.default_rng(1).integers(0, 9, (10, 10))
    counts[np.diag_indices(10)] = 900
    counts[3, 5] = 0
    return counts


@pytest.fixture
def small_mnist(tmp_path, no_data):
    """A table of 90 images as the only data there is: no digit 9, and no digit is easy to read."""
    rng = np.random.default_rng(1)
    digits = DataSet(rng.integers(0, 256, (90, 28, 28)), np.arange(90) % 9)
    table = np.column_stack([digits.labels, digits.images.reshape(90, -1)])
    (tmp_path / "given" / "mnist").mkdir(parents=True)
    np.savetxt(tmp_path / "given" / "mnist" / "mnist_test.csv", table, "%d", delimiter=",")
    return digits


@pytest.fixture
def weights_file(tmp_path, confusion):
    """A network of eleven classes with a history and a figure."""
    made = new_network(*NETWORKS["conv"], seed=3)
    figures = {"mnist-test": {"confusion": confusion.tolist()}}
    made.about.update(history=HISTORY, figures=figures)
    made.save(tmp_path / "small.npz")
    return tmp_path / "small.npz"


@pytest.fixture
def trials_file(tmp_path):
    path = tmp_path / "trials.jsonl"
    path.write_text("".join(json.dumps(trial) + "\n" for trial in TRIALS))
    return path


@pytest.fixture
def seven_file(tmp_path):
    path = tmp_path / "seven.png"
    draw([[(0.0, 0.0), (1.0, 0.0), (0.45, 1.5)]], 280, 20, (140, 140), 180).save(path)
    return path


def arrays(axes):
    """The numbers of every image in these axes, in the order they were drawn."""
    return [np.ma.getdata(image.get_array()) for image in axes.images]


def as_bytes(figure, kind):
    file = io.BytesIO()
    plot.save(figure, file, kind)
    return file.getvalue()


# ------------------------------------------------------------------------------------ the figures


def test_history_plot_shows_loss_accuracy_and_learning_rate():
    loss, accuracy, rate = plot.history(HISTORY, "title").axes
    for axes, key in ((loss, "loss"), (accuracy, "accuracy")):
        lines = {line.get_label(): line for line in axes.lines}
        for label, name in (("training", key), ("validation", f"validation_{key}")):
            assert list(lines[label].get_xdata()) == [row["epoch"] for row in HISTORY]
            assert list(lines[label].get_ydata()) == [row[name] for row in HISTORY]
    assert list(rate.lines[0].get_ydata()) == [row["learning_rate"] for row in HISTORY]
    assert [axes.get_ylabel() for axes in (loss, accuracy, rate)] == [
        "loss",
        "accuracy",
        "learning rate",
    ]
    assert rate.get_xlabel() == "epoch"


def test_history_of_one_epoch_is_drawn_as_points():
    line = plot.history(HISTORY[:1], "title").axes[0].lines[0]
    assert line.get_marker() == "o"


def test_confusion_plot_shows_every_count(confusion):
    axes = plot.confusion(confusion, "title").axes[0]
    np.testing.assert_array_equal(arrays(axes)[0], confusion)
    texts = {text.get_position(): text.get_text() for text in axes.texts}
    assert texts == {(j, i): str(n) if n else "·" for (i, j), n in np.ndenumerate(confusion)}


def test_confusion_colour_scale_ignores_the_diagonal(confusion):
    image = plot.confusion(confusion, "title").axes[0].images[0]
    mistakes = confusion[~np.eye(10, dtype=bool)]
    assert image.get_clim() == (0, mistakes.max())
    assert np.ma.getmaskarray(image.get_array()).tolist() == np.eye(10, dtype=bool).tolist()


def test_confusion_plot_labels_rows_with_recall(confusion):
    confusion[7] = 0
    figure = plot.confusion(confusion, "title")
    labels = [text.get_text() for text in figure.axes[0].child_axes[0].get_yticklabels()]
    shares = [f"{row[i] / row.sum():.1%}" if row.sum() else "none drawn"
              for i, row in enumerate(confusion)]  # fmt: skip
    assert labels == shares


def test_confusion_without_mistakes_is_drawn():
    axes = plot.confusion(np.diag(np.arange(10)), "title").axes[0]
    assert sum(text.get_text() == "·" for text in axes.texts) == 91


def test_mistakes_plot_shows_image_and_probabilities():
    rng = np.random.default_rng(2)
    images, labels = rng.integers(0, 256, (5, 28, 28)), np.arange(5)
    shares = rng.dirichlet(np.ones(10), 5)
    figure = plot.mistakes(images, labels, shares, "title")
    pictures = [axes for axes in figure.axes if axes.images]
    bars = [axes for axes in figure.axes if axes.patches]
    assert len(pictures) == len(bars) == 5
    for i in range(5):
        np.testing.assert_array_equal(arrays(pictures[i])[0], images[i])
        assert [bar.get_height() for bar in bars[i].patches] == list(shares[i])
        assert bars[i].get_title("left").startswith(f"{i} read as {shares[i].argmax()}, ")


def test_weights_plot_shows_the_first_layer(network):
    layer, images = plot.first_layer(network)
    W = next(params["W"] for params in network.params if params)
    axes = plot.weights(images, "title").axes[0]
    drawn = arrays(axes)
    assert len(drawn) == W.shape[-1]
    for i, image in enumerate(drawn):
        if isinstance(layer, Conv):
            np.testing.assert_array_equal(image, W[:, :, 0, i])
        else:
            np.testing.assert_array_equal(image.ravel(), W[:, i])


def test_weights_plot_has_one_colour_scale_centred_on_zero(network):
    images = plot.first_layer(network)[1]
    limits = {image.get_clim() for image in plot.weights(images, "title").axes[0].images}
    assert limits == {(-np.abs(images).max(), np.abs(images).max())}


def test_weights_plot_tiles_do_not_overlap():
    axes = plot.weights(np.ones((23, 5, 5)), "title").axes[0]
    places = {tuple(image.get_extent()) for image in axes.images}
    assert len(places) == 23
    left, right, bottom, top = np.transpose(list(places))
    assert (left > axes.get_xlim()[0]).all()
    assert (right < axes.get_xlim()[1]).all()
    assert (top > axes.get_ylim()[1]).all()
    assert (bottom < axes.get_ylim()[0]).all()


def test_first_layer_of_a_network_without_pixel_weights_is_none():
    pooled = new_network((MaxPool(), Flatten(), Dense(10)), CrossEntropy(), seed=1)
    assert plot.first_layer(pooled) is None
    assert plot.first_layer(Network((Flatten(),), [{}], CrossEntropy())) is None


def test_histogram_counts_sum_to_the_number_of_weights(network):
    panels = plot.histograms(network, "title").axes
    weights = [params["W"] for params in network.params if params]
    assert len(panels) == len(weights)
    for axes, W in zip(panels, weights, strict=True):
        counts, edges, _ = axes.patches[0].get_data()
        assert counts.sum() == W.size
        assert (edges[0], edges[-1]) == pytest.approx((W.min(), W.max()))
        assert f"{W.size:,} weights" in axes.get_title("left")


def test_histogram_of_equal_weights_is_drawn():
    network = Network((Flatten(), Dense(1)), [{}, {"W": np.ones((784, 1), np.float32)}], None)
    counts, _, _ = plot.histograms(network, "title").axes[0].patches[0].get_data()
    assert counts.sum() == 784


def test_activations_plot_shows_forward_outputs(network):
    seen = np.random.default_rng(4).random((28, 28), np.float32)
    *panels, last = plot.activations(network, seen, "title").axes
    outputs = [seen[None, :, :, None]]
    for end, layer in enumerate(network.layers, 1):
        part = Network(network.layers[:end], network.params[:end], network.loss)
        if not isinstance(layer, Flatten | Dropout):
            outputs.append(part.forward(outputs[0])[0])
    assert len(panels) == len(outputs)
    for axes, output in zip(panels, outputs, strict=True):
        maps = np.moveaxis(output[0], -1, 0) if output.ndim == 4 else [output]
        np.testing.assert_array_equal(arrays(axes), maps)
    shares = network.probabilities(outputs[0])[0]
    assert [bar.get_height() for bar in last.patches] == pytest.approx(list(shares))
    names = [str(i) for i in range(10)] + ["no digit"] * (len(shares) - 10)
    assert [text.get_text() for text in last.get_xticklabels()] == names


def test_tuning_plot_shows_each_trial_by_state(trials_file):
    trials = read_trials(trials_file)
    axes = plot.rates(trials, "title").axes[0]
    *points, lost = axes.lines
    drawn = {pair for line in points for pair in zip(*line.get_data(), strict=True)}
    assert drawn == {(0.001, 0.9), (0.01, 0.97), (0.02, 0.0)}
    assert list(lost.get_xdata()) == [1.0]
    assert axes.get_xscale() == "log"
    assert [line.get_label() for line in axes.lines] == [
        "complete (2)",
        r"stopped at \$1 of \$4 (1)",  # the dollars begin no formula
        "no accuracy (1)",
    ]


def test_samples_are_drawn_from_their_group_by_seed():
    rng = np.random.default_rng(5)
    groups = {"many": rng.integers(0, 256, (50, 28, 28)), "few": rng.integers(0, 256, (3, 28, 28))}
    axes = plot.samples(groups, "title", columns=6).axes[0]
    assert [text.get_text() for text in axes.texts] == list(groups)
    drawn = [image.tobytes() for image in arrays(axes)]
    assert len(drawn) == len(set(drawn)) == 6 + 3
    assert set(drawn[:6]) <= {image.tobytes() for image in groups["many"]}
    assert set(drawn[6:]) == {image.tobytes() for image in groups["few"]}
    again, other = (plot.samples(groups, "title", columns=6, seed=seed).axes[0] for seed in (1, 2))
    assert [image.tobytes() for image in arrays(again)] == drawn
    assert [image.tobytes() for image in arrays(other)] != drawn


def test_percent_never_rounds_up_to_100():
    assert plot.percent(0.99997) == ">99.9%"
    assert plot.percent(1.0) == "100.0%"
    assert plot.percent(0.123) == "12.3%"


@pytest.mark.parametrize("kind", SIGNATURES)
def test_plots_are_deterministic_whatever_the_matplotlib_style(kind, network):
    first = as_bytes(plot.histograms(network, "title"), kind)
    with matplotlib.rc_context({"font.size": 20, "svg.hashsalt": None, "savefig.dpi": 30}):
        assert as_bytes(plot.histograms(network, "title"), kind) == first
    assert first.startswith(SIGNATURES[kind])


def test_dollars_in_a_title_are_not_parsed_as_math():
    as_bytes(plot.history(HISTORY, "$\\frac$"), "png")


# ------------------------------------------------------------------------------------ the command


@pytest.mark.parametrize("kind", SIGNATURES)
def test_every_plot_is_a_valid_png_and_svg(
    kind, small_mnist, weights_file, trials_file, seven_file, tmp_path, capsys
):
    options = ("--format", kind, "--picture", seven_file, "--trials", trials_file)
    out = tmp_path / "a" / "b"
    assert run("plot", weights_file, "--out", out, *options) == 0
    printed = capsys.readouterr()
    paths = [out / f"small-{name}.{kind}" for name in KINDS]
    assert printed.out.split() == [str(path) for path in paths]
    assert printed.err == ""
    assert sorted(out.iterdir()) == sorted(paths)
    for path in paths:
        if kind == "svg":
            assert ElementTree.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"
        else:
            with Image.open(path) as image:
                image.load()
                assert image.format == "PNG"
                assert image.width == plot.WIDTH * 200


def test_plots_are_written_to_the_ignored_plots_folder_by_default(
    weights_file, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert run("plot", weights_file, "--what", "history", "history") == 0
    assert os.listdir(tmp_path / "plots") == ["small-history.png"]
    assert "/plots/" in (ROOT / ".gitignore").read_text().split()


def test_plots_without_data_are_skipped_with_a_reason(no_data, weights_file, tmp_path, capsys):
    assert run("plot", weights_file, "--out", tmp_path / "out") == 0
    printed = capsys.readouterr()
    drawn = {Path(path).stem.removeprefix("small-") for path in printed.out.split()}
    assert drawn == {"history", "confusion", "weights", "histograms", "activations"}
    reasons = {line.split()[3]: line for line in printed.err.splitlines()}
    assert set(reasons) == set(KINDS) - drawn
    assert "python -m nn data" in reasons["mistakes"]
    assert "python -m nn data" in reasons["samples"]
    assert "--trials" in reasons["rates"]


@pytest.fixture
def figures(monkeypatch):
    """The arguments that each kind's function was called with, by kind."""
    seen = {}
    for name in KINDS:
        real = getattr(plot, name)

        def noted(*arguments, name=name, real=real):
            seen[name] = arguments
            return real(*arguments)

        monkeypatch.setattr(plot, name, noted)
    return seen


def test_mistakes_are_sorted_by_confidence(small_mnist, weights_file, tmp_path, figures):
    assert run("plot", weights_file, "--what", "mistakes", "--out", tmp_path / "out") == 0
    images, labels, shares, _ = figures["mistakes"]
    scores = Network.load(weights_file).probabilities(as_input(small_mnist.images))
    wrong = conditional_probabilities(scores).argmax(axis=1) != small_mnist.labels
    assert len(images) == min(24, wrong.sum()) > 0
    assert (shares.argmax(axis=1) != labels).all()
    surest = np.argsort(-confidence_of(scores)[wrong], kind="stable")
    expected = conditional_probabilities(scores)[wrong].max(axis=1)[surest]
    assert shares.max(axis=1) == pytest.approx(expected[: len(shares)])
    known = {(i.tobytes(), n) for i, n in zip(*small_mnist, strict=True)}
    assert {(i.astype(np.int64).tobytes(), n) for i, n in zip(images, labels, strict=True)} <= known


def test_confusion_is_measured_if_not_recorded(
    small_mnist, weights_file, confusion, tmp_path, figures
):
    assert run("plot", weights_file, "--what", "confusion", "--out", tmp_path / "out") == 0
    np.testing.assert_array_equal(figures["confusion"][0], confusion)
    network = Network.load(weights_file)
    del network.about["figures"]
    network.save(weights_file)
    assert run("plot", weights_file, "--what", "confusion", "--out", tmp_path / "out") == 0
    assert figures["confusion"][0].sum() == 90
    assert "90 digits of mnist-test" in figures["confusion"][1]


def test_activations_use_the_picture_given(weights_file, seven_file, tmp_path, figures):
    options = ("--what", "activations", "--picture", seven_file, "--out", tmp_path / "out")
    assert run("plot", weights_file, *options) == 0
    _, seen, title = figures["activations"]
    np.testing.assert_array_equal(seen, to_input(seven_file.read_bytes()))
    assert "seven.png" in title


def test_weights_plot_names_output_neurons_and_shows_at_most_64(tmp_path, figures):
    for name, count, names in (("dense", 10, list("0123456789")), ("sigmoid", 64, [])):
        new_network(*NETWORKS[name], seed=3).save(tmp_path / "a.npz")
        assert run("plot", tmp_path / "a.npz", "--what", "weights", "--out", tmp_path) == 0
        images, _, labels = figures["weights"]
        assert len(images) == count
        assert labels == names


def test_plot_accepts_names_of_shipped_networks(tmp_path):
    for name in ("softmax", "best"):
        kinds = ("history", "weights", "histograms")
        assert run("plot", name, "--what", *kinds, "--out", tmp_path) == 0
        assert {path.name for path in tmp_path.glob(f"{name}-*")} == {
            f"{name}-{kind}.png" for kind in kinds
        }


def test_mnist_samples_are_grouped_by_digit(mnist_test, tmp_path, figures):
    options = ("--what", "samples", "--on", "mnist", "--out", tmp_path)
    assert run("plot", "best", *options) == 0
    groups, title = figures["samples"]
    assert title.startswith("mnist")
    for digit in range(10):
        expected = mnist_test.images[mnist_test.labels == digit]
        np.testing.assert_array_equal(groups[str(digit)], expected)


def test_pen_samples_are_grouped_by_digit_and_styles_by_style(
    drawings, tmp_path, figures, monkeypatch
):
    made = [Drawing(d["label"], 1, d["strokes"]) for d in drawings if d["label"] is not None]
    monkeypatch.setattr(pen, "pen_drawings", lambda split: made)
    for name, groups in (
        ("pen", {str(drawing.label) for drawing in made}),
        ("styles", {style for style, (label, _) in STYLES.items()}),
    ):
        assert run("plot", "best", "--what", "samples", "--on", name, "--out", tmp_path) == 0
        assert set(figures["samples"][0]) == groups


def test_nondigit_samples_are_grouped_by_kind(tmp_path, figures, monkeypatch):
    groups = {name: np.zeros((2, 28, 28), np.uint8) for name in ("letters", "blots")}
    monkeypatch.setattr(sets, "nondigit_groups", lambda split: groups)  # the real take 9 s to make
    assert run("plot", "best", "--what", "samples", "--on", "nondigits", "--out", tmp_path) == 0
    assert figures["samples"][0] is groups


def test_failed_save_leaves_the_existing_plot_unchanged(
    weights_file, tmp_path, monkeypatch, capsys
):
    def broken(figure, file, kind):
        file.write(b"half")
        raise OSError("No space left on device")

    out = tmp_path / "out"
    out.mkdir()
    (out / "small-history.png").write_bytes(b"before")
    monkeypatch.setattr(plot, "save", broken)
    assert run("plot", weights_file, "--what", "history", "--out", out) == 1
    assert "No space left" in capsys.readouterr().err
    assert [path.read_bytes() for path in out.iterdir()] == [b"before"]


MISTAKES = [
    (("FILE", "--what", "cats"), 2, "invalid choice: 'cats'"),
    (("FILE", "--format", "gif"), 2, "invalid choice: 'gif'"),
    (("FILE", "--on", "cats"), 2, "invalid choice: 'cats'"),
    (("nothing",), 2, "there is no file nothing"),
    (("TMP/text.png",), 1, "is not a weights file"),
    (("FILE", "--picture", "TMP/none.png"), 1, "none.png"),
    (("FILE", "--picture", "TMP/text.png"), 1, "text.png: the picture is not a JPEG"),
    (("FILE", "--picture", "TMP/blank.png"), 1, "blank.png is blank"),
    (("FILE", "--what", "history", "--picture", "TMP/blank.png"), 2, "--what activations"),
    (("FILE", "--what", "samples"), 1, "python -m nn data"),
    (("FILE", "--what", "mistakes", "--on", "pen"), 1, "python -m nn data"),
    (("FILE", "--what", "confusion", "--on", "styles"), 1, "python -m nn data"),
    (("FILE", "--what", "mistakes", "--on", "nondigits"), 1, "has no digits"),
    (("FILE", "--what", "rates"), 2, "--what rates needs --trials"),
    (("FILE", "--what", "history", "--trials", "TMP/text.png"), 2, "--what rates"),
    (("FILE", "--trials", "TMP/none.jsonl"), 1, "none.jsonl"),
    (("FILE", "--out", "TMP/text.png"), 1, "text.png"),
    (("FILE", "--out", "TMP/text.png/deeper"), 1, "text.png"),
    (("BARE", "--what", "history"), 1, "has no history"),
    (("POOLED", "--what", "weights"), 1, "no weights for 28x28 pixels"),
    (("EMPTY", "--what", "histograms"), 1, "it has no weights"),
    ((), 2, "NAME-OR-FILE"),
]


@pytest.mark.parametrize(("arguments", "status", "words"), MISTAKES, ids=str)
def test_invalid_arguments_give_an_error_sentence_and_exit_status(
    arguments, status, words, no_data, weights_file, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.png").write_text("hello")
    Image.new("L", (50, 50), 255).save(tmp_path / "blank.png")
    new_network(*NETWORKS["dense"], seed=3).save(tmp_path / "bare.npz")
    pooled = new_network((MaxPool(), Flatten(), Dense(10)), CrossEntropy(), seed=1)
    pooled.save(tmp_path / "pooled.npz")
    Network((Flatten(),), [{}], CrossEntropy()).save(tmp_path / "empty.npz")
    files = {
        "FILE": "small.npz",
        "BARE": "bare.npz",
        "POOLED": "pooled.npz",
        "EMPTY": "empty.npz",
    }
    words_given = (files.get(word, word.replace("TMP", ".")) for word in arguments)
    assert run("plot", *words_given) == status
    printed = capsys.readouterr().err
    assert words in printed
    assert "Traceback" not in printed


BROKEN = {
    "no JSON": ("{", "line 2 is not a trial"),
    "no object": ("[1]", "line 2 is not a trial"),
    "no text": ("\udcff", "line 2 is not a trial"),
    "no rate": ('{"accuracy": 1}', "line 2 is a trial without 'learning_rate'"),
    "a rate of 0": ('{"learning_rate": 0, "accuracy": 1}', "line 2 is not a trial"),
    "a rate of words": ('{"learning_rate": "low"}', "line 2 is not a trial"),
    "a huge rate": ('{"learning_rate": 1' + "0" * 400 + "}", "line 2 is not a trial"),
    "per cent": ('{"learning_rate": 1, "accuracy": 97}', "line 2 is not a trial"),
    "an accuracy of words": ('{"learning_rate": 1, "accuracy": "a"}', "line 2 is not a trial"),
    "too deep": ("[" * 100_000, "line 2 is not a trial"),
}


@pytest.mark.parametrize(("line", "words"), BROKEN.values(), ids=BROKEN)
def test_invalid_trial_is_named_by_line_number(line, words, weights_file, tmp_path, capsys):
    path = tmp_path / "broken.jsonl"
    path.write_text(f"{json.dumps(TRIALS[0])}\n{line}\n", errors="surrogateescape")
    assert run("plot", weights_file, "--trials", path, "--out", tmp_path / "out") == 1
    assert f"{path}: {words}" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_blank_lines_are_ignored_and_an_empty_trials_file_is_an_error(
    weights_file, tmp_path, capsys
):
    path = tmp_path / "trials.jsonl"
    path.write_text("\n\n")
    assert run("plot", weights_file, "--trials", path) == 1
    assert "has no trials" in capsys.readouterr().err
    path.write_text('\n{"learning_rate": 0.1, "accuracy": NaN}\r\n\n')
    assert read_trials(path) == [{"learning_rate": 0.1, "accuracy": None, "state": "trials"}]


def test_missing_matplotlib_gives_an_install_hint(weights_file, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for module in ("figures", "network_plots"):
        monkeypatch.delitem(sys.modules, f"nn.plots.{module}", raising=False)
        monkeypatch.delattr(nn.plots, module, raising=False)
    assert run("plot", weights_file) == 1
    error = capsys.readouterr().err
    assert error == "python -m nn: plotting needs `pip install -r requirements-dev.txt`\n"


def test_app_and_command_line_do_not_import_matplotlib():
    code = "import sys, app, nn.cli.main; print('matplotlib' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.stdout.strip() == "False", done.stderr


def test_plotting_needs_no_display(weights_file, tmp_path):
    code = "import sys; from nn.cli.main import main; s = main(sys.argv[1:]); " \
           "print('pyplot', 'matplotlib.pyplot' in sys.modules); sys.exit(s)"  # fmt: skip
    environment = {key: value for key, value in os.environ.items() if "DISPLAY" not in key}
    done = subprocess.run(
        [sys.executable, "-c", code, "plot", weights_file, "--what", "history", "--out", tmp_path],
        cwd=ROOT,
        env={**environment, "MPLBACKEND": "tkagg"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert "pyplot False" in done.stdout
