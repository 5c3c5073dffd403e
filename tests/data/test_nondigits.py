"""What is no digit: made for training and for tests, no fair digits, and never for both."""

import numpy as np
import pytest

from nn.data import alphabets, sets
from nn.data.glyphs import LOOK_ALIKES, from_hand, hand, smooth, stroke_from
from nn.data.negatives import (
    MIRRORED,
    OTHER_WORDS,
    QUARTER,
    UPSIDE_DOWN,
    WORDS,
    Sources,
    fair_digit,
    nondigits,
)
from nn.ink.strokes import Drawing, framed

ZIGZAG = [[(0.0, 0.0), (1.0, 0.0), (0.2, 0.8), (1.0, 1.0)]]
SOURCES = Sources(
    [Drawing(label, 1, ZIGZAG) for label in (3, 4, 7)],
    (np.full((10, 28, 28), 200, np.uint8), np.arange(10)),
    [Drawing(10, 1, [*ZIGZAG, [(0.0, 1.0), (1.0, 0.5)]])] * 3,
    np.tile(np.eye(28, dtype=np.uint8) * 255, (4, 1, 1)),
)


@pytest.fixture(scope="module")
def held_out():
    return nondigits("test", SOURCES)


def test_every_kind_of_non_digit_is_there_and_has_ink(held_out):
    assert set(held_out) == {
        "letters", "symbols", "alphabets", "pictures", "scribbles", "shapes", "blots",
        "dots and ticks", "words", "several digits",
    }  # fmt: skip
    for images in held_out.values():
        assert images.shape[1:] == (28, 28)
        assert images.dtype == np.uint8
        assert (images.max(axis=(1, 2)) > 200).all()


def test_they_are_the_same_each_time_and_others_in_another_split(held_out):
    again, validation = nondigits("test", SOURCES), nondigits("validation", SOURCES)
    for group, images in held_out.items():
        np.testing.assert_array_equal(images, again[group])
        seen = {image.tobytes() for image in validation[group]}
        if group not in ("alphabets", "pictures"):  # those are what the sources have
            assert not any(image.tobytes() in seen for image in images), group


@pytest.mark.parametrize("name", ["hand-a", "hand-b"])
def test_a_hand_writes_all_letters_and_the_symbols_of_mathematics(name):
    letters, symbols = hand(name)["letters"], hand(name)["symbols"]
    assert set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") <= set(letters)
    assert set("+-×÷=≠±<>≤≥√∑∏∫∞%@#→∈∪∩∀∇") <= set(symbols)
    for glyphs in (letters, symbols):
        for variants in glyphs.values():
            assert len(variants) >= 2
            assert all(len(stroke) >= 2 for strokes in variants for stroke in strokes)


def test_the_hand_for_tests_shares_no_stroke_with_the_other():
    def curves(name):
        return {
            str(stroke)
            for glyphs in hand(name).values()
            for variants in glyphs.values()
            for strokes in variants
            for stroke in strokes
            if len(stroke) > 8
        }

    assert not curves("hand-a") & curves("hand-b")


def test_look_alikes_are_never_drawn():
    assert set("OoIlSsZzbgq") <= LOOK_ALIKES
    assert not set("AaCcEeFfHhKkMmNnPpRrTtUuVvWwXx") & LOOK_ALIKES
    allowed = [v for c, vs in hand("hand-b")["letters"].items() if c not in LOOK_ALIKES for v in vs]
    sizes = {tuple(len(stroke) for stroke in strokes) for strokes in allowed}
    rng = np.random.default_rng(1)
    for _ in range(100):
        drawn = from_hand("hand-b", "letters", rng)
        fast = any(len(stroke) > 20 for strokes in allowed for stroke in strokes)
        assert fast or tuple(len(stroke) for stroke in drawn) in sizes


def test_words_of_the_test_are_words_of_no_training():
    assert not set(WORDS) & set(OTHER_WORDS)


def test_a_smooth_stroke_goes_through_its_points_and_closes():
    points = np.array([[0, 0], [10, 5], [20, 0], [10, -5], [0, 0.0]])
    curve = smooth(points)
    for point in points:
        assert np.hypot(*(curve - point).T).min() < 1e-9
    assert stroke_from("l 0,0 10,-2") == [(0, 0), (10, -2)]


CIRCLE = [(np.cos(t), np.sin(t)) for t in np.linspace(0, 2 * np.pi, 20)]
FAIR = {
    "a ring": [CIRCLE],
    "an oval": [[(0.6 * x, y) for x, y in CIRCLE]],
    "a line down": [[(0, 0), (0.1, 1)]],
    "a slanted line": [[(0, 1), (0.5, 0)]],
}
UNFAIR = {
    "a dash": [[(0, 0), (1, 0.1)]],
    "a line at 45 degrees": [[(0, 0), (1, 1)]],
    "a triangle": [[(0.5, 0), (1, 1), (0, 1), (0.5, 0)]],
    "half a ring": [CIRCLE[:10]],
    "a ring twice around": [[*CIRCLE, *CIRCLE]],
    "two lines": [[(0, 0), (0, 1)], [(1, 0), (1, 1)]],
    "a dot": [[(0, 0)]],
    "a zigzag": ZIGZAG,
}


@pytest.mark.parametrize("strokes", FAIR.values(), ids=FAIR)
def test_a_line_is_a_fair_one_and_a_ring_a_fair_zero(strokes):
    assert fair_digit(strokes)


@pytest.mark.parametrize("strokes", UNFAIR.values(), ids=UNFAIR)
def test_what_is_neither_line_nor_ring_is_no_fair_digit(strokes):
    assert not fair_digit(strokes)


def test_digits_that_stay_digits_when_turned_are_not_spoilt_so():
    assert not {0, 1, 8} & {*MIRRORED, *UPSIDE_DOWN}  # symmetric, or nearly
    assert not {2, 5} & {*MIRRORED, *UPSIDE_DOWN}  # each other's mirror image
    assert not {6, 9} & {*UPSIDE_DOWN}
    assert not {0, 1} & {*QUARTER}


def test_no_alphabet_of_the_test_is_trained_on():
    if not sets.find_file("nondigits/omniglot.json.gz"):
        from tests.support.missing import missing

        missing("the alphabets are not here: `python -m nn data` fetches them")
    drawn = {split: alphabets.characters(split) for split in sets.SPLITS}
    assert len(drawn["test"]) > 400
    assert len(drawn["train"]) > 1500
    shapes = [{str(framed(d.strokes)) for d in drawings} for drawings in drawn.values()]
    assert not shapes[0] & shapes[1]
    assert not (shapes[0] | shapes[1]) & shapes[2]
