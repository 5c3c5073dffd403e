"""Evaluations as text for the terminal."""

from typing import Any

from nn.dataset import DIGITS
from nn.measure.rejection import Verdict

VERDICTS = [verdict.name.lower() for verdict in Verdict]


def digits_as_text(result: dict[str, Any]) -> str:
    """The result of `nn.measure.metrics.evaluate`."""
    lines = [
        f"accuracy       {result['accuracy']:.2%} of {result['count']}",
        f"verdicts       {verdicts_as_text(result)}",
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


def verdicts_as_text(result: dict[str, Any]) -> str:
    """Such as "97.80% read, 1.90% doubtful, 0.30% refused"."""
    return ", ".join(f"{result[f'{kind}_rate']:.2%} {kind}" for kind in VERDICTS)


def styles_as_text(result: dict[str, Any]) -> str:
    """The result of `evaluate_styles`."""
    heads = f"{'count':>8}{'accuracy':>10}{'doubtful':>10}{'refused':>9}"
    lines = [f"{'':22}{'rewritten in it':>37}{'written in it':>37}", f"{'style':22}" + heads * 2]
    for style, row in result.items():
        cells = [
            f"{cell['count']:8}{cell['accuracy']:10.2%}"
            f"{cell['doubtful_rate']:10.2%}{cell['refused_rate']:9.2%}"
            if cell
            else f"{'-':>8}{'-':>10}{'-':>10}{'-':>9}"
            for cell in row.values()
        ]
        lines.append(f"{style:22}" + "".join(cells))
    return "\n".join(lines)


def nondigits_as_text(result: dict[str, Any]) -> str:
    """The result of `evaluate_nondigits`."""
    thresholds = result["thresholds"] or {}
    lines = [
        f"digits         {verdicts_as_text(result['digits'])}",
        "thresholds     " + (", ".join(f"{k} {v:.4f}" for k, v in thresholds.items()) or "none"),
        "",
        f"{'non-digits':24}{'count':>8}"
        + "".join(f"{kind:>10}" for kind in VERDICTS)
        + f"{'AUROC':>8}",
    ]
    for name, row in result["groups"].items():
        rates = "".join(f"{row[f'{kind}_rate']:10.2%}" for kind in VERDICTS)
        lines.append(f"{name:24}{row['count']:8}{rates}{row['auroc']:8.4f}")
    return "\n".join(lines)


def robustness_as_text(result: dict[str, Any]) -> str:
    """The result of `nn.measure.robustness.robustness`."""
    lines = [
        f"as drawn       {result['accuracy']:.2%} of {result['count']}",
        "",
        f"{'change':30}{'accuracy':>9}{'changed':>10}",
    ]
    rows = list(result["changes"].items())
    for name, curve in result["curves"].items():
        rows += [(f"{name} {row['value']}", row) for row in curve]
    lines += [f"{name:30}{row['accuracy']:9.2%}{row['changed']:10.2%}" for name, row in rows]
    return "\n".join(lines)


def seams_as_text(result: dict[str, Any]) -> str:
    """The result of `evaluate_seams`."""
    kept = result["kept"]
    return "\n".join(
        [
            f"seams          {result['count']}, {result['between']:.1%} between two digits",
            f"accuracy       {result['accuracy']:.2%}",
            f"AUROC          {result['auroc']:.4f}",
            f"calibration    {result['expected_calibration_error']:.2%} expected error",
            f"tried          {kept['between']:.2%} of those between digits, "
            f"{kept['others']:.2%} of the others",
        ]
    )
