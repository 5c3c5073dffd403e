"""What is no digit: made for training and for tests, no fair digits, and never for both."""

from collections import Counter
from string import ascii_letters

import numpy as np
import pytest

from nn.data import alphabets, glyphs, sets
from nn.data.glyphs import from_hand, hand, smooth, stroke_from
from nn.data.nondigits import negatives, pieces
from nn.data.nondigits.invented import invented
from nn.data.nondigits.look_alikes import looks_like_digit
from nn.data.nondigits.negatives import Sources, nondigits
from nn.ink.strokes import Drawing, normalized

ZIGZAG = [[(0.0, 0.0), (1.0, 0.0), (0.2, 0.8), (1.0, 1.0)]]
ZIGZAG_LINE = np.array(ZIGZAG[0])
SOURCES = Sources(
    [Drawing(label, 1, ZIGZAG) for label in (3, 4, 7)],
    (np.full((10, 28, 28), 200, np.uint8), np.arange(10)),
    [Drawing(10, 1, [*ZIGZAG, [(0.0, 1.0), (1.0, 0.5)]])] * 3,
    np.tile(np.eye(28, dtype=np.uint8) * 255, (4, 1, 1)),
    {
        "Latin": [Drawing(10, 1, ZIGZAG), Drawing(10, 2, ZIGZAG * 2)],
        "signs": [Drawing(10, 1, ZIGZAG)],
    },
)


@pytest.fixture(scope="module")
def held_out():
    return nondigits("test", SOURCES)


def test_every_group_of_nondigits_has_images_with_ink(held_out):
    assert set(held_out) == {
        "letters", "symbols", "font letters", "font signs", "alphabets", "invented characters",
        "pictures", "scribbles", "shapes", "blots", "dots and ticks", "words", "several digits",
        "pieces",
    }  # fmt: skip
    for images in held_out.values():
        assert images.shape[1:] == (28, 28)
        assert images.dtype == np.uint8
        assert (images.max(axis=(1, 2)) > 200).all()


def test_nondigits_are_deterministic_and_splits_disjoint(held_out):
    again, validation = nondigits("test", SOURCES), nondigits("validation", SOURCES)
    for group, images in held_out.items():
        np.testing.assert_array_equal(images, again[group])
        # those are what the sources have, or as simple as a dot
        if group not in {"alphabets", "pictures", "font letters", "font signs", "dots and ticks"}:
            seen = {image.tobytes() for image in validation[group]}
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
    "a line with a dot": [[(0, 0.3), (0, 1)], [(0, 0), (0.01, 0.01)]],
    "a line with a base": [[(0.4, 0), (0.4, 1)], [(0, 1), (0.8, 1)]],
    "a line with a long up-stroke": [[(0, 0.7), (0.5, 0), (0.5, 1)]],
    "a bar and a stem": [[(0, 0), (0.8, 0), (0.3, 1)]],
    "a Z": [[(0, 0), (0.8, 0), (0, 1), (0.8, 1)]],
    "a Z the other way round": [[(0.8, 0), (0, 0), (0.8, 1), (0, 1)]],
}
UNFAIR = {
    "a dash": [[(0, 0), (1, 0.1)]],
    "a line at 45 degrees": [[(0, 0), (1, 1)]],
    "a triangle": [[(0.5, 0), (1, 1), (0, 1), (0.5, 0)]],
    "half a ring": [CIRCLE[:10]],
    "a ring twice around": [[*CIRCLE, *CIRCLE]],
    "two lines": [[(0, 0), (0, 1)], [(1, 0), (1, 1)]],
    "a dot": [[(0, 0)]],
    "a zigzag": [[(0, 0), (0.25, 1), (0.5, 0), (0.75, 1), (1, 0)]],
    "an L": [[(0, 0), (0, 1), (0.6, 1)]],
    "a T": [[(0.5, 0), (0.5, 1)], [(0, 0), (1, 0)]],
    "a cross": [[(0.5, 0), (0.5, 1)], [(0, 0.5), (1, 0.5)]],
    "a V": [[(0, 0), (0.4, 1), (0.8, 0)]],
    "a bracket": [[(0.5, 0), (0, 0), (0, 1), (0.5, 1)]],
}


@pytest.mark.parametrize("strokes", FAIR.values(), ids=FAIR)
def test_few_strokes_that_could_be_a_digit_are_fair_digits(strokes):
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


def sevens_and_eights():
    """Digits as a person draws them: a seven in two strokes, an eight in one."""
    t = np.linspace(0, 2 * np.pi, 40)
    eight = np.stack([0.3 + 0.3 * np.sin(2 * t), 0.5 - 0.5 * np.cos(t)], axis=1)
    seven = [[(0, 0), (0.6, 0), (0.3, 1)], [(0.25, 0.5), (0.6, 0.5)]]
    return [Drawing(7, 1, seven), Drawing(8, 1, [[tuple(point) for point in eight]])]


def test_a_cut_divides_lines_at_its_x_and_loses_nothing():
    lines = [ZIGZAG_LINE, np.array([[0.1, 0.0], [0.2, 1.0]])]
    left, right = pieces.cut(lines, 0.5)
    assert [len(part) for part in left] == [2, 3, 2]
    assert max(part[:, 0].max() for part in left) == pytest.approx(0.5)
    assert min(part[:, 0].min() for part in right) == pytest.approx(0.5)
    assert pieces.length(left) + pieces.length(right) == pytest.approx(pieces.length(lines))


def test_only_halves_that_are_no_digit_are_made():
    assert set(pieces.LEFT_HALVES).isdisjoint({0, 1, 6})
    rng = np.random.default_rng(1)
    for drawing in sevens_and_eights():
        for label in range(10):
            half = pieces.half(drawing._replace(label=label), rng)
            assert half is None or label in pieces.LEFT_HALVES
    halves = [pieces.half(drawing, rng) for drawing in sevens_and_eights() * 40]
    made = [half for half in halves if half]
    assert made
    assert not any(map(looks_like_digit, made))


def test_a_lone_stroke_is_never_the_one_in_a_four():
    arm, stem = [(0.4, 0), (0, 0.6), (0.7, 0.6)], [(0.5, 0.2), (0.5, 1)]
    rng = np.random.default_rng(1)
    for strokes in ([arm, stem], [stem, arm]):
        made = pieces.lone_stroke(Drawing(4, 1, strokes), rng)
        assert len(made) == 1
        assert len(made[0]) == len(arm)
        assert not looks_like_digit(made)
    assert pieces.lone_stroke(Drawing(4, 1, [stem, stem]), rng) is None
    assert pieces.lone_stroke(Drawing(8, 1, [arm, stem]), rng) is None


def test_a_one_never_touches_its_neighbour():
    one, zero = Drawing(1, 1, [[(0, 0), (0, 1)]]), Drawing(0, 1, [CIRCLE])
    rng = np.random.default_rng(1)
    for pair in ((one, zero), (zero, one)):
        for _ in range(20):
            left, right = pieces.two_digits(*pair, rng)
            assert np.array(right)[:, 0].min() - np.array(left)[:, 0].max() > 0
            assert pieces.with_neighbour(*pair, rng) is None


def test_pieces_are_made_of_any_digits():
    rng = np.random.default_rng(1)
    for drawings in (sevens_and_eights(), [Drawing(0, 1, [CIRCLE])], [Drawing(1, 1, [CIRCLE[:2]])]):
        assert all(pieces.piece(drawings, rng) for _ in range(20))


def test_invented_characters_differ_and_are_of_several_lines():
    rng = np.random.default_rng(1)
    made = [invented(SOURCES.characters, "hand-a", rng) for _ in range(200)]
    assert len({str(strokes) for strokes in made}) == len(made)
    assert not any(len(strokes) == 1 and looks_like_digit(strokes) for strokes in made)
    lengths = [pieces.length(normalized(strokes)) for strokes in made]
    assert min(lengths) > 1.5


def test_font_words_are_written_in_one_font():
    letters = [Drawing(10, writer, ZIGZAG * writer) for writer in (1, 5, 7)]
    rng = np.random.default_rng(1)
    for _ in range(50):
        counts = len(negatives.font_word(letters, rng))
        assert any(counts % writer == 0 and 2 <= counts // writer <= 5 for writer in (1, 5, 7))


def test_fonts_are_distorted_more_in_training_and_each_is_used(monkeypatch):
    monkeypatch.setattr(negatives, "FONT_GROUPS", {"Latin": ("font letters", 50)})
    rng = np.random.default_rng(1)
    [(_, trained)] = negatives.font_groups(SOURCES, rng, 0.7)
    [(_, evaluated)] = negatives.font_groups(SOURCES, rng, 0.3, at_most=1000)
    assert len(trained) == 50
    assert Counter(map(len, trained)) == {1: 25, 2: 25}
    assert Counter(map(len, evaluated)) == {1: 1, 2: 1}


def test_alphabet_splits_are_disjoint(alphabets_here):
    drawn = {split: alphabets.characters(split) for split in sets.SPLITS}
    assert len(drawn["test"]) > 400
    assert len(drawn["train"]) > 1200
    shapes = [{str(normalized(d.strokes)) for d in drawings} for drawings in drawn.values()]
    assert not shapes[0] & shapes[1]
    assert not (shapes[0] | shapes[1]) & shapes[2]
