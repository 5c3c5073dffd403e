"""The lattice finds what trying every path finds, and its weights follow the slope."""

from itertools import pairwise, product

import numpy as np
import pytest

from nn.ink.segmentation.pieces import Candidate, Pieces
from nn.numbers import geometry
from nn.numbers.fitting import Case, features_of, fitted, slope
from nn.numbers.lattice import LABELS, Lattice
from nn.numbers.reader import NumberReader
from tests.support.networks import network_of

WEIGHTS = geometry.as_array(geometry.DEFAULT)


def random_lattice(rng, pieces=5, classes=11):
    """Pieces of random boxes, some of them cut apart, and random probabilities."""
    left = np.sort(rng.uniform(0, 10, pieces))
    top = rng.uniform(0, 1, pieces)
    boxes = np.stack(
        [left, top, left + rng.uniform(0.2, 2, pieces), top + rng.uniform(1, 3, pieces)]
    )
    cuts = rng.uniform(0, 1, pieces - 1)
    cuts[rng.random(pieces - 1) < 0.5] = np.nan
    near = {(i, j): rng.random() for i in range(pieces) for j in range(i) if rng.random() < 0.3}
    found = Pieces(boxes.T, cuts, lambda start, end: np.zeros((28, 28)), 2.5, near)
    candidates = [
        Candidate(start, end) for start in range(pieces) for end in range(start + 1, pieces + 1)
    ]
    probabilities = rng.dirichlet(np.ones(classes) * 0.5, len(candidates))
    return Lattice(found, candidates, probabilities)


def every_path(lattice):
    """All segmentations as places of candidates, found by trying all sets of boundaries."""
    n = len(lattice.pieces)
    place = {candidate: i for i, candidate in enumerate(lattice.candidates)}
    for inner in product([False, True], repeat=n - 1):
        ends = [0, *(i + 1 for i in range(n - 1) if inner[i]), n]
        yield [place[Candidate(*pair)] for pair in pairwise(ends)]


def cost(lattice, places):
    own = sum(WEIGHTS[:6] @ lattice.of_digit[i] for i in places)
    between = sum(
        WEIGHTS[6:-2] @ np.array(lattice.of_neighbours[pair]) for pair in pairwise(places)
    )
    return own + between


@pytest.mark.parametrize("seed", range(5))
def test_best_path_and_sum_equal_those_of_trying_every_path(seed):
    lattice = random_lattice(np.random.default_rng(seed))
    best, total = -np.inf, lattice.score_of_nothing(WEIGHTS)
    for places in every_path(lattice):
        evidence = [lattice.evidence[i] for i in places]
        total = np.logaddexp(
            total, sum(np.logaddexp.reduce(row) for row in evidence) - cost(lattice, places)
        )
        score = sum(row.max() for row in evidence) - cost(lattice, places)
        if score > best:
            best, text = score, "".join(str(row.argmax()) for row in evidence)
    paths, found_total = lattice.best_paths(WEIGHTS)
    assert (paths[0].text, paths[0].score) == (text, pytest.approx(best))
    assert found_total == pytest.approx(total)


def test_paths_are_in_order_and_none_is_twice():
    lattice = random_lattice(np.random.default_rng(8))
    paths, total = lattice.best_paths(WEIGHTS, 30)
    scores = [path.score for path in paths]
    assert scores == sorted(scores, reverse=True)
    assert len({(path.candidates, path.text) for path in paths}) == len(paths)
    assert sum(np.exp(score - total) for score in scores) <= 1
    assert all(len(path.text) == len(path.candidates) for path in paths)
    assert LABELS > 1, "a digit has no rival"


def test_slope_equals_differences_of_the_likelihood():
    lattice = random_lattice(np.random.default_rng(3), pieces=3)
    text = lattice.best_paths(WEIGHTS)[0][2].text
    rng = np.random.default_rng(4)

    def negative_log_likelihood(weights):
        paths, _ = lattice.best_paths(weights, 10_000)
        scores = np.array([path.score for path in paths])
        every = np.logaddexp.reduce([*scores, lattice.score_of_nothing(weights)])
        right = np.array([path.text == text for path in paths])
        return every - np.logaddexp.reduce(scores[right])

    direction = rng.normal(size=len(WEIGHTS))
    h = 1e-5
    ahead = negative_log_likelihood(WEIGHTS + h * direction)
    behind = negative_log_likelihood(WEIGHTS - h * direction)
    found = slope(Case(text, lattice), WEIGHTS, 10_000) @ direction
    assert found == pytest.approx((ahead - behind) / (2 * h), rel=1e-4)


def test_fitting_makes_what_is_right_likelier():
    """Where drawings are numbers of few digits, a digit becomes costly."""
    rng = np.random.default_rng(5)
    lattices = [random_lattice(rng, pieces=3) for _ in range(30)]
    texts = [min((p.text for p in it.best_paths(WEIGHTS, 100)[0]), key=len) for it in lattices]
    cases = [Case(text, lattice) for text, lattice in zip(texts, lattices, strict=True)]

    def length(weights):
        return sum(len(lattice.best_paths(weights)[0][0].text) for lattice in lattices)

    weights = fitted(cases)
    assert length(geometry.as_array(weights)) < length(WEIGHTS)
    assert weights["digit"] > geometry.DEFAULT["digit"]


def test_what_is_unusual_never_speaks_for_a_path():
    rng = np.random.default_rng(7)
    lattices = [random_lattice(rng, pieces=3) for _ in range(30)]
    # the likeliest number of each is the one that is worst
    cases = [Case(min(it.best_paths(WEIGHTS, 500)[0]).text, it) for it in lattices]
    shipped = network_of("best").about["geometry"]
    for weights in (fitted(cases), *shipped.values()):
        assert all(weights[name] >= 0 for name in geometry.UNUSUAL)


def test_features_of_a_path_are_sums(own_digits):
    lattice = random_lattice(np.random.default_rng(6))
    path = lattice.best_paths(WEIGHTS)[0][0]
    features = features_of(path, lattice)
    assert features[0] == len(path.text)
    assert features @ WEIGHTS == pytest.approx(cost(lattice, list(path.candidates)))


def row_of(widths, cuts, height=1.0):
    """Pieces of these widths, one beside the other, and the probabilities of the cuts between."""
    right = np.cumsum(widths)
    boxes = np.stack([right - widths, np.zeros(len(widths)), right, np.ones(len(widths))], axis=1)
    return Pieces(boxes, np.array(cuts), lambda start, end: np.zeros((28, 28)), height)


def test_neighbours_that_were_cut_apart_cost_what_their_cut_is_unlikely():
    pieces = row_of([0.6, 0.6, 0.6], [0.25, np.nan])
    of_cut = dict(zip(geometry.OF_NEIGHBOURS, geometry.of_neighbours(pieces, 0, 1, 2), strict=True))
    others = dict.fromkeys(set(of_cut) - {"cut", "unlikely"}, 0)
    assert of_cut == {"cut": 1, "unlikely": pytest.approx(np.log(4)), **others}
    apart = dict(zip(geometry.OF_NEIGHBOURS, geometry.of_neighbours(pieces, 1, 2, 3), strict=True))
    assert apart["cut"] == apart["unlikely"] == 0
    assert apart["close"] > 0


def test_candidate_costs_the_likeliest_cut_that_it_leaves_out():
    def uncut(widths, cuts):
        features = geometry.of_digit(row_of(widths, cuts), 0, len(widths), 5)
        return features[geometry.OF_DIGIT.index("uncut")]

    assert uncut([0.4, 0.4, 0.4], [0.5, 0.75]) == pytest.approx(np.log(4))
    assert uncut([0.4, 0.1], [0.75]) == 0, "a cut near an end is perhaps its own"
    assert uncut([0.4, 0.4], [np.nan]) == uncut([0.8], []) == 0
    assert uncut([0.4, 0.4], [1.0]) == pytest.approx(np.log(100)), "none is certain"


def test_network_without_weights_of_its_own_has_those_of_default():
    reader = NumberReader(network_of("lenet"), network_of("seams"))
    assert (reader.weights["strokes"] == WEIGHTS).all()
    best = network_of("best").about["geometry"]
    assert set(best) == set(geometry.SOURCES)
    assert all(set(weights) == set(geometry.FEATURES) for weights in best.values())
