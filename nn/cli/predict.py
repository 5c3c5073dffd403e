"""python -m nn predict"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from nn.cli.networks import named_network
from nn.ink.files import PictureError
from nn.ink.preprocess import to_input
from nn.layers import Array
from nn.measure.rejection import conditional_probabilities, is_accepted
from nn.network import Network


def add(commands: Any) -> None:
    command = commands.add_parser("predict", help="read pictures of digits")
    command.add_argument("network", metavar="NAME-OR-FILE")
    command.add_argument("pictures", metavar="PICTURE", nargs="+", type=Path)
    command.add_argument("--json", action="store_true", help="print a line of JSON for each")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print the prediction for each picture in a line."""
    network, _ = named_network(options.network)
    failures = 0
    for picture in options.pictures:
        try:
            image = to_input(picture.read_bytes())
        except (PictureError, OSError) as error:
            print(f"python -m nn: {picture}: {error}", file=sys.stderr)
            failures += 1
            continue
        print(prediction_line(network, picture, image, options.json))
    if failures:
        raise PictureError(
            f"{failures} of {len(options.pictures)} pictures could not be read: see above"
        )


def prediction_line(network: Network, picture: Path, image: Array | None, as_json: bool) -> str:
    """The prediction for an input image (28, 28), None where the picture is blank."""
    if image is None:
        blank = {"picture": str(picture), "digit": None, "rejected": "blank"}
        return json.dumps(blank) if as_json else f"{picture}: blank"
    scores = network.probabilities(image[None, :, :, None])
    probabilities = conditional_probabilities(scores)[0]
    best_guess = int(probabilities.argmax())
    digit = best_guess if is_accepted(network, scores)[0] else None
    if as_json:
        rounded = [round(float(p), 6) for p in probabilities]
        rejected = "not-a-digit" if digit is None else None
        return json.dumps(
            {
                "picture": str(picture),
                "digit": digit,
                "rejected": rejected,
                "probabilities": rounded,
            }
        )
    row = " ".join(f"{i}:{p:.3f}" for i, p in enumerate(probabilities))
    read = "no digit" if digit is None else f"{digit} {probabilities[digit]:.4f}"
    return f"{picture}: {read}   {row}"
