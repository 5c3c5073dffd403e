"""A search for a recipe's settings with Optuna: by one process, or by several on one database.

A study is the search, a trial one short training in it.  Optuna coordinates several workers:

- `MaxTrialsCallback` stops each worker once enough trials are finished.  Trials that are running
  then are completed: n workers make up to n - 1 trials more than wanted.
- A running trial has a heartbeat.  Before a worker begins a trial, it marks those whose heartbeat
  stopped as failed, and `RetryHeartbeatStaleTrialCallback` enqueues their settings again.  A failed
  trial does not count.  A worker that was only suspended notices, and begins another trial.
"""

import json
import math
import sys
import time
import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.study import MaxTrialsCallback
from optuna.trial import FrozenTrial, TrialState
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from nn.dataset import DataSet
from nn.optimizers import SGD, Adam
from nn.training import DivergedError, train
from nn.tune.overrides import variant, widened
from nn.zoo import Recipe

# What is searched.  Learning rates are the recipe's times a factor; going from SGD with momentum
# to Adam, a suitable one falls to about a twentieth (0.02 and 0.001 for the dense nets of the zoo).
LEARNING_RATE_FACTORS = (0.1, 10.0)
LOG2_BATCH_SIZES = (4, 8)  # 16 to 256
LOG2_WIDTHS = (-1, 1)  # 0.5 to 2
ADAM_TO_SGD = 20.0

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


class StaleTrialError(BaseException):
    """Another worker has ended this trial.  Not an Exception, which Optuna would record in it."""


def search(
    study: optuna.Study,
    recipe: Recipe,
    training: Sequence[DataSet],
    validation: DataSet,
    wanted: int,
) -> None:
    """Run trials until `wanted` are finished; prints a line of JSON for each one made here."""
    objective = partial(accuracy_of, recipe, training, validation)
    while (missing := wanted - len(finished(study))) > 0:
        try:
            study.optimize(
                objective,
                n_trials=missing,
                callbacks=[print_row, MaxTrialsCallback(wanted, FINISHED)],
                show_progress_bar=sys.stderr.isatty(),
            )
        except StaleTrialError as error:
            print(error, file=sys.stderr)


def finished(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=FINISHED)


def print_row(study: optuna.Study, trial: FrozenTrial) -> None:
    with tqdm.external_write_mode():  # above the progress bar
        print(json.dumps(trial.user_attrs["row"]), flush=True)


def accuracy_of(
    recipe: Recipe, training: Sequence[DataSet], validation: DataSet, trial: optuna.Trial
) -> float:
    """The objective: the validation accuracy of the trial, whose row becomes its attribute.

    Raises TrialPruned, also for a training that diverged.
    """
    # A sampler for each trial makes its settings independent of which worker runs it.  It is used
    # when the first setting is asked for.
    seed = np.random.SeedSequence([recipe.seed, trial.number]).generate_state(1)
    trial.study.sampler = optuna.samplers.TPESampler(seed=int(seed[0]))
    try:
        row = run_trial(recipe, training, validation, trial)
        trial.set_user_attr("row", row)
    except UpdateFinishedTrialError:
        raise StaleTrialError(
            f"trial {trial.number} had no heartbeat for too long: it is left to other workers"
        ) from None
    except KeyboardInterrupt:
        trial.study.enqueue_trial(trial.params)  # for a search that continues this one
        raise
    if row["state"] != "complete":
        raise optuna.TrialPruned
    return float(row["accuracy"])


def run_trial(
    recipe: Recipe, training: Sequence[DataSet], validation: DataSet, trial: optuna.Trial
) -> dict[str, Any]:
    """Train with the settings suggested; returns the row that is printed of the trial."""
    settings = suggested(trial, recipe)
    last: dict[str, Any] = {"epoch": 0, "validation_accuracy": None, "validation_loss": None}
    started = time.perf_counter()

    def after_epoch(row: dict[str, Any]) -> None:
        if not math.isfinite(row["validation_loss"]):
            raise DivergedError
        last.update(row)
        trial.report(row["validation_accuracy"], row["epoch"])
        if row["epoch"] < recipe.epochs and trial.should_prune():
            raise optuna.TrialPruned

    state = "complete"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # overflows raise DivergedError
            tried = variant(recipe, **settings)
            train(
                tried,
                training,
                validation,
                after_epoch=after_epoch,
                one_blas_thread=partial(threadpool_limits, 1),
            )
    except optuna.TrialPruned:
        state = "pruned"
    except DivergedError:
        state = "diverged"
    return {
        "trial": trial.number,
        "learning_rate": settings["learning_rate"],
        "epoch": last["epoch"],
        "accuracy": last["validation_accuracy"],
        "loss": last["validation_loss"],
        "batch_size": settings["batch_size"],
        "optimizer": settings["optimizer"],
        "width": settings["width"],
        "state": state,
        "seconds": round(time.perf_counter() - started, 2),
    }


def suggested(trial: optuna.Trial, recipe: Recipe) -> dict[str, Any]:
    """The settings Optuna suggests, as arguments of variant."""
    optimizer = trial.suggest_categorical("optimizer", ("adam", "sgd"))
    # Optuna samples in the order of the names: other names would give other trials.
    factor = trial.suggest_float("relative_learning_rate", *LEARNING_RATE_FACTORS, log=True)
    if isinstance(recipe.optimizer, Adam) and optimizer == "sgd":
        factor *= ADAM_TO_SGD
    if isinstance(recipe.optimizer, SGD) and optimizer == "adam":
        factor /= ADAM_TO_SGD
    has_hidden = widened(recipe.layers, 2) != recipe.layers
    return {
        # rounded, so that the learning rate printed is exactly the one used
        "learning_rate": float(f"{factor * recipe.schedule.learning_rate:.3g}"),
        "batch_size": 2 ** trial.suggest_int("log2_batch_size", *LOG2_BATCH_SIZES),
        "optimizer": optimizer,
        "width": 2.0 ** trial.suggest_int("log2_width", *(LOG2_WIDTHS if has_hidden else (0, 0))),
    }


def summary(study: optuna.Study, recipe: Recipe) -> str:
    """The best trial in a line, and the command that trains with its settings."""
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        return "no trial was completed: all diverged"
    best = study.best_trial.user_attrs["row"]
    rate, batch, optimizer = best["learning_rate"], best["batch_size"], best["optimizer"]
    return (
        f"best: trial {best['trial']}, accuracy {best['accuracy']:.2%} with "
        f"learning rate {rate:g}, batch size {batch}, {optimizer}, width {best['width']:g}: "
        f"python -m nn train {recipe.name} --learning-rate {rate:g} --batch-size {batch} "
        f"--optimizer {optimizer}" + ("" if best["width"] == 1 else f" --width {best['width']:g}")
    )
