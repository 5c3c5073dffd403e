"""The network that a command is about, by name or by file."""

from pathlib import Path

from nn.cli.arguments import UsageError
from nn.network import Network
from nn.zoo import ZOO

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"


def named_network(name_or_file: str) -> tuple[Network, Path]:
    """A network of the zoo by name or from any weights file, and that file.  Raises UsageError."""
    path = WEIGHTS / f"{name_or_file}.npz" if name_or_file in ZOO else Path(name_or_file)
    if not path.exists() and name_or_file in ZOO:
        raise UsageError(
            f"{name_or_file} is not trained yet: run `python -m nn train {name_or_file}`"
        )
    if not path.exists():
        raise UsageError(f"there is no file {path}: name one, or a network of {', '.join(ZOO)}")
    return Network.load(path), path
