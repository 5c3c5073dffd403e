"""What evaluations measure, print and paint: verdicts, lists of drawings, reports and sheets."""

import numpy as np
import pytest

from nn.dataset import DataSet, as_input
from nn.layers import Dense, Flatten
from nn.losses import CrossEntropy
from nn.measure.calibration import expected_calibration_error
from nn.measure.metrics import evaluate
from nn.measure.rejection import Verdict, confidence_of, rejection_score, verdicts
from nn.measure.report import VERDICTS, nondigits_as_text, robustness_as_text, styles_as_text
from nn.network import new_network
from nn.plots.sheets import ZOOM, contact_sheet
from tests.support.networks import network_of


@pytest.fixture(scope="module")
def figures():
    return network_of("best").about["figures"]


@pytest.fixture(scope="module")
def network():
    """A network of eleven classes that has learnt nothing, with thresholds in its scores' midst."""
    network = new_network((Flatten(), Dense(11)), CrossEntropy(), 1)
    scores = rejection_score(network.probabilities(as_input(DIGITS.images)))
    low, high = np.quantile(scores, [0.5, 0.8])
    network.about["thresholds"] = {"doubtful": float(low), "refused": float(high)}
    return network


rng = np.random.default_rng(2)
DIGITS = DataSet(rng.integers(0, 256, (100, 28, 28)).astype(np.uint8), rng.integers(0, 10, 100))


def test_rates_of_verdicts_are_those_of_the_thresholds(network):
    result = evaluate(network, DIGITS)
    rates = [result[f"{verdict}_rate"] for verdict in VERDICTS]
    assert rates == pytest.approx([0.5, 0.3, 0.2])
    assert [len(result[kind]) for kind in ("doubtful", "refused")] == [30, 20]


def test_lists_are_the_wrong_the_doubtful_and_the_refused_with_their_confidence(network):
    result = evaluate(network, DIGITS)
    probabilities = network.probabilities(as_input(DIGITS.images))
    verdict = verdicts(network, probabilities)
    predicted = probabilities[:, :10].argmax(axis=1)
    for kind, chosen in (
        ("mistakes", predicted != DIGITS.labels),
        ("doubtful", verdict == Verdict.DOUBTFUL),
        ("refused", verdict == Verdict.REFUSED),
    ):
        assert {row["index"] for row in result[kind]} == set(np.flatnonzero(chosen).tolist())
        for row in result[kind]:
            i = row["index"]
            assert (row["label"], row["predicted"]) == (DIGITS.labels[i], predicted[i])
            assert row["confidence"] == pytest.approx(probabilities[i, predicted[i]], abs=5e-5)
        confidences = [row["confidence"] for row in result[kind]]
        assert confidences == sorted(confidences, reverse=kind == "mistakes")


def test_lists_can_be_shortened_and_the_counts_remain(network):
    result, short = evaluate(network, DIGITS), evaluate(network, DIGITS, mistakes=3)
    for kind in ("mistakes", "doubtful", "refused"):
        assert short[kind] == result[kind][:3]
    assert short["mistake_count"] == result["mistake_count"] == len(result["mistakes"])


def test_calibration_counts_no_digit_in(network):
    result = evaluate(network, DIGITS)
    probabilities = network.probabilities(as_input(DIGITS.images))
    correct = probabilities[:, :10].argmax(axis=1) == DIGITS.labels
    error = expected_calibration_error(confidence_of(probabilities), correct)
    assert result["expected_calibration_error"] == error


def test_styles_report_has_a_line_per_style(figures):
    page = styles_as_text(figures["styles-test"])
    for style, row in figures["styles-test"].items():
        line = next(line for line in page.splitlines() if line.startswith(style))
        made = row["made"]
        assert line.split(style)[1].split()[:4] == [
            str(made["count"]),
            f"{made['accuracy']:.2%}",
            f"{made['doubtful_rate']:.2%}",
            f"{made['refused_rate']:.2%}",
        ]


def test_nondigits_report_has_a_line_per_group(figures):
    result = figures["nondigits-test"]
    page = nondigits_as_text(result)
    assert f"{result['digits']['refused_rate']:.2%} refused" in page
    for group, row in result["groups"].items():
        line = next(line for line in page.splitlines() if line.startswith(f"{group} "))
        rates = [f"{row[f'{verdict}_rate']:.2%}" for verdict in VERDICTS]
        assert line.split()[-4:] == [*rates, f"{row['auroc']:.4f}"]


def test_robustness_report_has_a_line_per_change_and_point(figures):
    result = figures["robustness-test"]
    lines = robustness_as_text(result).splitlines()
    points = sum(len(curve) for curve in result["curves"].values())
    assert len(lines) == 3 + len(result["changes"]) + points
    for change, row in result["changes"].items():
        line = next(line for line in lines if line.startswith(f"{change} "))
        assert line.split()[-2:] == [f"{row['accuracy']:.2%}", f"{row['changed']:.2%}"]


def test_picture_shows_each_drawing_dark_on_white_digit_by_digit():
    images = np.zeros((3, 28, 28), np.uint8)
    images[2, 4:24, 14] = 255
    drawings = [
        {"index": 2, "label": 1, "predicted": 7, "confidence": 0.8},
        {"index": 0, "label": 0, "predicted": 6, "confidence": 0.5},
        {"index": 1, "label": 1, "predicted": 4, "confidence": 0.4},
    ]
    picture = np.asarray(contact_sheet(images, drawings, columns=2))
    upper, lower = np.split(picture[: len(picture) // 2 * 2], 2)
    assert not (upper[: 28 * ZOOM] < 100).any()  # the zero comes first, alone in its row
    rows, columns = np.nonzero(lower[: 28 * ZOOM] < 100)
    assert np.ptp(rows) == 20 * ZOOM - 1
    assert np.ptp(columns) == ZOOM - 1
    assert columns.max() < picture.shape[1] / 2  # the first one stands on the left
    captions = lower[28 * ZOOM + 10 :] < 128
    assert captions.any()
    assert np.asarray(contact_sheet(images, [])).min() == 255
