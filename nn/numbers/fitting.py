"""The weights of the geometry of numbers, by maximum likelihood on composed numbers.

The likelihood of a drawing is the share of the paths that spell its number among all paths through
its lattice, or for other drawings the share of "no number" (Sarawagi & Cohen 2004).  The sums are
over the best paths of each lattice.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from nn.data.numbers import JOINED, TOUCHING
from nn.ink.segmentation.picture import Picture
from nn.ink.segmentation.pieces import Pieces
from nn.ink.segmentation.strokes import Strokes
from nn.layers import Array
from nn.network import Network
from nn.numbers import geometry
from nn.numbers.drawings import Example, composed, others, parted
from nn.numbers.lattice import Lattice, Path
from nn.numbers.reader import NumberReader, Source, is_obvious
from nn.optimizers import Adam

KINDS = (
    *((length, None) for length in (2, 3, 4, 6)),
    *((length, TOUCHING) for length in (2, 3, 4)),
    *((length, JOINED) for length in (2, 3)),
)
COUNT = 250  # numbers of each kind: their length, and how much they overlap
PARTED = 2000  # digits in pieces: most are read at once, and tell nothing
EVERY = 4  # of the drawings that are no number, one is taken
EPOCHS = 8
BATCH = 32
LEARNING_RATE = 0.15
PATHS = 16  # of each lattice

Track = Callable[[Iterable[Example]], Iterable[Example]]


class Case(NamedTuple):
    """The lattice of a drawing, and what the drawing says; "" for no number."""

    text: str
    lattice: Lattice


def with_geometry(network: Network, seams: Network, track: Track = iter) -> Network:
    """The same network with weights for `nn.numbers` in `about`.

    `seams` judges cuts; `track` goes through the drawings, and may show how many there have been.
    Raises DataError.
    """
    reader = NumberReader(network, seams)
    cases: dict[str, list[Case]] = {name: [] for name in geometry.SOURCES}
    for drawing in track(examples()):
        for name, lattice in lattices(reader, drawing):
            cases[name].append(Case(drawing.text, lattice))
    weights = {name: fitted(of_source) for name, of_source in cases.items()}
    return replace(network, about={**network.about, "geometry": weights})


def examples() -> Iterator[Example]:
    """Numbers and digits in pieces of writers and fonts of both splits, and what is no number.

    Weights fitted on the hands of the training split alone trust the network more than they should.
    """
    for split in ("train", "validation"):
        for length, overlap in KINDS:
            yield from composed(split, length, COUNT // 2, overlap)
        yield from parted(split, PARTED // 2)
    yield from others("validation", EVERY)


def lattices(reader: NumberReader, drawing: Example) -> Iterator[tuple[str, Lattice]]:
    """The lattice of the drawing's strokes and that of its picture, unless one digit is obvious."""
    whole = reader.whole(drawing.crop)
    if is_obvious(whole, drawing.crop):
        return
    sources: list[Source] = [Picture(drawing.crop, reader.judge)]
    if drawing.strokes:
        sources.append(Strokes(drawing.strokes, drawing.size))
    for source in sources:
        if divided := reader.divide(source, whole):
            yield source.name, divided.lattice


def fitted(cases: Sequence[Case]) -> dict[str, float]:
    """The weights, by feature; what is unusual never speaks for a path."""
    rng = np.random.default_rng(15)
    optimizer = Adam(beta2=0.99)
    params = [{"w": geometry.as_array(geometry.DEFAULT)}]
    state = optimizer.init(params)
    floor = np.array([0.0 if name in geometry.UNUSUAL else -np.inf for name in geometry.FEATURES])
    step = 0
    for epoch in range(EPOCHS):
        order = rng.permutation(len(cases))
        rate = LEARNING_RATE * (1 - epoch / EPOCHS)
        for start in range(0, len(order), BATCH):
            batch = [cases[i] for i in order[start : start + BATCH]]
            slopes = [slope(case, params[0]["w"]) for case in batch]
            step += 1
            optimizer.update(params, [{"w": np.mean(slopes, axis=0)}], state, rate, step)
            np.maximum(params[0]["w"], floor, out=params[0]["w"])
    values = params[0]["w"].round(3).tolist()
    return dict(zip(geometry.FEATURES, values, strict=True))


def slope(case: Case, weights: Array, count: int = PATHS) -> Array:
    """The gradient (15,) of the negative logarithm of the likelihood, 0 where no path is right."""
    paths, total = case.lattice.best_paths(weights, count)
    nothing = features_of_nothing(case.lattice.pieces)
    scores = [*(path.score for path in paths), case.lattice.score_of_nothing(weights)]
    shares = np.exp(np.array(scores) - total)
    right = np.array([*(path.text == case.text for path in paths), case.text == ""])
    if not (shares * right).sum() > 0:
        return np.zeros_like(weights)
    features = np.array([*(features_of(path, case.lattice) for path in paths), nothing])
    expected = shares / shares.sum() @ features
    return np.asarray(shares * right / (shares * right).sum() @ features - expected)


def features_of(path: Path, lattice: Lattice) -> Array:
    """The sums of the features along a path, in the order of `geometry.FEATURES`."""
    places = list(path.candidates)
    between = np.array([lattice.of_neighbours[pair] for pair in pairwise(places)])
    neighbours = between.sum(axis=0) if len(places) > 1 else np.zeros(len(geometry.OF_NEIGHBOURS))
    nothing = np.zeros(len(geometry.OF_NOTHING))
    return np.concatenate([lattice.of_digit[places].sum(axis=0), neighbours, nothing])


def features_of_nothing(pieces: Pieces) -> Array:
    """The features of a drawing as no number, in the order of `geometry.FEATURES`."""
    others = np.zeros(len(geometry.OF_DIGIT) + len(geometry.OF_NEIGHBOURS))
    return np.concatenate([others, geometry.of_nothing(pieces)])
