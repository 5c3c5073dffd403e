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
from nn.measure.rejection import Verdict, conditional_probabilities, confidence_of, verdicts
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
        blank = {"digit": None, "confidence": 0.0, "doubtful": False, "rejected": "blank"}
        return json.dumps({"picture": str(picture), **blank}) if as_json else f"{picture}: blank"
    scores = network.probabilities(image[None, :, :, None])
    probabilities = conditional_probabilities(scores)[0]
    best_guess = int(probabilities.argmax())
    confidence = float(confidence_of(scores)[0])
    verdict = verdicts(network, scores)[0]
    if as_json:
        refused = verdict == Verdict.REFUSED
        return json.dumps(
            {
                "picture": str(picture),
                "digit": None if refused else best_guess,
                "confidence": 0.0 if refused else round(confidence, 6),
                "doubtful": bool(verdict == Verdict.DOUBTFUL),
                "rejected": "not-a-digit" if refused else None,
                "probabilities": [round(float(p), 6) for p in probabilities],
            }
        )
    row = " ".join(f"{i}:{p:.3f}" for i, p in enumerate(probabilities))
    read = {
        Verdict.READ: f"{best_guess} {confidence:.4f}",
        Verdict.DOUBTFUL: f"{best_guess}? {confidence:.4f}",
        Verdict.REFUSED: "no digit",
    }[Verdict(int(verdict))]
    return f"{picture}: {read}   {row}"
