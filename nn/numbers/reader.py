"""Reading whole numbers: the obvious digits first, and a lattice of candidates where one is doubtful."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nn.dataset import DIGITS
from nn.layers import Array
from nn.numbers import geometry
from nn.numbers.lattice import Candidate, Path, best_paths
from nn.numbers.pieces import Pieces

LONGEST_RUN = 3  # strokes or components that may be one digit
LONGEST_CUT_RUN = 8  # pieces, where some are parts of a component
WIDEST = 1.4  # heights; what is wider is no candidate unless it is a single piece
PATHS = 8  # that are kept at each boundary

Probabilities = Callable[[Array], Array]  # (n, 28, 28) -> (n, 11)


class Lattice(NamedTuple):
    """All candidates of a drawing with their scores, and the best paths through them."""

    pieces: Pieces
    candidates: list[Candidate]
    probabilities: Array  # (n, 11)
    paths: list[Path]
    total: float  # the logarithm of the sum over all paths


def candidates_of(pieces: Pieces) -> list[Candidate]:
    """Every run of pieces that may be a digit."""
    found = []
    widest = WIDEST * pieces.height
    for start in range(len(pieces)):
        for end in range(start + 1, len(pieces) + 1):
            run = end - start
            joined = int((~np.isnan(pieces.cuts[start : end - 1])).sum())
            left, _, right, _ = pieces.box(start, end)
            if run - joined > LONGEST_RUN or run > LONGEST_CUT_RUN:
                break
            if run == 1 or right - left <= widest:
                found.append(Candidate(start, end))
    return found


def lattice_of(
    pieces: Pieces,
    candidates: list[Candidate],
    probabilities: Array,
    weights: Array,
) -> Lattice:
    """The lattice of candidates with these probabilities (n, 11)."""
    own = weights[: len(geometry.OF_DIGIT)]
    pair = weights[len(geometry.OF_DIGIT) :]
    features = np.array([geometry.of_digit(pieces, c.start, c.end) for c in candidates])
    scores = np.log(np.maximum(probabilities[:, :DIGITS], 1e-12)) + (features @ own)[:, None]

    def joint(a: int, b: int) -> float:
        start, middle, end = candidates[a].start, candidates[a].end, candidates[b].end
        return geometry.score(geometry.of_neighbours(pieces, start, middle, end), pair)

    paths, total = best_paths(candidates, scores, joint, PATHS)
    return Lattice(pieces, candidates, probabilities, paths, total)
