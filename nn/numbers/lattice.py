"""A lattice of candidates for digits, and the likeliest numbers on its paths.

A semi-Markov conditional random field (Sarawagi & Cohen 2004): a path's score is the sum of those of
its candidates and of its neighbours, and its probability the softmax over all paths.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from nn.layers import Array


class Candidate(NamedTuple):
    """The pieces between two boundaries of the lattice: perhaps a digit."""

    start: int
    end: int


class Path(NamedTuple):
    """Candidates from the first boundary to the last, with a digit for each."""

    score: float
    candidates: tuple[int, ...]  # by their places in the lattice
    digits: str


def best_paths(
    candidates: Sequence[Candidate],
    scores: Array,
    joint: Callable[[int, int], float],
    count: int,
    labels: int = 2,
) -> tuple[list[Path], float]:
    """The best paths, and the logarithm of the sum over all of them.

    `scores` (n, 10) are those of each candidate as each digit, `joint` that of two neighbours.
    """
    end = max(candidate.end for candidate in candidates)
    ending: list[list[int]] = [[] for _ in range(end + 1)]
    for index, candidate in enumerate(candidates):
        ending[candidate.end].append(index)
    order = np.argsort(-scores, axis=1)[:, :labels]
    total = np.full(len(candidates), -np.inf)
    kept: list[list[Path]] = [[] for _ in candidates]
    own = np.logaddexp.reduce(scores, axis=1)
    for boundary in range(1, end + 1):
        for index in ending[boundary]:
            candidate = candidates[index]
            paths: list[Path] = []
            if candidate.start == 0:
                total[index] = own[index]
                paths = [Path(0.0, (), "")]
            else:
                sums = []
                for before in ending[candidate.start]:
                    bonus = joint(before, index)
                    sums.append(total[before] + bonus)
                    paths += [path._replace(score=path.score + bonus) for path in kept[before]]
                if sums:
                    total[index] = np.logaddexp.reduce(sums) + own[index]
            kept[index] = sorted(
                (
                    Path(
                        path.score + float(scores[index, digit]),
                        (*path.candidates, index),
                        path.digits + str(digit),
                    )
                    for path in paths
                    for digit in order[index]
                ),
                key=lambda path: -path.score,
            )[:count]
    finished = [path for index in ending[end] for path in kept[index]]
    finished.sort(key=lambda path: -path.score)
    return finished[:count], float(np.logaddexp.reduce(total[ending[end]]))
