"""What made training fast: each idea beside the plain way it replaced, in the same run.

    python bench/tricks.py

Prints how many times as long the plain way takes.  Single pieces are timed with one thread, at the
size they have in `best`; whole steps, of 128 images, with all cores.
"""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from threadpoolctl import threadpool_limits
from turns import alternate

from nn.dataset import DIGITS, DataSet
from nn.inference import Inference
from nn.layers import Array, across, correlate, fold, mean_over_rows, pad, unfold
from nn.network import Network, new_network
from nn.training import learn_from, mean_of
from nn.zoo import ZOO, Recipe

TURNS = 9
IMAGES = 64  # half a batch: what one thread works on
WEIGHTS = Path(__file__).resolve().parent.parent / "weights"


def whole_batch_at_once(x: Array, W: Array) -> Array:
    rows = unfold(x, len(W))
    y = rows @ W.reshape(-1, W.shape[3])
    return y.reshape(len(x), x.shape[1] - 2, x.shape[2] - 2, W.shape[3])


def channel_after_channel(x: Array, W: Array) -> Array:
    """Rows in the order in which NumPy gives the windows: single numbers to copy, not runs."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))  # n h' w' c i j
    kernel = W.transpose(2, 0, 1, 3).reshape(-1, W.shape[3])
    return windows.reshape(-1, len(kernel)) @ kernel


def nine_products(x: Array, W: Array) -> Array:
    """Nothing is copied in so many words: each place in the window is a product of its own."""
    h, w = x.shape[1] - 2, x.shape[2] - 2
    y = np.zeros((len(x), h, w, W.shape[3]), np.float32)
    for i in range(3):
        for j in range(3):
            y += x[:, i : i + h, j : j + w] @ W[i, j]
    return y


def folded_back(dy: Array, W: Array) -> Array:
    n, h, w, filters = dy.shape
    drows = dy.reshape(-1, filters) @ W.reshape(-1, filters).T
    return fold(drows, (n, h + 2, w + 2, W.shape[2]), 3)[:, 1:-1, 1:-1]


def turned(dy: Array, W: Array) -> Array:
    return correlate(pad(dy, 1), W[::-1, ::-1].transpose(0, 1, 3, 2))


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.standard_normal(shape, np.float32)


def pieces() -> None:
    rng = np.random.default_rng(1)
    numbers = partial(normal, rng)
    images, W = numbers((IMAGES, 28, 28, 16)), numbers((3, 3, 16, 24))
    padded, dy, channels = pad(images, 1), numbers((IMAGES, 28, 28, 24)), numbers((24,))
    flat = dy.reshape(IMAGES, -1)
    image = numbers((28, 28, 1))
    nets = [Network.load(WEIGHTS / f"{name}.npz") for name in ("best", "lenet", "narrow")]
    ready = [Inference(network) for network in nets]
    in_parts = partial(correlate, padded, W)
    table: list[tuple[str, Callable[[], Any], Callable[[], Any]]] = [
        ("rows with runs of memory", partial(channel_after_channel, padded, W), in_parts),
        ("rows of a few images at a time", partial(whole_batch_at_once, padded, W), in_parts),
        ("one product, not nine", partial(nine_products, padded, W), in_parts),
        ("dx as a convolution", partial(folded_back, dy, W), partial(turned, dy, W)),
        ("a channel's factor over an image", lambda: dy * channels,
         lambda: flat * across(channels, dy)),
        ("a channel's mean by BLAS", lambda: dy.mean(axis=(0, 1, 2)), lambda: mean_over_rows(dy)),
        *(
            (f"one image, arrays kept: {name}", partial(network.outputs, image[None]),
             partial(inference.outputs, image))
            for name, network, inference in zip(("best", "lenet", "narrow"), nets, ready,
                                                strict=True)
        ),
    ]  # fmt: skip
    with threadpool_limits(1):
        for title, plain, fast in table:
            report(title, *alternate(partial(times, 20, plain), partial(times, 20, fast), TURNS))


def times(count: int, action: Callable[[], Any]) -> None:
    for _ in range(count):
        action()


def report(title: str, plain: float, fast: float) -> None:
    print(f"  {title:36} {plain / fast:5.2f}", flush=True)


def steps(recipe: Recipe) -> Callable[[], None]:
    """Five batches of 128 images that are not there: forward and backward."""
    network = new_network(recipe.layers, recipe.loss, recipe.seed)
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (recipe.batch_size, 28, 28)).astype(np.uint8)
    digits = DataSet(pixels, rng.integers(0, DIGITS, recipe.batch_size))
    shards = np.array_split(np.arange(recipe.batch_size), recipe.shards)
    work = partial(learn_from, network, recipe, digits)
    pool = ThreadPoolExecutor(recipe.shards)

    def run() -> None:
        with threadpool_limits(1 if recipe.shards > 1 else None):
            for _ in range(5):
                grads = [g for *_, g in pool.map(work, shards, rng.spawn(len(shards)))]
                mean_of(grads, [len(shard) for shard in shards])

    return run


def whole_steps() -> None:
    best = replace(ZOO["best"], augmentation=())
    threaded = replace(best, shards=1)
    report("a thread for each half of a batch", *alternate(steps(threaded), steps(best), TURNS))


if __name__ == "__main__":
    print("the plain way takes so many times as long")
    whole_steps()
    pieces()
