"""Frozen dataclasses as JSON records and back, and .npz files of arrays and JSON.

`Dense(units=10)` is `{"type": "Dense", "units": 10}`: readable, comparable, and safe to load from
a file of unknown origin, because only classes named by the caller are instantiated.  Files are
written atomically.
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
    """A file that is not a weights file, or one with arrays that do not fit its layers."""


def malformed(path: Path | str, error: Exception) -> WeightsError:
    return WeightsError(
        f"{path} is not a weights file of this library ({error}): train the network again"
    )


def to_record(value: Any) -> Any:
    """A value for `json.dumps`: a dict with the class's name for a dataclass, lists for tuples."""
    if is_dataclass(value) and not isinstance(value, type):
        inner = {field.name: to_record(getattr(value, field.name)) for field in fields(value)}
        return {"type": type(value).__name__, **inner}
    if isinstance(value, tuple | list):
        return [to_record(item) for item in value]
    return value


def from_record(record: Any, classes: Iterable[type]) -> Any:
    """The value of a record, made of instances of `classes` only; lists become tuples.

    Raises ValueError for an unknown type or for fields that it does not have.
    """
    if isinstance(record, Mapping):
        known = {cls.__name__: cls for cls in classes}
        name = record.get("type")
        if not isinstance(name, str) or name not in known:
            raise ValueError(f"unknown type {name!r}: choose from {', '.join(sorted(known))}")
        arguments = {key: from_record(v, classes) for key, v in record.items() if key != "type"}
        try:
            return known[name](**arguments)
        except TypeError as error:
            raise ValueError(f"{name}: {error}") from None
    if isinstance(record, list | tuple):
        return tuple(from_record(item, classes) for item in record)
    return record


@contextmanager
def atomic_write(path: Path | str) -> Iterator[IO[bytes]]:
    """A binary file that replaces the one at path when all of it is on disk.

    When the block raises (disk full, Ctrl-C), the file at path is unchanged.  Raises OSError when
    path is not a regular file.
    """
    path = Path(path)
    if path.exists() and not path.is_file():  # a folder, or a device that would be replaced
        raise OSError(f"{path} is not a regular file: choose another name")
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
    with atomic_write(path) as file, zipfile.ZipFile(file, "w") as archive:
        # a fixed date, so that the same content gives the same bytes
        entry = zipfile.ZipInfo("about.json", (1980, 1, 1, 0, 0, 0))
        archive.writestr(entry, json.dumps(about, indent=1))
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, buffer.getvalue())


def read_npz(path: Path | str) -> tuple[dict[str, Any], dict[str, Array]]:
    """about.json and arrays of a file of `write_npz`.  Raises FileNotFoundError or WeightsError."""
    if not Path(path).exists():
        raise FileNotFoundError(f"there is no file {path}")
    with open(path, "rb") as file:
        try:
            with np.load(file, allow_pickle=False) as archive:
                about = json.loads(archive["about.json"])
                arrays = {name: archive[name] for name in archive.files if name != "about.json"}
            if not isinstance(about, dict):
                raise ValueError("about.json is not an object")
        except Exception as error:  # a damaged zip makes its reader and unpackers raise anything
            raise malformed(path, error) from None
    return about, arrays
