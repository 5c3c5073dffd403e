"""Evaluations as text for the terminal."""

from typing import Any

from nn.dataset import DIGITS


def digits_as_text(result: dict[str, Any]) -> str:
    """The result of `nn.measure.metrics.evaluate`."""
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
    """The result of `evaluate_styles`."""
    lines = [f"{'':22}{'rewritten in it':>27}{'written in it':>27}", ""]
    lines[1] = f"{'style':22}" + f"{'count':>8}{'accuracy':>9}{'accepted':>10}" * 2
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
    """The result of `evaluate_nondigits`."""
    lines = [
        f"accepted       {result['acceptance_rate']:.2%} of the drawn digits",
        f"threshold      {result['threshold'] or 'none'}",
        "",
        f"{'non-digits':16}{'count':>8}{'false accepts':>15}{'AUROC':>8}",
    ]
    for name, row in result["groups"].items():
        lines.append(
            f"{name:16}{row['count']:8}{row['false_accept_rate']:15.2%}{row['auroc']:8.4f}"
        )
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
