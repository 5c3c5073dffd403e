"""A search for a recipe's settings with Optuna: by one process, or by many on one database.

A study is the search, a trial one short training in it.  Whoever makes a trial lets its `beat`
rise; a trial whose beat stands still has lost its maker, and is given up and made again.  Trials
are numbered by the database in the order they are begun, so workers that begin too many agree on
which of them are too many: those with enough others before them.
"""

import json
import math
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from threading import Event, Thread
from typing import Any

import numpy as np
import optuna
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from nn.dataset import DataSet
from nn.optimizers import SGD, Adam
from nn.training import DivergedError, train
from nn.tune.overrides import variant, widened
from nn.zoo import Recipe

# What is searched.  Rates are those of the recipe times a factor; going from SGD with momentum to
# Adam, a rate that suits falls to about a twentieth (0.02 and 0.001 for the dense nets of the zoo).
FACTORS = (0.1, 10.0)
BATCHES = (4, 8)  # powers of two: 16 to 256
WIDTHS = (-1, 1)  # powers of two: 0.5 to 2
ADAM_TO_SGD = 20.0

BEAT = 10.0  # seconds
GRACE = 60.0  # seconds without a beat after which a trial's maker is taken for dead
TRIES = 3  # of the same settings: they may be what kills their makers
LOOK = 1.0  # seconds between looks at what other workers have done

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


def suggested(trial: optuna.Trial, recipe: Recipe) -> dict[str, Any]:
    """What Optuna wants tried, as variant's arguments."""
    optimizer = trial.suggest_categorical("optimizer", ("adam", "sgd"))
    factor = trial.suggest_float("rate_factor", *FACTORS, log=True)
    if isinstance(recipe.optimizer, Adam) and optimizer == "sgd":
        factor *= ADAM_TO_SGD
    if isinstance(recipe.optimizer, SGD) and optimizer == "adam":
        factor /= ADAM_TO_SGD
    has_hidden = widened(recipe.layers, 2) != recipe.layers
    return {
        # rounded, so that the rate that is told is the one that was tried
        "learning_rate": float(f"{factor * recipe.schedule.learning_rate:.3g}"),
        "batch_size": 2 ** trial.suggest_int("log2_batch", *BATCHES),
        "optimizer": optimizer,
        "width": 2.0 ** trial.suggest_int("log2_width", *(WIDTHS if has_hidden else (0, 0))),
    }


def search(
    study: optuna.Study,
    recipe: Recipe,
    training: Sequence[DataSet],
    validation: DataSet,
    wanted: int,
) -> None:
    """Makes trials until the study has as many as wanted, a line of JSON for each made here."""
    beats: dict[int, tuple[Any, float]] = {}
    there, title = len(finished(study)), f"tuning {recipe.name}"
    with tqdm(total=wanted, initial=there, desc=title, unit="trial", disable=None) as bar:
        while True:
            trials = study.get_trials(deepcopy=False)
            done = [trial for trial in trials if trial.state in FINISHED]
            running = [trial for trial in trials if trial.state is TrialState.RUNNING]
            show(bar, done)
            if len(done) >= wanted:
                return
            for number in silent(running, beats):
                make_again(study, number)
            if len(done) + len(running) >= wanted:
                time.sleep(LOOK)
            elif row := run_trial(study, recipe, training, validation, wanted):
                with tqdm.external_write_mode():
                    print(json.dumps(row), flush=True)


def show(bar: Any, done: Sequence[FrozenTrial]) -> None:
    bar.n = min(len(done), bar.total)
    best = max((t.value or 0 for t in done if t.state is TrialState.COMPLETE), default=None)
    bar.set_postfix_str("" if best is None else f"best {best:.2%}")


def silent(running: Sequence[FrozenTrial], beats: dict[int, tuple[Any, float]]) -> list[int]:
    """Which of the trials have not been heard of for too long; beats is what was heard, and when.

    Only this process's clock counts, for those of several machines may differ.
    """
    now = time.monotonic()
    for trial in running:
        beat = trial.user_attrs.get("beat")
        if trial.number not in beats or beats[trial.number][0] != beat:
            beats[trial.number] = beat, now
    return [trial.number for trial in running if now - beats[trial.number][1] > GRACE]


def make_again(study: optuna.Study, number: int) -> None:
    """Gives a trial under way up, and has its settings tried by whoever is free first."""
    trial = study.get_trials(deepcopy=False)[number]
    try:
        study.tell(number, state=TrialState.FAIL)
    except (ValueError, UpdateFinishedTrialError):  # it has ended, or another worker was faster
        return
    tries = trial.user_attrs.get("tries", 1)
    if tries < TRIES:
        study.enqueue_trial(trial.params, user_attrs={"tries": tries + 1})


def run_trial(
    study: optuna.Study,
    recipe: Recipe,
    training: Sequence[DataSet],
    validation: DataSet,
    wanted: int,
) -> dict[str, Any] | None:
    """One trial from beginning to end; none when it was one too many, or given up by others."""
    trial = study.ask()
    try:
        if enough_before(study, trial.number, wanted):
            study.tell(trial, state=TrialState.FAIL)
            return None
        seed = np.random.SeedSequence([recipe.seed, trial.number]).generate_state(1)
        # in time: Optuna draws when the first setting is asked for
        study.sampler = optuna.samplers.TPESampler(seed=int(seed[0]))
        with beating(trial):
            row = made(trial, recipe, training, validation)
            trial.set_user_attr("row", row)
        done = row["state"] == "complete"
        state = TrialState.COMPLETE if done else TrialState.PRUNED
        told = study.tell(trial, row["accuracy"] if done else None, state, skip_if_finished=True)
        if told.state in FINISHED:
            return row
    except UpdateFinishedTrialError:
        pass
    except KeyboardInterrupt:
        make_again(study, trial.number)
        raise
    print(f"trial {trial.number} was taken for dead and is made again", file=sys.stderr)
    return None


def enough_before(study: optuna.Study, number: int, wanted: int) -> bool:
    """Whether there are as many trials as wanted before that one, failed ones not counted."""
    before = study.get_trials(deepcopy=False)[:number]
    return sum(trial.state is not TrialState.FAIL for trial in before) >= wanted


@contextmanager
def beating(trial: optuna.Trial) -> Iterator[None]:
    """Lets the trial's beat rise, for other workers to see that somebody is at it."""
    over = Event()
    trial.set_user_attr("beat", 0)

    def beat() -> None:
        count = 0
        while not over.wait(BEAT):
            count += 1
            # what is wrong with the database is told by the thread that trains
            with suppress(StorageInternalError, UpdateFinishedTrialError):
                trial.set_user_attr("beat", count)

    thread = Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def made(
    trial: optuna.Trial, recipe: Recipe, training: Sequence[DataSet], validation: DataSet
) -> dict[str, Any]:
    """What came of training with the settings suggested: the row that is printed of the trial."""
    settings = suggested(trial, recipe)
    last: dict[str, Any] = {"epoch": 0, "validation_accuracy": None, "validation_loss": None}
    started = time.perf_counter()

    def after_epoch(row: dict[str, Any]) -> None:
        if not math.isfinite(row["validation_loss"]):
            raise DivergedError(f"the loss of {recipe.name} overflowed in epoch {row['epoch']}")
        last.update(row)
        trial.report(row["validation_accuracy"], row["epoch"])
        if row["epoch"] < recipe.epochs and trial.should_prune():
            raise optuna.TrialPruned

    state = "complete"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of overflows: they are told
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


def finished(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=FINISHED)


def verdict(study: optuna.Study, recipe: Recipe) -> str:
    """The best trial in a line, and the command that trains with its settings."""
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        return "no trial came to its end: all diverged"
    best = study.best_trial.user_attrs["row"]
    rate, batch, optimizer = best["learning_rate"], best["batch_size"], best["optimizer"]
    return (
        f"best: trial {best['trial']}, accuracy {best['accuracy']:.2%} with rate {rate:g}, batch "
        f"{batch}, {optimizer}, width {best['width']:g}: python -m nn train {recipe.name} "
        f"--learning-rate {rate:g} --batch-size {batch} --optimizer {optimizer}"
        + ("" if best["width"] == 1 else f" --width {best['width']:g}")
    )
