"""Speed of training and inference beside PyTorch and onnxruntime in the same run.

    python bench/networks.py [step | forward | augmentation | time-to-accuracy] ...

Ratios are of medians: runs of ours and of the other library alternate, so that a busy moment of the
machine affects both.  Needs PyTorch and onnxruntime: pip install -r bench/requirements.txt
"""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import onnxruntime
import torch
from paired_timing import alternate, repeat
from threadpoolctl import threadpool_limits
from training_steps import random_batch, training_steps

from nn import layers
from nn.data.download import DataError
from nn.data.sets import load
from nn.dataset import DataSet
from nn.export.onnx import to_onnx
from nn.inference import Inference
from nn.measure.metrics import evaluate
from nn.network import Network
from nn.optimizers import SGD, Adam, OneCycle
from nn.training import train
from nn.zoo import ZOO, Recipe

THREADS = os.cpu_count() or 1
ROUNDS = 9
STEPS = 20  # in each run of a round
IMAGES = 100  # likewise, one at a time


def torch_model(recipe: Recipe) -> torch.nn.Module:
    """The same network in PyTorch, on images with channels first."""
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
                parts.append(torch.nn.Identity())  # spares PyTorch a subtraction
            case _:
                raise SystemExit(f"{layer} has no counterpart here: add it to torch_model")
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
    raise SystemExit(f"{recipe.optimizer} has no counterpart here: add it to torch_optimizer")


def step() -> None:
    """Forward, loss, backward and update of one batch, on all cores; no augmentation."""
    print(f"one training step, {THREADS} threads: images per second")
    torch.set_num_threads(THREADS)
    for name, batch in (("narrow", 64), ("wide", 64), ("lenet", 64), ("best", 64), ("best", 128)):
        recipe = replace(ZOO[name], batch_size=batch, augmentation=(), ema_decay=0.0)
        ours = training_steps(recipe, STEPS, update=True)
        seconds = alternate(ours, torch_steps(recipe), ROUNDS)
        ours_rate, torch_rate = (STEPS * batch / each for each in seconds)
        print(
            f"  {name:8} batch {batch:4}  ours {ours_rate:9.0f}  PyTorch {torch_rate:9.0f}  "
            f"ratio {ours_rate / torch_rate:5.2f}"
        )


def torch_steps(recipe: Recipe) -> Callable[[], None]:
    torch.manual_seed(1)
    model = torch_model(recipe).train()
    optimizer = torch_optimizer(recipe, model)
    cross_entropy = torch.nn.CrossEntropyLoss(
        label_smoothing=getattr(recipe.loss, "smoothing", 0.0)
    )
    images, labels = random_batch(recipe)
    pixels, targets = torch.from_numpy(images), torch.from_numpy(labels)

    def steps() -> None:
        for _ in range(STEPS):
            optimizer.zero_grad()
            cross_entropy(model(as_torch(pixels)), targets).backward()
            optimizer.step()

    return steps


def forward() -> None:
    """One image through every network of the zoo, one thread."""
    print("one image forward, one thread: microseconds, and the ratio of ours to each")
    torch.set_num_threads(1)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    weights = Path(__file__).resolve().parent.parent / "weights"
    scale = 1e6 / IMAGES  # seconds of a run to microseconds of an image
    x = np.random.default_rng(1).random((1, 28, 28, 1), dtype=np.float32)
    with threadpool_limits(1), torch.inference_mode():
        for name, recipe in ZOO.items():
            network = Network.load(weights / f"{name}.npz")
            folded = replace(recipe, layers=network.layers)
            model = torch.nn.Sequential(torch_model(folded), torch.nn.Softmax(1)).eval()
            image = torch.from_numpy(x).permute(0, 3, 1, 2).contiguous()
            content = to_onnx(network)
            session = onnxruntime.InferenceSession(content, options)
            feed = {session.get_inputs()[0].name: x}
            ours = partial(repeat, IMAGES, partial(Inference(network).probabilities, x[0]))
            in_torch = partial(repeat, IMAGES, partial(model, image))
            in_onnx = partial(repeat, IMAGES, partial(session.run, None, feed))
            beside_torch, torch_seconds = alternate(ours, in_torch, ROUNDS)
            beside_onnx, onnx_seconds = alternate(ours, in_onnx, ROUNDS)
            print(
                f"  {name:16} ours {beside_torch * scale:7.1f}  "
                f"PyTorch {torch_seconds * scale:7.1f}  ratio {beside_torch / torch_seconds:5.2f}"
                f"   onnxruntime {onnx_seconds * scale:7.1f}  "
                f"ratio {beside_onnx / onnx_seconds:5.2f}"
            )


def augmentation() -> None:
    """Time of augmentation, as a fraction of the training step that includes it."""
    print("augmentation: fraction of a training step, one thread")
    with threadpool_limits(1):
        for name in ("lenet", "best"):
            recipe = replace(ZOO[name], shards=1)
            steps = training_steps(recipe, STEPS, update=True)
            all_seconds, seconds = alternate(steps, partial(augment_batches, recipe), ROUNDS)
            print(f"  {name:8} {seconds / all_seconds:.2f}")


def augment_batches(recipe: Recipe) -> None:
    """Augments the images of `STEPS` batches."""
    rng = np.random.default_rng(1)
    images = rng.random((recipe.batch_size, 28, 28), dtype=np.float32)
    for _ in range(STEPS):
        for augment in recipe.augmentation:
            augment(rng, images)


# network, epochs that suffice without augmentation, accuracy on MNIST's test set
TARGETS = (("narrow", 4, 0.98), ("lenet", 4, 0.99))


def time_to_accuracy() -> None:
    """Seconds of training to an accuracy on MNIST's test set, all cores; loading is not counted.

    Both train with the same batch size, learning rates and number of epochs.
    """
    training, test = load("mnist", "train"), load("mnist", "test")
    torch.set_num_threads(THREADS)
    for name, epochs, target in TARGETS:
        recipe = replace(ZOO[name], epochs=epochs, augmentation=(), schedule=OneCycle(3e-3))
        print(f"{name}: {target:.0%} of MNIST's test set, {epochs} epochs")
        started = time.perf_counter()
        network = train(recipe, [training], first_images(test))
        report("ours", started, evaluate(network, test)["accuracy"])
        started = time.perf_counter()
        report("PyTorch", started, train_torch(recipe, training, test))


def first_images(digits: DataSet) -> DataSet:
    """A hundred: `train` validates after each epoch, which the training in PyTorch does not."""
    return DataSet(digits.images[:100], digits.labels[:100])


def report(library: str, started: float, accuracy: float) -> None:
    print(f"  {library:8} {time.perf_counter() - started:6.1f} s  {accuracy:.2%}")


def train_torch(recipe: Recipe, training: DataSet, test: DataSet) -> float:
    """Accuracy on the test set after training."""
    torch.manual_seed(1)
    model = torch_model(recipe).train()
    optimizer = torch_optimizer(recipe, model)
    cross_entropy = torch.nn.CrossEntropyLoss(
        label_smoothing=getattr(recipe.loss, "smoothing", 0.0)
    )
    pixels, targets = (torch.from_numpy(np.array(array)) for array in training)
    steps = len(targets) // recipe.batch_size
    for epoch in range(recipe.epochs):
        order = torch.randperm(len(targets))
        for i in range(steps):
            rows = order[i * recipe.batch_size : (i + 1) * recipe.batch_size]
            progress = (epoch * steps + i) / (recipe.epochs * steps)
            optimizer.param_groups[0]["lr"] = recipe.schedule(progress)
            optimizer.zero_grad()
            cross_entropy(model(as_torch(pixels[rows])), targets[rows]).backward()
            optimizer.step()
    model.eval()
    images = torch.from_numpy(np.array(test.images))
    with torch.inference_mode():
        predictions = [
            model(as_torch(images[i : i + 500])).argmax(1) for i in range(0, len(images), 500)
        ]
    return float((torch.cat(predictions).numpy() == test.labels).mean())


def as_torch(pixels: torch.Tensor) -> torch.Tensor:
    """Bytes (n, 28, 28) as PyTorch takes images: (n, 1, 28, 28) from 0 to 1."""
    return pixels.float().div(255).unsqueeze(1)


COMMANDS = {
    "step": step,
    "forward": forward,
    "augmentation": augmentation,
    "time-to-accuracy": time_to_accuracy,
}

if __name__ == "__main__":
    if unknown := set(sys.argv[1:]).difference(COMMANDS):
        sys.exit(f"{min(unknown)!r} is no benchmark: choose from {', '.join(COMMANDS)}")
    try:
        for command in sys.argv[1:] or COMMANDS:
            COMMANDS[command]()
    except DataError as error:
        sys.exit(str(error))
