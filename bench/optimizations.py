"""Speedup of each optimization over the simple implementation that it replaced, in the same run.

    python bench/optimizations.py

Operations are timed with one thread, at the sizes they have in `best`; training steps, of 128
images, with all cores.  Preprocessing, from a file to the input, is compared with only decoding it.
"""

import io
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from paired_timing import alternate, repeat
from PIL import Image
from threadpoolctl import threadpool_limits
from training_steps import training_steps

from nn.inference import Inference
from nn.ink.preprocess import to_input
from nn.ink.strokes import draw
from nn.layers import Array, channel_means, correlate, fold, pad, tile_channels, unfold
from nn.network import Network
from nn.zoo import ZOO
from web.operation.malloc import reuse_memory

ROUNDS = 9
CALLS = 20  # of an operation in each run of a round
STEPS = 5  # likewise, of training
IMAGES = 64  # half a batch: what one thread works on
WEIGHTS = Path(__file__).resolve().parent.parent / "weights"


def correlate_whole_batch(x: Array, W: Array) -> Array:
    rows = unfold(x, len(W))
    y = rows @ W.reshape(-1, W.shape[3])
    return y.reshape(len(x), x.shape[1] - 2, x.shape[2] - 2, W.shape[3])


def correlate_channels_first(x: Array, W: Array) -> Array:
    """Rows in the order in which NumPy gives the windows, which copies single numbers, not runs."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))  # n h' w' c i j
    kernel = W.transpose(2, 0, 1, 3).reshape(-1, W.shape[3])
    return windows.reshape(-1, len(kernel)) @ kernel


def correlate_without_unfold(x: Array, W: Array) -> Array:
    """One product for each position in the window, without copying windows."""
    h, w = x.shape[1] - 2, x.shape[2] - 2
    y = np.zeros((len(x), h, w, W.shape[3]), np.float32)
    for i in range(3):
        for j in range(3):
            y += x[:, i : i + h, j : j + w] @ W[i, j]
    return y


def dx_by_fold(dy: Array, W: Array) -> Array:
    n, h, w, filters = dy.shape
    drows = dy.reshape(-1, filters) @ W.reshape(-1, filters).T
    return fold(drows, (n, h + 2, w + 2, W.shape[2]), 3)[:, 1:-1, 1:-1]


def dx_by_convolution(dy: Array, W: Array) -> Array:
    return correlate(pad(dy, 1), W[::-1, ::-1].transpose(0, 1, 3, 2))


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.standard_normal(shape, np.float32)


def operations() -> None:
    rng = np.random.default_rng(1)
    array = partial(normal, rng)
    images, W = array((IMAGES, 28, 28, 16)), array((3, 3, 16, 24))
    padded, dy, channels = pad(images, 1), array((IMAGES, 28, 28, 24)), array((24,))
    flat = dy.reshape(IMAGES, -1)
    image = array((28, 28, 1))
    networks = {name: Network.load(WEIGHTS / f"{name}.npz") for name in ("best", "lenet", "narrow")}
    unfolded = partial(correlate, padded, W)
    table: list[tuple[str, Callable[[], Any], Callable[[], Any]]] = [
        ("rows of contiguous memory", partial(correlate_channels_first, padded, W), unfolded),
        ("rows of a few images at a time", partial(correlate_whole_batch, padded, W), unfolded),
        ("one product, not nine", partial(correlate_without_unfold, padded, W), unfolded),
        ("dx as a convolution", partial(dx_by_fold, dy, W), partial(dx_by_convolution, dy, W)),
        ("a channel's factor over an image", lambda: dy * channels,
         lambda: flat * tile_channels(channels, dy)),
        ("a channel's mean by BLAS", lambda: dy.mean(axis=(0, 1, 2)), lambda: channel_means(dy)),
        *(
            (f"one image, arrays reused: {name}", partial(network.outputs, image[None]),
             partial(Inference(network).outputs, image))
            for name, network in networks.items()
        ),
    ]  # fmt: skip
    with threadpool_limits(1):
        for title, simple, optimized in table:
            runs = partial(repeat, CALLS, simple), partial(repeat, CALLS, optimized)
            report(title, *alternate(*runs, ROUNDS))


def report(title: str, simple: float, optimized: float) -> None:
    print(f"  {title:36} {simple / optimized:5.2f}", flush=True)


def threads() -> None:
    best = replace(ZOO["best"], augmentation=())
    simple, optimized = (
        training_steps(recipe, STEPS, update=False) for recipe in (replace(best, shards=1), best)
    )
    report("a thread for each half of a batch", *alternate(simple, optimized, ROUNDS))


def preprocessing() -> None:
    """Drawings as the page sends them, and as a canvas or a program saves them."""
    reuse_memory(2 << 20)  # as gunicorn.conf.py has it
    seven = draw([[(0, 0), (1, 0), (0.4, 1.5)]], 280, 20, (140, 140), 180)
    for kind, mode in (("JPEG", "RGB"), ("PNG", "RGBA"), ("PNG", "RGB"), ("PNG", "L")):
        file = io.BytesIO()
        seven.convert(mode).save(file, kind, quality=92)
        content = file.getvalue()
        whole, decoding = partial(to_input, content), partial(decode, content)
        runs = partial(repeat, CALLS, whole), partial(repeat, CALLS, decoding)
        report(f"{kind} of 280x280, {mode}", *alternate(*runs, ROUNDS))


def decode(content: bytes) -> None:
    Image.open(io.BytesIO(content)).load()


if __name__ == "__main__":
    print("time of the simple implementation, as a multiple of the optimized one's")
    threads()
    operations()
    print("time from a file to the network's input, as a multiple of decoding it")
    preprocessing()
