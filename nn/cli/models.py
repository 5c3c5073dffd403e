"""python -m nn models"""

import argparse
from typing import Any

from nn.cli.arguments import TRAINABLE
from nn.network import WEIGHTS, Network


def add(commands: Any) -> None:
    command = commands.add_parser("models", help="list the trained networks")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """List the zoo with sizes and recorded accuracies."""
    print(f"{'name':16} {'weights':>8} {'kB':>6} {'mnist':>7} {'pen':>7}  title")
    for name, recipe in TRAINABLE.items():
        path = WEIGHTS / f"{name}.npz"
        if not path.exists():
            print(f"{name:16} not trained yet: python -m nn train {name}")
            continue
        network = Network.load(path)
        figures = network.about.get("figures", {})
        on_mnist, on_pen = (
            f"{figures[key]['accuracy']:.2%}" if key in figures else "-"
            for key in ("mnist-test", "pen-test")
        )
        size = f"{path.stat().st_size / 1000:.0f}"
        line = f"{network.parameters:8} {size:>6} {on_mnist:>7} {on_pen:>7}"
        print(f"{name:16} {line}  {recipe.title}")
