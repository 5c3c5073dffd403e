"""How fast networks train and answer, beside PyTorch (and onnxruntime) in the same run.

    python bench/networks.py [step | forward | augmentation | race] ...

Every figure is a ratio of medians: ours and the peer's turns alternate, so that a busy moment of
the machine falls on both.  Needs PyTorch and onnxruntime: pip install -r bench/requirements.txt
"""

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import onnxruntime
import torch
from threadpoolctl import threadpool_limits
from turns import alternate

from nn import layers
from nn.data.download import DataError
from nn.data.sets import load
from nn.dataset import DIGITS, DataSet
from nn.export.formats import to_onnx
from nn.inference import Inference
from nn.measure.metrics import evaluate
from nn.network import Network, new_network
from nn.optimizers import SGD, Adam, OneCycle
from nn.training import Run, copied, learn_from, mean_of, train
from nn.zoo import ZOO, Recipe

THREADS = os.cpu_count() or 1
TURNS = 9
STEPS = 20  # in a turn


def in_torch(recipe: Recipe) -> torch.nn.Module:
    """The same network in PyTorch, channels first as it likes them."""
    parts: list[torch.nn.Module] = []
    shape: tuple[int, ...] = (28, 28, 1)
    rng = np.random.default_rng(1)
    for layer in recipe.layers:
        match layer:
            case layers.Dense(units):
                parts.append(torch.nn.Linear(shape[0], units))
            case layers.Conv(filters, size, padding):
                parts.append(torch.nn.Conv2d(shape[2], filters, size, padding=padding))
            case layers.BatchNorm():
                parts.append(torch.nn.BatchNorm2d(shape[-1]))
            case layers.MaxPool(size):
                parts.append(torch.nn.MaxPool2d(size))
            case layers.Flatten():
                parts.append(torch.nn.Flatten())
            case layers.Dropout(rate):
                parts.append(torch.nn.Dropout(rate))
            case layers.ReLU():
                parts.append(torch.nn.ReLU())
            case layers.Sigmoid():
                parts.append(torch.nn.Sigmoid())
            case layers.Standardize():
                parts.append(torch.nn.Identity())  # a subtraction to our disadvantage
            case _:
                raise SystemExit(f"{layer} has no peer in PyTorch here: add it to in_torch")
        _, shape = layer.init(rng, shape)
    return torch.nn.Sequential(*parts)


def torch_optimizer(recipe: Recipe, model: torch.nn.Module) -> torch.optim.Optimizer:
    match recipe.optimizer:
        case Adam(weight_decay=decay) if decay:
            return torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=decay)
        case Adam():
            return torch.optim.Adam(model.parameters(), 1e-3)
        case SGD(momentum):
            return torch.optim.SGD(model.parameters(), 1e-2, momentum=momentum)
    raise SystemExit(f"{recipe.optimizer} has no peer in PyTorch here: add it to torch_optimizer")


def step() -> None:
    """Forward, loss, backward and update of one batch, on all cores; no augmentation."""
    print(f"one training step, {THREADS} threads: images per second")
    torch.set_num_threads(THREADS)
    for name, batch in (("narrow", 64), ("wide", 64), ("lenet", 64), ("best", 64), ("best", 128)):
        recipe = replace(ZOO[name], batch_size=batch, augmentation=(), ema_decay=0.0)
        ours, peer = our_steps(recipe), torch_steps(recipe)
        mine, theirs = (STEPS * batch / seconds for seconds in alternate(ours, peer, TURNS))
        print(
            f"  {name:8} batch {batch:4}  ours {mine:9.0f}  PyTorch {theirs:9.0f}  "
            f"ratio {mine / theirs:5.2f}"
        )


def batch_of(recipe: Recipe) -> DataSet:
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (recipe.batch_size, 28, 28)).astype(np.uint8)
    return DataSet(images, rng.integers(0, DIGITS, recipe.batch_size))


def our_steps(recipe: Recipe) -> Callable[[], None]:
    network = new_network(recipe.layers, recipe.loss, recipe.seed)
    run = Run(network, recipe.optimizer.init(network.params), copied(network.params), [])
    digits = batch_of(recipe)
    shards = np.array_split(np.arange(recipe.batch_size), recipe.shards)
    work = partial(learn_from, network, recipe, digits)
    pool = ThreadPoolExecutor(recipe.shards)
    rng = np.random.default_rng(1)
    count = 0

    def steps() -> None:
        nonlocal count
        with threadpool_limits(1 if recipe.shards > 1 else None):
            for _ in range(STEPS):
                count += 1
                grads = [g for *_, g in pool.map(work, shards, rng.spawn(len(shards)))]
                mean = mean_of(grads, [len(shard) for shard in shards])
                recipe.optimizer.update(network.params, mean, run.state, 1e-3, count)

    return steps


def torch_steps(recipe: Recipe) -> Callable[[], None]:
    torch.manual_seed(1)
    model = in_torch(recipe).train()
    optimizer = torch_optimizer(recipe, model)
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=getattr(recipe.loss, "smoothing", 0.0))
    images, labels = batch_of(recipe)
    pixels, targets = torch.from_numpy(images), torch.from_numpy(labels)

    def steps() -> None:
        for _ in range(STEPS):
            optimizer.zero_grad()
            loss_of(model(as_torch(pixels)), targets).backward()
            optimizer.step()

    return steps


def forward() -> None:
    """One image through every network of the zoo, one thread."""
    print("one image forward, one thread: microseconds, ours as a share of the peer's")
    torch.set_num_threads(1)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    weights = Path(__file__).resolve().parent.parent / "weights"
    x = np.random.default_rng(1).random((1, 28, 28, 1), dtype=np.float32)
    with threadpool_limits(1), torch.inference_mode():
        for name, recipe in ZOO.items():
            network = Network.load(weights / f"{name}.npz")
            served = replace(recipe, layers=network.layers)
            model = torch.nn.Sequential(in_torch(served), torch.nn.Softmax(1)).eval()
            image = torch.from_numpy(x).permute(0, 3, 1, 2).contiguous()
            content = to_onnx(network)
            session = onnxruntime.InferenceSession(content, options)
            feed = {session.get_inputs()[0].name: x}
            ours = partial(many, partial(Inference(network).probabilities, x[0]))
            by_torch = partial(many, partial(model, image))
            in_onnx = partial(many, partial(session.run, None, feed))
            mine, theirs = alternate(ours, by_torch, TURNS)
            again, onnx = alternate(ours, in_onnx, TURNS)
            print(
                f"  {name:16} ours {mine * 1e4:7.1f}  PyTorch {theirs * 1e4:7.1f}  "
                f"share {mine / theirs:5.2f}   onnxruntime {onnx * 1e4:7.1f}  "
                f"share {again / onnx:5.2f}"
            )


def many(action: Callable[[], Any]) -> None:
    for _ in range(100):
        action()


def augmentation() -> None:
    """What changing the images takes, beside all of a training step that includes it."""
    print("augmentation: share of a training step, one thread")
    with threadpool_limits(1):
        for name in ("lenet", "best"):
            recipe = replace(ZOO[name], shards=1)
            whole, changes = alternate(our_steps(recipe), partial(changed, recipe), TURNS)
            print(f"  {name:8} {changes / whole:.2f}")


def changed(recipe: Recipe) -> None:
    """The images of as many batches as a turn has, augmented."""
    rng = np.random.default_rng(1)
    images = rng.random((recipe.batch_size, 28, 28), dtype=np.float32)
    for _ in range(STEPS):
        for change in recipe.augmentation:
            change(rng, images)


# epochs that suffice for so much of MNIST's test set, without augmentation
RACES = (("narrow", 4, 0.98), ("lenet", 4, 0.99))


def race() -> None:
    """Seconds from nothing to an accuracy on MNIST's test set, all cores; loading is not counted.

    Both take batches of the same size at the same rates, and end after the same epochs.
    """
    training, test = load("mnist", "train"), load("mnist", "test")
    torch.set_num_threads(THREADS)
    for name, epochs, target in RACES:
        recipe = replace(ZOO[name], epochs=epochs, augmentation=(), schedule=OneCycle(3e-3))
        print(f"{name}: {target:.0%} of MNIST's test set, {epochs} epochs")
        started = time.perf_counter()
        network = train(recipe, [training], small(test))
        report("ours", started, evaluate(network, test)["accuracy"])
        started = time.perf_counter()
        report("PyTorch", started, torch_race(recipe, training, test))


def small(digits: DataSet) -> DataSet:
    """A few images, for `train` validates after each epoch and the peer does not."""
    return DataSet(digits.images[:100], digits.labels[:100])


def report(who: str, started: float, accuracy: float) -> None:
    print(f"  {who:8} {time.perf_counter() - started:6.1f} s  {accuracy:.2%}")


def torch_race(recipe: Recipe, training: DataSet, test: DataSet) -> float:
    torch.manual_seed(1)
    model = in_torch(recipe).train()
    optimizer = torch_optimizer(recipe, model)
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=getattr(recipe.loss, "smoothing", 0.0))
    pixels, targets = (torch.from_numpy(np.array(array)) for array in training)
    steps = len(targets) // recipe.batch_size
    for epoch in range(recipe.epochs):
        order = torch.randperm(len(targets))
        for i in range(steps):
            rows = order[i * recipe.batch_size : (i + 1) * recipe.batch_size]
            progress = (epoch * steps + i) / (recipe.epochs * steps)
            optimizer.param_groups[0]["lr"] = recipe.schedule(progress)
            optimizer.zero_grad()
            loss_of(model(as_torch(pixels[rows])), targets[rows]).backward()
            optimizer.step()
    model.eval()
    images = torch.from_numpy(np.array(test.images))
    with torch.inference_mode():
        answers = [
            model(as_torch(images[i : i + 500])).argmax(1) for i in range(0, len(images), 500)
        ]
    return float((torch.cat(answers).numpy() == test.labels).mean())


def as_torch(pixels: torch.Tensor) -> torch.Tensor:
    """Bytes (n, 28, 28) as PyTorch takes images: (n, 1, 28, 28) from 0 to 1."""
    return pixels.float().div(255).unsqueeze(1)


COMMANDS = {"step": step, "forward": forward, "augmentation": augmentation, "race": race}

if __name__ == "__main__":
    if unknown := set(sys.argv[1:]).difference(COMMANDS):
        sys.exit(f"there is no bench {min(unknown)!r}: choose from {', '.join(COMMANDS)}")
    try:
        for command in sys.argv[1:] or COMMANDS:
            COMMANDS[command]()
    except DataError as error:
        sys.exit(str(error))
