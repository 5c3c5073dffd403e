"""Optimizers, and schedules that give them their learning rate.

    init(params)                              -> state: arrays shaped like params, by name
    update(params, grads, state, rate, step)  changes params and state in place; step counts from 1

params, grads and each entry of state are lists with a dict of arrays for each layer.  A schedule is
asked `rate(progress)`, progress running from 0 to 1 over the whole training.
"""

from dataclasses import dataclass
from math import cos, pi

import numpy as np

from nn.layers import Params

State = dict[str, list[Params]]


def zeros_like(params: list[Params]) -> list[Params]:
    return [{key: np.zeros_like(value) for key, value in layer.items()} for layer in params]


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent; with momentum, velocity = momentum velocity + gradient."""

    momentum: float = 0.0

    def init(self, params: list[Params]) -> State:
        return {"velocity": zeros_like(params)} if self.momentum else {}

    def update(
        self, params: list[Params], grads: list[Params], state: State, rate: float, step: int
    ) -> None:
        for index, layer in enumerate(params):
            for key, weights in layer.items():
                direction = grads[index][key]
                if self.momentum:
                    velocity = state["velocity"][index][key]
                    velocity *= self.momentum
                    velocity += direction
                    direction = velocity
                weights -= rate * direction


@dataclass(frozen=True)
class Adam:
    """Kingma & Ba 2015, with the decoupled weight decay of Loshchilov & Hutter 2019 (AdamW).

    Only weights decay, never biases, gamma or beta.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    decay: float = 0.0

    def init(self, params: list[Params]) -> State:
        return {"mean": zeros_like(params), "square": zeros_like(params)}

    def update(
        self, params: list[Params], grads: list[Params], state: State, rate: float, step: int
    ) -> None:
        # both averages start at zero; dividing by these undoes the pull towards it
        mean_share, square_share = 1 - self.beta1**step, 1 - self.beta2**step
        for index, layer in enumerate(params):
            for key, weights in layer.items():
                gradient = grads[index][key]
                mean, square = state["mean"][index][key], state["square"][index][key]
                mean *= self.beta1
                mean += (1 - self.beta1) * gradient
                square *= self.beta2
                square += (1 - self.beta2) * gradient * gradient
                if self.decay and key == "W":
                    weights *= 1 - rate * self.decay
                size = np.sqrt(square / square_share)
                size += self.epsilon
                weights -= (rate / mean_share) * mean / size


@dataclass(frozen=True)
class Constant:
    value: float

    def rate(self, progress: float) -> float:
        return self.value


@dataclass(frozen=True)
class Step:
    """`value`, times `factor` from each of the moments in `at` on (fractions of the training)."""

    value: float
    at: tuple[float, ...] = (0.5, 0.75)
    factor: float = 0.1

    def rate(self, progress: float) -> float:
        return self.value * float(self.factor ** sum(progress >= moment for moment in self.at))


@dataclass(frozen=True)
class Cosine:
    """From `value` down to zero along half a cosine (Loshchilov & Hutter 2017)."""

    value: float

    def rate(self, progress: float) -> float:
        return self.value * (1 + cos(pi * progress)) / 2


@dataclass(frozen=True)
class OneCycle:
    """Up to `peak` in the first `rise` of the training, then down to nearly nothing, along cosines.

    Smith & Topin 2019, "Super-Convergence".  It starts at peak / 25 and ends at peak / 10,000.
    """

    peak: float
    rise: float = 0.25

    def rate(self, progress: float) -> float:
        if progress < self.rise:
            low, done = self.peak / 25, 1 - progress / self.rise
        else:
            low, done = self.peak / 1e4, (progress - self.rise) / (1 - self.rise)
        return low + (self.peak - low) * (1 + cos(pi * done)) / 2


Optimizer = SGD | Adam
Schedule = Constant | Step | Cosine | OneCycle
OPTIMIZERS: tuple[type, ...] = (SGD, Adam)
SCHEDULES: tuple[type, ...] = (Constant, Step, Cosine, OneCycle)
