"""How often a network is right, as JSON: on digits, on styles of writing, on non-digits."""

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

    All but the acceptance rate is about the best guess among the ten digits.  confusion[i][j]
    counts the digits i predicted as j.  Mistakes have the image's row in the set, the most
    confident first, at most so many `mistakes`, or all for None.
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
    drawn, guessed = confusion.sum(axis=1), confusion.sum(axis=0)
    return {
        "count": len(labels),
        "accuracy": float((predicted == labels).mean()),
        "acceptance_rate": float(is_accepted(network, scores).mean()),
        "expected_calibration_error": expected_calibration_error(confidence, predicted == labels),
        "cross_entropy": float(-np.log(np.maximum(of_label, 1e-12)).mean()),
        "recall": ratios(confusion.diagonal(), drawn),
        "precision": ratios(confusion.diagonal(), guessed),
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


def ratios(parts: Array, wholes: Array) -> list[float | None]:
    """part / whole for each digit, None where the whole is 0."""
    return [float(p / w) if w else None for p, w in zip(parts, wholes, strict=True)]


def evaluate_styles(network: Network, split: str) -> dict[str, Any]:
    """Accuracy and acceptance rate by style: of drawings rewritten in it, and of those written so.

    Raises DataError when the pen strokes are missing.
    """
    as_written: dict[str, list[Drawing]] = {}
    for drawing in pen.pen_drawings(split):
        as_written.setdefault(style_of(drawing) or "", []).append(drawing)
    made = pen.made_styles(split)

    def measure(drawings: list[Drawing]) -> dict[str, Any]:
        images, labels = renderings(drawings)
        scores = network.probabilities(as_input(images))
        right = conditional_probabilities(scores).argmax(axis=1) == labels
        accepted = is_accepted(network, scores)
        return {
            "count": len(labels),
            "accuracy": float(right.mean()),
            "acceptance_rate": float(accepted.mean()),
        }

    return {
        style: {
            "made": measure(drawings),
            "written": measure(as_written[style]) if style in as_written else None,
        }
        for style, drawings in made.items()
    }


def evaluate_nondigits(network: Network, split: str) -> dict[str, Any]:
    """The false accept rate and the AUROC for each kind of drawing that is no digit.

    The AUROC and the acceptance rate are those of the digits that the split's writers drew.
    Raises DataError when a data set is missing.
    """
    drawn = network.probabilities(as_input(pen.pen(split).images))
    groups = {}
    for name, images in sets.nondigit_groups(split).items():
        scores = network.probabilities(as_input(images))
        groups[name] = {
            "count": len(images),
            "false_accept_rate": float(is_accepted(network, scores).mean()),
            "auroc": auroc(rejection_score(drawn), rejection_score(scores)),
        }
    return {
        "count": sum(group["count"] for group in groups.values()),
        "threshold": network.about.get("threshold"),
        "acceptance_rate": float(is_accepted(network, drawn).mean()),
        "groups": groups,
    }


def as_text(result: dict[str, Any]) -> str:
    """The evaluation as a page of text."""
    lines = [
        f"accuracy       {result['accuracy']:.2%} of {result['count']}",
        f"accepted       {result['acceptance_rate']:.2%} as digits",
        f"cross-entropy  {result['cross_entropy']:.4f}",
        f"calibration    {result['expected_calibration_error']:.2%} expected calibration error",
        "",
        "confusion: rows are the digits drawn, columns the predictions",
        "      " + "".join(f"{digit:6}" for digit in range(DIGITS)) + "    recall precision",
    ]
    for digit, row in enumerate(result["confusion"]):
        ends = (result["recall"][digit], result["precision"][digit])
        end = "".join(f"{'-':>10}" if ratio is None else f"{ratio:10.2%}" for ratio in ends)
        lines.append(f"{digit:6}" + "".join(f"{count or '.':>6}" for count in row) + end)
    if result["mistakes"]:
        lines += ["", f"the most confident of {result['mistake_count']} mistakes:"]
    for mistake in result["mistakes"]:
        lines.append(
            f"  image {mistake['index']:5}: a {mistake['label']} read as {mistake['predicted']}"
            f" with {mistake['confidence']:.1%}"
        )
    return "\n".join(lines)


def styles_as_text(result: dict[str, Any]) -> str:
    """The evaluation by style as a page of text."""
    lines = [f"{'':22}{'rewritten in it':>27}{'written in it':>27}", ""]
    lines[1] = f"{'style':22}" + f"{'count':>8}{'right':>9}{'accepted':>10}" * 2
    for style, row in result.items():
        cells = [
            f"{cell['count']:8}{cell['accuracy']:9.2%}{cell['acceptance_rate']:10.2%}"
            if cell
            else f"{'-':>8}{'-':>9}{'-':>10}"
            for cell in row.values()
        ]
        lines.append(f"{style:22}" + "".join(cells))
    return "\n".join(lines)


def nondigits_as_text(result: dict[str, Any]) -> str:
    """The evaluation on what is no digit as a page of text."""
    lines = [
        f"accepted       {result['acceptance_rate']:.2%} of the digits drawn",
        f"threshold      {result['threshold'] or 'none'}",
        "",
        f"{'no digits':16}{'count':>8}{'false accepts':>15}{'AUROC':>8}",
    ]
    for name, row in result["groups"].items():
        lines.append(
            f"{name:16}{row['count']:8}{row['false_accept_rate']:15.2%}{row['auroc']:8.4f}"
        )
    return "\n".join(lines)


def robustness_as_text(result: dict[str, Any]) -> str:
    """The evaluation of changed drawings as a page of text."""
    lines = [
        f"as drawn       {result['accuracy']:.2%} of {result['count']}",
        "",
        f"{'change':30}{'right':>8}{'changed':>10}",
    ]
    rows = list(result["changes"].items())
    rows += [
        (f"{name} {row['value']}", row) for name, rows_ in result["curves"].items() for row in rows_
    ]
    lines += [f"{name:30}{row['accuracy']:8.2%}{row['changed']:10.2%}" for name, row in rows]
    return "\n".join(lines)
