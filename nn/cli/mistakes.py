"""python -m nn mistakes"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from nn.data import sets
from nn.dataset import as_input
from nn.layers import Array
from nn.measure.metrics import DIGIT_SETS, evaluate
from nn.measure.rejection import conditional_probabilities
from nn.network import WEIGHTS, Network
from nn.plots.sheets import SPRITE_COLUMNS, example_rows, sprite_sheet
from nn.serialization import atomic_write
from nn.zoo import DEFAULT, ZOO

# Pictures behind a cell of a confusion matrix: few, for they are MNIST's.
MISREAD_PER_CELL, CORRECT_PER_CELL = 3, 2
# Pictures of each of the lists that /accuracy shows, of each data set.
MOST = {"mistakes": 100, "refused": 40, "doubtful": 40}


def add(commands: Any) -> None:
    command = commands.add_parser(
        "mistakes", help="write the drawings that the pages /accuracy and /inside show"
    )
    command.add_argument(
        "--out", type=Path, default=Path("static"), help="folder to write to (static/)"
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Write two sheets of pictures, each with a table of what is on it."""
    networks = {
        name: Network.load(WEIGHTS / f"{name}.npz")
        for name in ZOO
        if (WEIGHTS / f"{name}.npz").exists()
    }
    write(options.out / "testset" / "mistakes", *behind_matrices(networks))
    write(options.out / "accuracy" / "drawings", *by_verdict(networks[DEFAULT]))


def write(path: Path, images: Array, table: dict[str, Any]) -> None:
    """The images (n, 28, 28) uint8 as a PNG file, and the table as a JSON file beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path.with_suffix(".png")) as file:
        sprite_sheet(images).save(file, "PNG", optimize=True)
    with atomic_write(path.with_suffix(".json")) as file:
        table = {"columns": SPRITE_COLUMNS, **table}
        file.write(json.dumps(table, separators=(",", ":")).encode())
    print(f"{path}.png: {len(images)} pictures")


def behind_matrices(networks: dict[str, Network]) -> tuple[Array, dict[str, Any]]:
    """MNIST's test images behind the confusion matrices of /inside, and what each network reads."""
    digits = sets.load("mnist", "test")
    images = as_input(digits.images)
    chosen: dict[str, list[tuple[int, Array]]] = {}
    for name, network in networks.items():
        probabilities = conditional_probabilities(network.probabilities(images))
        each = len(images) if name == DEFAULT else MISREAD_PER_CELL
        rows = example_rows(digits.labels, probabilities, each, CORRECT_PER_CELL)
        chosen[name] = [(row, probabilities[row]) for row in rows]
    rows_shown = sorted({row for rows in chosen.values() for row, _ in rows})
    position = {row: i for i, row in enumerate(rows_shown)}
    return digits.images[rows_shown], {
        "labels": digits.labels[rows_shown].tolist(),
        "rows": rows_shown,
        "networks": {  # for each image: position in the sheet, prediction, probabilities in 1/1000
            name: [
                [position[row], int(p.argmax()), *np.round(1000 * p).astype(int).tolist()]
                for row, p in rows
            ]
            for name, rows in chosen.items()
        },
    }


def by_verdict(network: Network) -> tuple[Array, dict[str, Any]]:
    """The digits of test sets that it misreads, refuses or doubts, in lists as /accuracy has them.

    Each drawing has its position in the sheet.  Of a long list the first ones are there, those
    about which the network errs most; the doubtful and the refused are in order of their labels.
    """
    pictures: list[Array] = []
    lists: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for name in DIGIT_SETS:
        digits = sets.load(name, "test")
        result = evaluate(network, digits)
        position: dict[int, int] = {}
        lists[name] = {}
        for kind, most in MOST.items():
            shown = result[kind][:most]
            if kind != "mistakes":
                shown.sort(key=lambda drawing: drawing["label"])
            for drawing in shown:
                if drawing["index"] not in position:
                    position[drawing["index"]] = len(pictures)
                    pictures.append(digits.images[drawing["index"]])
            lists[name][kind] = [{**d, "position": position[d["index"]]} for d in shown]
    return np.stack(pictures), {"lists": lists}
