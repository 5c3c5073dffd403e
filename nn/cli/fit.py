"""python -m nn fit"""

import argparse
from typing import Any

from nn.cli.arguments import digit_network, named_network
from nn.cli.train import fitted_to_numbers
from nn.numbers.seams import SEAMS


def add(commands: Any) -> None:
    command = commands.add_parser("fit", help="fit the reading of numbers to a trained network")
    command.add_argument("network", metavar="NAME-OR-FILE")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Fit the weights of the geometry of numbers, as at the end of a training; store them."""
    network, path = digit_network(options.network)
    network = fitted_to_numbers(network, named_network(SEAMS.name)[0])
    network.save(path)
    for source, weights in network.about["geometry"].items():
        print(f"{source}: " + ", ".join(f"{name} {value}" for name, value in weights.items()))
