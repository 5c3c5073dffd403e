"""How right a network is on a labelled set, told in JSON-ready numbers."""

from typing import Any

import numpy as np

from nn.calibration import calibration_error
from nn.data import DataSet, as_input
from nn.network import Network


def evaluate(network: Network, digits: DataSet, mistakes: int | None = None) -> dict[str, Any]:
    """Accuracy in all and by class, calibration error, cross-entropy, confusion, the misclassified.

    confusion[i][j] counts the digits i read as j.  The misclassified come with the digit's row in
    the set, the most confident first: so many `mistakes`, or all for None.
    """
    probabilities = network.probabilities(as_input(digits.images))
    labels = digits.labels
    answers = probabilities[:, :10].argmax(axis=1)
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (labels, answers), 1)
    confidence = probabilities[np.arange(len(labels)), answers]
    of_label = probabilities[np.arange(len(labels)), labels]
    wrong = np.flatnonzero(answers != labels)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
    counts = confusion.sum(axis=1)
    return {
        "count": len(labels),
        "accuracy": float((answers == labels).mean()),
        "calibration_error": calibration_error(confidence, answers == labels),
        "cross_entropy": float(-np.log(np.maximum(of_label, 1e-12)).mean()),
        "per_class": [float(confusion[i, i] / counts[i]) if counts[i] else None for i in range(10)],
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


def as_text(result: dict[str, Any]) -> str:
    """The evaluation as a page of text."""
    lines = [
        f"accuracy       {result['accuracy']:.2%} of {result['count']}",
        f"cross-entropy  {result['cross_entropy']:.4f}",
        f"calibration    {result['calibration_error']:.2%} expected error of the confidence",
        "",
        "confusion: rows are the digits drawn, columns the answers; last, the accuracy by digit",
        "      " + "".join(f"{digit:6}" for digit in range(10)),
    ]
    for digit, row in enumerate(result["confusion"]):
        share = result["per_class"][digit]
        end = "" if share is None else f"  {share:8.2%}"
        lines.append(f"{digit:6}" + "".join(f"{count or '.':>6}" for count in row) + end)
    if result["mistakes"]:
        lines += ["", f"the most confident of {result['mistakes_in_all']} mistakes:"]
    for mistake in result["mistakes"]:
        lines.append(
            f"  image {mistake['index']:5}: a {mistake['label']} read as {mistake['answer']}"
            f" with {mistake['confidence']:.1%}"
        )
    return "\n".join(lines)
