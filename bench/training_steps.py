"""Training steps on random images, in threads as `nn.training.train` takes them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

from nn.dataset import DIGITS, DataSet
from nn.network import new_network
from nn.training import average_gradients, loss_and_gradients
from nn.zoo import Recipe


def random_batch(recipe: Recipe) -> DataSet:
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (recipe.batch_size, 28, 28)).astype(np.uint8)
    return DataSet(images, rng.integers(0, DIGITS, recipe.batch_size))


def training_steps(recipe: Recipe, count: int, *, update: bool) -> Callable[[], None]:
    """A function that takes `count` steps: forward, loss, backward and, if asked for, update."""
    network = new_network(recipe.layers, recipe.loss, recipe.seed)
    optimizer_state = recipe.optimizer.init(network.params)
    shards = np.array_split(np.arange(recipe.batch_size), recipe.shards)
    shard_gradients = partial(loss_and_gradients, network, recipe, random_batch(recipe))
    pool = ThreadPoolExecutor(recipe.shards)
    rng = np.random.default_rng(1)
    step = 0

    def run() -> None:
        nonlocal step
        with threadpool_limits(1 if recipe.shards > 1 else None):
            for _ in range(count):
                step += 1
                rngs = rng.spawn(len(shards))
                grads = [g for *_, g in pool.map(shard_gradients, shards, rngs)]
                mean = average_gradients(grads, [len(shard) for shard in shards])
                if update:
                    recipe.optimizer.update(network.params, mean, optimizer_state, 1e-3, step)

    return run
