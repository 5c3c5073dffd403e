"""The shipped weights: all there, small, self-describing, and as right as they say they are."""

import re
from pathlib import Path

import pytest

from nn import data
from nn.evaluation import evaluate
from nn.network import Network
from nn.strokes import renderings
from nn.zoo import ZOO, Recipe

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS = ROOT / "weights"
# What each network was built to reach at least on MNIST's test set.
TARGETS = {
    "softmax": 0.920,
    "logistic-hidden": 0.970,
    "ten": 0.930,
    "sigmoid": 0.930,
    "narrow": 0.980,
    "wide": 0.983,
    "lenet": 0.991,
    "best": 0.996,
}
# Another processor may add in another order, and tip an image or two that stand on the edge.
ON_THE_EDGE = 2


@pytest.fixture(scope="module", params=ZOO)
def network(request):
    return Network.load(WEIGHTS / f"{request.param}.npz")


def test_a_file_holds_its_recipe_its_whole_history_and_its_figures(network):
    recipe = Recipe.from_json(network.about["recipe"])
    history, figures = network.about["history"], network.about["figures"]
    assert recipe == ZOO[recipe.name]
    assert [row["epoch"] for row in history] == list(range(1, recipe.epochs + 1))
    assert all(row["loss"] > 0 and row["seconds"] > 0 for row in history)
    assert set(figures) == {f"{name}-{split}" for name, split in measured(recipe)}


def measured(recipe):
    """Every network is measured on both test splits, and was chosen on its own validation data."""
    return [("mnist", "test"), ("pen", "test"), *((name, "validation") for name in recipe.data)]


def test_recorded_accuracy_meets_the_target(network):
    name = network.about["recipe"]["name"]
    assert network.about["figures"]["mnist-test"]["accuracy"] >= TARGETS[name]


def test_recorded_accuracy_on_mnist_is_what_comes_out(network, mnist_test):
    recorded = network.about["figures"]["mnist-test"]
    result = evaluate(network, mnist_test)
    assert result["count"] == recorded["count"] == 10000
    assert abs(result["accuracy"] - recorded["accuracy"]) <= ON_THE_EDGE / 10000


def test_recorded_accuracy_on_unknown_writers_is_what_comes_out(network, pen_test):
    recorded = network.about["figures"]["pen-test"]
    result = evaluate(network, data.DataSet(*renderings(pen_test, copies=1)))
    assert result["count"] == recorded["count"] == 1999
    assert abs(result["accuracy"] - recorded["accuracy"]) <= ON_THE_EDGE / 1999


def test_all_weights_together_stay_small():
    files = [file for file in WEIGHTS.glob("[!.]*") if ".checkpoint." not in file.name]
    assert {file.name for file in files} == {f"{name}.npz" for name in ZOO}
    assert sum(file.stat().st_size for file in files) < 6_000_000


def test_the_readme_tells_the_figures_that_are_in_the_files(network):
    name, figures = network.about["recipe"]["name"], network.about["figures"]
    rows = re.findall(rf"^\| `{name}` \|.*$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(rows) == 1
    cells = [cell.strip() for cell in rows[0].split("|")]
    assert f"{network.parameters:,}" in cells
    for key in ("mnist-test", "pen-test"):
        assert f"{figures[key]['accuracy']:.2%}" in cells, key


def test_the_confidence_of_the_best_is_as_good_as_the_readme_says():
    figures = Network.load(WEIGHTS / "best.npz").about["figures"]
    errors = [figures[key]["calibration_error"] for key in ("mnist-test", "pen-test")]
    assert max(errors) <= 0.01
    on_mnist, on_pen = (f"{error:.2%}" for error in errors)
    told = " ".join((ROOT / "README.md").read_text().split())
    assert f"is {on_mnist} on MNIST's test set and {on_pen} on the drawn digits" in told
