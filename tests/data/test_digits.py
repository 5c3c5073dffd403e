"""The ways of writing the digits, and digits drawn from them, each in a new hand."""

import json
import math

import numpy as np
import pytest

from nn.data.glyphs import GLYPHS, drawn_digit, drawn_digits, hand, in_new_hand, points_from
from nn.ink.strokes import normalized, random_rendering

VARIANTS = json.loads((GLYPHS / "digits.json").read_text("utf-8"))["digits"]


def test_every_digit_has_many_ways_of_writing():
    assert list(VARIANTS) == list("0123456789")
    for digit, variants in VARIANTS.items():
        assert 12 <= len(variants) <= 32, digit
        assert len({tuple(variant) for variant in variants}) == len(variants), digit


@pytest.mark.parametrize("digit", VARIANTS)
def test_every_variant_is_well_formed(digit):
    for variant in VARIANTS[digit]:
        heights = []
        for text in variant:
            kind, points = points_from(text)
            assert kind in ("l", "c")
            assert len(points) >= (2 if kind == "l" else 3)
            assert np.abs(np.diff(points, axis=0)).sum(axis=1).all(), f"a point twice: {text}"
            heights += list(points[:, 1])
        assert -20 <= min(heights) <= 10
        assert 90 <= max(heights) <= 120


def test_the_file_is_read_as_a_hand_is():
    assert {digit: len(variants) for digit, variants in hand("digits")["digits"].items()} == {
        digit: len(variants) for digit, variants in VARIANTS.items()
    }


def test_the_same_seed_draws_the_same_digits():
    first, again, other = (drawn_digits(np.random.default_rng(seed), 20) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_every_drawing_of_a_variant_is_another():
    rng = np.random.default_rng(1)
    variant = [points_from(text) for text in VARIANTS["5"][0]]
    drawings = [in_new_hand(variant, rng) for _ in range(20)]
    assert len({str(drawing) for drawing in drawings}) == 20


@pytest.mark.parametrize("label", range(10))
def test_a_digit_asked_for_is_drawn(label):
    drawing = drawn_digit(np.random.default_rng(1), label)
    assert drawing.label == label
    image = random_rendering(drawing.strokes, np.random.default_rng(1), 280)
    assert image.max() > 200


def test_labels_are_uniform():
    counts = np.bincount(
        [drawing.label for drawing in drawn_digits(np.random.default_rng(1), 3000)]
    )
    assert len(counts) == 10
    assert abs(counts - 300).max() < 5 * math.sqrt(300)


def test_every_way_of_writing_is_drawn():
    drawings = drawn_digits(np.random.default_rng(1), 5000)
    drawn = {(str(label), writer) for label, writer, _ in drawings}
    assert drawn == {(digit, way) for digit in VARIANTS for way in range(len(VARIANTS[digit]))}


def test_drawings_are_finite_and_about_as_high_as_wide():
    for drawing in drawn_digits(np.random.default_rng(1), 1000):
        points = np.concatenate([np.asarray(stroke) for stroke in drawing.strokes])
        assert np.isfinite(points).all()
        assert points.min() > -1
        assert points.max() < 2
        assert np.ptp(points[:, 1]) > 0.4
        assert all(len(stroke) >= 2 for stroke in drawing.strokes)


def test_strokes_that_meet_are_one_stroke():
    rng = np.random.default_rng(1)
    corner = [points_from("l 8,2 4,42"), points_from("c 4,42 28,32 60,70 0,90")]
    apart = [points_from("l 8,2 4,42"), points_from("l 8,2 58,0")]
    assert len(in_new_hand(corner, rng)) == 1
    assert len(in_new_hand(apart, rng)) == 2


def test_rings_stay_closed_and_strokes_that_start_together_still_do():
    rng = np.random.default_rng(1)
    ring = [points_from(VARIANTS["0"][0][0])]
    hat = [points_from("l 8,2 4,42"), points_from("l 8,2 58,0")]
    for _ in range(100):
        line = normalized(in_new_hand(ring, rng))[0]
        assert np.hypot(*(line[0] - line[-1])) < 0.1
        neck, top = normalized(in_new_hand(hat, rng))
        assert np.hypot(*(neck[0] - top[0])) < 0.15
