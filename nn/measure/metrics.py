"""Metrics of a network on digits, on styles of writing and on non-digits, as JSON."""

from typing import Any

import numpy as np

from nn.data import pen, sets
from nn.dataset import DIGITS, DataSet, as_input
from nn.ink.strokes import Drawing, renderings
from nn.ink.styles import style_of
from nn.layers import Array
from nn.measure.calibration import expected_calibration_error
from nn.measure.rejection import auroc, conditional_probabilities, is_accepted, rejection_score
from nn.network import Network


def evaluate(network: Network, digits: DataSet, mistakes: int | None = None) -> dict[str, Any]:
    """Accuracy, recall and precision by class, calibration, cross-entropy, confusion, mistakes.

    All but the acceptance rate is about the likeliest of the ten digits, rejected or not.
    confusion[i][j] is the number of digits i predicted as j.  The `mistakes` (None: all) with
    the highest confidence are listed, each with its row in the data set.
    """
    scores = network.probabilities(as_input(digits.images))
    probabilities = conditional_probabilities(scores)
    labels = digits.labels
    predicted = probabilities.argmax(axis=1)
    confusion = np.zeros((DIGITS, DIGITS), int)
    np.add.at(confusion, (labels, predicted), 1)
    confidence = probabilities[np.arange(len(labels)), predicted]
    of_label = probabilities[np.arange(len(labels)), labels]
    wrong = np.flatnonzero(predicted != labels)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
    return {
        "count": len(labels),
        "accuracy": float((predicted == labels).mean()),
        "acceptance_rate": float(is_accepted(network, scores).mean()),
        "expected_calibration_error": expected_calibration_error(confidence, predicted == labels),
        "cross_entropy": float(-np.log(np.maximum(of_label, 1e-12)).mean()),
        "recall": ratios(confusion.diagonal(), confusion.sum(axis=1)),
        "precision": ratios(confusion.diagonal(), confusion.sum(axis=0)),
        "confusion": confusion.tolist(),
        "mistakes": [
            {
                "index": int(i),
                "label": int(labels[i]),
                "predicted": int(predicted[i]),
                "confidence": round(float(confidence[i]), 4),
            }
            for i in wrong[:mistakes]
        ],
        "mistake_count": len(wrong),
    }


def ratios(counts: Array, totals: Array) -> list[float | None]:
    """count / total for each digit, None where the total is 0."""
    return [float(n / total) if total else None for n, total in zip(counts, totals, strict=True)]


def evaluate_styles(network: Network, split: str) -> dict[str, Any]:
    """Accuracy and acceptance rate by style.

    "made" are drawings rewritten in the style, "written" those that already have it, or None where
    there are none.  Raises DataError when the pen strokes are missing.
    """
    written: dict[str, list[Drawing]] = {}
    for drawing in pen.pen_drawings(split):
        written.setdefault(style_of(drawing) or "", []).append(drawing)
    rewritten = pen.restyled_drawings(split)

    def measure(drawings: list[Drawing]) -> dict[str, Any]:
        images, labels = renderings(drawings)
        scores = network.probabilities(as_input(images))
        correct = conditional_probabilities(scores).argmax(axis=1) == labels
        accepted = is_accepted(network, scores)
        return {
            "count": len(labels),
            "accuracy": float(correct.mean()),
            "acceptance_rate": float(accepted.mean()),
        }

    return {
        style: {
            "made": measure(drawings),
            "written": measure(written[style]) if style in written else None,
        }
        for style, drawings in rewritten.items()
    }


def evaluate_nondigits(network: Network, split: str) -> dict[str, Any]:
    """The false accept rate and the AUROC for each group of non-digits.

    The digits that they are compared with, and those of the acceptance rate, are the split's pen
    strokes.  Raises DataError when a data set is missing.
    """
    digits = network.probabilities(as_input(pen.pen(split).images))
    groups = {}
    for name, images in sets.nondigit_groups(split).items():
        scores = network.probabilities(as_input(images))
        groups[name] = {
            "count": len(images),
            "false_accept_rate": float(is_accepted(network, scores).mean()),
            "auroc": auroc(rejection_score(digits), rejection_score(scores)),
        }
    return {
        "count": sum(group["count"] for group in groups.values()),
        "threshold": network.about.get("threshold"),
        "acceptance_rate": float(is_accepted(network, digits).mean()),
        "groups": groups,
    }
