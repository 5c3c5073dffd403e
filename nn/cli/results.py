"""python -m nn results: the page docs/results.md, from the figures in the weights files.

Nothing is measured here.  `evaluate --record` has measured each figure and stored it beside the
weights that it is about, so this page cannot differ from the networks that are served.
"""

import argparse
import re
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from nn.data.download import DataError
from nn.dataset import DIGITS
from nn.measure.metrics import DIGIT_SETS
from nn.measure.rejection import DOUBTED_RATE, REFUSED_RATE
from nn.measure.report import VERDICTS
from nn.network import WEIGHTS, Network
from nn.numbers.seams import SEAMS
from nn.serialization import atomic_write
from nn.zoo import DEFAULT, ZOO

Figures = dict[str, Any]

# The data sets that figures are needed for: these for the default network, OF_EACH for all.
MEASURED = (*DIGIT_SETS, "styles", "nondigits", "numbers", "robustness")
OF_EACH = ("mnist", "pen")
DIGITS_OF = {  # the digits of each data set, in words
    "mnist": "MNIST's test images",
    "pen": "digits drawn by people",
    "fonts": "digits of fonts",
}
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

BY_DIGIT = """\
*Digits of fonts* are in the handwriting of fonts that were held out from training. They are thinned
to strokes, which are bent a little and drawn with many pens, like those of the people. The table
gives the fraction of each digit that the best guess reads right, whatever the verdict:
"""

MISTAKES = """\
The best guesses that are wrong, of the digits that people drew:

![The drawings that best got wrong, each with what it was read as.](../static/accuracy/mistakes.png)

```sh
python -m nn evaluate best --on pen --picture mistakes.png
python -m nn evaluate best --on pen --picture refused.png --show refused
python -m nn evaluate best --on pen --picture doubtful.png --show doubtful
```
"""

THRESHOLDS = """\
`best` reads a drawing without doubt, reads it as *doubtful*, or *refuses* it as no digit. Two
thresholds of its rejection score decide: {doubtful:.3f} and {refused:.3f}. They were chosen on
validation data that are unlike the training data: digits of writers and of fonts that were held
out, styles made of them, and MNIST's validation images as strokes, all drawn with pens that are
thinner or wider than any in training. Of none of these sources more than {doubted_rate:.0%} is
doubtful or refused, or more than {refused_rate:.1%} refused. Thresholds chosen on data like those
that a network was trained on refuse too many digits of other people.
"""

STYLES = """\
*Rewritten* drawings are made from the strokes of those eight people by
[`styles`](../nn/ink/styles), which puts a slash through a zero, for example, or draws a
nine's tail anew. *Written* drawings are those that they wrote in that style themselves. The table
gives the accuracy of the best guess, the number of drawings, and the fractions of them that are
doubtful and refused.
"""

NONDIGITS = """\
The eleventh class of `best` is "not a digit". The table gives the fractions of these drawings that
are *read* as a digit without doubt, that are *doubtful*, and that are *refused*. The AUROC compares
their rejection scores with those of the drawn digits.

None of these drawings is in the training data. The letters and symbols are by another hand, those
of fonts are from fonts that were held out, no character of the alphabet (Balinese) was trained on,
and of the pictures the rainbows are a subject that was never seen. Shapes, words and scribbles are
of other kinds than those in training, and the rows of several digits are by other writers. Only
dots, ticks and blots are made as in training, and drawn anew.

Some drawings that are no digits look exactly like one, and these are left out: by name, letters and
symbols such as O, l, I, S, Z, b, g, q, B, θ and / (`LOOK_ALIKES` in
[`glyphs.py`](../nn/data/glyphs.py)); by shape, an upright line and a ring of one stroke
(`looks_like_digit` in [`look_alikes.py`](../nn/data/nondigits/look_alikes.py)).
"""

NUMBERS = """\
{count} numbers of each kind are composed of the digits of one hand, a writer's or a font's, all of
the test split. Digits that are *apart* have gaps from 0.04 to 0.6 of their height, those that
*touch* overlap by up to 0.4 of the pen's width; pens are from 0.08 to 0.3 of the height. A number
is right if it is not refused and all of its digits are right. *p^n* is what to expect of digits
that are each read alone: the rate of one digit to the power of their number. *Components* are the
connected components of the picture, each read as a digit; *boxes* are half as wide apart as they
are wide, and the surest of those that overlap is kept. In parentheses are 95% intervals (Wilson).
[How numbers are read](numbers.md).
"""

DIVIDED = """\
One digit read as several: {strokes} of {count} from strokes and {picture} from pictures; of
{in_pieces} digits whose strokes were moved apart {strokes_in_pieces} and {picture_in_pieces}; of
{mnist_count} images of MNIST {mnist}.

Drawings that are neither digit nor number, as above but for those that are, at other places and
sizes; read without doubt as one digit or several, and as several:
"""

CUTS = """\
### Cuts between digits that touch

Seams go through numbers, single digits and what is none, all of the test split. Of {count} seams
{between} are between two digits; those nearly so are left out. The network `seams` tells {accuracy}
of them right. The area under its ROC curve is {auroc:.4f}, its expected calibration error
{calibration}. Likely enough to be tried are {kept} of those between digits and {tried} of the
others.

```sh
python -m nn evaluate seams --on seams
```
"""

ROBUSTNESS = """\
The strokes of the eight people are drawn again with one change, and go through all steps from a
picture to a prediction. A refused digit counts as wrong here, a doubtful one as that digit. Before
the change, {accuracy} are read right. *Changed* is the fraction of predictions that differ from
those before the change.
"""


def add(commands: Any) -> None:
    command = commands.add_parser("results", help="print docs/results.md, from recorded figures")
    command.add_argument("--weights", type=Path, default=WEIGHTS, help="folder to read (weights/)")
    command.add_argument(
        "--readme", type=Path, help="put the table and the paragraph of figures into this file"
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    if options.readme:
        text = with_figures(options.readme.read_text("utf-8"), networks_of(options.weights))
        with atomic_write(options.readme) as file:
            file.write(text.encode())
    print(results_page(options.weights), end="")


def with_figures(text: str, networks: dict[str, Network]) -> str:
    """The README with its table of networks and its paragraph of figures as they are now."""
    table_of_all = networks_table(networks).rstrip()
    paragraph = summary(networks[DEFAULT].about["figures"])
    for start, part in (("\\| name \\|", table_of_all), (f"`{DEFAULT}` reads [0-9]", paragraph)):
        head, _, rest = re.split(rf"(^{start}.*?)(?=\n\n)", text, maxsplit=1, flags=re.M | re.S)
        text = head + part + rest
    return text


def results_page(weights: Path) -> str:
    """The page, of the networks of the zoo in a folder of weights files.

    Raises WeightsError or OSError for a file that is malformed or missing, DataError for a figure
    that has not been recorded.
    """
    networks = networks_of(weights)
    best = networks[DEFAULT].about["figures"]
    nondigits, changes = best["nondigits-test"], best["robustness-test"]
    numbers = best["numbers-test"]
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
        BY_DIGIT,
        digits_table(best),
        MISTAKES,
        "## Read, doubtful or refused\n",
        THRESHOLDS.format(
            **nondigits["thresholds"], doubted_rate=DOUBTED_RATE, refused_rate=REFUSED_RATE
        ),
        verdicts_table("digits", {DIGITS_OF[name]: best[f"{name}-test"] for name in DIGIT_SETS}),
        "## By style of writing\n",
        STYLES,
        command("styles"),
        styles_table(best["styles-test"]),
        "## What is no digit\n",
        NONDIGITS,
        command("nondigits"),
        verdicts_table("no digits", nondigits["groups"]),
        "## Whole numbers\n",
        NUMBERS.format(count=number(numbers["count"])),
        command("numbers"),
        numbers_table(numbers["numbers"]),
        divided(numbers),
        others_table(numbers["others"]),
        cuts_paragraph(Network.load(weights / f"{SEAMS.name}.npz")),
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
        for data in MEASURED if name == DEFAULT else OF_EACH:
            if f"{data}-test" not in figures:
                again = f"python -m nn evaluate {name} --on {data} --record"
                raise DataError(f"{name}.npz has no figures for {data}: run `{again}`")

    def accuracy(name: str) -> float:
        return float(networks[name].about["figures"]["mnist-test"]["accuracy"])

    return {name: networks[name] for name in sorted(networks, key=accuracy, reverse=True)}


def summary(figures: Figures) -> str:
    """How often the default network is right, as a paragraph; the README has the same."""
    mnist, pen, fonts, nondigits = (figures[f"{name}-test"] for name in (*DIGIT_SETS, "nondigits"))
    groups = nondigits["groups"].values()
    read = sum(round(group["count"] * group["read_rate"]) for group in groups)
    kinds = {(row["length"], row["touching"]): row for row in figures["numbers-test"]["numbers"]}
    apart, touching = (
        [percent(kinds[4, touches][way]["right"]) for way in ("strokes", "picture")]
        for touches in (False, True)
    )
    text = (
        f"`best` reads {percent(mnist['accuracy'])} of MNIST's {number(mnist['count'])} test images"
        f" right, {percent(pen['accuracy'])} of {number(pen['count'])} digits drawn by eight people"
        f" whose writing it has never seen, and {percent(fonts['accuracy'])} of"
        f" {number(fonts['count'])} in the handwriting of fonts it has never seen. Of the people's"
        f" digits it refuses {percent(pen['refused_rate'])} and doubts"
        f" {percent(pen['doubtful_rate'])}, of the fonts' {percent(fonts['refused_rate'])} and"
        f" {percent(fonts['doubtful_rate'])}. Of {number(nondigits['count'])}"
        f" drawings of something else it reads {percent(read / nondigits['count'])} as a digit"
        f" without doubt. Of numbers of four digits it reads {apart[0]} whole, {touching[0]} where"
        f" the digits touch; from a picture alone {apart[1]} and {touching[1]}. Its confidence can"
        " be believed: the expected calibration error is"
        f" {percent(mnist['expected_calibration_error'])} on MNIST,"
        f" {percent(pen['expected_calibration_error'])} on the drawn digits and"
        f" {percent(fonts['expected_calibration_error'])} on those of fonts."
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
    rows = [
        (DIGITS_OF[name], *(f"{recall:.1%}" for recall in figures[f"{name}-test"]["recall"]))
        for name in DIGIT_SETS
    ]
    return table(("", *map(str, range(DIGITS))), rows)


def verdicts_table(what: str, measured: dict[str, Figures]) -> str:
    """The rates of the three verdicts, and the AUROC of what has one."""
    ranked = any("auroc" in row for row in measured.values())
    rows = (
        (
            name,
            number(row["count"]),
            *(percent(row[f"{kind}_rate"]) for kind in VERDICTS),
            *([f"{row['auroc']:.4f}"] if ranked else []),
        )
        for name, row in measured.items()
    )
    return table((what, "drawings", *VERDICTS, *(["AUROC"] if ranked else [])), rows)


def styles_table(figures: Figures) -> str:
    rows = [
        (style, *(text for kind in ("made", "written") for text in style_cells(row[kind])))
        for style, row in figures.items()
    ]
    doubt = ("doubtful", "refused")
    return table(("style", "rewritten", *doubt, "written", *doubt), rows)


def style_cells(measured: Figures | None) -> tuple[str, str, str]:
    if not measured:
        return "", "", ""
    return (
        f"{percent(measured['accuracy'])} of {measured['count']}",
        percent(measured["doubtful_rate"]),
        percent(measured["refused_rate"]),
    )


def numbers_table(rows: Sequence[Figures]) -> str:
    single = rows[0]["picture"]["right"]
    ways = ("strokes", "picture", "components", "boxes")

    def cell(rate: Figures) -> str:
        low, high = rate["interval"]
        return f"{percent(rate['right'])} ({100 * low:.1f}-{100 * high:.1f})"

    cells = (
        (
            f"{row['length']}, {'touching' if row['touching'] else 'apart'}",
            percent(single ** row["length"]),
            *(cell(row[way]) for way in ways),
            *(percent(row[way]["doubtful"]) for way in ways[:2]),
        )
        for row in rows
    )
    doubts = ("doubtful, strokes", "doubtful, picture")
    return table(("digits", "p^n", *ways, *doubts), cells)


def cuts_paragraph(seams: Network) -> str:
    """How well the network `seams` judges cuts.  Raises DataError where that is not recorded."""
    figures = seams.about.get("figures", {}).get("seams-test")
    if figures is None:
        again = "python -m nn evaluate seams --on seams --record"
        raise DataError(f"seams.npz has no figures for seams: run `{again}`")
    return CUTS.format(
        count=number(figures["count"]),
        between=percent(figures["between"]),
        accuracy=percent(figures["accuracy"]),
        auroc=figures["auroc"],
        calibration=percent(figures["expected_calibration_error"]),
        kept=percent(figures["kept"]["between"]),
        tried=percent(figures["kept"]["others"]),
    )


def divided(numbers: Figures) -> str:
    """How many single digits are read as several."""
    strokes, picture = (numbers["numbers"][0][way] for way in ("strokes", "picture"))
    return DIVIDED.format(
        count=number(numbers["count"]),
        strokes=percent(strokes["too_long"]),
        picture=percent(picture["too_long"]),
        in_pieces=number(numbers["in_pieces"]["count"]),
        strokes_in_pieces=percent(numbers["in_pieces"]["strokes"]),
        picture_in_pieces=percent(numbers["in_pieces"]["picture"]),
        mnist_count=number(numbers["digits"]["count"]),
        mnist=percent(numbers["digits"]["too_long"]),
    )


def others_table(others: Figures) -> str:
    names = ("read_strokes", "several_strokes", "read_picture", "several_picture")
    heads = ("strokes: read", "as several", "picture: read", "as several")
    rows = (
        (group, number(row["count"]), *(percent(row[name]) for name in names))
        for group, row in {**others["groups"], "all": others["all"]}.items()
    )
    return table(("no number", "drawings", *heads), rows)


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
