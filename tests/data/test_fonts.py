"""Handwriting fonts: whole fonts in one split, verified files, digits and what is no digit."""

import hashlib

import numpy as np
import pytest
from PIL import Image

from nn.data import fonts, sets
from nn.data.download import DataError, find
from nn.data.glyphs import LOOK_ALIKES
from nn.dataset import NOT_A_DIGIT
from tests.data.test_data import home, mirror  # noqa: F401 (fixtures)

SPLITS = ("train", "validation", "test")
FONT = "delius-latin-400-normal.woff"


def test_each_font_has_a_split_a_licence_and_a_checksum():
    for name, about in fonts.FONTS.items():
        assert about["split"] in SPLITS, name
        assert about["licence"] in ("OFL-1.1", "Apache-2.0"), name
        assert len(about["latin"]) == 64, name
    counts = [sum(f["split"] == split for f in fonts.FONTS.values()) for split in SPLITS]
    assert counts == [27, 4, 8]


def test_files_are_those_that_the_checksums_are_of(fonts_here):
    for file in fonts.FONT_FILES:
        name, part = file.removeprefix("fonts/").removesuffix("-400-normal.woff").rsplit("-", 1)
        assert hashlib.sha256(find(file).read_bytes()).hexdigest() == fonts.FONTS[name][part], file


def test_splits_share_no_font_and_have_every_digit(fonts_here):
    writers = {}
    for split in ("validation", "test"):
        drawings = fonts.font_digits(split)
        assert {drawing.label for drawing in drawings} == set(range(10))
        writers[split] = {drawing.writer for drawing in drawings}
        others = fonts.font_characters(split)
        assert {d.label for of_kind in others.values() for d in of_kind} == {NOT_A_DIGIT}
        assert {d.writer for of_kind in others.values() for d in of_kind} <= writers[split]
    assert not writers["validation"] & writers["test"]


def test_digits_are_the_same_in_each_call(fonts_here):
    first, again = sets.load("fonts", "validation"), sets.load("fonts", "validation")
    np.testing.assert_array_equal(first.images, again.images)
    assert first.images.shape == (len(first.labels), 28, 28)
    assert np.bincount(first.labels, minlength=10).min() >= 50


def test_characters_are_none_of_the_look_alikes():
    of_fonts = set(fonts.LATIN + fonts.SIGNS + fonts.CYRILLIC)
    traced = of_fonts - LOOK_ALIKES
    assert {"A", "k", "+", "Ж"} <= traced
    assert not {"O", "l", "Z", "q"} & traced


def test_mark_for_a_missing_character_is_not_traced(fonts_here):
    font = fonts.open_font(fonts.find_font(FONT))
    assert fonts.mask_of("A", font).any()
    assert fonts.mask_of("Ж", font) is None  # the file has Latin letters alone
    assert fonts.mask_of(" ", font) is None


def test_font_is_fetched_by_version_and_verified(mirror, home, monkeypatch):  # noqa: F811
    monkeypatch.setattr(fonts, "FONT_MIRRORS", (mirror.url + "/",))
    path = f"/delius@{fonts.FONTS['delius']['version']}/files/{FONT}"
    mirror.answers[path] = (200, b"another font", 12)
    with pytest.raises(DataError, match=r"cannot be fetched from .*wrong checksum"):
        sets.fetch_file(f"fonts/{FONT}")
    content = b"the font"
    monkeypatch.setitem(fonts.FONTS["delius"], "latin", hashlib.sha256(content).hexdigest())
    mirror.answers[path] = (200, content, len(content))
    assert sets.fetch_file(f"fonts/{FONT}").read_bytes() == content


def test_broken_font_raises_data_error_that_names_it(home):  # noqa: F811
    (home / "fonts").mkdir()
    (home / "fonts" / FONT).write_bytes(b"wOFF but no font")
    with pytest.raises(DataError, match=r"delius.*woff is broken .*delete it and fetch it again"):
        fonts.open_font(fonts.find_font(FONT))


def test_a_traced_digit_looks_like_the_glyph(fonts_here):
    font = fonts.open_font(fonts.find_font(FONT))
    mask = fonts.mask_of("7", font)
    seven = next(d for d in fonts.font_digits("validation") if d.label == 7)
    points = np.concatenate([np.array(stroke) for stroke in seven.strokes])
    ink = Image.fromarray(mask).getbbox()
    assert np.ptp(points[:, 1]) == pytest.approx(ink[3] - ink[1], rel=0.15)
