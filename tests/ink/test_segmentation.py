"""Components and cuts divide the ink: none is lost, none is in two pieces."""

import numpy as np
import pytest

from nn.ink.preprocess import EDGE, Crop, image_to_crop
from nn.ink.segmentation.components import components, pen_of, reduced
from nn.ink.segmentation.cuts import cuts, valleys
from nn.ink.segmentation.picture import Picture
from nn.ink.segmentation.pieces import EVERYTHING, Candidate, Pieces
from nn.ink.segmentation.strokes import Strokes, drawn
from tests.support.numbers import written


def flooded(ink):
    """The components of a picture by flood fill: slow and obviously right."""
    left = set(zip(*np.nonzero(ink > EDGE), strict=True))
    found = []
    while left:
        stack, component = [left.pop()], set()
        while stack:
            y, x = stack.pop()
            component.add((y, x))
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            stack += near
        found.append(frozenset(component))
    return set(found)


@pytest.mark.parametrize("density", [0.1, 0.35, 0.6])
def test_components_equal_those_of_a_flood_fill(density):
    rng = np.random.default_rng(int(100 * density))
    ink = (rng.random((24, 37)) < density).astype(np.float32)
    found = {frozenset(zip(*np.nonzero(mask), strict=True)) for mask in components(ink)}
    assert found == flooded(ink)


def test_parts_of_a_component_are_all_of_its_ink(own_digits):
    _, image = written("258", own_digits, gap=-0.15)
    picture = Picture(image_to_crop(image))
    for place, mask in enumerate(picture.components):
        ink = np.where(mask, picture.ink, 0)
        parts = picture.parts_of(ink, place)
        assert (np.maximum.reduce([part.ink for part in parts]) == ink).all()
        assert len(parts) > 1
        lefts = [part.box[0] for part in parts]
        assert lefts == sorted(lefts)


def test_cut_is_where_two_discs_touch():
    y, x = np.mgrid[:40, :80]
    ink = np.maximum(np.hypot(y - 20, x - 20) < 19, np.hypot(y - 20, x - 57) < 19) * 1.0
    cheapest = min(cuts(ink, 10.0, 4), key=lambda cut: cut.ink)
    assert abs(cheapest.columns[20] - 38.5) <= 1.5
    assert cheapest.crossed == 1


def test_pen_is_as_wide_as_the_line():
    ink = np.zeros((60, 200))
    ink[25:33, 10:190] = 1
    assert pen_of(ink) == pytest.approx(8, rel=0.2)


def test_valleys_are_lower_than_both_sides():
    assert valleys(np.array([3.0, 1, 1, 1, 2, 0, 5, 4])) == [2, 5]
    assert valleys(np.array([1.0, 2, 3])) == []


def test_reduced_ink_has_the_mean_of_its_pixels():
    ink = np.random.default_rng(0).random((150, 333)).astype(np.float32)
    small = reduced(ink)
    assert small.shape == (50, 111)
    assert small[4, 7] == pytest.approx(ink[12:15, 21:24].mean())
    assert reduced(small) is small


def test_candidates_are_few_neighbours_and_no_wider_than_a_digit():
    boxes = np.array([[0, 0, 1, 1], [0.5, 0, 1.2, 1], [1.3, 0, 2, 1], [5, 0, 6, 1]])
    pieces = Pieces(boxes, np.full((3, 2), np.nan), lambda start, end: boxes)
    assert Candidate(0, 2) in pieces.candidates()
    assert Candidate(0, 3) not in pieces.candidates()
    assert pieces.clusters() == [Candidate(0, 2), Candidate(2, 3), Candidate(3, 4)]
    assert pieces.gap(2, 4) == 3


def test_standard_pen_does_not_depend_on_place_or_size(own_digits):
    strokes, _ = written("3", own_digits)
    moved = [stroke * 3 + 100 for stroke in strokes]
    assert drawn(moved) == pytest.approx(drawn(strokes), abs=1e-4)


def test_box_of_a_picture_is_in_its_shares(own_digits):
    _, image = written("11", own_digits, left=90.0, top=20.0, height=150.0)
    crop = image_to_crop(image)
    pieces = Picture(crop).pieces()
    share = Picture(crop).share(pieces.box(0, len(pieces)))
    assert share == pytest.approx(crop.box, abs=0.01)
    assert Picture(Crop(crop.ink, EVERYTHING)).share(pieces.box(0, 2))[2] <= 1


def test_strokes_are_in_the_order_of_their_middles():
    lines = [np.array([(50.0, 0), (60, 9)]), np.array([(0.0, 0), (9, 9)])]
    source = Strokes(lines, (100, 10))
    assert source.pieces().boxes[:, 0].tolist() == [0, 50]
    assert source.share((50, 0, 60, 9)) == (0.5, 0, 0.6, 0.9)
