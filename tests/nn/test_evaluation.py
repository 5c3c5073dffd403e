"""What evaluations print and paint: every figure is there, and the picture shows the mistakes."""

import numpy as np
import pytest

from nn.ink.styles import STYLES
from nn.measure.report import nondigits_as_text, robustness_as_text, styles_as_text
from nn.plots.sheets import ZOOM, contact_sheet
from tests.support.networks import network_of


@pytest.fixture(scope="module")
def figures():
    return network_of("best").about["figures"]


def test_styles_report_has_a_line_per_style(figures):
    page = styles_as_text(figures["styles-test"])
    for style in STYLES:
        line = next(line for line in page.splitlines() if line.startswith(style))
        made = figures["styles-test"][style]["made"]
        assert line.split(style)[1].split()[:3] == [
            str(made["count"]),
            f"{made['accuracy']:.2%}",
            f"{made['acceptance_rate']:.2%}",
        ]


def test_nondigits_report_has_a_line_per_group(figures):
    result = figures["nondigits-test"]
    page = nondigits_as_text(result)
    assert f"{result['acceptance_rate']:.2%} of the drawn digits" in page
    for group, row in result["groups"].items():
        line = next(line for line in page.splitlines() if line.startswith(f"{group} "))
        assert f"{row['false_accept_rate']:.2%}" in line
        assert f"{row['auroc']:.4f}" in line


def test_robustness_report_has_a_line_per_change_and_point(figures):
    result = figures["robustness-test"]
    lines = robustness_as_text(result).splitlines()
    points = sum(len(curve) for curve in result["curves"].values())
    assert len(lines) == 3 + len(result["changes"]) + points
    for change, row in result["changes"].items():
        line = next(line for line in lines if line.startswith(f"{change} "))
        assert line.split()[-2:] == [f"{row['accuracy']:.2%}", f"{row['changed']:.2%}"]


def test_mistakes_picture_shows_each_mistake_dark_on_white():
    images = np.zeros((3, 28, 28), np.uint8)
    images[2, 4:24, 14] = 255
    mistakes = [
        {"index": 2, "label": 1, "predicted": 7, "confidence": 0.8},
        {"index": 0, "label": 0, "predicted": 6, "confidence": 0.5},
    ]
    picture = np.asarray(contact_sheet(images, mistakes, columns=2))
    rows, columns = np.nonzero(picture[: 28 * ZOOM] < 100)
    assert np.ptp(rows) == 20 * ZOOM - 1
    assert np.ptp(columns) == ZOOM - 1
    assert columns.max() < picture.shape[1] / 2  # the first stands on the left
    captions = picture[28 * ZOOM + 10 :] < 128
    assert captions.any()
    assert np.asarray(contact_sheet(images, [])).min() == 255
