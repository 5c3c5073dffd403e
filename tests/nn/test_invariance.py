"""A digit that is moved, scaled, inverted, or saved in another way gets the same, right answer.

Our own drawings of digits go through the whole of preprocessing and the served network.
"""

import numpy as np
import pytest

from nn.ink.strokes import Drawing
from nn.layers import Dense, Flatten
from nn.losses import CrossEntropy
from nn.measure.robustness import (
    CHANGES,
    CURVES,
    REJECTED,
    predictions,
    robustness,
    slanted,
    unchanged,
)
from nn.network import new_network
from nn.zoo import DEFAULT
from web.models import load_models

ALL = {"as drawn": unchanged, **CHANGES}


@pytest.fixture(scope="module")
def model():
    return load_models()[DEFAULT]


@pytest.fixture(scope="module")
def digits(own_digits):
    return [Drawing(drawing["label"], 0, drawing["strokes"]) for drawing in own_digits]


@pytest.mark.parametrize("change", ALL.values(), ids=ALL)
def test_own_digits_are_read_after_every_change(model, digits, change):
    predicted = predictions(model.network, digits, change)
    assert [digit.label for digit in digits] == predicted.tolist()


def test_every_change_alters_the_picture(digits):
    plain = unchanged(digits[0].strokes)
    assert all(change(digits[0].strokes) != plain for change in CHANGES.values())


def test_slant_is_in_degrees():
    line = np.array(slanted([[(0.0, 0.0), (0.0, 1.0)]], 15)[0])
    lean = np.degrees(np.arctan2(line[0, 0] - line[1, 0], line[1, 1] - line[0, 1]))
    assert lean == pytest.approx(15)


def test_robustness_counts_accuracy_and_changed_predictions(digits):
    """To a network that answers 3 to everything, doubts or refuses it, changes change nothing."""
    network = new_network((Flatten(), Dense(11)), CrossEntropy(), 1)
    network.params[1]["W"][...] = 0
    network.params[1]["b"][3] = 9
    network.about["thresholds"] = {"doubtful": 0.5, "refused": 0.5}
    digits = [digit for digit in digits if digit.label in (2, 3)]
    result = robustness(network, digits)
    share = np.mean([digit.label == 3 for digit in digits])
    assert result["count"] == len(digits)
    assert set(result["changes"]) == set(CHANGES)
    assert {name: len(rows) for name, rows in result["curves"].items()} == {
        name: len(curve) for name, curve in CURVES.items()
    }
    for row in (result, *result["changes"].values()):
        assert row["accuracy"] == pytest.approx(share)
        assert row.get("changed", 0) == 0
    network.about["thresholds"] = {"doubtful": 0.0, "refused": 0.5}
    assert (predictions(network, digits, unchanged) == 3).all()
    network.about["thresholds"] = {"doubtful": 0.0, "refused": 0.0}
    assert (predictions(network, digits, unchanged) == REJECTED).all()
