"""Optimizers, and schedules for the learning rate.

    init(params)        -> state: arrays with the shapes of params, by name
    update(params, grads, state, learning_rate, step)   changes params and state in place

params, grads and each entry of state are lists with a dict of arrays for each layer; step counts
from 1.  A schedule is called with the progress of training, from 0 to 1, and returns the learning
rate; its field `learning_rate` is the highest.
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
        self,
        params: list[Params],
        grads: list[Params],
        state: State,
        learning_rate: float,
        step: int,
    ) -> None:
        for index, layer in enumerate(params):
            for key, weights in layer.items():
                direction = grads[index][key]
                if self.momentum:
                    velocity = state["velocity"][index][key]
                    velocity *= self.momentum
                    velocity += direction
                    direction = velocity
                weights -= learning_rate * direction


@dataclass(frozen=True)
class Adam:
    """Kingma & Ba 2015, with the decoupled weight decay of Loshchilov & Hutter 2019 (AdamW).

    Biases, gamma and beta do not decay.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0

    def init(self, params: list[Params]) -> State:
        return {"m": zeros_like(params), "v": zeros_like(params)}

    def update(
        self,
        params: list[Params],
        grads: list[Params],
        state: State,
        learning_rate: float,
        step: int,
    ) -> None:
        # both moving averages start at zero: these correct the bias towards it
        m_correction, v_correction = 1 - self.beta1**step, 1 - self.beta2**step
        for index, layer in enumerate(params):
            for key, weights in layer.items():
                gradient = grads[index][key]
                m, v = state["m"][index][key], state["v"][index][key]
                m *= self.beta1
                m += (1 - self.beta1) * gradient
                v *= self.beta2
                v += (1 - self.beta2) * gradient * gradient
                if self.weight_decay and key == "W":
                    weights *= 1 - learning_rate * self.weight_decay
                size = np.sqrt(v / v_correction)
                size += self.epsilon
                weights -= (learning_rate / m_correction) * m / size


@dataclass(frozen=True)
class Constant:
    learning_rate: float

    def __call__(self, progress: float) -> float:
        return self.learning_rate


@dataclass(frozen=True)
class Step:
    """Multiplied by `factor` at each of the milestones (fractions of the training)."""

    learning_rate: float
    milestones: tuple[float, ...] = (0.5, 0.75)
    factor: float = 0.1

    def __call__(self, progress: float) -> float:
        passed = sum(progress >= milestone for milestone in self.milestones)
        return self.learning_rate * float(self.factor**passed)


@dataclass(frozen=True)
class Cosine:
    """From the learning rate down to zero along half a cosine (Loshchilov & Hutter 2017)."""

    learning_rate: float

    def __call__(self, progress: float) -> float:
        return self.learning_rate * (1 + cos(pi * progress)) / 2


@dataclass(frozen=True)
class OneCycle:
    """From learning_rate / 25 up in the warmup, then down to learning_rate / 10,000, along cosines.

    Smith & Topin 2019, "Super-Convergence".  `warmup` is a fraction of the training.
    """

    learning_rate: float
    warmup: float = 0.25

    def __call__(self, progress: float) -> float:
        if progress < self.warmup:
            low, done = self.learning_rate / 25, 1 - progress / self.warmup
        else:
            low, done = self.learning_rate / 1e4, (progress - self.warmup) / (1 - self.warmup)
        return low + (self.learning_rate - low) * (1 + cos(pi * done)) / 2


Optimizer = SGD | Adam
Schedule = Constant | Step | Cosine | OneCycle
OPTIMIZERS: tuple[type, ...] = (SGD, Adam)
SCHEDULES: tuple[type, ...] = (Constant, Step, Cosine, OneCycle)
