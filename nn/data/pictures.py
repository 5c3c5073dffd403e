"""Pictures of cats and rainbows as bitmaps, a part of Google's Quick, Draw! data set."""

import io
from pathlib import Path

import numpy as np

from nn.data.download import READ_TIMEOUT, broken, cache_folder, find, unavailable
from nn.layers import Array
from nn.serialization import atomic_write

PICTURES_FILE = "quickdraw.npz"
PICTURES_MIRRORS = ("https://storage.googleapis.com/quickdraw_dataset/full/numpy_bitmap/",)
PICTURES = {"cats": ("cat.npy", 1000), "rainbows": ("rainbow.npy", 500)}  # file, number of images
TEST_CATS, VALIDATION_CATS = 200, 100  # all rainbows are in the test split

PIXELS = 28 * 28
HEADER_BYTES = 1000  # at most, of an .npy file


def pictures(split: str) -> Array:
    """Pictures (n, 28, 28) uint8, ink bright.

    Raises DataError when the file is missing or broken.
    """
    path = find(f"nondigits/{PICTURES_FILE}") or fetch_pictures()
    try:
        with np.load(path, allow_pickle=False) as archive:
            images, names = archive["images"], archive["names"]
        if images.shape != (len(names), 28, 28) or images.dtype != np.uint8:
            raise ValueError("its arrays have another shape")
    except Exception as error:  # a damaged zip makes its reader and unpackers raise anything
        raise broken(path, error) from None
    cats = np.flatnonzero(names == "cats")
    if split == "test":
        return np.asarray(images[np.union1d(cats[-TEST_CATS:], np.flatnonzero(names != "cats"))])
    cut = len(cats) - TEST_CATS
    rows = cats[: cut - VALIDATION_CATS] if split == "train" else cats[cut - VALIDATION_CATS : cut]
    return np.asarray(images[rows])


def fetch_pictures() -> Path:
    """The first cats and rainbows of Quick, Draw!, as a file in the cache.

    Only the start of each file of 100 MB is fetched, so that no checksum can be compared.  Raises
    DataError when it cannot be fetched.
    """
    target = cache_folder() / "nondigits" / PICTURES_FILE
    images = {name: fetch_first(file, count) for name, (file, count) in PICTURES.items()}
    names = np.repeat(list(images), [len(rows) for rows in images.values()])
    with atomic_write(target) as archive:
        np.savez_compressed(archive, images=np.concatenate(list(images.values())), names=names)
    return target


def fetch_first(file: str, count: int) -> Array:
    """The first pictures (count, 28, 28) of a file of the mirrors.  Raises DataError."""
    import requests  # here, because only downloads need it

    failures = []
    for url in (mirror + file for mirror in PICTURES_MIRRORS):
        try:
            with requests.get(url, stream=True, timeout=READ_TIMEOUT) as response:
                response.raise_for_status()
                start = response.raw.read(count * PIXELS + HEADER_BYTES)
            content = io.BytesIO(start)
            version = np.lib.format.read_magic(content)
            if version != (1, 0):
                raise ValueError("it is an array of another format")
            shape, _, dtype = np.lib.format.read_array_header_1_0(content)
            if len(shape) != 2 or shape[1] != PIXELS or dtype != np.uint8 or shape[0] < count:
                raise ValueError(f"it is not an array of {count} pictures")
            rows = np.frombuffer(content.read(count * PIXELS), np.uint8)
            return rows.reshape(count, 28, 28)
        except (OSError, ValueError) as error:  # requests' errors are OSErrors
            failures.append(f"{url} ({error})")
    raise unavailable(PICTURES_FILE, failures)
