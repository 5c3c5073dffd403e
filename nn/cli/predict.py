"""python -m nn predict"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from nn.cli.arguments import digit_network, named_network
from nn.ink.files import PictureError
from nn.ink.preprocess import to_crop
from nn.measure.rejection import Verdict
from nn.numbers.reader import Digit, NumberReader, Reading
from nn.numbers.seams import SEAMS


def add(commands: Any) -> None:
    command = commands.add_parser("predict", help="read pictures of digits and numbers")
    command.add_argument("network", metavar="NAME-OR-FILE")
    command.add_argument("pictures", metavar="PICTURE", nargs="+", type=Path)
    command.add_argument("--json", action="store_true", help="print a line of JSON for each")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print the prediction for each picture in a line."""
    network, _ = digit_network(options.network)
    reader = NumberReader(network, named_network(SEAMS.name)[0])
    failures = 0
    for picture in options.pictures:
        try:
            crop = to_crop(picture.read_bytes())
            reading = None if crop is None else reader.read(crop)
        except (PictureError, OSError) as error:
            print(f"python -m nn: {picture}: {error}", file=sys.stderr)
            failures += 1
            continue
        print(as_json(picture, reading) if options.json else as_line(picture, reading))
    if failures:
        raise PictureError(
            f"{failures} of {len(options.pictures)} pictures could not be read: see above"
        )


def as_json(picture: Path, reading: Reading | None) -> str:
    """The prediction for a picture, None where it is blank, as a line of JSON."""
    refused = reading is None or reading.verdict is Verdict.REFUSED
    digits = [] if reading is None or refused else reading.digits
    single = digits[0] if len(digits) == 1 else None
    record: dict[str, Any] = {
        "picture": str(picture),
        "digit": single.digit if single else None,
        "number": reading.text if reading and not refused else None,
        "confidence": round(reading.confidence, 6) if reading and not refused else 0.0,
        "doubtful": reading is not None and reading.verdict is Verdict.DOUBTFUL,
        "rejected": "blank" if reading is None else "not-a-digit" if refused else None,
    }
    if reading is not None:
        shown = single or (reading.whole if refused else None)
        record["probabilities"] = shown and rounded(shown)
        record["digits"] = [
            {"digit": digit.digit, "probabilities": rounded(digit)} for digit in digits
        ]
    return json.dumps(record)


def rounded(digit: Digit) -> list[float]:
    return [round(probability, 6) for probability in digit.probabilities]


def as_line(picture: Path, reading: Reading | None) -> str:
    """The prediction for a picture, None where it is blank, with the probabilities behind it."""
    if reading is None:
        return f"{picture}: blank"
    read = {
        Verdict.READ: f"{reading.text} {reading.confidence:.4f}",
        Verdict.DOUBTFUL: f"{reading.text}? {reading.confidence:.4f}",
        Verdict.REFUSED: "no digit",
    }[reading.verdict]
    if len(reading.digits) > 1 and reading.verdict is not Verdict.REFUSED:
        row = " ".join(f"{digit.digit}:{max(digit.probabilities):.3f}" for digit in reading.digits)
    else:
        row = " ".join(f"{i}:{p:.3f}" for i, p in enumerate(reading.whole.probabilities))
    return f"{picture}: {read}   {row}"
