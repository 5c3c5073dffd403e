"""The zoo: every network of this project and its training, as data."""

from dataclasses import dataclass
from typing import Any

from nn.augment import AUGMENTATIONS, Affine, Augmentation
from nn.layers import (
    LAYERS,
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool,
    ReLU,
    Sigmoid,
    Standardize,
)
from nn.losses import LOSSES, CrossEntropy, Loss, SquaredError
from nn.optimizers import (
    OPTIMIZERS,
    SCHEDULES,
    SGD,
    Adam,
    Cosine,
    OneCycle,
    Optimizer,
    Schedule,
    Step,
)
from nn.serialization import from_record, to_record


@dataclass(frozen=True)
class Recipe:
    """All that determines the result of training: same recipe, same machine, same weights.

    `data` names sets of nn.data; an epoch has all images of each, or the fraction in `fractions`,
    drawn anew in each epoch.  `limit` is the number of images used of each set, drawn once; 0: all.
    `ema_decay` is for an exponential moving average of the weights, 0 for none (Polyak & Juditsky
    1992).  Each batch is split into `shards`, with a thread each; BatchNorm uses the statistics of
    a shard, so that their number is part of the recipe.
    """

    name: str
    title: str
    layers: tuple[Layer, ...]
    loss: Loss
    optimizer: Optimizer
    schedule: Schedule
    batch_size: int
    epochs: int
    augmentation: tuple[Augmentation, ...] = ()
    ema_decay: float = 0.0
    shards: int = 1
    data: tuple[str, ...] = ("mnist",)
    fractions: tuple[float, ...] = ()
    limit: int = 0
    seed: int = 1

    def to_json(self) -> dict[str, Any]:
        record: dict[str, Any] = to_record(self)
        return record

    @staticmethod
    def from_json(record: dict[str, Any]) -> "Recipe":
        """Raises ValueError when the record is not that of a recipe."""
        classes = (Recipe, *LAYERS, *LOSSES, *OPTIMIZERS, *SCHEDULES, *AUGMENTATIONS)
        recipe = from_record(record, classes)
        if not isinstance(recipe, Recipe):
            raise ValueError("the record is not that of a recipe")
        return recipe


def conv_block(filters: int, padding: str = "same") -> tuple[Layer, ...]:
    return (Conv(filters, 3, padding), BatchNorm(), ReLU())


# mean and standard deviation of MNIST's 60,000 training images with pixels from 0 to 1
STANDARD = Standardize(mean=0.1307, std=0.3081)

RECIPES = (
    Recipe(
        name="softmax",
        title="Softmax regression, 784-10",
        layers=(STANDARD, Flatten(), Dense(10, gain=1.0)),
        loss=CrossEntropy(),
        optimizer=SGD(),
        schedule=Cosine(0.02),
        batch_size=100,
        epochs=30,
    ),
    Recipe(
        name="logistic-hidden",
        title="One logistic hidden layer, 784-100-10",
        layers=(Flatten(), Dense(100, gain=1.0), Sigmoid(), Dense(10, gain=1.0)),
        loss=CrossEntropy(),
        optimizer=SGD(momentum=0.9),
        schedule=Cosine(0.1),
        batch_size=100,
        epochs=30,
    ),
    Recipe(
        name="ten",
        title="Ten hidden neurons, 784-10-10",
        layers=(Flatten(), Dense(10), ReLU(), Dense(10)),
        loss=CrossEntropy(),
        optimizer=SGD(momentum=0.9),
        schedule=Cosine(0.02),
        batch_size=100,
        epochs=30,
    ),
    Recipe(
        name="sigmoid",
        title="Sigmoids throughout, 784-16-16-10",
        layers=(
            Flatten(),
            Dense(16, gain=1.0),
            Sigmoid(),
            Dense(16, gain=1.0),
            Sigmoid(),
            Dense(10, gain=1.0),
            Sigmoid(),
        ),
        loss=SquaredError(),
        optimizer=SGD(momentum=0.9),
        schedule=Step(0.5, milestones=(0.6, 0.85), factor=0.3),
        batch_size=20,
        epochs=40,
    ),
    Recipe(
        name="narrow",
        title="Two narrow hidden layers, 784-128-64-10",
        layers=(Flatten(), Dense(128), ReLU(), Dense(64), ReLU(), Dense(10, gain=1.0)),
        loss=CrossEntropy(smoothing=0.1),
        optimizer=Adam(),
        schedule=Cosine(1e-3),
        batch_size=64,
        epochs=25,
    ),
    Recipe(
        name="wide",
        title="Two wide hidden layers, 784-512-512-10",
        layers=(
            Flatten(),
            Dense(512),
            ReLU(),
            Dropout(0.3),
            Dense(512),
            ReLU(),
            Dropout(0.3),
            Dense(10, gain=1.0),
        ),
        loss=CrossEntropy(),
        optimizer=Adam(),
        schedule=Cosine(1e-3),
        batch_size=128,
        epochs=20,
    ),
    Recipe(
        name="lenet",
        title="LeNet-style convolutions",
        layers=(
            Conv(6, 5),
            ReLU(),
            MaxPool(),
            Conv(16, 5, "valid"),
            ReLU(),
            MaxPool(),
            Flatten(),
            Dense(120),
            ReLU(),
            Dense(84),
            ReLU(),
            Dense(10, gain=1.0),
        ),
        loss=CrossEntropy(),
        optimizer=Adam(),
        schedule=OneCycle(3e-3),
        batch_size=64,
        epochs=12,
        shards=2,
        augmentation=(Affine(rotation=7, slant=0.1, scale=0.07, stretch=0.05, shift=1),),
    ),
    Recipe(
        name="best",
        title="Six convolutions, trained on many hands and on what is no digit",
        layers=(
            *conv_block(16),
            *conv_block(24),
            MaxPool(),
            *conv_block(48),
            *conv_block(48),
            MaxPool(),
            *conv_block(96),
            *conv_block(56, "valid"),
            Flatten(),
            Dropout(0.3),
            Dense(11, gain=1.0),  # the eleventh class: not a digit
        ),
        loss=CrossEntropy(smoothing=0.02),
        optimizer=Adam(weight_decay=0.02),
        schedule=OneCycle(8e-3),
        batch_size=128,
        epochs=26,
        augmentation=(Affine(),),
        ema_decay=0.998,
        shards=2,
        data=("mnist", "traced", "pen", "styles", "fonts", "glyphs", "cut", "nondigits"),
        fractions=(0.75, 0.12, 0.45, 0.4, 0.25, 0.2, 0.7, 0.18),
    ),
)

ZOO = {recipe.name: recipe for recipe in RECIPES}
DEFAULT = "best"
