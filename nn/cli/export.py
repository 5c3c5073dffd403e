"""python -m nn export"""

import argparse
from pathlib import Path
from typing import Any

from nn.cli.arguments import UsageError, named_network
from nn.export.formats import FORMATS
from nn.serialization import atomic_write


def add(commands: Any) -> None:
    command = commands.add_parser("export", help="write a network for other programs")
    command.add_argument("network", metavar="NAME-OR-FILE")
    command.add_argument("--to", choices=FORMATS, required=True)
    command.add_argument("--out", type=Path, help="file to write (NAME.onnx or NAME.json)")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Write the network to a file of the format asked for."""
    network, path = named_network(options.network)
    target = options.out or Path(f"{path.stem}.{options.to}")
    if target.exists() and target.samefile(path):
        raise UsageError(f"{target} is the weights file itself: name another file with --out")
    content = FORMATS[options.to](network)
    with atomic_write(target) as file:
        file.write(content)
    print(f"{target}: {len(content) / 1000:.0f} kB")
