"""python -m nn results: the page docs/results.md, from the figures in the weights files.

Nothing is measured here.  `evaluate --record` has measured each figure and stored it beside the
weights that it is about, so this page cannot differ from the networks that are served.
"""

import argparse
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from nn.cli.networks import WEIGHTS
from nn.data.download import DataError
from nn.network import Network
from nn.zoo import DEFAULT, ZOO

Figures = dict[str, Any]

# The data sets that figures are needed for: the first two for each network, all for the default.
MEASURED = ("mnist", "pen", "styles", "nondigits", "robustness")
CURVES = {
    "size": "The longer side of the digit, as a fraction of the canvas:",
    "pen": "The width of the pen, in pixels on a canvas of 280 pixels:",
    "slant": "The slant, in degrees to the right:",
}

HEAD = """\
# Results

The figures recorded in [`weights/`](../weights), as a page. It is generated; do not edit it:

```sh
python -m nn results > docs/results.md
```

Everything is measured on test data. No network has learnt from these data, and they set no
temperature and no threshold. One earlier training of `best` was measured on the same data before
the present recipe was chosen. Each section shows the command that measures its figures anew; with
`--record` the command stores them.
"""

NETWORKS = """\
- *MNIST test* is the accuracy on MNIST's {mnist} test images.
- *Drawn* is the accuracy on {pen} digits that eight people drew with a pen on a tablet. No network
  has seen a stroke of theirs. Each digit is drawn once, at a random position and size with a
  pen of random width, and preprocessed like a drawing on the page.
- *Weights* are counted as served, with batch normalisation folded into the layers before it.

Only `best` has also learnt from pen strokes, those of 18 other writers, and from drawings that are
no digit. The others are networks as tutorials build them. The last column shows why such programs
are right on the test set and wrong on *your* digit.

```sh
for name in {names}; do
  python -m nn evaluate "$name" --on mnist
  python -m nn evaluate "$name" --on pen
done
```
"""

CALIBRATION = """\
A confidence of 90% should mean that nine in ten of such predictions are right. The outputs are
therefore divided by a temperature, which is chosen on validation data. The expected calibration
error is the mean gap between confidence and accuracy, in 15 bins. The outputs of `sigmoid` are no
logits, so it has no temperature. Training times are sums over epochs, on a machine with two cores.
"""

MISTAKES = """\
![The drawings that best got wrong, each with what it was read as.](../static/accuracy/mistakes.png)

```sh
python -m nn evaluate best --on pen --picture mistakes.png
```
"""

STYLES = """\
*Rewritten* drawings are made from the strokes of those eight people by
[`styles.py`](../nn/ink/styles.py), which puts a slash through a zero, for example, or draws a
nine's tail anew. *Written* drawings are those that they wrote in that style themselves. The table
gives the accuracy and the number of drawings.
"""

NONDIGITS = """\
The eleventh class of `best` is "not a digit". The *false accept rate* is the fraction of these
drawings that is accepted as digits. The AUROC compares their rejection scores with those of the
drawn digits. The threshold was set on the digits of validation writers; here it accepts
{acceptance} of the drawn digits.

None of these drawings is in the training data. The letters and symbols are by another hand, no
character of the alphabet (Balinese) was trained on, and of the pictures the rainbows are a subject
that was never seen. Shapes, words and scribbles are of other kinds than those in training, and the
rows of several digits are by other writers. Only dots, ticks and blots are made as in training, and
drawn anew.

Some drawings that are no digits look exactly like one, and these are left out: by name, letters and
symbols such as O, l, I, S, Z, b, g, q, B, θ and / (`LOOK_ALIKES` in
[`glyphs.py`](../nn/data/glyphs.py)); by shape, an upright line and a ring of one stroke
(`looks_like_digit` in [`shapes.py`](../nn/data/shapes.py)).
"""

SQUARE_TWO = """\
A known defect: a two drawn with square corners is rejected, because it resembles a letter that
`best` has learnt as no digit. Its best guess is right.
"""

ROBUSTNESS = """\
The strokes of the eight people are drawn again with one change, and go through all steps from a
picture to a prediction. "Not a digit" counts as wrong here. Before the change, {accuracy} are read
right. *Changed* is the fraction of predictions that differ from those before the change.
"""


def add(commands: Any) -> None:
    command = commands.add_parser("results", help="print docs/results.md, from recorded figures")
    command.add_argument("--weights", type=Path, default=WEIGHTS, help="folder to read (weights/)")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    print(results_page(options.weights), end="")


def results_page(weights: Path) -> str:
    """The page, of the networks of the zoo in a folder of weights files.

    Raises WeightsError or OSError for a file that is malformed or missing, DataError for a figure
    that has not been recorded.
    """
    networks = networks_of(weights)
    best = networks[DEFAULT].about["figures"]
    nondigits, changes = best["nondigits-test"], best["robustness-test"]
    parts = [
        HEAD,
        summary(best) + "\n",
        "## The networks\n",
        networks_table(networks),
        NETWORKS.format(
            names=" ".join(networks),
            mnist=number(best["mnist-test"]["count"]),
            pen=number(best["pen-test"]["count"]),
        ),
        "## Confidence and training\n",
        CALIBRATION,
        confidence_table(networks),
        "## By digit\n",
        f"The digits that people drew, {number(best['pen-test']['count'])} of them:\n",
        digits_table(best["pen-test"]),
        MISTAKES,
        "## By style of writing\n",
        STYLES,
        command("styles"),
        styles_table(best["styles-test"]),
        "## What is no digit\n",
        NONDIGITS.format(acceptance=percent(nondigits["acceptance_rate"])),
        command("nondigits"),
        nondigits_table(nondigits),
        SQUARE_TWO,
        "## The same strokes, drawn otherwise\n",
        ROBUSTNESS.format(accuracy=percent(changes["accuracy"])),
        command("robustness"),
        changes_table(changes["changes"]),
    ]
    for name, curve in changes["curves"].items():
        parts += [CURVES[name] + "\n", curve_table(name, curve)]
    return "\n".join(parts)


def networks_of(weights: Path) -> dict[str, Network]:
    """The zoo by name, the most accurate first.  Raises DataError for a figure that is missing."""
    networks = {name: Network.load(weights / f"{name}.npz") for name in ZOO}
    for name, network in networks.items():
        figures = network.about.get("figures", {})
        for data in MEASURED if name == DEFAULT else MEASURED[:2]:
            if f"{data}-test" not in figures:
                again = f"python -m nn evaluate {name} --on {data} --record"
                raise DataError(f"{name}.npz has no figures for {data}: run `{again}`")

    def accuracy(name: str) -> float:
        return float(networks[name].about["figures"]["mnist-test"]["accuracy"])

    return {name: networks[name] for name in sorted(networks, key=accuracy, reverse=True)}


def summary(figures: Figures) -> str:
    """How often the default network is right, as a paragraph; the README has the same."""
    mnist, pen, nondigits = (figures[f"{name}-test"] for name in ("mnist", "pen", "nondigits"))
    groups = nondigits["groups"].values()
    accepted = sum(round(group["count"] * group["false_accept_rate"]) for group in groups)
    text = (
        f"`best` reads {percent(mnist['accuracy'])} of MNIST's {number(mnist['count'])} test images"
        f" right, and {percent(pen['accuracy'])} of {number(pen['count'])} digits drawn by eight"
        " people whose writing it has never seen. It accepts"
        f" {percent(nondigits['acceptance_rate'])} of these as digits, and wrongly"
        f" {percent(accepted / nondigits['count'])} of {number(nondigits['count'])} drawings of"
        " something else. Its confidence can be believed: the expected calibration error is"
        f" {percent(mnist['expected_calibration_error'])} on MNIST and"
        f" {percent(pen['expected_calibration_error'])} on the drawn digits."
    )
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False)


def networks_table(networks: dict[str, Network]) -> str:
    """Name, title, size and accuracies of each network; the README has the same."""
    rows = (
        (
            f"`{name}`",
            ZOO[name].title,
            number(network.parameters),
            percent(network.about["figures"]["mnist-test"]["accuracy"]),
            percent(network.about["figures"]["pen-test"]["accuracy"]),
        )
        for name, network in networks.items()
    )
    return table(("name", "network", "weights", "MNIST test", "drawn"), rows, words=2)


def confidence_table(networks: dict[str, Network]) -> str:
    heads = (
        "name", "temperature", "calibration error, MNIST test", "calibration error, drawn",
        "epochs", "training",
    )  # fmt: skip
    rows = []
    for name, network in networks.items():
        about = network.about
        errors = [
            percent(about["figures"][f"{data}-test"]["expected_calibration_error"])
            for data in ("mnist", "pen")
        ]
        seconds = sum(epoch["seconds"] for epoch in about["history"])
        time = f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
        temperature = f"{about['temperature']:.2f}" if "temperature" in about else ""
        rows.append((f"`{name}`", temperature, *errors, str(len(about["history"])), time))
    return table(heads, rows)


def digits_table(figures: Figures) -> str:
    rows = (("read right", *(f"{recall:.1%}" for recall in figures["recall"])),)
    return table(("", *map(str, range(len(figures["recall"])))), rows)


def styles_table(figures: Figures) -> str:
    rows = [
        (style, *(right_of(row[kind]) for kind in ("made", "written")))
        for style, row in figures.items()
    ]
    return table(("style", "rewritten", "written"), rows)


def right_of(cell: Figures | None) -> str:
    return f"{percent(cell['accuracy'])} of {cell['count']}" if cell else ""


def nondigits_table(figures: Figures) -> str:
    rows = (
        (name, number(row["count"]), percent(row["false_accept_rate"]), f"{row['auroc']:.4f}")
        for name, row in figures["groups"].items()
    )
    return table(("no digits", "drawings", "false accept rate", "AUROC"), rows)


def changes_table(changes: Figures) -> str:
    rows = (
        (name, percent(row["accuracy"]), percent(row["changed"])) for name, row in changes.items()
    )
    return table(("change", "read right", "changed"), rows)


def curve_table(name: str, curve: Sequence[Figures]) -> str:
    heads = (name, *(str(point["value"]) for point in curve))
    return table(heads, [("read right", *(percent(point["accuracy"]) for point in curve))])


def command(data: str) -> str:
    return f"```sh\npython -m nn evaluate {DEFAULT} --on {data}\n```\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """A Markdown table whose first `words` columns are text, the rest numbers."""
    marks = ["---"] * words + ["---:"] * (len(heads) - words)
    lines = ["| " + " | ".join(row) + " |" for row in (heads, *rows)]
    lines.insert(1, "|" + "|".join(marks) + "|")
    return "\n".join(lines) + "\n"


def percent(fraction: float) -> str:
    return f"{fraction:.2%}"


def number(count: int) -> str:
    return f"{count:,}"
