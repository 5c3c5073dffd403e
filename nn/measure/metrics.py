"""Metrics of a network on digits, on styles of writing and on non-digits, as JSON."""

from typing import Any

import numpy as np

from nn.data import pen, sets
from nn.dataset import DIGITS, DataSet, as_input
from nn.ink.segmentation.picture import LIKELY
from nn.ink.strokes import Drawing, renderings
from nn.ink.styles.table import style_of
from nn.layers import Array
from nn.measure.calibration import expected_calibration_error
from nn.measure.rejection import (
    Verdict,
    auroc,
    conditional_probabilities,
    confidence_of,
    rejection_score,
    verdicts,
)
from nn.network import Network

DIGIT_SETS = ("mnist", "pen", "fonts")  # the data sets of digits that all figures are about


def evaluate(network: Network, digits: DataSet, mistakes: int | None = None) -> dict[str, Any]:
    """Accuracy, verdicts, recall and precision by class, calibration, cross-entropy, confusion.

    The prediction is the likeliest of the ten digits, whatever the verdict.  Calibration and
    confidence count "no digit" in; cross-entropy is that of the ten digits.  confusion[i][j] is
    the number of digits i predicted as j.

    Three lists of drawings, each with its row in the data set: the mistakes, the most confident
    first, and the doubtful and the refused, the least confident first; at most `mistakes` in
    each (None: all).
    """
    scores = network.probabilities(as_input(digits.images))
    probabilities = conditional_probabilities(scores)
    labels = digits.labels
    predicted = probabilities.argmax(axis=1)
    confusion = np.zeros((DIGITS, DIGITS), int)
    np.add.at(confusion, (labels, predicted), 1)
    confidence = confidence_of(scores)
    of_label = probabilities[np.arange(len(labels)), labels]
    verdict = verdicts(network, scores)
    wrong = predicted != labels

    def drawings(chosen: Array, order: Array) -> list[dict[str, Any]]:
        rows = np.flatnonzero(chosen)
        return [
            {
                "index": int(i),
                "label": int(labels[i]),
                "predicted": int(predicted[i]),
                "confidence": round(float(confidence[i]), 4),
            }
            for i in rows[np.argsort(order[rows], kind="stable")][:mistakes]
        ]

    return {
        "count": len(labels),
        "accuracy": float((predicted == labels).mean()),
        **verdict_rates(verdict),
        "expected_calibration_error": expected_calibration_error(confidence, predicted == labels),
        "cross_entropy": float(-np.log(np.maximum(of_label, 1e-12)).mean()),
        "recall": ratios(confusion.diagonal(), confusion.sum(axis=1)),
        "precision": ratios(confusion.diagonal(), confusion.sum(axis=0)),
        "confusion": confusion.tolist(),
        "mistakes": drawings(wrong, -confidence),
        "doubtful": drawings(verdict == Verdict.DOUBTFUL, confidence),
        "refused": drawings(verdict == Verdict.REFUSED, confidence),
        "mistake_count": int(wrong.sum()),
    }


def evaluate_seams(network: Network, seams: DataSet) -> dict[str, Any]:
    """How well a network tells seams between two digits, labelled 1, from others.

    "kept" is the share of both that is likely enough to be tried.
    """
    likely = network.probabilities(as_input(seams.images))[:, 1]
    between, kept = seams.labels == 1, likely >= LIKELY
    right = (likely > 0.5) == between
    return {
        "count": len(seams.labels),
        "between": float(between.mean()),
        "accuracy": float(right.mean()),
        "auroc": auroc(likely[~between], likely[between]),
        "expected_calibration_error": expected_calibration_error(
            np.maximum(likely, 1 - likely), right
        ),
        "kept": {
            "between": float(kept[between].mean()),
            "others": float(kept[~between].mean()),
        },
    }


def verdict_rates(verdict: Array) -> dict[str, float]:
    """The fractions of verdicts (n,) that are "read", "doubtful" and "refused", as "..._rate"."""
    return {f"{v.name.lower()}_rate": float((verdict == v).mean()) for v in Verdict}


def ratios(counts: Array, totals: Array) -> list[float | None]:
    """count / total for each digit, None where the total is 0."""
    return [float(n / total) if total else None for n, total in zip(counts, totals, strict=True)]


def evaluate_styles(network: Network, split: str) -> dict[str, Any]:
    """Accuracy and rates of the verdicts by style.

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
        return {
            "count": len(labels),
            "accuracy": float(correct.mean()),
            **verdict_rates(verdicts(network, scores)),
        }

    return {
        style: {
            "made": measure(drawings),
            "written": measure(written[style]) if style in written else None,
        }
        for style, drawings in rewritten.items()
    }


def evaluate_nondigits(network: Network, split: str) -> dict[str, Any]:
    """The rates of the verdicts and the AUROC for each group of non-digits.

    The digits that they are compared with are the split's pen strokes.  Raises DataError when a
    data set is missing.
    """
    digits = network.probabilities(as_input(pen.pen(split).images))
    groups = {}
    for name, images in sets.nondigit_groups(split).items():
        scores = network.probabilities(as_input(images))
        groups[name] = {
            "count": len(images),
            **verdict_rates(verdicts(network, scores)),
            "auroc": auroc(rejection_score(digits), rejection_score(scores)),
        }
    return {
        "count": sum(group["count"] for group in groups.values()),
        "thresholds": network.about.get("thresholds"),
        "digits": {"count": len(digits), **verdict_rates(verdicts(network, digits))},
        "groups": groups,
    }
