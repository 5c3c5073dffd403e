"""Files that are written whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def written_whole(path: Path | str) -> Iterator[IO[bytes]]:
    """A binary file that takes its name only when all of it is on disk.

    When the block raises (disk full, Ctrl-C), what was there under that name stays as it was.
    Raises OSError when that is no plain file.
    """
    path = Path(path)
    if path.exists() and not path.is_file():  # a folder, or a device that would be replaced
        raise OSError(f"{path} is no plain file, and is not written to")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        with open(unfinished, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
