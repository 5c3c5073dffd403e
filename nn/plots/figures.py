"""Figures of networks and data: each function takes plain data and returns a matplotlib Figure.

They need no screen and no pyplot, their style does not depend on the user's matplotlibrc, and the
same input gives the same bytes.  Serving never imports matplotlib.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from typing import IO, Any, Literal

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from nn.dataset import DIGITS
from nn.layers import Array, Conv, Dense, Dropout, Flatten, Layer, MaxPool
from nn.network import Network

WIDTH = 7.5  # inches, of every figure: the text width of a large page
# Of the palette of Okabe & Ito, which colour-blind readers can tell apart.
BLUE, ORANGE = "#0072B2", "#D55E00"
DARK, GRAY, LIGHT = "#333333", "#6E6E6E", "#BDBDBD"
SIGNED = "RdBu"  # red below zero, white at zero, blue above
MISTAKES = LinearSegmentedColormap.from_list("mistakes", ["white", "#F5A65B", "#A63603"])
SMALL: dict[str, Any] = {"fontsize": 6.5, "color": GRAY}
INK: dict[str, Any] = {"cmap": "gray_r", "vmin": 0, "vmax": 255}
STYLE: dict[str, Any] = {
    **dict.fromkeys(("text.color", "axes.labelcolor"), DARK),
    **dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color"), GRAY),
    **dict.fromkeys(("font.size", "axes.titlesize"), 9),
    **dict.fromkeys(("xtick.labelsize", "ytick.labelsize"), 8),
    **dict.fromkeys(("axes.spines.top", "axes.spines.right", "legend.frameon"), False),
    **dict.fromkeys(("axes.linewidth", "grid.linewidth"), 0.6),
    **dict.fromkeys(("figure.constrained_layout.w_pad", "figure.constrained_layout.h_pad"), 0.08),
    "figure.titlesize": 11,
    "grid.color": "#E4E4E4",
    "axes.axisbelow": True,
    "lines.linewidth": 1.4,
    "lines.markersize": 3,
    "savefig.dpi": 200,
    "svg.hashsalt": "nn",  # else the ids in an SVG are random
}


@contextmanager
def plot_style() -> Iterator[None]:
    """The style of all figures; matplotlib reads it both when they are made and when saved."""
    with matplotlib.style.context(STYLE, after_reset=True):
        yield


@plot_style()
def save(figure: Figure, file: IO[bytes], kind: str) -> None:
    """Write the figure as "png" or "svg", without a date or a version in it."""
    omitted = {"png": ["Software"], "svg": ["Date", "Creator"]}[kind]
    figure.savefig(file, format=kind, metadata=dict.fromkeys(omitted))


def new_figure(
    height: float, title: str, layout: Literal["constrained"] | None = "constrained"
) -> Figure:
    """An empty figure, height in inches, with its title at the upper left."""
    figure = Figure((WIDTH, height), layout=layout)
    position = {} if layout else {"y": 1 - 0.1 / height, "va": "top"}
    figure.suptitle(title, x=0.012, ha="left", parse_math=False, **position)
    return figure


@plot_style()
def history(rows: Sequence[dict[str, Any]], title: str) -> Figure:
    """Loss, accuracy and learning rate by epoch; rows are those of a network's history."""
    figure = new_figure(6.6, title)
    panels = figure.subplots(3, 1, sharex=True, height_ratios=(3, 3, 1))
    epochs = [row["epoch"] for row in rows]
    for axes, key in zip(panels, ("loss", "accuracy"), strict=False):
        for prefix, name, colour in (("", "training", GRAY), ("validation_", "validation", BLUE)):
            values = [row[prefix + key] for row in rows]
            axes.plot(epochs, values, "o-", color=colour, label=name)
    panels[2].plot(
        epochs, [row["learning_rate"] for row in rows], "o-", color=ORANGE, clip_on=False
    )
    panels[0].legend(ncols=2, loc="upper right")
    panels[1].yaxis.set_major_formatter(PercentFormatter(1.0))
    panels[2].xaxis.set_major_locator(MaxNLocator(integer=True))
    for axes, label in zip(panels, ("loss", "accuracy", "learning rate"), strict=True):
        axes.set_ylabel(label)
        axes.grid(axis="y")
    panels[2].set_ylim(bottom=0)
    panels[2].margins(x=0.02)
    panels[2].set_xlabel("epoch")
    figure.align_ylabels()
    return figure


@plot_style()
def confusion(counts: Array, title: str) -> Figure:
    """The confusion matrix: counts[i, j] digits i were read as j.  Mistakes alone are coloured."""
    counts = np.asarray(counts)
    mistakes = np.ma.masked_array(counts, np.eye(len(counts), dtype=bool))
    most = max(1, int(mistakes.max()))
    figure = new_figure(6.9, title)
    axes = figure.subplots()
    axes.imshow(mistakes, cmap=MISTAKES.with_extremes(bad="#EDEDED"), vmin=0, vmax=most)
    for (i, j), count in np.ndenumerate(counts):
        colour = "white" if i != j and count > 0.75 * most else DARK
        axes.text(j, i, str(count or "·"), ha="center", va="center", color=colour)
    digits, totals = range(len(counts)), counts.sum(axis=1)
    axes.set(xticks=digits, yticks=digits, xlabel="read as", ylabel="digit drawn")
    right = axes.secondary_yaxis("right")
    recall = [f"{counts[i, i] / totals[i]:.1%}" if totals[i] else "none drawn" for i in digits]
    right.set_yticks(digits, recall)
    right.set_ylabel("read right")
    for side in (axes, right):
        side.tick_params(length=0)
        side.spines[:].set_visible(False)
    return figure


@plot_style()
def mistakes(images: Array, labels: Array, probabilities: Array, title: str) -> Figure:
    """Misread digits in the order given, each beside the network's ten probabilities.

    images (n, 28, 28) uint8, labels (n,), probabilities (n, 10).
    """
    width, height, columns = (WIDTH - 0.3) / 3, 0.95, 3  # of a cell, in inches
    figure = new_figure(0.5 + height * -(-len(images) // columns), title, layout=None)
    for i, (image, label, scores) in enumerate(zip(images, labels, probabilities, strict=True)):
        left, top = 0.15 + width * (i % columns), 0.55 + height * (i // columns)
        picture = add_box(figure, left, top, 0.65, 0.65)
        picture.imshow(image, interpolation="none", **INK)
        picture.axis("off")
        predicted = int(np.argmax(scores))
        bars = add_box(figure, left + 0.8, top + 0.05, width - 1, 0.55)
        colours = [
            BLUE if j == label else ORANGE if j == predicted else LIGHT for j in range(DIGITS)
        ]
        bars.bar(range(DIGITS), scores, color=colours)
        caption = f"{label} read as {predicted}, {percent(scores[predicted])}"
        bars.set_title(caption, fontsize=8, loc="left", pad=4)
        bars.set(ylim=(0, 1), yticks=(), xticks=range(DIGITS))
        bars.tick_params(length=0, labelsize=7, pad=2)
        bars.spines["left"].set_visible(False)
        for digit, colour in ((label, BLUE), (predicted, ORANGE)):
            bars.get_xticklabels()[digit].set(color=colour, weight="bold")
    return figure


def first_layer(network: Network) -> tuple[Layer, Array] | None:
    """The first layer with weights, and these as images (n, h, w); None if they are not images."""
    for layer, params in zip(network.layers, network.params, strict=True):
        if isinstance(layer, Conv):
            return layer, params["W"][:, :, 0].transpose(2, 0, 1)  # of its one input channel
        if isinstance(layer, Dense):
            W = params["W"]
            return (layer, W.T.reshape(-1, 28, 28)) if len(W) == 28 * 28 else None
    return None


@plot_style()
def weights(images: Array, title: str, captions: Sequence[str] = ()) -> Figure:
    """Weights (n, h, w) as images on one colour scale with zero in its middle."""
    columns = next((c for c in (8, 7, 6, 5) if len(images) % c == 0), min(8, len(images)))
    rows = -(-len(images) // columns)
    figure = new_figure(0.6 + rows * (WIDTH - 1.2) / columns, title)
    axes = figure.subplots()
    draw_tiles(axes, images, columns, cmap=SIGNED, norm=symmetric_norm(images))
    for i, caption in enumerate(captions):
        axes.text(i % columns + 0.06, i // columns + 0.16, caption, weight="bold")
    figure.colorbar(axes.images[0], ax=axes, label="weight", fraction=0.04, aspect=30, pad=0.01)
    return figure


@plot_style()
def histograms(network: Network, title: str) -> Figure:
    """A histogram of the weights of each layer that has some, without its biases."""
    layers = [
        (layer, params["W"].astype(np.float64).ravel())
        for layer, params in zip(network.layers, network.params, strict=True)
        if "W" in params
    ]
    columns = min(2, len(layers))
    rows = -(-len(layers) // columns)
    figure = new_figure(0.6 + 1.75 * rows, title)
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes in panels.ravel()[len(layers) :]:
        axes.remove()
    for axes, (layer, W) in zip(panels.ravel(), layers, strict=False):
        axes.stairs(*np.histogram(W, min(60, max(8, W.size // 8))), fill=True, color=BLUE)
        axes.set_title(f"{layer_name(layer)}: {W.size:,} weights", loc="left")
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.grid(axis="y")
    for axes in panels[:, 0]:
        axes.set_ylabel("count")
    figure.align_ylabels()
    figure.supxlabel("weight", fontsize=9)
    return figure


@plot_style()
def activations(network: Network, image: Array, title: str) -> Figure:
    """The output of each layer for an image (28, 28), and the probabilities at the end.

    Flatten and Dropout are left out: they change no number.  Each layer has its own colour scale.
    """
    x = image[None, :, :, None]
    shown = [("input", x[0])]
    for layer, params in zip(network.layers, network.params, strict=True):
        x, _ = layer.forward(params, x)
        if not isinstance(layer, Flatten | Dropout):
            shown.append((layer_name(layer), x[0]))
    left, width, gap, bars = 1.5, WIDTH - 1.65, 0.14, 1.0  # inches, as all that follows
    heights = [max(0.26, tile_rows(y) * width / tile_columns(y)) for _, y in shown]
    top = 0.5
    total = top + sum(heights) + gap * (len(heights) + 1) + bars + 0.3
    figure = new_figure(total, title, layout=None)
    key = "white is zero, blue above, red below, each layer on its own scale"
    figure.text(1 - 0.15 / WIDTH, 1 - top / total, key, ha="right", va="top", **SMALL)
    for (name, y), height in zip(shown, heights, strict=True):
        axes = add_box(figure, left, top, width, height)
        draw_output(axes, y)
        size = "x".join(map(str, y.shape)) if y.ndim == 3 else f"{y.size} numbers"
        span = f"{y.min():.2g} to {y.max():.2g}"
        for text, drop, style in ((name, 7, {}), (f"{size}, {span}", 16, SMALL)):
            axes.annotate(
                text, (0, 1), (-72 * left + 7, -drop), "axes fraction", "offset points", **style
            )
        top += height + gap
    axes = add_box(figure, left, top + gap, width, bars)
    draw_probabilities(axes, network.loss.probabilities(x)[0])
    return figure


def add_box(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a position in inches from the figure's upper left corner."""
    w, h = figure.get_size_inches()
    return figure.add_axes((left / w, 1 - (top + height) / h, width / w, height / h))


def tile_columns(y: Array) -> int:
    """How many of the feature maps of y (h, w, n), or of its numbers (n,), stand side by side."""
    n = y.shape[-1]
    return max(n, 10) if n <= 20 or y.ndim == 1 else 20 if n <= 40 else 40


def tile_rows(y: Array) -> int:
    return -(-y.shape[-1] // tile_columns(y)) if y.ndim == 3 else 0


def draw_output(axes: Axes, y: Array) -> None:
    """Feature maps (h, w, n) as tiles, or a row of numbers (n,) as a strip."""
    if y.ndim == 3:
        maps = np.moveaxis(y, 2, 0)
        draw_tiles(axes, maps, tile_columns(y), cmap=SIGNED, norm=symmetric_norm(y))
        return
    axes.imshow(y[None], aspect="auto", interpolation="none", cmap=SIGNED, norm=symmetric_norm(y))
    axes.set(xticks=(), yticks=())
    axes.spines[:].set_visible(True)


def draw_probabilities(axes: Axes, probabilities: Array) -> None:
    names = [*map(str, range(DIGITS)), "no digit"][: len(probabilities)]
    best = int(np.argmax(probabilities))
    colours = [BLUE if i == best else LIGHT for i in range(len(names))]
    bars = axes.bar(names, probabilities, color=colours)
    axes.bar_label(bars, [percent(p) if p >= 0.0005 else "" for p in probabilities], fontsize=7)
    axes.set(ylim=(0, 1.1), yticks=(0, 0.5, 1), ylabel="probability")
    axes.set_xlim(-0.5, len(names) - 0.5)  # each bar under its number in the strip above
    axes.tick_params(axis="x", length=0)


@plot_style()
def rates(trials: Sequence[dict[str, Any]], title: str) -> Figure:
    """Accuracy against learning rate, a point for each trial of a tuning, marked by its state.

    Each has "learning_rate", "accuracy" (None makes a tick at the bottom) and "state".
    """
    figure = new_figure(4.2, title)
    axes = figure.subplots()
    axes.set_xscale("log")
    markers = cycle([(BLUE, "o"), (ORANGE, "D"), (GRAY, "s"), (BLUE, "^"), (ORANGE, "v")])
    measured = [trial for trial in trials if trial["accuracy"] is not None]
    for state in dict.fromkeys(trial["state"] for trial in measured):
        group = [trial for trial in measured if trial["state"] == state]
        x, y = ([trial[key] for trial in group] for key in ("learning_rate", "accuracy"))
        # a dollar sign would begin a formula
        label = f"{state} ({len(group)})".replace("$", r"\$")
        colour, marker = next(markers)
        axes.plot(x, y, marker, ms=5, mew=0, alpha=0.75, color=colour, label=label)
    failed = [trial["learning_rate"] for trial in trials if trial["accuracy"] is None]
    if failed:
        label, low = f"no accuracy ({len(failed)})", axes.get_xaxis_transform()
        axes.plot(failed, [0.02] * len(failed), "|", ms=8, c=GRAY, transform=low, label=label)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set(xlabel="learning rate (logarithmic)", ylabel="accuracy")
    axes.grid(axis="y")
    figure.legend(loc="outside lower center", ncols=4)
    return figure


@plot_style()
def samples(groups: dict[str, Array], title: str, columns: int = 14, seed: int = 1) -> Figure:
    """A row of random images for each group; its images are (n, 28, 28) uint8."""
    rng = np.random.default_rng(seed)
    left = 0.25 + 0.08 * max(map(len, groups))  # inches, a letter is about 0.08 wide
    width = WIDTH - left - 0.15
    height = width * len(groups) / columns
    figure = new_figure(0.45 + height + 0.15, title, layout=None)
    axes = add_box(figure, left, 0.45, width, height)
    for row, (name, images) in enumerate(groups.items()):
        sample = images[rng.permutation(len(images))[:columns]]
        draw_tiles(axes, sample, columns, row, **INK)
        axes.text(-0.15, row + 0.5, name, ha="right", va="center")
    return figure


def draw_tiles(
    axes: Axes, images: Sequence[Array] | Array, columns: int, top: int = 0, **colours: Any
) -> None:
    """Draw the images, (h, w) each, as tiles 1 wide and high, from the row `top` downwards."""
    margin = 0.03
    for i, image in enumerate(images):
        y, x = divmod(i, columns)
        box = (x + margin, x + 1 - margin, top + y + 1 - margin, top + y + margin)
        axes.imshow(image, interpolation="none", extent=box, **colours)
    axes.set(xlim=(0, columns), ylim=(top + -(-len(images) // columns), 0), aspect="equal")
    axes.set_anchor("NW")
    axes.axis("off")


def symmetric_norm(values: Array) -> Normalize:
    """A colour scale that covers all the values, with zero in its middle."""
    largest = float(np.abs(values).max()) or 1.0
    return Normalize(-largest, largest)


def percent(fraction: float) -> str:
    """With one decimal; only 1 itself is 100.0%."""
    return ">99.9%" if 0.9995 <= fraction < 1 else f"{fraction:.1%}"


def layer_name(layer: Layer) -> str:
    """Such as "Conv 16, 3x3"."""
    match layer:
        case Conv(filters=filters, size=size):
            return f"Conv {filters}, {size}x{size}"
        case Dense(units=units):
            return f"Dense {units}"
        case MaxPool(size=size):
            return f"MaxPool {size}x{size}"
    return type(layer).__name__
