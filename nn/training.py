"""The training loop: from a recipe to a trained network with its history.

Every epoch has its own random generator, seeded with the recipe's seed and the epoch's number, so
that a training resumed from a checkpoint gives the same weights, bit for bit, as one that was not
interrupted.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nn.dataset import DIGITS, DataSet, as_input, join
from nn.layers import Array, BatchNorm, Params
from nn.network import Network, new_network
from nn.optimizers import State
from nn.serialization import WeightsError, read_npz, write_npz
from nn.zoo import Recipe

Report = Callable[[dict[str, Any]], None]

FOLDING_IMAGES = 4000  # about as many are used for BatchNorm's population statistics


class DivergedError(Exception):
    """The loss is not finite."""


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
    """A network trained with the recipe on the training sets; its history is in `about`.

    With a checkpoint path the state is saved there after each epoch, and `resume` continues from it
    if it exists.  after_step is called with epoch, step, steps, and the epoch's loss and accuracy
    so far, after_epoch with each row of the history; their exceptions end the training.
    one_blas_thread returns a context in which matrix products use one thread: it is entered if
    shards are processed in parallel, so that they do not compete for the cores.

    Raises DivergedError, or WeightsError for a checkpoint of another recipe.
    """
    training = [subset(part, recipe.limit) for part in training]
    joined, sizes = join(training), [len(part.labels) for part in training]
    network = new_network(recipe.layers, recipe.loss, recipe.seed)
    average = copy_params(network.params) if recipe.ema_decay else network.params
    state = TrainingState(network, recipe.optimizer.init(network.params), average)
    if resume and checkpoint and checkpoint.exists():
        state.restore(checkpoint, recipe)
    trained = None
    for epoch in range(len(state.history) + 1, recipe.epochs + 1):
        started = time.perf_counter()
        row = train_epoch(state, recipe, joined, sizes, epoch, after_step, one_blas_thread)
        trained = for_inference(replace(network, params=average), joined)
        row |= validate(trained, validation)
        row["seconds"] = round(time.perf_counter() - started, 1)
        state.history.append(row)
        if checkpoint:
            state.save(checkpoint, recipe)
        if after_epoch:
            after_epoch(row)
    if trained is None:  # resumed after the last epoch
        trained = for_inference(replace(network, params=average), joined)
    return replace(trained, about={"recipe": recipe.to_json(), "history": state.history})


def subset(digits: DataSet, limit: int) -> DataSet:
    """At most `limit` random images, the same ones in each call; all of them for 0."""
    if not limit or limit >= len(digits.labels):
        return digits
    rows = np.random.default_rng(0).permutation(len(digits.labels))[:limit]
    return DataSet(digits.images[rows], digits.labels[rows])


@dataclass(frozen=True)
class TrainingState:
    """All that changes during training, and is saved in a checkpoint."""

    network: Network
    optimizer_state: State
    average: list[Params]  # of the params of all steps; the network's own without ema_decay
    history: list[dict[str, Any]] = field(default_factory=list)

    def arrays(self) -> dict[str, Array]:
        """Every array by name, not copied: to write into them is to restore the state."""
        groups = {"params": self.network.params, "average": self.average, **self.optimizer_state}
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
        own = self.arrays()
        fits = {k: a.shape for k, a in arrays.items()} == {k: a.shape for k, a in own.items()}
        if about.get("recipe") != recipe.to_json() or "history" not in about or not fits:
            raise WeightsError(
                f"{path} is a checkpoint of another recipe: train without --resume, or delete it"
            )
        for name, array in own.items():
            array[...] = arrays[name]
        self.history[:] = about["history"]


def train_epoch(
    state: TrainingState,
    recipe: Recipe,
    training: DataSet,
    sizes: Sequence[int],
    epoch: int,
    after_step: Report | None = None,
    one_blas_thread: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> dict[str, Any]:
    """One pass over the training sets without the last partial batch; returns a row of the history.

    training is all sets joined, sizes the number of images of each.
    """
    network = state.network
    rng = np.random.default_rng([recipe.seed, epoch])
    order = epoch_order(rng, sizes, recipe.fractions or (1.0,) * len(sizes))
    steps = max(1, len(order) // recipe.batch_size)  # a set smaller than a batch is one batch
    first_step = (epoch - 1) * steps
    loss_sum = correct_sum = count = 0.0
    learning_rate = 0.0
    limit = one_blas_thread() if recipe.shards > 1 else nullcontext()
    with limit, ThreadPoolExecutor(recipe.shards) as pool:
        for index in range(steps):
            rows = order[index * recipe.batch_size : (index + 1) * recipe.batch_size]
            shards = np.array_split(rows, min(recipe.shards, len(rows)))
            work = partial(loss_and_gradients, network, recipe, training)
            losses, corrects, grads = zip(
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
                average_gradients(grads, [len(shard) for shard in shards]),
                state.optimizer_state,
                learning_rate,
                step,
            )
            if recipe.ema_decay:
                update_average(state.average, network.params, recipe.ema_decay, step)
            loss_sum += sum(loss * len(shard) for loss, shard in zip(losses, shards, strict=True))
            correct_sum += sum(corrects)
            count += len(rows)
            means = {"loss": loss_sum / count, "accuracy": correct_sum / count}
            if after_step:
                after_step({"epoch": epoch, "step": index + 1, "steps": steps, **means})
    return {"epoch": epoch, "learning_rate": learning_rate, **means}


def epoch_order(
    rng: np.random.Generator, sizes: Sequence[int], fractions: Sequence[float]
) -> Array:
    """The rows of an epoch in random order: a fraction of each set, drawn without replacement."""
    starts = np.cumsum([0, *sizes[:-1]])
    drawn = [
        start + rng.permutation(size)[: round(size * fraction)]
        for start, size, fraction in zip(starts, sizes, fractions, strict=True)
    ]
    return rng.permutation(np.concatenate(drawn))


def loss_and_gradients(
    network: Network, recipe: Recipe, training: DataSet, rows: Array, rng: np.random.Generator
) -> tuple[float, int, list[Params]]:
    """Mean loss, number of correct predictions and gradients for these rows of the training set."""
    labels = training.labels[rows]
    images = training.images[rows].astype(np.float32) / 255
    for augmentation in recipe.augmentation:
        images = augmentation(rng, images)
    outputs, caches = network.forward(images[..., None], rng)
    loss, doutputs = network.loss.loss_and_gradient(outputs, labels)
    _, grads = network.backward(caches, doutputs)
    return loss, int((outputs.argmax(axis=1) == labels).sum()), grads


def average_gradients(grads: Sequence[list[Params]], counts: list[int]) -> list[Params]:
    """The gradients of a batch from those of its shards, each the mean over `counts` images."""
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
    """The exponential moving average, in place, with less decay in the first steps."""
    decay = min(decay, (1 + step) / (10 + step))
    for averages, latest in zip(average, params, strict=True):
        for key, array in averages.items():
            array *= decay
            array += (1 - decay) * latest[key]


def for_inference(network: Network, training: DataSet) -> Network:
    """A copy without BatchNorm, which is folded with the statistics of part of the training set."""
    if not any(isinstance(layer, BatchNorm) for layer in network.layers):
        return replace(network, params=copy_params(network.params))
    every = max(1, len(training.labels) // FOLDING_IMAGES)
    return network.folded(as_input(training.images[::every]))


def validate(network: Network, validation: DataSet) -> dict[str, float]:
    outputs = network.outputs(as_input(validation.images))
    loss, _ = network.loss.loss_and_gradient(outputs, validation.labels)
    accuracy = float((outputs[:, :DIGITS].argmax(axis=1) == validation.labels).mean())
    return {"validation_loss": loss, "validation_accuracy": accuracy}


def copy_params(params: list[Params]) -> list[Params]:
    return [{key: array.copy() for key, array in layer.items()} for layer in params]
