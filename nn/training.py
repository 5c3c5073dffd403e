"""The training loop: a recipe in, a trained network with its history out.

Every epoch draws from a generator of its own, made of the seed and the epoch's number, so that a
training resumed from a checkpoint goes on bit for bit as if it had never stopped.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nn.dataset import DIGITS, DataSet, as_input, join
from nn.layers import Array, BatchNorm, Params
from nn.network import Network, new_network
from nn.serialization import WeightsError, read_npz, write_npz
from nn.zoo import Recipe

Report = Callable[[dict[str, Any]], None]

FOLDING_IMAGES = 4000  # measure BatchNorm's population on so many


class DivergedError(Exception):
    """The loss is no longer a number."""


def train(
    recipe: Recipe,
    training: Sequence[DataSet],
    validation: DataSet,
    checkpoint: Path | None = None,
    resume: bool = False,
    after_step: Report | None = None,
    after_epoch: Report | None = None,
    one_blas_thread: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> Network:
    """The network the recipe makes of the training sets; its history is in `about`.

    With a checkpoint path the state is written there after each epoch, and `resume` starts from it
    when it exists.  after_step is given epoch, step, steps, and the epoch's loss and accuracy so
    far, after_epoch each row of the history; what they raise ends the training.  one_blas_thread
    makes a context in which matrix products use one thread: it is entered while shards are worked
    on side by side, so that they do not compete for the cores.

    Raises DivergedError, or WeightsError for a checkpoint of another recipe.
    """
    training = [limited(part, recipe.limit) for part in training]
    whole, sizes = join(training), [len(part.labels) for part in training]
    network = new_network(recipe.layers, recipe.loss, recipe.seed)
    state = recipe.optimizer.init(network.params)
    average = copied(network.params) if recipe.ema_decay else network.params
    run = Run(network, state, average, history=[])
    if resume and checkpoint and checkpoint.exists():
        run.restore(checkpoint, recipe)
    served = network
    for epoch in range(len(run.history) + 1, recipe.epochs + 1):
        started = time.perf_counter()
        row = train_epoch(run, recipe, whole, sizes, epoch, after_step, one_blas_thread)
        served = ready_to_serve(replace(network, params=run.average), whole)
        row |= validate(served, validation)
        row["seconds"] = round(time.perf_counter() - started, 1)
        run.history.append(row)
        if checkpoint:
            run.save(checkpoint, recipe)
        if after_epoch:
            after_epoch(row)
    if served is network:  # resumed after the last epoch
        served = ready_to_serve(replace(network, params=run.average), whole)
    return replace(served, about={"recipe": recipe.to_json(), "history": run.history})


def limited(digits: DataSet, limit: int) -> DataSet:
    """At most so many of the images, the same ones each time; all of them for 0."""
    if not limit or limit >= len(digits.labels):
        return digits
    rows = np.random.default_rng(0).permutation(len(digits.labels))[:limit]
    return DataSet(digits.images[rows], digits.labels[rows])


class Run:
    """All that changes while a network is trained, and so all that a checkpoint holds."""

    def __init__(
        self,
        network: Network,
        state: dict[str, list[Params]],
        average: list[Params],
        history: list[dict[str, Any]],
    ) -> None:
        self.network, self.state, self.average, self.history = network, state, average, history

    def arrays(self) -> dict[str, Array]:
        """Every array by name; they are the run's own, so writing into them restores it."""
        groups = {"params": self.network.params, "average": self.average, **self.state}
        return {
            f"{group}/{i}/{key}": array
            for group, layers in groups.items()
            for i, params in enumerate(layers)
            for key, array in params.items()
        }

    def save(self, path: Path, recipe: Recipe) -> None:
        about = {"checkpoint": 1, "recipe": recipe.to_json(), "history": self.history}
        write_npz(path, about, self.arrays())

    def restore(self, path: Path, recipe: Recipe) -> None:
        about, arrays = read_npz(path)
        mine = self.arrays()
        same_shapes = {k: a.shape for k, a in arrays.items()} == {
            k: a.shape for k, a in mine.items()
        }
        if about.get("recipe") != recipe.to_json() or "history" not in about or not same_shapes:
            raise WeightsError(
                f"{path} is a checkpoint of another recipe: train without --resume, or delete it"
            )
        for name, array in mine.items():
            array[...] = arrays[name]
        self.history[:] = about["history"]


def train_epoch(
    run: Run,
    recipe: Recipe,
    training: DataSet,
    sizes: Sequence[int],
    epoch: int,
    after_step: Report | None = None,
    one_blas_thread: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> dict[str, Any]:
    """One pass over the training sets, less what fills no whole batch; the history's row of it.

    training is all sets as one, sizes how many images each has.
    """
    network = run.network
    rng = np.random.default_rng([recipe.seed, epoch])
    order = epoch_order(rng, sizes, recipe.fractions or (1.0,) * len(sizes))
    steps = max(1, len(order) // recipe.batch_size)  # a set smaller than a batch is one
    first_step = (epoch - 1) * steps
    loss_sum = right_sum = seen = 0.0
    learning_rate = 0.0
    limit = one_blas_thread() if recipe.shards > 1 else nullcontext()
    with limit, ThreadPoolExecutor(recipe.shards) as pool:
        for index in range(steps):
            rows = order[index * recipe.batch_size : (index + 1) * recipe.batch_size]
            shards = np.array_split(rows, min(recipe.shards, len(rows)))
            work = partial(learn_from, network, recipe, training)
            losses, rights, grads = zip(
                *pool.map(work, shards, rng.spawn(len(shards))), strict=True
            )
            if not np.isfinite(losses).all():
                raise DivergedError(
                    f"the loss of {recipe.name} overflowed in epoch {epoch}: "
                    "lower its learning rate"
                )
            step = first_step + index + 1
            learning_rate = recipe.schedule((step - 1) / (recipe.epochs * steps))
            recipe.optimizer.update(
                network.params,
                mean_of(grads, [len(shard) for shard in shards]),
                run.state,
                learning_rate,
                step,
            )
            if recipe.ema_decay:
                update_average(run.average, network.params, recipe.ema_decay, step)
            loss_sum += sum(loss * len(shard) for loss, shard in zip(losses, shards, strict=True))
            right_sum += sum(rights)
            seen += len(rows)
            means = {"loss": loss_sum / seen, "accuracy": right_sum / seen}
            if after_step:
                after_step({"epoch": epoch, "step": index + 1, "steps": steps, **means})
    return {"epoch": epoch, "learning_rate": learning_rate, **means}


def epoch_order(
    rng: np.random.Generator, sizes: Sequence[int], fractions: Sequence[float]
) -> Array:
    """The rows of an epoch in random order: of each set its fraction, without replacement."""
    starts = np.cumsum([0, *sizes[:-1]])
    drawn = [
        start + rng.permutation(size)[: round(size * fraction)]
        for start, size, fraction in zip(starts, sizes, fractions, strict=True)
    ]
    return rng.permutation(np.concatenate(drawn))


def learn_from(
    network: Network, recipe: Recipe, training: DataSet, rows: Array, rng: np.random.Generator
) -> tuple[float, int, list[Params]]:
    """Mean loss, right answers and gradients of these rows of the training set."""
    labels = training.labels[rows]
    images = training.images[rows].astype(np.float32) / 255
    for augmentation in recipe.augmentation:
        images = augmentation(rng, images)
    outputs, caches = network.forward(images[..., None], rng)
    loss, doutputs = network.loss.loss_and_gradient(outputs, labels)
    _, grads = network.backward(caches, doutputs)
    return loss, int((outputs.argmax(axis=1) == labels).sum()), grads


def mean_of(grads: Sequence[list[Params]], counts: list[int]) -> list[Params]:
    """The gradients of a batch from those of its shards, each the mean over so many images."""
    if len(grads) == 1:
        return grads[0]
    weights = [count / sum(counts) for count in counts]
    return [
        {
            key: sum(weight * layer[key] for weight, layer in zip(weights, layers, strict=True))
            for key in layers[0]
        }
        for layers in zip(*grads, strict=True)
    ]


def update_average(average: list[Params], params: list[Params], decay: float, step: int) -> None:
    """The exponential moving average, in place; a young one forgets the start sooner."""
    decay = min(decay, (1 + step) / (10 + step))
    for mine, theirs in zip(average, params, strict=True):
        for key, array in mine.items():
            array *= decay
            array += (1 - decay) * theirs[key]


def ready_to_serve(network: Network, training: DataSet) -> Network:
    """Without BatchNorm, its statistics measured over images evenly taken from the training set."""
    if not any(isinstance(layer, BatchNorm) for layer in network.layers):
        return replace(network, params=copied(network.params))
    every = max(1, len(training.labels) // FOLDING_IMAGES)
    return network.folded(as_input(training.images[::every]))


def validate(network: Network, validation: DataSet) -> dict[str, float]:
    outputs = network.outputs(as_input(validation.images))
    loss, _ = network.loss.loss_and_gradient(outputs, validation.labels)
    accuracy = float((outputs[:, :DIGITS].argmax(axis=1) == validation.labels).mean())
    return {"validation_loss": loss, "validation_accuracy": accuracy}


def copied(params: list[Params]) -> list[Params]:
    return [{key: array.copy() for key, array in layer.items()} for layer in params]
