"""Components and cuts divide the ink: none is lost, none is in two pieces."""

import numpy as np
import pytest

from nn.ink.preprocess import EDGE, Crop, image_to_crop
from nn.ink.segmentation.components import components, pen_of, reduced
from nn.ink.segmentation.picture import LIKELY, Picture, distinct, together
from nn.ink.segmentation.pieces import EVERYTHING, Candidate, Pieces
from nn.ink.segmentation.seams import GRAY, LEVELS, SLANT, cheapest, seams, valleys, view
from nn.ink.segmentation.strokes import NEAR, POINT, Strokes, drawn
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
    found = components(ink)
    places = {
        frozenset((y + one.top, x + one.left) for y, x in zip(*np.nonzero(one.ink), strict=True))
        for one in found
    }
    assert places == flooded(ink)
    for one in found:
        assert one.ink.any(axis=0)[[0, -1]].all(), "its box is as narrow as can be"
        assert one.ink.any(axis=1)[[0, -1]].all()


def test_parts_of_a_component_are_all_of_its_ink(own_digits):
    _, image = written("258", own_digits, gap=-0.15)
    picture = Picture(image_to_crop(image))
    for place, component in enumerate(picture.components):
        parts = picture.parts_of(place)
        assert len(parts) > 1
        inside = [picture.between(place, part.start, part.end) for part in parts]
        assert (together(inside).ink > EDGE).tolist() == (component.ink > EDGE).tolist()
        assert (picture.cropped(parts)[0] == component.ink).all()


def test_every_run_of_parts_has_ink_and_the_box_of_it(own_digits):
    """Also where cuts cross each other."""
    for text in ("258", "570", "664"):
        _, image = written(text, own_digits, gap=-0.2)
        picture = Picture(image_to_crop(image))
        pieces = picture.pieces(frozenset(range(len(picture.components))), 8)
        for start in range(len(pieces)):
            for end in range(start + 1, len(pieces) + 1):
                left, top, right, bottom = pieces.box(start, end)
                assert 0 <= left < right <= picture.ink.shape[1]
                assert 0 <= top < bottom <= picture.ink.shape[0]
                assert pieces.draw(start, end).max() > 0.5


def disc(y, x, middle, radius):
    return np.hypot(y - middle[0], x - middle[1]) < radius


def test_seam_is_where_two_discs_touch():
    y, x = np.mgrid[:40, :80]
    ink = np.maximum(disc(y, x, (20, 20), 19), disc(y, x, (20, 57), 19)) * 1.0
    assert min(abs(seam[20] - 38.5) for seam in seams(ink, 10.0)) <= 1.5


def test_seams_are_ordered_and_each_leaves_ink_on_both_sides():
    y, x = np.mgrid[:40, :76]
    rings = [disc(y, x, (20, c), 19) & ~disc(y, x, (20, c), 11) for c in (19, 56)]
    ink = np.maximum(*rings) * 1.0
    lefts = [ink[np.arange(76) < seam[:, None]].sum() for seam in seams(ink, 8.0)]
    assert len(lefts) > 2
    assert lefts == sorted(lefts)
    assert 0 < lefts[0] < lefts[-1] < ink.sum()
    assert len(lefts) <= LEVELS * (1 + 76 / 40)


def test_view_shows_both_sides_of_a_seam_and_its_middle():
    ink = np.zeros((40, 60), np.float32)
    ink[:, 10:50] = 1
    seen = view(ink, np.full(40, 30), height=40.0)
    assert seen.shape == (28, 28)
    # of 26 pixels on either side of the seam 20 are ink: of 14 of the view not quite 11
    assert seen[14, :3] == pytest.approx(0, abs=1e-6)
    assert seen[14, 5:13] == pytest.approx(1, abs=1e-6)
    assert seen[14, 15:23] == pytest.approx(GRAY, abs=1e-6)
    assert seen[14, 25:] == pytest.approx(0, abs=1e-6)
    assert seen[:2] == pytest.approx(0, abs=1e-6)
    smaller = view(ink[::2, ::2], np.full(20, 15), height=20.0)
    assert np.abs(smaller - seen).max() < 0.3
    assert np.abs(smaller - seen).mean() < 0.02


def test_likeliest_of_seams_beside_each_other_is_kept():
    ink = np.ones((10, 40))
    found = [np.full(10, column) for column in (5, 7, 20, 22, 30)]
    likely = np.array([0.4, 0.9, 0.8, 0.7, LIKELY / 2])
    assert distinct(ink, found, likely, least=25) == [1, 2]
    assert distinct(ink, found, likely, least=15) == [0, 1, 2, 3]


def test_judge_chooses_the_cuts(own_digits):
    """Those that it finds unlikely are not made, and the likeliest are if there may be few."""
    _, image = written("258", own_digits, gap=-0.15)
    crop = image_to_crop(image)
    assert len(Picture(crop, lambda views: np.zeros(len(views))).parts_of(0)) == 1
    shown = []

    def likely_to_the_right(views):
        shown.append(views)
        return np.linspace(0.1, 0.9, len(views))

    picture = Picture(crop, likely_to_the_right)
    first, *cut = picture.parts_of(0, count=1)
    assert np.isnan(first.cut)
    assert [part.cut for part in cut] == sorted(part.cut for part in cut)
    assert len(cut) < len(picture.parts_of(0, count=4)) - 1
    assert len(shown) == 1, "the judge is asked once"
    assert shown[0].shape[1:] == (28, 28)


def test_cheapest_way_equals_that_of_trying_every_step():
    rng = np.random.default_rng(2)
    ink, mask = rng.random((6, 7)), rng.random((6, 7)) < 0.5
    toll = np.where(mask, rng.random((6, 7)), 0)
    cost, last = cheapest(ink, mask, toll)
    best = ink[0] + toll[0]
    for row in range(1, 6):
        following = np.empty(7)
        for column in range(7):
            ways = {}
            for step in (-1, 0, 1):
                if 0 <= (before := column + step) < 7:
                    passes = mask[row, column] != mask[row - 1, before]
                    paid = (toll[row, column] + toll[row - 1, before]) * passes
                    ways[step] = best[before] + paid + SLANT * abs(step)
            step = min(ways, key=ways.get)
            assert last[row, column] == step
            following[column] = ways[step] + ink[row, column]
        best = following
        assert cost[row] == pytest.approx(best)


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
    pieces = Pieces(boxes, np.full(3, np.nan), lambda start, end: boxes, 1.0)
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


def test_box_of_strokes_is_that_of_their_ink_where_it_is_known():
    line = np.array([(20.0, 30), (40, 60)])
    source = Strokes([line], (100, 100), outline=(0.16, 0.26, 0.44, 0.64))
    assert source.share((20, 30, 40, 60)) == pytest.approx((0.16, 0.26, 0.44, 0.64))
    assert source.share((-20, 30, 140, 60)) == pytest.approx((0, 0.26, 1, 0.64))
    assert Strokes([line], (100, 100), outline=(0.3, 0.3, 0.31, 0.31)).half_pen == 0


def test_lines_that_meet_are_near_and_others_not():
    lines = [[(0, 0), (0, 100)], [(0, 50), (40, 50)], [(43, 0), (43, 100)], [(90, 0), (90, 100)]]
    pieces = Strokes([np.array(line, float) for line in lines], (100, 100)).pieces()
    assert pieces.nearest(0, 1, 2) == pytest.approx(1, abs=POINT / NEAR)
    assert pieces.nearest(1, 2, 3) == pytest.approx(1 - 0.03 / NEAR, abs=POINT / NEAR)
    assert pieces.nearest(0, 2, 3) == pieces.nearest(1, 2, 4)
    assert pieces.nearest(2, 3, 4) == 0


def test_distances_of_many_strokes_are_measured_once_and_between_neighbours_only():
    """Of 40 strokes that all cross there are 780 pairs, which take long."""
    rng = np.random.default_rng(0)
    source = Strokes([rng.uniform(0, 100, (30, 2)) for _ in range(40)], (100, 100))
    pieces = source.pieces()
    assert source.pieces() is pieces
    assert 100 < len(pieces.near) <= 40 * 5
