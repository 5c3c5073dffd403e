"""The inside of a network in JSON: steps, activations, saliency, a neuron, all predictions.

What `POST /api/predict` includes when it is asked to, see options.py.  Numbers that are only shown
are rounded; those that a reader can add up, as in the arithmetic of a neuron, are not.
"""

import base64
import io
import time
from typing import Any

import numpy as np
from PIL import Image

from nn.layers import Array
from nn.measure.explain import Block, contributions, gradient, neuron
from nn.network import Network
from web.models import Model
from web.problems import ProblemError

SHOWN = 16  # units of a block that are drawn: all of few, the most active of many
STRONGEST = 5  # contributions to each unit that are included
INPUTS = 8  # of a neuron that are listed one by one
BINS = 24  # of the histogram of weights
PICTURE_SIDE, PICTURE_BYTES = 112, 12_000  # of the pictures of the steps, at most


def rounded(drawing: Array) -> list[float]:
    """784 numbers with four decimals, row by row."""
    return [round(value, 4) for value in drawing.ravel().tolist()]


def short(values: Array) -> list[float]:
    """Numbers with four significant digits, row by row."""
    return [float(f"{value:.4g}") for value in np.asarray(values).ravel().tolist()]


def as_step(name: str, picture: Image.Image | Array, skip: frozenset[str]) -> dict[str, Any]:
    """A step's name, whether it was taken, and its result: size, and a PNG in base64."""
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray((255 * np.clip(picture, 0, 1)).astype(np.uint8))
    elif picture.mode not in ("L", "LA", "RGB", "RGBA"):
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    width, height = picture.size
    picture = picture.reduce(max(1, -(-max(picture.size) // PICTURE_SIDE)))
    content = as_png(picture)
    while len(content) > PICTURE_BYTES:  # of a photo, or of noise: drawings take a tenth
        picture = picture.reduce(2)
        content = as_png(picture)
    return {
        "name": name,
        "taken": name not in skip,
        "width": width,
        "height": height,
        "picture": base64.b64encode(content).decode(),
    }


def as_png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    return file.getvalue()


def as_activations(blocks: list[Block], winner: int) -> dict[str, Any]:
    """Every block, and a histogram of the weights of the output `winner`."""
    records = []
    shown: list[int] | None = None
    before: Block | None = None
    for block in blocks:
        record, shown = as_block(block, before, shown)
        records.append(record)
        before = block
    weights = blocks[-1].params["W"][:, winner]
    most = float(np.abs(weights).max())
    counts, edges = np.histogram(weights, BINS, (-most, most))
    histogram = {"unit": winner, "counts": counts.tolist(), "edges": short(edges)}
    return {"blocks": records, "weights": histogram}


def as_block(
    block: Block, before: Block | None, sources: list[int] | None
) -> tuple[dict[str, Any], list[int]]:
    """A block in JSON, and which of its units are shown; `sources` are those of the one before.

    `values` of a Dense layer are its outputs; `maps` of any other are base64 of a byte for each
    output, channel by channel and row by row, where 0 stands for `low` and 255 for `high`.
    """
    y = block.y
    means = block.mean_activation
    shown = sorted(np.argsort(-means, kind="stable")[:SHOWN].tolist())
    record: dict[str, Any] = {
        "layer": block.index,
        "kind": type(block.layer).__name__,
        "size": getattr(block.layer, "size", None),
        "activation": block.activation,
        "shape": list(y.shape),
        "mean": round(float(y.mean()), 5),
        "max": round(float(y.max()), 5),
        "shown": shown,
        "edges": edges_between(block, before, sources, shown),
    }
    if y.ndim == 1:
        record["values"] = short(y)
    else:
        low, high = float(y.min()), float(y.max())
        level = np.round((y - low) * (255 / (high - low or 1))).astype(np.uint8)
        maps = np.ascontiguousarray(level.transpose(2, 0, 1)).tobytes()  # c h w
        record |= {"low": low, "high": high, "maps": base64.b64encode(maps).decode()}
        record["means"] = short(means)
    return record, shown


def edges_between(
    block: Block, before: Block | None, sources: list[int] | None, shown: list[int]
) -> list[list[float]]:
    """[source, unit, contribution] for the strongest contributions to each unit that is shown."""
    parts = contributions(block, before)
    if parts is None:  # a pooling: each channel goes on alone
        means = short(block.mean_activation)
        return [[unit, unit, means[unit]] for unit in shown if sources and unit in sources]
    among = np.arange(len(parts)) if sources is None else np.array(sources)
    edges = []
    for unit in shown:
        column = parts[among, unit]
        strongest = np.argsort(-np.abs(column), kind="stable")[:STRONGEST]
        edges += [[int(among[i]), unit, float(f"{column[i]:.3g}")] for i in strongest if column[i]]
    return edges


def as_saliency(network: Network, drawing: Array, winner: int, second: int) -> dict[str, Any]:
    """Gradient times input of the winner and the runner-up, and the gradient from one to the other.

    Gradient times input is each pixel's contribution to the score, to first order (Simonyan et al.
    2014, "Deep Inside Convolutional Networks"; times the input in Shrikumar et al. 2017, "Learning
    Important Features"): above zero ink that speaks for the digit, below zero ink against it.
    `change` is the gradient of the runner-up's score minus the winner's, by the pixels: above zero
    where more ink would speak for the runner-up, below where less would.
    """
    scores = network.outputs(drawing[None, :, :, None])[0]
    of_winner = gradient(network, drawing, {winner: 1.0})
    of_second = gradient(network, drawing, {second: 1.0})

    def evidence(digit: int, slope: Array) -> dict[str, Any]:
        return {"digit": digit, "score": float(scores[digit]), "values": short(slope * drawing)}

    runner_up = evidence(second, of_second) | {"change": short(of_second - of_winner)}
    return {"winner": evidence(winner, of_winner), "runner_up": runner_up}


def as_neuron(blocks: list[Block], layer: int, unit: int, *position: int) -> dict[str, Any]:
    """The arithmetic of a neuron: its weights, strongest inputs, sum, bias and output."""
    i = next(i for i, block in enumerate(blocks) if block.index == layer)
    try:
        found = neuron(blocks[i], unit, (position[0], position[1]) if position else None)
    except ValueError as error:
        raise ProblemError(422, f"neuron: {error}") from None
    shape = found.weights.shape
    if found.weights.ndim == 1:  # back to what was flattened before the layer
        shape = blocks[i - 1].y.shape if i else (28, 28)
    weights, inputs = found.weights.ravel(), found.inputs.ravel()
    products = weights * inputs
    strongest = np.argsort(-np.abs(products), kind="stable")[:INPUTS]
    return {
        "layer": layer,
        "unit": unit,
        "place": found.position,
        "activation": found.activation,
        "inputs": len(weights),
        "strongest": [
            {
                "input": [int(index) for index in np.unravel_index(int(j), shape)],
                "value": float(inputs[j]),
                "weight": float(weights[j]),
                "product": float(products[j]),
            }
            for j in strongest
        ],
        "rest": float(np.delete(products, strongest).sum()),
        "sum": float(products.sum()),
        "bias": found.bias,
        "output": found.output,
        "weights": {"shape": list(shape), "values": short(weights)},
    }


def row_of(model: Model, drawing: Array | None) -> dict[str, Any]:
    """A network's prediction for the drawing, how long it took, and its entry in /api/models."""
    started = time.perf_counter()
    prediction = model.predict(drawing)
    seconds = time.perf_counter() - started
    entry = {key: value for key, value in model.describe().items() if key != "name"}
    return {**prediction, **entry, "milliseconds": round(1000 * seconds, 2)}
