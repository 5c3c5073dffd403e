"""Frozen dataclasses as JSON records and back, so that a recipe or a network is plain data.

`Dense(units=10)` is `{"type": "Dense", "units": 10}`: readable, comparable, and safe to load from
a file of unknown origin, for only the classes named by the caller can be made.  Files are written
whole or not at all.
"""

import io
import json
import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from nn.layers import Array


class WeightsError(ValueError):
    """A file that is no weights file, or one whose arrays do not fit its layers."""


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


def write_npz(path: Path | str, about: dict[str, Any], arrays: dict[str, Array]) -> None:
    """A zip of about.json and arrays, uncompressed (float32 hardly shrinks, and loads sooner)."""
    with written_whole(path) as file, zipfile.ZipFile(file, "w") as archive:
        # a fixed date, so that the same content gives the same bytes
        entry = zipfile.ZipInfo("about.json", (1980, 1, 1, 0, 0, 0))
        archive.writestr(entry, json.dumps(about, indent=1))
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, buffer.getvalue())


def read_npz(path: Path | str) -> tuple[dict[str, Any], dict[str, Array]]:
    """What `write_npz` wrote.  Raises OSError (no such file) or WeightsError (no such content)."""
    if not Path(path).exists():
        raise FileNotFoundError(f"there is no file {path}")
    with open(path, "rb") as file:
        try:
            with np.load(file, allow_pickle=False) as archive:
                about = json.loads(archive["about.json"])
                arrays = {name: archive[name] for name in archive.files if name != "about.json"}
            if not isinstance(about, dict):
                raise ValueError("about.json is no object")
        except Exception as error:  # a damaged zip makes its reader and unpackers raise anything
            raise WeightsError(f"{path} is not a weights file of this library: {error}") from None
    return about, arrays
