"""Frozen dataclasses as JSON records and back, so that a recipe or a network is plain data.

`Dense(units=10)` is `{"type": "Dense", "units": 10}`: readable, comparable, and safe to load from
a file of unknown origin, for only the classes named by the caller can be made.  Files are written
whole or not at all.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import IO, Any


def to_record(value: Any) -> Any:
    """What `json.dumps` takes: a dict with the class's name for a dataclass, lists for tuples."""
    if is_dataclass(value) and not isinstance(value, type):
        inner = {field.name: to_record(getattr(value, field.name)) for field in fields(value)}
        return {"type": type(value).__name__, **inner}
    if isinstance(value, tuple | list):
        return [to_record(item) for item in value]
    return value


def from_record(record: Any, classes: Iterable[type]) -> Any:
    """The value `record` describes, made of `classes` only; lists come back as tuples.

    Raises ValueError for an unknown type or for fields that do not fit it.
    """
    if isinstance(record, Mapping):
        known = {cls.__name__: cls for cls in classes}
        name = record.get("type")
        if not isinstance(name, str) or name not in known:
            raise ValueError(f"unknown type {name!r}; known are {', '.join(sorted(known))}")
        arguments = {key: from_record(v, classes) for key, v in record.items() if key != "type"}
        try:
            return known[name](**arguments)
        except TypeError as error:
            raise ValueError(f"{name}: {error}") from None
    if isinstance(record, list | tuple):
        return tuple(from_record(item, classes) for item in record)
    return record


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
