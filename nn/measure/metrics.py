"""How right a network is, told in JSON-ready numbers: on digits, on styles, on what is no digit."""

from typing import Any

import numpy as np

from nn.data import pen, sets
from nn.dataset import DataSet, as_input
from nn.ink.strokes import Drawing, renderings
from nn.ink.styles import style_of
from nn.layers import Array
from nn.measure.calibration import calibration_error
from nn.measure.rejection import auroc, given_a_digit, is_kept, strangeness
from nn.network import Network


def evaluate(network: Network, digits: DataSet, mistakes: int | None = None) -> dict[str, Any]:
    """Accuracy in all and by class, calibration error, cross-entropy, confusion, the misclassified.

    All of it is about the best guess among the ten digits; `kept` is the share of these images
    that the network does not take for no digit.  confusion[i][j] counts the digits i read as j;
    per_class is the share of each digit that is read right (its recall), precision the share of
    each answer that is.
    The misclassified come with the digit's row in the set, the most confident first: so many
    `mistakes`, or all for None.
    """
    scores = network.probabilities(as_input(digits.images))
    probabilities = given_a_digit(scores)
    labels = digits.labels
    answers = probabilities.argmax(axis=1)
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (labels, answers), 1)
    confidence = probabilities[np.arange(len(labels)), answers]
    of_label = probabilities[np.arange(len(labels)), labels]
    wrong = np.flatnonzero(answers != labels)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
    counts, answered = confusion.sum(axis=1), confusion.sum(axis=0)
    return {
        "count": len(labels),
        "accuracy": float((answers == labels).mean()),
        "kept": float(is_kept(network, scores).mean()),
        "calibration_error": calibration_error(confidence, answers == labels),
        "cross_entropy": float(-np.log(np.maximum(of_label, 1e-12)).mean()),
        "per_class": shares(confusion.diagonal(), counts),
        "precision": shares(confusion.diagonal(), answered),
        "confusion": confusion.tolist(),
        "mistakes": [
            {
                "index": int(i),
                "label": int(labels[i]),
                "answer": int(answers[i]),
                "confidence": round(float(confidence[i]), 4),
            }
            for i in wrong[:mistakes]
        ],
        "mistakes_in_all": len(wrong),
    }


def shares(parts: Array, wholes: Array) -> list[float | None]:
    """part / whole of each digit, None where there is none."""
    return [float(p / w) if w else None for p, w in zip(parts, wholes, strict=True)]


def evaluate_styles(network: Network, split: str) -> dict[str, Any]:
    """Accuracy and share kept by style: of drawings rewritten in it, and of those written so.

    Raises DataError when the pen strokes are missing.
    """
    as_written: dict[str, list[Drawing]] = {}
    for drawing in pen.pen_drawings(split):
        as_written.setdefault(style_of(drawing) or "", []).append(drawing)
    made = pen.made_styles(split)

    def measure(drawings: list[Drawing]) -> dict[str, Any]:
        images, labels = renderings(drawings)
        scores = network.probabilities(as_input(images))
        right = given_a_digit(scores).argmax(axis=1) == labels
        kept = is_kept(network, scores)
        return {"count": len(labels), "accuracy": float(right.mean()), "kept": float(kept.mean())}

    return {
        style: {
            "made": measure(drawings),
            "as written": measure(as_written[style]) if style in as_written else None,
        }
        for style, drawings in made.items()
    }


def evaluate_nondigits(network: Network, split: str) -> dict[str, Any]:
    """By kind of drawing that is no digit: the share that is called one, and the AUROC.

    The AUROC is against the digits that the split's writers drew.  `kept` is the share of those
    that are not taken for something else.  Raises DataError when a data set is missing.
    """
    drawn = network.probabilities(as_input(pen.pen(split).images))
    groups = {}
    for name, images in sets.nondigit_groups(split).items():
        scores = network.probabilities(as_input(images))
        groups[name] = {
            "count": len(images),
            "accepted": float(is_kept(network, scores).mean()),
            "auroc": auroc(strangeness(drawn), strangeness(scores)),
        }
    return {
        "count": sum(group["count"] for group in groups.values()),
        "threshold": network.about.get("threshold"),
        "kept": float(is_kept(network, drawn).mean()),
        "groups": groups,
    }


def as_text(result: dict[str, Any]) -> str:
    """The evaluation as a page of text."""
    lines = [
        f"accuracy       {result['accuracy']:.2%} of {result['count']}",
        f"kept           {result['kept']:.2%} are not taken for something else than a digit",
        f"cross-entropy  {result['cross_entropy']:.4f}",
        f"calibration    {result['calibration_error']:.2%} expected error of the confidence",
        "",
        "confusion: rows are the digits drawn, columns the answers; last, recall and precision:",
        "the share of the digit that is read right, and of the answer that is",
        "      " + "".join(f"{digit:6}" for digit in range(10)) + "    recall precision",
    ]
    for digit, row in enumerate(result["confusion"]):
        ends = (result["per_class"][digit], result["precision"][digit])
        end = "".join(f"{'-':>10}" if share is None else f"{share:10.2%}" for share in ends)
        lines.append(f"{digit:6}" + "".join(f"{count or '.':>6}" for count in row) + end)
    if result["mistakes"]:
        lines += ["", f"the most confident of {result['mistakes_in_all']} mistakes:"]
    for mistake in result["mistakes"]:
        lines.append(
            f"  image {mistake['index']:5}: a {mistake['label']} read as {mistake['answer']}"
            f" with {mistake['confidence']:.1%}"
        )
    return "\n".join(lines)


def styles_as_text(result: dict[str, Any]) -> str:
    """The evaluation by style as a page of text."""
    lines = [f"{'':22}{'made of other strokes':>24}{'written so':>24}", ""]
    lines[1] = f"{'style':22}" + f"{'count':>8}{'right':>8}{'kept':>8}" * 2
    for style, row in result.items():
        cells = [
            f"{cell['count']:8}{cell['accuracy']:8.2%}{cell['kept']:8.2%}"
            if cell
            else f"{'-':>8}" * 3
            for cell in row.values()
        ]
        lines.append(f"{style:22}" + "".join(cells))
    return "\n".join(lines)


def nondigits_as_text(result: dict[str, Any]) -> str:
    """The evaluation on what is no digit as a page of text."""
    lines = [
        f"kept           {result['kept']:.2%} of the digits drawn",
        f"threshold      {result['threshold'] or 'none'}",
        "",
        f"{'no digits':16}{'count':>8}{'called one':>12}{'AUROC':>8}",
    ]
    for name, row in result["groups"].items():
        lines.append(f"{name:16}{row['count']:8}{row['accepted']:12.2%}{row['auroc']:8.4f}")
    return "\n".join(lines)


def robustness_as_text(result: dict[str, Any]) -> str:
    """The evaluation of changed drawings as a page of text."""
    lines = [
        f"as drawn       {result['accuracy']:.2%} of {result['count']}",
        "",
        f"{'change':30}{'right':>8}{'other answers':>16}",
    ]
    rows = list(result["changes"].items())
    rows += [
        (f"{name} {row['at']}", row) for name, rows_ in result["curves"].items() for row in rows_
    ]
    lines += [f"{name:30}{row['accuracy']:8.2%}{row['changed']:16.2%}" for name, row in rows]
    return "\n".join(lines)
