"""A lattice of candidates for digits, and the likeliest numbers on its paths.

A semi-Markov conditional random field (Sarawagi & Cohen 2004): the score of a path is the sum of
the scores of its candidates and of its neighbours, and its probability the softmax over all paths.
"""

import math
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from nn.dataset import DIGITS
from nn.ink.segmentation.pieces import Candidate, Pieces
from nn.layers import Array
from nn.numbers import geometry

LABELS = 3  # likeliest digits of a candidate that a path may take
PATHS = 8  # that are kept at each candidate


class Path(NamedTuple):
    """Candidates from the first boundary to the last, with a digit for each."""

    score: float
    candidates: tuple[int, ...]  # by their places in the lattice
    text: str  # the digits


class Lattice:
    """Candidates with the network's probabilities, and the features of how they stand."""

    def __init__(
        self, pieces: Pieces, candidates: Sequence[Candidate], probabilities: Array
    ) -> None:
        """probabilities (n, 10 or 11) are the network's for each candidate."""
        self.pieces = pieces
        self.candidates = list(candidates)
        self.probabilities = probabilities

    @cached_property
    def evidence(self) -> Array:
        """(n, 10): the logarithms of the probabilities of the digits, "no digit" counted in."""
        return np.asarray(np.log(np.maximum(self.probabilities[:, :DIGITS], 1e-12)))

    @cached_property
    def of_digit(self) -> Array:
        """(n, features): of each candidate."""
        digits = self.evidence.argmax(axis=1).tolist()
        features = [
            geometry.of_digit(self.pieces, *candidate, digit)
            for candidate, digit in zip(self.candidates, digits, strict=True)
        ]
        return np.array(features)

    @cached_property
    def of_neighbours(self) -> dict[tuple[int, int], list[float]]:
        """The features of each pair of candidates that may follow each other, by their places."""
        starting: dict[int, list[int]] = {}
        for place, candidate in enumerate(self.candidates):
            starting.setdefault(candidate.start, []).append(place)
        return {
            (place, after): geometry.of_neighbours(
                self.pieces, candidate.start, candidate.end, self.candidates[after].end
            )
            for place, candidate in enumerate(self.candidates)
            for after in starting.get(candidate.end, ())
        }

    def scores(self, weights: Array) -> Array:
        """(n, 10): of each candidate as each digit, given the weights (15,) of the features."""
        own = weights[: len(geometry.OF_DIGIT)]
        return np.asarray(self.evidence - (self.of_digit @ own)[:, None])

    def score_of_nothing(self, weights: Array) -> float:
        """That the drawing is no number."""
        features = geometry.of_nothing(self.pieces)
        return -float(np.dot(features, weights[-len(geometry.OF_NOTHING) :]))

    def best_paths(
        self, weights: Array, count: int = PATHS, with_nothing: bool = True
    ) -> tuple[list[Path], float]:
        """The `count` best paths, the best first, and the logarithm of the sum over all.

        weights (15,) are those of the features.  The sum counts in that the drawing is no number,
        if that is in question.  No path leads through if there is no candidate for one of the
        pieces.
        """
        scores = self.scores(weights)
        between = weights[len(geometry.OF_DIGIT) : -len(geometry.OF_NOTHING)]
        pairs = list(self.of_neighbours)
        features = np.array(list(self.of_neighbours.values())).reshape(len(pairs), len(between))
        before: list[list[tuple[int, float]]] = [[] for _ in self.candidates]
        for (place, after), penalty in zip(pairs, (features @ between).tolist(), strict=True):
            before[after].append((place, -penalty))
        likeliest = np.argsort(-scores, axis=1)[:, :LABELS].tolist()
        of_any = np.logaddexp.reduce(scores, axis=1).tolist()
        table = scores.tolist()
        totals = [-math.inf] * len(self.candidates)
        kept: list[list[Path]] = [[] for _ in self.candidates]
        for index in sorted(range(len(self.candidates)), key=lambda i: self.candidates[i].end):
            if self.candidates[index].start == 0:
                totals[index] = of_any[index]
                paths = [Path(0.0, (), "")]
            else:
                sums = [totals[place] + bonus for place, bonus in before[index]]
                if sums:
                    totals[index] = log_sum(sums) + of_any[index]
                paths = [
                    Path(path.score + bonus, path.candidates, path.text)
                    for place, bonus in before[index]
                    for path in kept[place]
                ]
            longer = [
                Path(score + table[index][digit], (*candidates, index), f"{text}{digit}")
                for score, candidates, text in paths
                for digit in likeliest[index]
            ]
            kept[index] = sorted(longer, reverse=True)[:count]
        last = [
            i for i, candidate in enumerate(self.candidates) if candidate.end == len(self.pieces)
        ]
        finished = sorted((path for index in last for path in kept[index]), reverse=True)
        of_paths = [totals[index] for index in last]
        nothing = [self.score_of_nothing(weights)] if with_nothing else []
        total = log_sum([*nothing, *of_paths])
        return finished[:count], total


def log_sum(logarithms: Sequence[float]) -> float:
    """The logarithm of the sum, given logarithms; for a few NumPy takes longer."""
    most = max(logarithms)
    if most == -math.inf:
        return most
    return most + math.log(sum(math.exp(value - most) for value in logarithms))
