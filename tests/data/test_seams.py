"""Seams through touching digits are labelled by the ink on their wrong side."""

import numpy as np
import pytest

from nn.data.cut_digits import candidates_in, smaller, trained_judge
from nn.data.download import DataError
from nn.data.numbers import TOUCHING, composed
from nn.data.seams import owned, seams_in, wrong_side
from nn.ink.segmentation.components import Component
from tests.support.numbers import hand_of


@pytest.fixture(scope="module")
def hand(own_digits):
    return hand_of(own_digits)


@pytest.fixture(scope="module")
def touching(hand):
    """Pairs of our own digits that touch."""
    rng = np.random.default_rng(1)
    return [composed(hand, [i % 10, i // 4], TOUCHING, rng) for i in range(40)]


def test_wrong_side_is_the_ink_that_a_seam_cuts_off():
    left, right = np.zeros((2, 10, 30))
    left[:, :12], right[:, 12:] = 1, 1
    own = np.stack([left, right])
    assert wrong_side(own, np.full(10, 12)) == 0
    assert wrong_side(own, np.full(10, 9)) == wrong_side(own, np.full(10, 15)) == 30
    assert wrong_side(np.stack([left]), np.full(10, 12)) == np.inf, "no seam divides one digit"


def test_ink_of_two_digits_is_owned_by_neither():
    component = Component(np.ones((4, 10), np.float32), left=5, top=2)
    inks = np.zeros((3, 8, 20))
    inks[0, 2:6, 5:11] = inks[1, 2:6, 9:15] = 1  # the third digit is elsewhere
    first, second = owned(component, inks)
    assert first.sum(axis=1).tolist() == second.sum(axis=1).tolist() == [4] * 4
    assert not first[:, 4:].any()
    assert not second[:, :6].any()


def test_most_touching_digits_have_a_seam_between_them(touching):
    labels = [[label for _, label in seams_in(smaller(number))] for number in touching]
    assert np.mean([any(of_number) for of_number in labels]) > 0.8
    assert np.mean(np.concatenate(labels)) < 0.3, "most seams go through digits"


def test_no_seam_of_a_single_digit_is_between_two(hand):
    rng = np.random.default_rng(2)
    labels = [
        label
        for digit in range(10)
        for _, label in seams_in(smaller(composed(hand, [digit], None, rng)))
    ]
    assert len(labels) > 50
    assert not any(labels)


def test_digits_cut_out_are_those_of_the_number(touching):
    rng, judge = np.random.default_rng(3), trained_judge()
    complete = 0
    for number in touching:
        labels = [label for image, label in candidates_in(smaller(number), judge, rng)]
        found = sorted(str(label) for label in labels if label is not None)
        assert all(found.count(digit) <= number.digits.count(digit) for digit in found)
        complete += found == sorted(number.digits)
    assert complete > 0.7 * len(touching)


def test_without_a_judge_no_digits_are_cut_out(tmp_path, monkeypatch):
    monkeypatch.setattr("nn.data.cut_digits.WEIGHTS", tmp_path)
    with pytest.raises(DataError, match="python -m nn train seams"):
        trained_judge()
