"""A number is read as what its digits are, whatever its place, size, pen and order of strokes."""

from contextlib import suppress
from itertools import product

import numpy as np
import pytest
from PIL import Image, ImageOps

from nn.ink.preprocess import Crop, image_to_crop
from nn.measure.rejection import Verdict
from nn.numbers.reader import MOST_CANDIDATES, NumberError
from tests.support.numbers import drawn, read, written
from web.models import load_models

NUMBERS = ("42", "10", "365", "2718", "98", "5050", "314159265358")
SMALL = {"height": 40.0, "pen": 6.0}


@pytest.fixture(scope="module")
def reader():
    return load_models()["best"].reader


@pytest.mark.parametrize("text", NUMBERS)
@pytest.mark.parametrize("with_strokes", [True, False], ids=["strokes", "picture"])
def test_numbers_are_read(reader, own_digits, text, with_strokes):
    size = {"height": 60.0, "pen": 8.0} if len(text) > 8 else {}
    strokes, picture = written(text, own_digits, **size)
    reading = read(reader, picture, strokes if with_strokes else ())
    assert (reading.text, reading.verdict) == (text, Verdict.READ)
    assert reading.confidence > 0.8


CHANGES = {
    "moved": {"left": 300.0, "top": 90.0},
    "small": SMALL,
    "large": {"height": 150.0, "top": 20.0},
    "a thin pen": {"pen": 7.0},
    "a thick pen": {"pen": 26.0, "gap": 0.5},
    "wide gaps": {"gap": 0.9},
    "narrow gaps": {"gap": 0.06},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("with_strokes", [True, False], ids=["strokes", "picture"])
def test_number_reads_the_same_after_a_change(reader, own_digits, change, with_strokes):
    for text in ("42", "3809"):
        strokes, picture = written(text, own_digits, **change)
        assert read(reader, picture, strokes if with_strokes else ()).text == text


def test_order_and_direction_of_strokes_do_not_matter(reader, own_digits):
    strokes, picture = written("4570", own_digits)
    forwards = read(reader, picture, strokes)
    backwards = read(reader, picture, [stroke[::-1] for stroke in strokes[::-1]])
    assert forwards.text == backwards.text == "4570"
    assert forwards.confidence == pytest.approx(backwards.confidence, abs=0.02)


def test_number_reads_the_same_as_light_ink_and_as_a_photo(reader, own_digits):
    _, picture = written("274", own_digits)
    shade = np.linspace(0.7, 1, picture.width)[None, :]
    photo = Image.fromarray((np.asarray(picture) * shade).astype(np.uint8))
    for changed in (ImageOps.invert(picture), photo, picture.resize((1800, 400))):
        assert read(reader, changed).text == "274"


def test_digits_of_a_number_equal_what_each_reads_alone(reader, own_digits):
    together = read(reader, written("0123456789", own_digits, size=(1400, 200))[1]).digits
    for digit, found in enumerate(together):
        alone = read(reader, written(str(digit), own_digits)[1])
        assert alone.text == str(digit) == str(found.digit)
        assert found.confidence == pytest.approx(alone.confidence, abs=0.05)


def test_strokes_and_picture_agree_where_digits_are_apart(reader, own_digits):
    for text in ("60", "1984", "77"):
        strokes, picture = written(text, own_digits)
        by_strokes, by_picture = read(reader, picture, strokes), read(reader, picture)
        assert by_strokes.text == by_picture.text == text
        for one, other in zip(by_strokes.digits, by_picture.digits, strict=True):
            assert one.box == pytest.approx(other.box, abs=0.003)


@pytest.mark.parametrize("gap", [0.3, 0.6, 1.0])
def test_one_that_stands_apart_is_no_part_of_its_neighbour(reader, own_digits, gap):
    for text in ("61", "16", "71", "31", "91", "15"):
        strokes, picture = written(text, own_digits, gap=gap)
        reading = read(reader, picture, strokes)
        assert (reading.text, reading.verdict, reading.rivals) == (text, Verdict.READ, [])


def test_boxes_hold_the_ink_of_their_digits(reader, own_digits):
    strokes, picture = written("38", own_digits, left=100.0, top=50.0, pen=12.0)
    first, second = read(reader, picture, strokes).digits
    assert first.box[0] == pytest.approx(94 / 900, abs=0.001)
    assert first.box[1] == pytest.approx(44 / 200, abs=0.0025)
    assert first.box[2] < second.box[0]
    assert second.box[3] == pytest.approx(146 / 200, abs=0.0025)


@pytest.mark.parametrize("digit", range(10))
def test_single_digit_is_not_divided(reader, own_digits, digit):
    strokes, picture = written(str(digit), own_digits)
    for reading in (read(reader, picture, strokes), read(reader, picture)):
        assert reading.text == str(digit)
        assert reading.digits == [reading.whole]


@pytest.mark.parametrize("text", ["25", "80", "3062"])
def test_touching_digits_are_read_from_their_strokes(reader, own_digits, text):
    strokes, picture = written(text, own_digits, gap=-0.13)
    assert (image_to_crop(picture).ink > 0.3).any(axis=0).all(), "the digits do not touch"
    assert read(reader, picture, strokes).text == text


def test_touching_digits_are_cut_in_a_picture(reader, own_digits):
    _, picture = written("25", own_digits, gap=-0.13)
    reading = read(reader, picture)
    assert reading.text == "25"
    assert reading.division.source == "picture"
    assert len(reading.division.lattice.pieces) > 2


def test_most_numbers_in_one_stroke_are_cut_and_all_are_doubtful(reader, own_digits):
    """The line from one digit to the next may look like a 1."""
    right = []
    for text in map("".join, product("0236789", repeat=2)):
        strokes, _ = written(text, own_digits)
        joined = [np.concatenate(strokes)]
        reading = read(reader, drawn(joined, 12.0, (900, 200)), joined)
        assert reading.division.source == "picture"
        assert reading.verdict is not Verdict.READ
        right.append(reading.text == text)
    assert sum(right) > 0.6 * len(right)


def test_thirteen_digits_are_refused_with_a_sentence(reader, own_digits):
    strokes, picture = written("1234567890123", own_digits, size=(1700, 200), pen=8.0)
    for given in (strokes, ()):
        with pytest.raises(NumberError, match="13 digits: send at most 12"):
            read(reader, picture, given)


def test_several_lines_are_refused_with_a_sentence(reader, own_digits):
    lines = [written("42", own_digits, top=20.0 + 150 * line)[0] for line in range(3)]
    strokes = [stroke for line in lines for stroke in line]
    picture = drawn(strokes, 12.0, (900, 500))
    for given in (strokes, ()):
        with pytest.raises(NumberError, match="several lines"):
            read(reader, picture, given)


def test_five_with_its_hat_apart_is_one_line_and_one_digit(reader, own_digits):
    body = [np.array([(60, 70), (56, 110), (90, 105), (110, 130), (95, 160), (55, 158)], float)]
    hat = [np.array([(62, 45), (110, 44)], float)]
    picture = drawn(body + hat, 10.0, (200, 200))
    for strokes in (body + hat, ()):
        assert read(reader, picture, strokes).text == "5"


def test_time_of_the_worst_lattice_is_bounded(monkeypatch, reader):
    """The network looks at no more than the lattices' candidates, whatever is drawn."""
    rng = np.random.default_rng(0)
    looked_at = []

    def counted(image, original=reader.probabilities):
        looked_at.append(image)
        return original(image)

    monkeypatch.setattr(reader, "probabilities", counted)
    hatching = [np.array([(20 + 9 * i, 30), (60 + 9 * i, 170)], float) for i in range(90)]
    noise = [rng.uniform(0, 1, (12, 2)) * (880, 180) + 10 for _ in range(39)]
    dots = [np.array([(20.0 + 20 * i, 100 + 30 * (i % 3))]) for i in range(40)]
    for strokes in (hatching, hatching[:40], noise, dots):
        looked_at.clear()
        with suppress(NumberError):
            read(reader, drawn(strokes, 3.0, (900, 200)), strokes)
        assert len(looked_at) <= 2 * (MOST_CANDIDATES + 40) + 3


def test_blank_rows_do_not_make_lines(reader, own_digits):
    """A division sign and an equals sign are refused as no digit, and not as several lines."""
    bars = [np.array([(30, y), (120, y)], float) for y in (60.0, 100.0)]
    reading = read(reader, drawn(bars, 10.0, (200, 200)))
    assert reading.verdict is Verdict.REFUSED


def test_reading_of_rows_does_not_depend_on_the_box(reader, own_digits):
    _, picture = written("6", own_digits)
    crop = image_to_crop(picture)
    moved = Crop(crop.ink, (0.0, 0.0, 1.0, 1.0))
    assert reader.read(moved).digits[0].box == (0.0, 0.0, 1.0, 1.0)
    assert reader.read(moved).confidence == reader.read(crop).confidence
