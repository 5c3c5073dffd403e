"""MNIST, from idx files or from CSV (LeCun, Cortes & Burges, "The MNIST database")."""

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np

from nn.data.download import broken, cache_folder, fetch, find
from nn.dataset import DIGITS, DataSet
from nn.layers import Array

MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
MNIST_MD5 = {
    "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
}
MNIST_VALIDATION = 5000  # the last of the 60,000 training images


def mnist(split: str) -> DataSet:
    """MNIST, from idx files (gzip or plain) or CSV; validation is the end of the training file.

    Raises DataError when a file is missing or broken.
    """
    part = "t10k" if split == "test" else "train"
    tables = ("mnist_test.csv",) if split == "test" else ("train.csv", "mnist_train.csv")
    images = find(f"mnist/{part}-images-idx3-ubyte.gz", f"mnist/{part}-images-idx3-ubyte")
    labels = find(f"mnist/{part}-labels-idx1-ubyte.gz", f"mnist/{part}-labels-idx1-ubyte")
    table = find(*(f"mnist/{name}" for name in tables))
    if images and labels:
        whole = read_idx_pair(images, labels)
    elif table:
        whole = read_csv(table)
    else:
        files = [f"{part}-images-idx3-ubyte.gz", f"{part}-labels-idx1-ubyte.gz"]
        whole = read_idx_pair(*(fetch_mnist(file) for file in files))
    if split == "test":
        return whole
    cut = max(len(whole.labels) - MNIST_VALIDATION, len(whole.labels) // 2)
    rows = slice(cut) if split == "train" else slice(cut, None)
    return DataSet(whole.images[rows], whole.labels[rows])


def read_idx_pair(images_path: Path, labels_path: Path) -> DataSet:
    """Images and their labels.  Raises DataError when the files are broken or do not match."""
    images, labels = read_idx(images_path), read_idx(labels_path)
    if images.ndim != 3 or images.shape[1:] != (28, 28):
        raise broken(images_path, "its arrays are not 28x28 images")
    if labels.shape != (len(images),) or not len(labels) or labels.max() >= DIGITS:
        raise broken(labels_path, "it does not hold a label from 0 to 9 for each image")
    return DataSet(images, labels.astype(np.int64))


def read_idx(path: Path) -> Array:
    """The array in an idx file of bytes, gzip or plain (format: LeCun, "The MNIST database").

    Raises DataError when the file is broken.
    """
    content = path.read_bytes()
    try:
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        zeros, kind, dimensions = struct.unpack(">HBB", content[:4])
        shape = struct.unpack(f">{dimensions}I", content[4 : 4 + 4 * dimensions])
        if zeros or kind != 8:  # 8: unsigned bytes
            raise ValueError("it is not an idx file of bytes")
        return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)
    except (ValueError, struct.error, EOFError, OSError, zlib.error) as error:
        raise broken(path, error) from None


def read_csv(path: Path) -> DataSet:
    """Images of a Kaggle-style table: rows of a label and 784 pixels 0..255, a header or none.

    Raises DataError for any other content.
    """
    try:
        with open(path, encoding="utf-8") as file:
            header = not file.readline().split(",")[0].strip().isdigit()
        table = np.loadtxt(path, np.int64, delimiter=",", skiprows=int(header), ndmin=2)
        if table.shape[1] != 785 or not len(table):
            raise ValueError(f"it has {table.shape[1]} columns, not a label and 784 pixels")
        labels, pixels = table[:, 0], table[:, 1:]
        if labels.min() < 0 or labels.max() >= DIGITS or pixels.min() < 0 or pixels.max() > 255:
            raise ValueError("it has labels beyond 0 to 9 or pixels beyond 0 to 255")
    except ValueError as error:
        raise broken(path, error) from None
    return DataSet(pixels.astype(np.uint8).reshape(-1, 28, 28), labels)


def fetch_mnist(file: str) -> Path:
    """The file of that name, fetched into the cache.  Raises DataError when no mirror has it."""
    urls = [mirror + file for mirror in MNIST_MIRRORS]
    return fetch(urls, cache_folder() / "mnist" / file, f"md5:{MNIST_MD5[file]}")
