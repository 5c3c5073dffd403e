"""python -m nn tune: the search ends, goes on, is shared, and survives what happens to it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import optuna
import psycopg
import pytest
from optuna.trial import TrialState

from nn.cli.main import main
from nn.data import mnist, sets
from nn.layers import Conv, Dense
from nn.optimizers import SGD, Adam, Constant, Cosine, OneCycle
from nn.tune import search as tune
from nn.tune import storage as studies
from nn.tune.overrides import rate_of, variant
from nn.zoo import ZOO, Recipe
from tests.support.missing import missing
from tests.support.postgres import find_postgres, running_postgres

ROOT = Path(__file__).resolve().parents[2]
KEYS = ["trial", "learning_rate", "iteration", "accuracy", "loss"]
KEYS += ["batch", "optimizer", "width", "state", "seconds"]
# Seconds of a worker: a test shall not wait a minute to take a killed one for dead.
PATIENCE = "from nn.cli import main; from nn.tune import search as tune; "
PATIENCE += "tune.BEAT, tune.GRACE, tune.LOOK = 0.2, 4, 0.1; "


def run(*arguments):
    return main(["tune", *(str(argument) for argument in arguments)])


def rows_of(text):
    return [json.loads(line) for line in text.splitlines()]


def start(*arguments):
    """The command in a process of its own."""
    # who is started in the background ignores Ctrl-C, and so would what it starts
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    command = [sys.executable, "-c", heed + PATIENCE + "main.sys.exit(main.main())", "tune"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*command, *map(str, arguments)], env=environment, **pipes)


@contextmanager
def ended(*processes):
    """None of them outlives the block."""
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def trials_of(url, study):
    """The trials in that database, none while there is no such study."""
    store = studies.opened_storage(studies.database(url, study))
    try:
        return optuna.load_study(study_name=study, storage=store).get_trials()
    except KeyError:
        return []
    finally:
        store.remove_session()
        store.engine.dispose()


def wait_for(condition, process):
    """Returns when the condition holds; the process must be running for as long as it does not."""
    deadline = time.monotonic() + 90
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            pytest.fail(f"that did not happen: {process.communicate()}")
        threading.Event().wait(0.02)


def stop_between_changes(process, url):
    """Halts the process while it has no change of the database under way."""
    changing = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"

    def stopped():
        process.send_signal(signal.SIGSTOP)
        with psycopg.connect(url) as connection:
            if not connection.execute(changing).fetchone()[0]:
                return True
        process.send_signal(signal.SIGCONT)
        return False

    wait_for(stopped, process)


# -------------------------------------------------------------------------------------- the recipe


@pytest.mark.parametrize("name", ZOO)
def test_a_recipe_with_its_own_settings_is_itself(name):
    own = ZOO[name]
    kind = "adam" if isinstance(own.optimizer, Adam) else "sgd"
    same = variant(own, rate=rate_of(own.schedule), batch=own.batch, optimizer=kind, width=1)
    assert replace(same, optimizer=own.optimizer) == own
    assert type(same.optimizer) is type(own.optimizer)


@pytest.mark.parametrize("name", ZOO)
def test_a_recipe_takes_every_setting_and_stays_a_record(name):
    for kind, optimizer in (("adam", Adam), ("sgd", SGD)):
        made = variant(ZOO[name], rate=0.0123, batch_size=32, optimizer=kind, width=0.5)
        assert max(made.schedule(x) for x in np.linspace(0, 1, 101)) == pytest.approx(0.0123)
        assert made.batch == 32
        assert isinstance(made.optimizer, optimizer)
        assert kind == "adam" or made.optimizer.momentum > 0
        assert Recipe.from_json(json.loads(json.dumps(made.to_json()))) == made


def test_an_optimizer_of_the_recipes_kind_keeps_its_settings():
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


def test_schedules_keep_all_but_their_rate():
    assert variant(ZOO["narrow"], learning_rate=0.5).schedule == Cosine(0.5)
    assert variant(ZOO["lenet"], learning_rate=0.5).schedule == OneCycle(0.5)
    sigmoid = ZOO["sigmoid"].schedule
    assert variant(ZOO["sigmoid"], rate=0.1).schedule == replace(sigmoid, value=0.1)


# -------------------------------------------------------------------------------------- the search


def test_a_search_tells_each_trial_and_the_best_and_goes_on_to_more(small_mnist, capsys):
    assert run("ten", "--trials", 7, "--epochs", 3, "--limit", 200) == 0
    printed = capsys.readouterr()
    rows = rows_of(printed.out)
    assert [row["trial"] for row in rows] == list(range(7))
    for row in rows:
        assert list(row) == KEYS
        assert row["state"] in ("complete", "pruned")
        assert row["iteration"] == 3 if row["state"] == "complete" else 1 <= row["iteration"] < 3
        assert 0 <= row["accuracy"] <= 1
        base = 0.02 / (20 if row["optimizer"] == "adam" else 1)
        assert base / 10.1 <= row["learning_rate"] <= base * 10.1
        assert row["batch"] in (16, 32, 64, 128, 256)
        assert row["optimizer"] in ("adam", "sgd")
        assert row["width"] in (0.5, 1, 2)
        assert row["seconds"] >= 0
    assert "0 of 7 trials are there" in printed.err
    complete = [row for row in rows if row["state"] == "complete"]
    best = max(complete, key=lambda row: row["accuracy"])
    *_, last = printed.err.splitlines()
    assert last.startswith("best: trial ")
    assert f"accuracy {best['accuracy']:.2%}" in last
    told = next(row for row in rows if last.startswith(f"best: trial {row['trial']},"))
    assert told["accuracy"] == best["accuracy"]
    settings = f"--rate {told['learning_rate']:g} --batch-size {told['batch']}"
    assert f"python -m nn train ten {settings} --optimizer {told['optimizer']}" in last

    assert run("ten", "--trials", 9, "--epochs", 3, "--limit", 200) == 0
    printed = capsys.readouterr()
    assert "7 of 9 trials are there" in printed.err
    assert [row["trial"] for row in rows_of(printed.out)] == [7, 8]

    assert run("ten", "--trials", 9, "--epochs", 3, "--limit", 200) == 0
    printed = capsys.readouterr()
    assert "9 of 9 trials are there" in printed.err
    assert "best: trial " in printed.err
    assert printed.out == ""


def test_the_same_seed_searches_alike_and_another_one_elsewhere(small_mnist, capsys):
    searches = []
    for number, seed in enumerate((1, 1, 2)):
        storage = f"sqlite:///{small_mnist}/{{braces}} {number}.db"
        options = ("--trials", 3, "--epochs", 1, "--seed", seed, "--storage", storage)
        assert run("ten", *options) == 0
        rows = rows_of(capsys.readouterr().out)
        searches.append([{**row, "seconds": 0} for row in rows])
    assert searches[0] == searches[1]
    rates = {row["learning_rate"] for search in searches[1:] for row in search}
    assert len(rates) == 6


def test_other_settings_are_another_search(small_mnist, capsys):
    for options in ((), ("--epochs", 2), ("--limit", 100), ("--seed", 2)):
        assert run("ten", "--trials", 1, *(options or ("--epochs", 1))) == 0
        assert "0 of 1 trials are there" in capsys.readouterr().err
    assert len(list((small_mnist / "cache" / "digits" / "tuning").iterdir())) == 4


def test_a_search_sees_training_and_validation_and_never_the_test_split(
    small_mnist, monkeypatch, capsys
):
    asked = []
    load = sets.load
    monkeypatch.setattr(sets, "load", lambda *names: asked.append(names) or load(*names))
    assert run("ten", "--trials", 1, "--epochs", 1) == 0
    assert set(asked) == {("mnist", "train"), ("mnist", "validation")}


def test_a_hopeless_trial_is_pruned(small_mnist, monkeypatch, capsys):
    hopeless = replace(ZOO["ten"], schedule=Constant(1e-9), epochs=3)
    storage = f"sqlite:///{small_mnist / 'study.db'}"
    options = ("--epochs", 3, "--storage", storage, "--study", "s")
    assert run("ten", "--trials", 6, *options) == 0
    capsys.readouterr()
    monkeypatch.setattr(tune, "variant", lambda *_, **__: hopeless)
    assert run("ten", "--trials", 7, *options) == 0
    (row,) = rows_of(capsys.readouterr().out)
    assert (row["state"], row["iteration"]) == ("pruned", 1)


def test_trainings_that_diverge_do_not_end_a_search(small_mnist, monkeypatch, capsys):
    monkeypatch.setitem(ZOO, "ten", replace(ZOO["ten"], schedule=Constant(1e37)))
    assert run("ten", "--trials", 5, "--epochs", 2) == 0
    printed = capsys.readouterr()
    rows = rows_of(printed.out)
    assert [row["trial"] for row in rows] == list(range(5))
    assert {row["state"] for row in rows} == {"diverged"}
    assert "NaN" not in printed.out
    assert printed.err.splitlines()[-1] == "no trial came to its end: all diverged"


def test_ctrl_c_leaves_a_search_that_goes_on(small_mnist):
    url = f"sqlite:///{small_mnist / 'study.db'}"
    options = ("ten", "--limit", 200, "--storage", url, "--study", "s", "--epochs", 60)
    process = start(*options, "--trials", 2)
    with ended(process):
        wait_for(lambda: any(t.intermediate_values for t in trials_of(url, "s")), process)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on" in errors
    assert "Traceback" not in errors
    stopped = trials_of(url, "s")
    assert stopped[0].state is TrialState.FAIL
    process = start(*options, "--trials", 2)
    with ended(process):
        printed, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    rows = rows_of(printed)
    assert len(rows) == 2
    assert stopped[0].params in [t.params for t in trials_of(url, "s") if t.state in tune.FINISHED]


def test_of_trials_begun_at_once_the_later_ones_are_left(small_mnist, capsys):
    both = sets.load("mnist", "train"), sets.load("mnist", "validation")
    with studies.opened_study(replace(ZOO["ten"], epochs=1, limit=100)) as study:
        other = study.ask()
        assert tune.run_trial(study, ZOO["ten"], [both[0]], both[1], wanted=1) is None
        assert [trial.state for trial in study.trials] == [TrialState.RUNNING, TrialState.FAIL]
        study.tell(other, state=TrialState.FAIL)
        row = tune.run_trial(study, replace(ZOO["ten"], epochs=1), [both[0]], both[1], wanted=1)
        assert row["state"] == "complete"


def test_the_beat_of_a_trial_under_way_rises(small_mnist, monkeypatch):
    monkeypatch.setattr(tune, "BEAT", 0.01)
    deadline = time.monotonic() + 60
    with studies.opened_study(replace(ZOO["ten"], limit=100)) as study:
        trial = study.ask()
        with tune.beating(trial):
            while study.trials[0].user_attrs.get("beat", 0) < 3:
                assert time.monotonic() < deadline
        last = study.trials[0].user_attrs["beat"]
        study.tell(trial, state=TrialState.FAIL)
        assert study.trials[0].user_attrs["beat"] == last


def test_a_trial_is_silent_when_its_beat_stands_still(small_mnist, monkeypatch):
    beats = {}
    with studies.opened_study(replace(ZOO["ten"], limit=100)) as study:
        trial, dead = study.ask(), study.ask()  # the dead one's maker was not even heard of
        trial.set_user_attr("beat", 0)
        monkeypatch.setattr(tune, "GRACE", 60)
        assert tune.silent(study.trials, beats) == []
        monkeypatch.setattr(tune, "GRACE", 0)
        trial.set_user_attr("beat", 1)
        assert tune.silent(study.trials, beats) == [dead.number]
        assert tune.silent(study.trials, beats) == [trial.number, dead.number]


# ------------------------------------------------------------------------------- what goes wrong

WRONG = [
    (("nothing", "--trials", 1), 2, "invalid choice"),
    (("ten",), 2, "--trials"),
    (("ten", "--trials", 0), 2, "whole number from 1 up"),
    (("ten", "--trials", 1, "--epochs", "few"), 2, "whole number from 1 up"),
    (("ten", "--trials", 1, "--limit", -1), 2, "whole number from 1 up"),
    (("ten", "--trials", 1, "--seed", "x"), 2, "whole number from 0 up"),
    (("ten", "--trials", 1, "--study", "../x"), 2, "is not a name"),
    (("ten", "--trials", 1, "--storage", "file"), 2, "is no URL of a database"),
    (("ten", "--trials", 1, "--storage", ""), 2, "is no URL of a database"),
    (("ten", "--trials", 1, "--storage", "odd://u:secret@h/d"), 2, "no kind of database 'odd'"),
    (("ten", "--trials", 1, "--storage", "postgresql://u:se@cret@h/d"), 2, "%40"),
    (("ten", "--trials", 1, "--storage", "postgresql://u:secret@h:x/d"), 2, "is no URL"),
    (("ten", "--trials", 1, "--storage", "postgresql://u:secret@127.0.0.1:9/d"), 1, "refused"),
    (("ten", "--trials", 1, "--storage", "sqlite:////no/folder/x.db"), 1, "/no/folder/x.db"),
    (("ten", "--trials", 1, "--storage", "mysql://u:secret@127.0.0.1/d"), 1, "not installed"),
    (("ten", "--trials", 1), 1, "python -m nn data"),
]


@pytest.mark.parametrize(("arguments", "status", "words"), WRONG, ids=str)
def test_a_mistake_gets_a_sentence_and_a_status(
    arguments, status, words, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(mnist, "MNIST_MIRRORS", ())
    try:
        status_given = run(*arguments)
    except SystemExit as stop:  # argparse's own way to end
        status_given = stop.code
    printed = capsys.readouterr()
    assert status_given == status
    assert words in printed.err
    assert "Traceback" not in printed.err
    assert "cret" not in printed.err
    assert printed.out == ""


def test_a_study_of_other_settings_is_not_mixed_up_with_these(small_mnist, capsys):
    storage = ("--storage", f"sqlite:///{small_mnist / 'study.db'}", "--study", "s")
    assert run("ten", "--trials", 1, "--epochs", 1, *storage) == 0
    assert run("ten", "--trials", 2, "--epochs", 2, *storage) == 2
    assert "the study s is of ten with 1 epochs, 10000 images and seed 1" in capsys.readouterr().err
    assert run("softmax", "--trials", 2, "--epochs", 1, *storage) == 2


def test_a_file_that_is_no_study_is_told(small_mnist, capsys):
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
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr == ("python -m nn: tuning needs `pip install -r requirements-dev.txt`\n")


def test_serving_needs_none_of_it():
    listing = "import app, sys; app.create_app(); print([name for name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", listing], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert not {"optuna", "sqlalchemy", "psycopg", "nn.tune.search"} & set(eval(done.stdout))


# -------------------------------------------------------------------------- a database of several


def test_a_wrong_password_is_told_and_none_is_shown(postgres, small_mnist, capsys):
    parts = urlsplit(postgres)
    wrong = postgres.replace(f":{parts.password}@", ":wr0ng@")
    assert run("ten", "--trials", 1, "--storage", wrong) == 1
    printed = capsys.readouterr().err
    assert "password authentication failed" in printed
    assert "wr0ng" not in printed
    assert len(printed.splitlines()) == 1


def test_workers_that_start_at_once_make_so_many_trials_together(postgres, small_mnist):
    options = ("ten", "--trials", 8, "--epochs", 2, "--storage", postgres, "--study", "at-once")
    workers = [start(*options) for _ in range(3)]
    with ended(*workers):
        printed = [worker.communicate(timeout=120) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0, 0], printed
    rows = [row for out, _ in printed for row in rows_of(out)]
    assert len(rows) == 8
    assert len({row["trial"] for row in rows}) == 8
    assert len({row["learning_rate"] for row in rows}) == 8
    finished = [t for t in trials_of(postgres, "at-once") if t.state in tune.FINISHED]
    assert {t.number for t in finished} == {row["trial"] for row in rows}
    assert len({errors.splitlines()[-1] for _, errors in printed}) == 1, "one best for all"


def test_the_trial_of_a_killed_worker_is_made_again_by_another(postgres, small_mnist):
    options = ("ten", "--trials", 4, "--epochs", 20, "--storage", postgres, "--study", "killed")

    def has_begun(number):
        trials = trials_of(postgres, "killed")
        return len(trials) > number and len(trials[number].intermediate_values) > 0

    victim = start(*options)
    with ended(victim):
        wait_for(lambda: has_begun(0), victim)
        victim.send_signal(signal.SIGSTOP)  # in the middle of its trial
        worker = start(*options)
        with ended(worker):
            wait_for(lambda: has_begun(1), worker)
            victim.send_signal(signal.SIGKILL)
            assert victim.wait(30) == -signal.SIGKILL
            printed, errors = worker.communicate(timeout=120)
    assert worker.returncode == 0, errors
    trials = trials_of(postgres, "killed")
    finished = [trial for trial in trials if trial.state in tune.FINISHED]
    assert len(finished) == 4
    assert [row["trial"] for row in rows_of(printed)] == [trial.number for trial in finished]
    assert trials[0].state is TrialState.FAIL
    assert [trial.params for trial in finished].count(trials[0].params) == 1


def test_a_worker_that_was_taken_for_dead_leaves_its_trial_to_the_other(postgres, small_mnist):
    options = ("ten", "--trials", 2, "--epochs", 20, "--storage", postgres, "--study", "asleep")
    sleeper = start(*options)
    with ended(sleeper):
        wait_for(lambda: any(t.intermediate_values for t in trials_of(postgres, "asleep")), sleeper)
        stop_between_changes(sleeper, postgres)
        worker = start(*options)
        with ended(worker):
            printed, errors = worker.communicate(timeout=120)
        assert worker.returncode == 0, errors
        assert len(rows_of(printed)) == 2
        sleeper.send_signal(signal.SIGCONT)
        printed, errors = sleeper.communicate(timeout=60)
    assert sleeper.returncode == 0, errors
    assert printed == ""
    assert "trial 0 was taken for dead and is made again" in errors


def test_a_database_that_goes_away_is_told(small_mnist):
    binaries = find_postgres()
    if binaries is None:
        missing("there is no PostgreSQL here: apt install postgresql")
    with ExitStack() as stack:
        with running_postgres(binaries) as url:
            worker = start("ten", "--trials", 3, "--epochs", 500, "--storage", url, "--study", "s")
            stack.enter_context(ended(worker))
            wait_for(lambda: any(t.intermediate_values for t in trials_of(url, "s")), worker)
        _, errors = worker.communicate(timeout=60)
    assert worker.returncode == 1
    assert "python -m nn: the database 127.0.0.1/postgres cannot be used" in errors
    assert len(errors.splitlines()) == 2, errors
    assert urlsplit(url).password not in errors
