"""The inside of a network in JSON: steps, activations, saliency, a neuron, all networks' answers.

What `POST /api/predict` includes when it is asked to, see look.py; numbers are of four significant
digits where a screen shows them, and whole where somebody adds them up.
"""

import base64
import io
import time
from typing import Any

import numpy as np
from PIL import Image

from nn.layers import Array
from nn.measure.explain import Block, Neuron, contributions, gradient, neuron
from web.models import Model
from web.problems import Problem

SHOWN = 16  # units of a block that are drawn: all of few, the most active of many
STRONGEST = 5  # connections that are told of each unit
INPUTS = 8  # of a neuron, told one by one
BINS = 24  # of the histogram of weights
PICTURE_SIDE, PICTURE_BYTES = 112, 12_000  # of the pictures of the steps, at most


def rounded(drawing: Array) -> list[float]:
    """784 numbers, row by row, finer than any screen shows and short to send."""
    return [round(value, 4) for value in drawing.ravel().tolist()]


def short(values: Array) -> list[float]:
    """Row by row, of four significant digits: finer than any screen shows."""
    return [float(f"{value:.4g}") for value in np.asarray(values).ravel().tolist()]


def as_step(name: str, picture: Image.Image | Array, skip: frozenset[str]) -> dict[str, Any]:
    """A step's name, whether it was taken, and what came of it: size, and a PNG in base64."""
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


def as_activations(seen: list[Block], winner: int) -> dict[str, Any]:
    """Every block, and the histogram of the weights of the unit that won."""
    told = []
    shown: list[int] | None = None
    before: Block | None = None
    for block in seen:
        record, shown = as_block(block, before, shown)
        told.append(record)
        before = block
    weights = seen[-1].params["W"][:, winner]
    most = float(np.abs(weights).max())
    counts, edges = np.histogram(weights, BINS, (-most, most))
    histogram = {"unit": winner, "counts": counts.tolist(), "edges": short(edges)}
    return {"blocks": told, "weights": histogram}


def as_block(
    block: Block, before: Block | None, sources: list[int] | None
) -> tuple[dict[str, Any], list[int]]:
    """A block in JSON, and which of its units are shown; `sources` are those of the one before.

    `values` of a Dense layer are its outputs; `maps` of any other are base64 of a byte for each
    output, channel by channel and row by row, where 0 stands for `low` and 255 for `high`.
    """
    y = block.y
    strengths = block.mean_activation
    shown = sorted(np.argsort(-strengths, kind="stable")[:SHOWN].tolist())
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
        record["means"] = short(strengths)
    return record, shown


def edges_between(
    block: Block, before: Block | None, sources: list[int] | None, shown: list[int]
) -> list[list[float]]:
    """[source, unit, contribution] for the strongest contributions to each unit that is shown."""
    parts = contributions(block, before)
    if parts is None:  # a pooling: each channel goes on alone
        strengths = short(block.mean_activation)
        return [[unit, unit, strengths[unit]] for unit in shown if sources and unit in sources]
    among = np.arange(len(parts)) if sources is None else np.array(sources)
    edges = []
    for unit in shown:
        column = parts[among, unit]
        strongest = np.argsort(-np.abs(column), kind="stable")[:STRONGEST]
        edges += [[int(among[i]), unit, float(f"{column[i]:.3g}")] for i in strongest if column[i]]
    return edges


def as_saliency(model: Model, drawing: Array, winner: int, second: int) -> dict[str, Any]:
    """Gradient times input of the winner and the runner-up, and what would turn one into the other.

    Gradient times input is the share of each pixel in the score, to first order (Simonyan et al.
    2014, "Deep Inside Convolutional Networks"; times the input in Shrikumar et al. 2017, "Learning
    Important Features"): above zero ink that speaks for the digit, below zero ink against it.
    `change` is the gradient of the runner-up's score less the winner's, by the pixels: above zero
    where more ink would speak for the runner-up, below where less would.
    """
    network = model.network
    scores = network.outputs(drawing[None, :, :, None])[0]
    of_winner = gradient(network, drawing, {winner: 1.0})
    of_second = gradient(network, drawing, {second: 1.0})

    def told(digit: int, slope: Array) -> dict[str, Any]:
        return {"digit": digit, "score": float(scores[digit]), "values": short(slope * drawing)}

    runner_up = told(second, of_second) | {"change": short(of_second - of_winner)}
    return {"winner": told(winner, of_winner), "runner_up": runner_up}


def as_neuron(seen: list[Block], layer: int, unit: int, *place: int) -> dict[str, Any]:
    """The arithmetic of a neuron: its weights, the strongest of its inputs, sum, bias, output."""
    i = next(i for i, block in enumerate(seen) if block.index == layer)
    try:
        found: Neuron = neuron(seen[i], unit, (place[0], place[1]) if place else None)
    except ValueError as error:
        raise Problem(422, f"neuron: {error}") from None
    shape = found.weights.shape
    if found.weights.ndim == 1:  # back to what was flattened before the layer
        shape = seen[i - 1].y.shape if i else (28, 28)
    weights, inputs = found.weights.ravel(), found.inputs.ravel()
    products = weights * inputs
    strongest = np.argsort(-np.abs(products), kind="stable")[:INPUTS]
    return {
        "layer": layer,
        "unit": unit,
        "place": found.place,
        "activation": found.activation,
        "inputs": len(weights),
        "strongest": [
            {
                "input": [int(at) for at in np.unravel_index(int(j), shape)],
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
    """A network's own answer to the drawing, what it took, and what is known of the network."""
    started = time.perf_counter()
    answer = model.read(drawing)
    seconds = time.perf_counter() - started
    return {**answer, **known(model), "milliseconds": round(1000 * seconds, 2)}


def known(model: Model) -> dict[str, Any]:
    return {key: value for key, value in model.describe().items() if key != "name"}
