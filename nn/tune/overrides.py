"""Recipes like one of the zoo's, with other settings."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nn.augment import Affine, Augmentation, Elastic
from nn.layers import Conv, Dense, Layer
from nn.optimizers import SGD, Adam, Constant, Cosine, OneCycle, Optimizer, Step
from nn.zoo import Recipe

OPTIMIZERS = ("adam", "sgd")
MOMENTUM = 0.9
SCHEDULES: dict[str, type] = {
    "constant": Constant,
    "step": Step,
    "cosine": Cosine,
    "onecycle": OneCycle,
}
AUGMENTATIONS: dict[str, Augmentation] = {"affine": Affine(), "elastic": Elastic(displacement=0.5)}


def variant(
    recipe: Recipe,
    learning_rate: float | None = None,
    schedule: str | None = None,
    optimizer: str | None = None,
    augmentation: Sequence[str] | None = None,
    width: float = 1,
    **others: Any,
) -> Recipe:
    """The recipe with other settings; None leaves one as it is.

    schedule, optimizer and augmentation are names in the tables above; the recipe's own optimizer
    is used as it is where it is of the kind named; width is a factor on hidden sizes; others are
    fields of Recipe.
    """
    kind = SCHEDULES[schedule] if schedule else type(recipe.schedule)
    own = (
        recipe.schedule
        if isinstance(recipe.schedule, kind)
        else kind(recipe.schedule.learning_rate)
    )
    changes = {key: value for key, value in others.items() if value is not None}
    changes["schedule"] = (
        own if learning_rate is None else replace(own, learning_rate=learning_rate)
    )
    changes["layers"] = widened(recipe.layers, width)
    if optimizer:
        changes["optimizer"] = optimizer_for(recipe.optimizer, optimizer)
    if augmentation is not None:
        changes["augmentation"] = tuple(AUGMENTATIONS[name] for name in augmentation)
    return replace(recipe, **changes)


def widened(layers: Sequence[Layer], width: float) -> tuple[Layer, ...]:
    """The layers with `width` times the units and filters, in all but the last that has any."""
    sized = [index for index, layer in enumerate(layers) if isinstance(layer, Dense | Conv)]
    return tuple(
        scaled(layer, width) if index in sized[:-1] else layer for index, layer in enumerate(layers)
    )


def scaled(layer: Layer, width: float) -> Layer:
    if isinstance(layer, Conv):
        return replace(layer, filters=max(1, round(layer.filters * width)))
    assert isinstance(layer, Dense)
    return replace(layer, units=max(1, round(layer.units * width)))


def optimizer_for(own: Optimizer, name: str) -> Optimizer:
    if name == "adam":
        return own if isinstance(own, Adam) else Adam()
    return own if isinstance(own, SGD) and own.momentum else SGD(MOMENTUM)
