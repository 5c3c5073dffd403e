"""Figures in documents are those recorded in the weights files."""

import re
from pathlib import Path

import pytest

from nn.cli.main import main
from nn.cli.results import networks_of, networks_table, results_page, summary, with_figures
from nn.data.download import DataError
from nn.zoo import DEFAULT, ZOO

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = ROOT / "weights"


@pytest.fixture(scope="module")
def networks():
    return networks_of(WEIGHTS)


@pytest.fixture
def readme():
    return (ROOT / "README.md").read_text("utf-8")


def test_the_page_of_results_is_what_the_command_prints(capsys):
    assert main(["results"]) == 0
    assert capsys.readouterr().out == (ROOT / "docs" / "results.md").read_text("utf-8")


def test_networks_are_listed_by_accuracy(networks):
    accuracies = [n.about["figures"]["mnist-test"]["accuracy"] for n in networks.values()]
    assert networks.keys() == ZOO.keys()
    assert accuracies == sorted(accuracies, reverse=True)


def test_the_readme_has_the_table_of_networks(networks, readme):
    assert f"\n\n{networks_table(networks)}\n" in readme


def test_the_readme_has_the_paragraph_of_figures(networks, readme):
    assert f"\n\n{summary(networks[DEFAULT].about['figures'])}\n\n" in readme


def test_the_readme_can_be_brought_up_to_date(networks, readme):
    stale = re.sub(r"(?<=[ |])\d+\.\d\d%", "1.00%", readme)
    assert stale != readme
    assert with_figures(stale, networks) == readme


def test_every_recorded_figure_of_the_default_network_is_on_the_page(networks):
    page = results_page(WEIGHTS)
    figures = networks[DEFAULT].about["figures"]
    names = [
        *figures["styles-test"],
        *figures["nondigits-test"]["groups"],
        *figures["robustness-test"]["changes"],
        *figures["robustness-test"]["curves"],
    ]
    assert [name for name in names if f"| {name} |" not in page] == []


def test_a_figure_that_is_not_recorded_is_an_error_with_the_command_for_it(networks, tmp_path):
    for name, network in networks.items():
        network.save(tmp_path / f"{name}.npz")
    best = networks[DEFAULT]
    figures = {k: v for k, v in best.about["figures"].items() if k != "styles-test"}
    about = {**best.about, "figures": figures}
    type(best)(best.layers, best.params, best.loss, about).save(tmp_path / f"{DEFAULT}.npz")
    with pytest.raises(DataError, match="python -m nn evaluate best --on styles --record"):
        results_page(tmp_path)
