"""What /inside shows of the test set, against what is recorded with the weights; and the course."""

import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nn.cli.main import main
from nn.network import Network
from nn.plots.sheets import SPRITE_COLUMNS, example_rows, sprite_sheet
from nn.zoo import ZOO
from web.pages.charts import TOP, Paper
from web.pages.course import anchor, content_of, page_names
from web.pages.inside import shade, tunings

ROOT = Path(__file__).resolve().parents[2]
KEPT = json.loads((ROOT / "static" / "testset" / "mistakes.json").read_text())


def about(name):
    return Network.load(ROOT / "weights" / f"{name}.npz").about


@pytest.fixture(scope="module")
def page(app):
    return app.test_client().get("/inside").get_data(as_text=True)


@pytest.mark.parametrize("name", ZOO)
def test_confusion_matrix_matches_recorded_figures(page, name):
    recorded = about(name)["figures"]["mnist-test"]
    matrix = re.search(f'<div class="matrix" data-model="{name}".*?</table>', page, re.S)[0]
    counts = np.zeros((10, 10), int)
    for digit, answer, count in re.findall(r'data-digit="(\d)" data-as="(\d)"[^>]*>(\d+)<', matrix):
        counts[int(digit), int(answer)] = int(count)
    assert counts.tolist() == recorded["confusion"]
    shown = [float(s) for s in re.findall(r'<td class="recall">([\d.]+)\u00a0%', matrix)][::2]
    assert shown == pytest.approx([100 * s for s in recorded["recall"]], abs=0.06)


@pytest.mark.parametrize("name", ZOO)
def test_learning_curves_match_recorded_history(page, name):
    figure = re.search(f'<div class="learning" data-model="{name}".*?</figure>', page, re.S)[0]
    rows = about(name)["history"]
    line = re.search(r'<polyline class="main"[^>]*points="([^"]*)"', figure)[1]
    heights = [float(point.split(",")[1]) for point in line.split()]
    lowest = float(re.findall(r">(\d+)\u00a0%</text>", figure)[0]) / 100
    bottom = Paper().bottom
    accuracies = [lowest + (bottom - y) / (bottom - TOP) * (1 - lowest) for y in heights]
    assert accuracies == pytest.approx([row["validation_accuracy"] for row in rows], abs=1e-3)
    assert figure.count("<tr>") == len(rows) + 1


def test_tuning_chart_shows_every_trial_by_accuracy():
    (tuning,) = tunings()
    path = ROOT / "weights" / f"{tuning.model}.tuning.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rates = [trial.learning_rate for trial in tuning.trials]
    assert rates == sorted(row["learning_rate"] for row in rows)
    best = max(rows, key=lambda row: row["accuracy"])
    assert (tuning.best.learning_rate, tuning.best.accuracy) == (
        best["learning_rate"],
        best["accuracy"],
    )
    dots = [shape.attributes for shape in tuning.chart.shapes if shape.tag == "circle"]
    drawn = [(dot["cy"], trial.accuracy) for dot, trial in zip(dots, tuning.trials, strict=True)]
    for (y, accuracy), (y_below, accuracy_below) in itertools.pairwise(sorted(drawn)):
        assert accuracy >= accuracy_below - 1e-3 or y == y_below
    assert [dot["cx"] for dot in dots] == sorted(dot["cx"] for dot in dots)


def test_shade_grows_with_the_count():
    shades = [shade(count, 1000) for count in (0, 1, 5, 20, 90, 300, 1000)]
    assert shades == sorted(shades)
    assert shades[0] == 0
    assert shades[1] >= 1
    assert shades[-1] <= 5


def test_mistakes_json_has_all_mistakes_of_the_default_and_samples_of_others():
    recorded = about("best")["figures"]["mnist-test"]
    best = [row for row in KEPT["networks"]["best"] if row[1] != KEPT["labels"][row[0]]]
    assert len(best) == recorded["mistake_count"]
    assert {KEPT["rows"][row[0]] for row in best} >= {m["index"] for m in recorded["mistakes"]}
    for name, rows in KEPT["networks"].items():
        confusion = about(name)["figures"]["mnist-test"]["confusion"]
        cells = np.zeros((10, 10), int)
        for place, answer, *shares in rows:
            cells[KEPT["labels"][place], answer] += 1
            assert shares[answer] == max(shares)
            assert sum(shares) == pytest.approx(1000, abs=6)
        right = np.eye(10, dtype=bool)
        mistakes = confusion if name == "best" else np.minimum(confusion, 3)
        assert cells.tolist() == np.where(right, np.minimum(confusion, 2), mistakes).tolist()
        assert ((cells > 0) == (np.array(confusion) > 0)).all(), "no cell opens to nothing"


def test_mistakes_sprite_matches_mnist(mnist_test):
    with Image.open(ROOT / "static" / "testset" / "mistakes.png") as picture:
        sheet = np.asarray(picture)
    assert KEPT["columns"] == SPRITE_COLUMNS
    for place, row in list(enumerate(KEPT["rows"]))[::25]:
        y, x = place // SPRITE_COLUMNS * 28, place % SPRITE_COLUMNS * 28
        assert (sheet[y : y + 28, x : x + 28] == mnist_test.images[row]).all()
        assert KEPT["labels"][place] == mnist_test.labels[row]


def test_mistakes_files_stay_small():
    folder = ROOT / "static" / "testset"
    assert len(KEPT["rows"]) < 600
    assert sum((folder / f"mistakes.{kind}").stat().st_size for kind in ("png", "json")) < 200_000


def test_chosen_are_the_surest_mistakes_and_the_least_sure_hits():
    labels = np.zeros(6, int)
    shares = np.full((6, 10), 0.01)
    for row, (answer, share) in enumerate(
        [(1, 0.5), (1, 0.9), (1, 0.7), (0, 0.99), (0, 0.6), (2, 0.8)]
    ):
        shares[row, answer] = share
    assert example_rows(labels, shares, mistakes=2, correct=1) == [1, 5, 2, 4]


def test_sprite_has_as_many_rows_as_it_needs():
    images = np.arange(SPRITE_COLUMNS + 1, dtype=np.uint8)[:, None, None] * np.ones(
        (28, 28), np.uint8
    )
    sheet = np.asarray(sprite_sheet(images))
    assert sheet.shape == (56, 28 * SPRITE_COLUMNS)
    assert (sheet[28:, :28] == SPRITE_COLUMNS).all()
    assert not sheet[28:, 28:].any()


def test_mistakes_command_without_data_gives_an_error_sentence(no_data, tmp_path, capsys):
    assert main(["mistakes", "--out", str(tmp_path)]) == 1
    assert "python -m nn data" in capsys.readouterr().err


def test_mistakes_command_writes_the_committed_tables(mnist_test, pen_test, fonts_here, tmp_path):
    assert main(["mistakes", "--out", str(tmp_path)]) == 0
    for file in ("testset/mistakes.json", "accuracy/drawings.json"):
        written = json.loads((tmp_path / file).read_text())
        assert written.keys() == json.loads((ROOT / "static" / file).read_text()).keys()
    assert set(json.loads((tmp_path / "testset/mistakes.json").read_text())["networks"]) == set(ZOO)
    for file in ("testset/mistakes.png", "accuracy/drawings.png"):
        with Image.open(tmp_path / file) as sheet:
            assert sheet.width == 28 * SPRITE_COLUMNS


@pytest.mark.parametrize("name", page_names())
def test_course_pages_are_served_with_mathml(client, name):
    answer = client.get(f"/docs/{name}")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    source = (ROOT / "docs" / f"{name}.md").read_text()
    assert text.count("<math") >= source.count("$$") / 2
    assert "$$" not in text
    for picture in re.findall(r'<img src="([^"]*)"', text):
        with client.get(f"/docs/{picture}") as shown:
            assert shown.mimetype == "image/png"
    for page, mark in re.findall(r'href="(\d[\w-]*)(?:#([\w-]*))?"', text):
        assert page in page_names()
        assert not mark or f'id="{mark}"' in content_of(page)


def test_links_from_inside_resolve_to_course_headings(page):
    links = re.findall(r'href="/docs/([\w-]+)#([\w-]+)"', page)
    assert len(links) == 9
    for name, mark in links:
        assert f'id="{mark}"' in content_of(name)


def test_unknown_course_pages_return_404(client):
    for name in ("README", "results", "7-secrets", "..%2fREADME", "plots"):
        assert client.get(f"/docs/{name}").status_code == 404
    assert (
        anchor("Dense: every <code>input</code> to every unit") == "dense-every-input-to-every-unit"
    )
