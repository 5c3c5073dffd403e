"""What is no digit: made for training and for tests, no fair digits, and never for both."""

from collections import Counter
from string import ascii_letters

import numpy as np
import pytest

from nn.data import alphabets, glyphs, negatives, sets
from nn.data.glyphs import from_hand, hand, smooth, stroke_from
from nn.data.negatives import Sources, looks_like_digit, nondigits
from nn.ink.strokes import Drawing, normalized

ZIGZAG = [[(0.0, 0.0), (1.0, 0.0), (0.2, 0.8), (1.0, 1.0)]]
ZIGZAG_LINE = np.array(ZIGZAG[0])
SOURCES = Sources(
    [Drawing(label, 1, ZIGZAG) for label in (3, 4, 7)],
    (np.full((10, 28, 28), 200, np.uint8), np.arange(10)),
    [Drawing(10, 1, [*ZIGZAG, [(0.0, 1.0), (1.0, 0.5)]])] * 3,
    np.tile(np.eye(28, dtype=np.uint8) * 255, (4, 1, 1)),
)


@pytest.fixture(scope="module")
def held_out():
    return nondigits("test", SOURCES)


def test_every_group_of_nondigits_has_images_with_ink(held_out):
    assert set(held_out) == {
        "letters", "symbols", "alphabets", "pictures", "scribbles", "shapes", "blots",
        "dots and ticks", "words", "several digits",
    }  # fmt: skip
    for images in held_out.values():
        assert images.shape[1:] == (28, 28)
        assert images.dtype == np.uint8
        assert (images.max(axis=(1, 2)) > 200).all()


def test_nondigits_are_deterministic_and_splits_disjoint(held_out):
    again, validation = nondigits("test", SOURCES), nondigits("validation", SOURCES)
    for group, images in held_out.items():
        np.testing.assert_array_equal(images, again[group])
        seen = {image.tobytes() for image in validation[group]}
        if group not in ("alphabets", "pictures"):  # those are what the sources have
            assert not any(image.tobytes() in seen for image in images), group


@pytest.mark.parametrize("name", ["hand-a", "hand-b"])
def test_each_hand_has_all_latin_letters_and_math_symbols(name):
    letters, symbols = hand(name)["letters"], hand(name)["symbols"]
    assert set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") <= set(letters)
    assert set("+-×÷=≠±<>≤≥√∑∏∫∞%@#→∈∪∩∀∇") <= set(symbols)
    for characters in (letters, symbols):
        for variants in characters.values():
            assert len(variants) >= 2
            assert all(len(stroke) >= 2 for strokes in variants for stroke in strokes)


def test_hands_share_no_curve():
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


def test_letters_that_look_like_digits_are_never_drawn(monkeypatch):
    count = {letter: number for number, letter in enumerate(ascii_letters, 1)}
    made_up = {letter: [ZIGZAG * strokes] for letter, strokes in count.items()}
    monkeypatch.setattr(glyphs, "hand", lambda name: {"letters": made_up})
    rng = np.random.default_rng(1)
    drawn = Counter(len(from_hand("made up", "letters", rng)) for _ in range(2000))
    assert not any(drawn[count[letter]] for letter in "OoIlSsZzbgq")
    assert all(drawn[count[letter]] for letter in "AaCcEeFfHhKkMmNnPpRrTtUuVvWwXx")


def made_of(split, monkeypatch):
    """The words that are typed for this split, and the hands that write for it."""
    words, hands = set(), set()
    monkeypatch.setattr(negatives, "typed", lambda some, rng: words.update(some))
    monkeypatch.setattr(negatives, "word", lambda name, rng: hands.add(name))
    monkeypatch.setattr(negatives, "from_hand", lambda name, group, rng: hands.add(name))
    rng = np.random.default_rng(1)
    if split == "train":
        groups = negatives.training_groups(SOURCES, rng)
    else:
        groups = negatives.evaluation_groups(SOURCES, rng, split == "test")
    for _ in groups:
        if words and hands:
            break
    return words, hands


def test_words_and_hands_of_the_test_split_are_not_trained_on(monkeypatch):
    seen = [made_of(split, monkeypatch) for split in ("train", "validation")]
    words, hands = made_of("test", monkeypatch)
    assert words
    assert hands
    for trained_words, trained_hands in seen:
        assert trained_words.isdisjoint(words)
        assert trained_hands.isdisjoint(hands)


def test_smooth_curve_passes_through_its_points():
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
def test_upright_lines_and_rings_are_fair_digits(strokes):
    assert looks_like_digit(strokes)


@pytest.mark.parametrize("strokes", UNFAIR.values(), ids=UNFAIR)
def test_other_shapes_are_not_fair_digits(strokes):
    assert not looks_like_digit(strokes)


# In which positions a digit differs from every digit: a 2 mirrored resembles a 5, a 6 turned by
# half is a 9, and 0, 1 and 8 are as good as symmetric.
SPOILT = {
    0: set(),
    1: set(),
    2: {"quarter"},
    3: {"mirrored", "quarter", "upside down"},
    4: {"mirrored", "quarter", "upside down"},
    5: {"quarter"},
    6: {"mirrored", "quarter"},
    7: {"mirrored", "quarter", "upside down"},
    8: {"quarter"},
    9: {"mirrored", "quarter"},
}


@pytest.mark.parametrize("label", SPOILT)
def test_digits_are_spoilt_only_by_transforms_that_leave_no_digit(label, monkeypatch):
    monkeypatch.setattr(negatives, "distorted", lambda strokes, *_: strokes)
    positions = {
        "mirrored": ZIGZAG_LINE * (-1, 1),
        "upside down": -ZIGZAG_LINE,
        "quarter": ZIGZAG_LINE[:, ::-1] * (-1, 1),
        "quarter, the other way": ZIGZAG_LINE[:, ::-1] * (1, -1),
    }
    # without the threes, there may be nothing that can be spoilt
    drawings = [Drawing(label, 1, ZIGZAG), Drawing(3, 1, ZIGZAG * 2)]
    rng = np.random.default_rng(1)
    made = [negatives.transformed_digit(drawings, rng) for _ in range(200)]
    found = {
        name.split(",")[0]
        for strokes in made
        if len(strokes) == 1
        for name, line in positions.items()
        if np.allclose(normalized(strokes)[0], normalized([line])[0])
    }
    assert found <= SPOILT[label]
    assert bool(found) == bool(SPOILT[label])


def test_alphabet_splits_are_disjoint(alphabets_here):
    drawn = {split: alphabets.characters(split) for split in sets.SPLITS}
    assert len(drawn["test"]) > 400
    assert len(drawn["train"]) > 1500
    shapes = [{str(normalized(d.strokes)) for d in drawings} for drawings in drawn.values()]
    assert not shapes[0] & shapes[1]
    assert not (shapes[0] | shapes[1]) & shapes[2]
