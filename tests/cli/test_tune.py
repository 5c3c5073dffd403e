"""python -m nn tune: a search ends, goes on, is shared, and survives the death of a worker."""

import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState
from sqlalchemy import text

from nn.data import mnist, sets
from nn.layers import Conv, Dense
from nn.optimizers import SGD, Adam, Constant, Cosine, OneCycle
from nn.training import train
from nn.tune import search, storage
from nn.tune.overrides import variant
from nn.zoo import ZOO, Recipe
from tests.support import command_line
from tests.support.missing import missing
from tests.support.polling import PATIENCE, wait_for
from tests.support.servers.postgres import find_postgres, running_postgres

ROOT = Path(__file__).resolve().parents[2]
KEYS = ["trial", "learning_rate", "epoch", "accuracy", "loss"]
KEYS += ["batch_size", "optimizer", "width", "state", "seconds"]
COMMAND = "import sys, threading; from nn.cli.main import main; from nn.tune import search; "
# A worker that stays in its first trial until it is killed.
BUSY = COMMAND + "search.train = lambda *_, **__: threading.Event().wait(); "


run = partial(command_line.run, "tune")


def rows_of(text):
    return [json.loads(line) for line in text.splitlines()]


@contextmanager
def started(*arguments, code=COMMAND):
    """The command in a process of its own, which does not outlive the block."""
    command = [sys.executable, "-c", code + "sys.exit(main())", "tune", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, env=environment, **pipes)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def opened(url):
    with storage.opened_storage(storage.database_url(url, "")) as store:
        yield store


def trials_of(url, study):
    """The trials in that database, none while there is no such study."""
    with opened(url) as store:
        try:
            return optuna.load_study(study_name=study, storage=store).get_trials()
        except KeyError:
            return []


def stop_heartbeats(url):
    """Dates every heartbeat back to long ago; returns how many there are."""
    with opened(url) as store, store.engine.begin() as connection:
        past = text("UPDATE trial_heartbeats SET heartbeat = '2020-01-01 00:00:00.000000'")
        return connection.execute(past).rowcount


# -------------------------------------------------------------------------------------- the recipe


@pytest.mark.parametrize("name", ZOO)
def test_variant_with_the_recipes_own_settings_is_the_recipe(name):
    own = ZOO[name]
    kind = "adam" if isinstance(own.optimizer, Adam) else "sgd"
    same = variant(
        own,
        learning_rate=own.schedule.learning_rate,
        batch_size=own.batch_size,
        optimizer=kind,
        width=1,
    )
    assert replace(same, optimizer=own.optimizer) == own
    assert type(same.optimizer) is type(own.optimizer)


@pytest.mark.parametrize("name", ZOO)
def test_variant_takes_every_setting_and_is_valid_json(name):
    for kind, optimizer in (("adam", Adam), ("sgd", SGD)):
        made = variant(ZOO[name], learning_rate=0.0123, batch_size=32, optimizer=kind, width=0.5)
        assert max(made.schedule(x) for x in np.linspace(0, 1, 101)) == pytest.approx(0.0123)
        assert made.batch_size == 32
        assert isinstance(made.optimizer, optimizer)
        assert kind == "adam" or made.optimizer.momentum > 0
        assert Recipe.from_json(json.loads(json.dumps(made.to_json()))) == made


def test_optimizer_of_the_recipes_kind_keeps_its_settings():
    assert variant(ZOO["best"], optimizer="adam").optimizer == ZOO["best"].optimizer
    assert variant(ZOO["best"], optimizer="sgd").optimizer == SGD(momentum=0.9)
    assert variant(ZOO["ten"], optimizer="adam").optimizer == Adam()


def test_width_changes_hidden_layers_alone():
    def sizes(recipe):
        return [getattr(layer, "units", None) or layer.filters for layer in weighty(recipe)]

    def weighty(recipe):
        return [layer for layer in recipe.layers if isinstance(layer, Dense | Conv)]

    assert sizes(variant(ZOO["lenet"], width=2)) == [12, 32, 240, 168, 10]
    assert sizes(variant(ZOO["lenet"], width=0.5)) == [3, 8, 60, 42, 10]
    assert sizes(variant(ZOO["ten"], width=0.01)) == [1, 10]
    assert variant(ZOO["softmax"], width=2).layers == ZOO["softmax"].layers
    assert sizes(variant(ZOO["best"], width=2))[-2:] == [112, 11]


def test_schedules_keep_all_but_their_learning_rate():
    assert variant(ZOO["narrow"], learning_rate=0.5).schedule == Cosine(0.5)
    assert variant(ZOO["lenet"], learning_rate=0.5).schedule == OneCycle(0.5)
    sigmoid = ZOO["sigmoid"].schedule
    assert variant(ZOO["sigmoid"], learning_rate=0.1).schedule == replace(
        sigmoid, learning_rate=0.1
    )


# -------------------------------------------------------------------------------------- the search


def test_search_prints_each_trial_and_the_best_and_goes_on_to_more(small_mnist, capsys):
    assert run("ten", "--trials", 7, "--epochs", 3, "--limit", 200) == 0
    printed = capsys.readouterr()
    rows = rows_of(printed.out)
    assert [row["trial"] for row in rows] == list(range(7))
    for row in rows:
        assert list(row) == KEYS
        assert row["state"] in ("complete", "pruned")
        assert row["epoch"] == 3 if row["state"] == "complete" else 1 <= row["epoch"] < 3
        assert 0 <= row["accuracy"] <= 1
        base = 0.02 / (20 if row["optimizer"] == "adam" else 1)
        assert base / 10.1 <= row["learning_rate"] <= base * 10.1
        assert row["batch_size"] in (16, 32, 64, 128, 256)
        assert row["optimizer"] in ("adam", "sgd")
        assert row["width"] in (0.5, 1, 2)
        assert row["seconds"] >= 0
    assert "0 of 7 trials are finished" in printed.err
    complete = [row for row in rows if row["state"] == "complete"]
    best = max(complete, key=lambda row: row["accuracy"])
    *_, last = printed.err.splitlines()
    assert last.startswith("best: trial ")
    assert f"accuracy {best['accuracy']:.2%}" in last
    printed_best = next(row for row in rows if last.startswith(f"best: trial {row['trial']},"))
    assert printed_best["accuracy"] == best["accuracy"]
    settings = f"--learning-rate {printed_best['learning_rate']:g} "
    settings += f"--batch-size {printed_best['batch_size']}"
    assert f"python -m nn train ten {settings} --optimizer {printed_best['optimizer']}" in last

    assert run("ten", "--trials", 9, "--epochs", 3, "--limit", 200) == 0
    printed = capsys.readouterr()
    assert "7 of 9 trials are finished" in printed.err
    assert [row["trial"] for row in rows_of(printed.out)] == [7, 8]

    assert run("ten", "--trials", 9, "--epochs", 3, "--limit", 200) == 0
    printed = capsys.readouterr()
    assert "9 of 9 trials are finished" in printed.err
    assert "best: trial " in printed.err
    assert printed.out == ""


def test_same_seed_gives_the_same_trials_and_another_seed_others(small_mnist, capsys):
    results = []
    for number, seed in enumerate((1, 1, 2)):
        url = f"sqlite:///{small_mnist}/{{braces}} {number}.db"
        options = ("--trials", 3, "--epochs", 1, "--seed", seed, "--storage", url)
        assert run("ten", *options) == 0
        rows = rows_of(capsys.readouterr().out)
        results.append([{**row, "seconds": 0} for row in rows])
    assert results[0] == results[1]
    rates = {row["learning_rate"] for result in results[1:] for row in result}
    assert len(rates) == 6


def test_other_settings_are_another_search(small_mnist, capsys):
    for options in ((), ("--epochs", 2), ("--limit", 100), ("--seed", 2)):
        assert run("ten", "--trials", 1, *(options or ("--epochs", 1))) == 0
        assert "0 of 1 trials are finished" in capsys.readouterr().err
    assert len(list((small_mnist / "cache" / "digits" / "tuning").iterdir())) == 4


def test_search_loads_training_and_validation_and_never_the_test_split(
    small_mnist, monkeypatch, capsys
):
    asked = []
    load = sets.load
    monkeypatch.setattr(sets, "load", lambda *names: asked.append(names) or load(*names))
    assert run("ten", "--trials", 1, "--epochs", 1) == 0
    assert set(asked) == {("mnist", "train"), ("mnist", "validation")}


def test_trial_far_below_the_median_is_pruned(small_mnist, monkeypatch, capsys):
    hopeless = replace(ZOO["ten"], schedule=Constant(1e-9), epochs=3)
    url = f"sqlite:///{small_mnist / 'study.db'}"
    options = ("--epochs", 3, "--storage", url, "--study", "s")
    assert run("ten", "--trials", 6, *options) == 0
    capsys.readouterr()
    monkeypatch.setattr(search, "variant", lambda *_, **__: hopeless)
    assert run("ten", "--trials", 7, *options) == 0
    (row,) = rows_of(capsys.readouterr().out)
    assert (row["state"], row["epoch"]) == ("pruned", 1)


def test_trainings_that_diverge_do_not_end_a_search(small_mnist, monkeypatch, capsys):
    monkeypatch.setitem(ZOO, "ten", replace(ZOO["ten"], schedule=Constant(1e37)))
    assert run("ten", "--trials", 5, "--epochs", 2) == 0
    printed = capsys.readouterr()
    rows = rows_of(printed.out)
    assert [row["trial"] for row in rows] == list(range(5))
    assert {row["state"] for row in rows} == {"diverged"}
    assert "NaN" not in printed.out
    assert printed.err.splitlines()[-1] == "no trial was completed: all diverged"


def test_ctrl_c_leaves_a_search_that_goes_on_with_the_same_settings(
    small_mnist, monkeypatch, capsys
):
    url = f"sqlite:///{small_mnist / 'study.db'}"
    options = ("ten", "--trials", 2, "--epochs", 3, "--storage", url, "--study", "s")

    def press_ctrl_c(*arguments, after_epoch, **others):
        def interrupted(row):
            after_epoch(row)
            signal.raise_signal(signal.SIGINT)

        return train(*arguments, after_epoch=interrupted, **others)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(search, "train", press_ctrl_c)
            assert run(*options) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "run the same command to go on with this search" in printed.err
    stopped, waiting = trials_of(url, "s")
    assert len(stopped.intermediate_values) == 1
    assert (stopped.state, waiting.state) == (TrialState.FAIL, TrialState.WAITING)
    assert run(*options) == 0
    assert len(rows_of(capsys.readouterr().out)) == 2
    finished = [trial.params for trial in trials_of(url, "s") if trial.state in search.FINISHED]
    assert finished.count(stopped.params) == 1


def test_worker_leaves_a_trial_that_was_marked_as_failed_to_another(
    small_mnist, monkeypatch, capsys
):
    monkeypatch.setattr(storage, "HEARTBEAT", 3600)  # only the first one is sent
    url = f"sqlite:///{small_mnist / 'study.db'}"
    options = ("ten", "--trials", 2, "--epochs", 2, "--storage", url, "--study", "s")
    printed_by_other = []

    def fall_asleep(*arguments, **others):
        monkeypatch.setattr(search, "train", train)
        wait_for(lambda: stop_heartbeats(url), "there are heartbeats")
        assert run(*options) == 0  # the other worker
        printed_by_other.append(capsys.readouterr().out)
        return train(*arguments, **others)

    monkeypatch.setattr(search, "train", fall_asleep)
    assert run(*options) == 0
    assert [row["trial"] for row in rows_of(printed_by_other[0])] == [1, 2]
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "trial 0 had no heartbeat for too long: it is left to other workers" in printed.err
    states = [trial.state for trial in trials_of(url, "s")]
    assert states[0] is TrialState.FAIL
    assert set(states[1:]) <= set(search.FINISHED)


def test_settings_that_kill_their_workers_are_tried_three_times(small_mnist, monkeypatch):
    url = f"sqlite:///{small_mnist / 'study.db'}"
    monkeypatch.setattr(search, "train", lambda *_, **__: sys.exit("killed"))
    for _ in range(4):
        with pytest.raises(SystemExit, match="killed"):
            run("ten", "--trials", 1, "--epochs", 1, "--storage", url, "--study", "s")
        assert trials_of(url, "s")[-1].state is TrialState.RUNNING
        assert stop_heartbeats(url)
    first, *others = [trial.params for trial in trials_of(url, "s")]
    assert [params == first for params in others] == [True, True, False]


# ------------------------------------------------------------------------------- what goes wrong

WRONG = [
    (("nothing", "--trials", 1), 2, "invalid choice"),
    (("ten",), 2, "--trials"),
    (("ten", "--trials", 0), 2, "whole number from 1 up"),
    (("ten", "--trials", 1, "--epochs", "few"), 2, "whole number from 1 up"),
    (("ten", "--trials", 1, "--limit", -1), 2, "whole number from 1 up"),
    (("ten", "--trials", 1, "--seed", "x"), 2, "whole number from 0 up"),
    (("ten", "--trials", 1, "--study", "../x"), 2, "is not a name"),
    (("ten", "--trials", 1, "--storage", "file"), 2, "is not the URL of a known database"),
    (("ten", "--trials", 1, "--storage", ""), 2, "is not the URL of a known database"),
    (("ten", "--trials", 1, "--storage", "odd://u:secret@h/d"), 2, "is not the URL of a known"),
    (("ten", "--trials", 1, "--storage", "postgresql://u:se@cret@h/d"), 2, "%40"),
    (("ten", "--trials", 1, "--storage", "postgresql://u:secret@h:x/d"), 2, "is not the URL"),
    (("ten", "--trials", 1, "--storage", "postgresql://u:secret@127.0.0.1:9/d"), 1, "refused"),
    (("ten", "--trials", 1, "--storage", "sqlite:////no/folder/x.db"), 1, "/no/folder/x.db"),
    (("ten", "--trials", 1, "--storage", "mysql://u:secret@127.0.0.1/d"), 1, "not installed"),
    (("ten", "--trials", 1), 1, "python -m nn data"),
]


@pytest.mark.parametrize(("arguments", "status", "words"), WRONG, ids=str)
def test_wrong_options_get_one_sentence_and_a_status(
    arguments, status, words, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(mnist, "MNIST_MIRRORS", ())
    assert run(*arguments) == status
    printed = capsys.readouterr()
    assert words in printed.err
    assert "Traceback" not in printed.err
    assert "cret" not in printed.err
    assert printed.out == ""


def test_study_of_other_settings_is_refused(small_mnist, capsys):
    study = ("--storage", f"sqlite:///{small_mnist / 'study.db'}", "--study", "s")
    assert run("ten", "--trials", 1, "--epochs", 1, *study) == 0
    assert run("ten", "--trials", 2, "--epochs", 2, *study) == 2
    assert "the study s is of ten with 1 epochs, 10000 images and seed 1" in capsys.readouterr().err
    assert run("softmax", "--trials", 2, "--epochs", 1, *study) == 2


def test_file_that_is_not_a_database_is_an_error(small_mnist, capsys):
    (small_mnist / "text").write_text("hello, I am no database " * 1000)
    assert run("ten", "--trials", 1, "--storage", f"sqlite:///{small_mnist / 'text'}") == 1
    assert "not a database" in capsys.readouterr().err


def test_without_optuna_the_command_says_what_to_install(tmp_path):
    (tmp_path / "optuna.py").write_text("raise ImportError")
    done = subprocess.run(
        [sys.executable, "-m", "nn", "tune", "ten", "--trials", "1"],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert done.stderr == ("python -m nn: tuning needs `pip install -r requirements-dev.txt`\n")


def test_serving_imports_neither_optuna_nor_sqlalchemy():
    listing = "import app, sys; app.create_app(); print([name for name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", listing], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    assert not {"optuna", "sqlalchemy", "psycopg", "nn.tune.search"} & set(eval(done.stdout))


# -------------------------------------------------------------------------- a database of several


def test_wrong_password_is_an_error_that_shows_no_password(postgres, small_mnist, capsys):
    parts = urlsplit(postgres)
    wrong = postgres.replace(f":{parts.password}@", ":wr0ng@")
    assert run("ten", "--trials", 1, "--storage", wrong) == 1
    printed = capsys.readouterr().err
    assert "password authentication failed" in printed
    assert "wr0ng" not in printed
    assert len(printed.splitlines()) == 1


def test_workers_that_start_at_once_share_the_trials(postgres, small_mnist):
    options = ("ten", "--trials", 8, "--epochs", 2, "--storage", postgres, "--study", "at-once")
    with started(*options) as a, started(*options) as b, started(*options) as c:
        printed = [worker.communicate(timeout=300) for worker in (a, b, c)]
    assert [worker.returncode for worker in (a, b, c)] == [0, 0, 0], printed
    rows = [row for out, _ in printed for row in rows_of(out)]
    assert 8 <= len(rows) <= 8 + 2, "each of the other two may finish what it has begun"
    assert len({row["trial"] for row in rows}) == len(rows)
    assert len({row["learning_rate"] for row in rows}) == len(rows)
    finished = [t for t in trials_of(postgres, "at-once") if t.state in search.FINISHED]
    assert {t.number for t in finished} == {row["trial"] for row in rows}


def test_trial_of_a_killed_worker_is_retried_by_another(postgres, small_mnist, capsys):
    options = ("ten", "--trials", 4, "--epochs", 2, "--storage", postgres, "--study", "killed")
    with started(*options, code=BUSY) as victim:
        wait_for(lambda: trials_of(postgres, "killed"), "there is a trial", victim)
        wait_for(
            lambda: len(trials_of(postgres, "killed")[0].params) == 4, "it has parameters", victim
        )
        wait_for(lambda: stop_heartbeats(postgres), "there are heartbeats", victim)
        victim.kill()
        assert victim.wait(300) == -signal.SIGKILL
    stop_heartbeats(postgres)
    assert run(*options) == 0
    trials = trials_of(postgres, "killed")
    finished = [trial for trial in trials if trial.state in search.FINISHED]
    assert len(finished) == 4
    rows = rows_of(capsys.readouterr().out)
    assert [row["trial"] for row in rows] == [trial.number for trial in finished]
    assert trials[0].state is TrialState.FAIL
    assert [trial.params for trial in finished].count(trials[0].params) == 1


def test_lost_database_ends_a_search_with_one_sentence(small_mnist):
    binaries = find_postgres()
    if binaries is None:
        missing("there is no PostgreSQL here: apt install postgresql")
    endless = ("ten", "--trials", 3, "--epochs", 1_000_000, "--study", "s")
    with ExitStack() as stack:
        with running_postgres(binaries) as url:
            process = stack.enter_context(started(*endless, "--storage", url))
            wait_for(
                lambda: any(t.intermediate_values for t in trials_of(url, "s")),
                "an epoch is over",
                process,
            )
        _, errors = process.communicate(timeout=300)
    assert process.returncode == 1
    assert "python -m nn: the database 127.0.0.1/postgres cannot be used" in errors
    assert len(errors.splitlines()) == 2, errors
    assert urlsplit(url).password not in errors
