"""How a drawing was divided into digits, in JSON: the candidates, their scores, and the paths."""

from typing import Any

from nn.numbers.reader import Reading
from web.models import describe_box

PATHS = 5  # that are included
LEAST = 0.001  # probability of a path to be included


def as_division(reading: Reading) -> dict[str, Any]:
    """The candidates from left to right, and the likeliest paths through them.

    `score` is the logarithm of a candidate's probability as its likeliest digit, less what its
    height, width, gap and a likely cut that is left out cost.
    """
    division = reading.division
    assert division is not None  # it is not included otherwise
    lattice, share = division.lattice, division.share
    scores = lattice.scores(division.weights).max(axis=1)
    candidates = [
        {
            "start": candidate.start,
            "end": candidate.end,
            "box": describe_box(share(lattice.pieces.box(*candidate))),
            "digit": int(scores_of.argmax()),
            "probability": round(float(scores_of.max()), 4),
            "score": round(float(score), 2),
        }
        for candidate, scores_of, score in zip(
            lattice.candidates, lattice.probabilities[:, :10], scores, strict=True
        )
    ]
    paths = [
        {"number": path.text, "candidates": list(path.candidates), "probability": round(p, 4)}
        for path, p in zip(division.paths, division.probabilities, strict=True)
        if p >= LEAST
    ]
    return {
        "source": division.source,
        "pieces": len(lattice.pieces),
        "candidates": candidates,
        "paths": paths[:PATHS],
    }
