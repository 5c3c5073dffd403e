"""python -m nn mistakes"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from nn.cli.networks import WEIGHTS
from nn.data import sets
from nn.dataset import as_input
from nn.layers import Array
from nn.measure.rejection import conditional_probabilities
from nn.network import Network
from nn.plots.sheets import SPRITE_COLUMNS, example_rows, sprite_sheet
from nn.serialization import atomic_write
from nn.zoo import DEFAULT, ZOO

# Pictures behind a cell of a confusion matrix: few, for they are MNIST's.
MISREAD_PER_CELL, CORRECT_PER_CELL = 3, 2


def add(commands: Any) -> None:
    command = commands.add_parser(
        "mistakes", help="write the images and predictions that the page /accuracy shows"
    )
    command.add_argument("--out", type=Path, required=True, help="folder to write to")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Write the images behind the confusion matrices as one sheet, and a table of what they are."""
    digits = sets.load("mnist", "test")
    images = as_input(digits.images)
    chosen: dict[str, list[tuple[int, Array]]] = {}
    for name in ZOO:
        path = WEIGHTS / f"{name}.npz"
        if path.exists():
            probabilities = conditional_probabilities(Network.load(path).probabilities(images))
            each = len(images) if name == DEFAULT else MISREAD_PER_CELL
            rows = example_rows(digits.labels, probabilities, each, CORRECT_PER_CELL)
            chosen[name] = [(row, probabilities[row]) for row in rows]
    rows_shown = sorted({row for rows in chosen.values() for row, _ in rows})
    position = {row: i for i, row in enumerate(rows_shown)}
    table = {
        "columns": SPRITE_COLUMNS,
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
    with atomic_write(options.out / "mistakes.png") as file:
        sprite_sheet(digits.images[rows_shown]).save(file, "PNG", optimize=True)
    with atomic_write(options.out / "mistakes.json") as file:
        file.write(json.dumps(table, separators=(",", ":")).encode())
    print(f"{options.out}: {len(rows_shown)} pictures of {len(chosen)} networks")
