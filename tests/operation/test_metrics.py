"""Where the workers count: files that are there in full, or else the numbers of one worker."""

import json
import os
import resource
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from app import create_app
from settings import Settings
from tests.support.networks import DOUBT_ALL, models_with_thresholds
from tests.support.polling import PATIENCE, wait_for
from tests.support.servers.service import ROOT
from web.operation import metrics

UNLIMITED = {"RATELIMIT_ENABLED": "false", "WEB_CONCURRENCY": "2"}
LITTLE = 64 << 10  # bytes, in which the files of a worker have no room


def with_own_shm(options):
    """What to put before a command so that it has a /dev/shm of its own; None if nothing does."""
    mount = 'mount -t tmpfs -o "$0" tmpfs /dev/shm && exec "$@"'
    for user in ([], ["--user", "--map-root-user"]):
        prefix = ["unshare", "--mount", *user, "sh", "-c", mount, options]
        if subprocess.run([*prefix, "true"], capture_output=True).returncode == 0:
            return prefix
    return None


def warnings_of(one):
    return [line for line in one.lines() if line["logger"] == "web.operation.metrics"]


def assert_works(one, seven):
    """Drawings and /metrics are answered, by the workers that are there."""
    wait_for(lambda: len(one.workers()) == 2, "both workers")
    before = one.workers()
    for _ in range(12):
        assert json.loads(one.post("/api/predict", seven)[2])["digit"] == 7
        assert one.get("/healthz")[0] == 200
        assert one.get("/nothing")[0] == 404
        status, _, body = one.get("/metrics")
        assert status == 200
        assert b"digits_request_seconds" in body
    assert one.workers() == before


@pytest.mark.parametrize(
    ("options", "without_files"), [("size=64k", {2}), ("size=600k", {1, 2}), ("nr_inodes=1", {0})]
)
def test_full_shm_costs_nothing_but_the_sum_of_the_numbers(
    service, tmp_path, seven, options, without_files
):
    """It has room for the files of no worker, or of one if both do not try at once; or for no file,
    and then another folder is used.
    """
    prefix = with_own_shm(options)
    if prefix is None:  # nearly the same: files may have so many bytes
        prefix, without_files = ["prlimit", f"--fsize={LITTLE}"], {2}
    with service(tmp_path, prefix=prefix, **UNLIMITED) as one:
        assert_works(one, seven)
        wait_for(lambda: len(warnings_of(one)) in without_files, "one warning of each such worker")


def test_shm_that_fills_up_later_harms_neither_old_nor_new_workers(service, tmp_path, seven):
    prefix = with_own_shm("size=1200k")
    with service(tmp_path, prefix=prefix or (), **UNLIMITED) as one:
        shm = Path(f"/proc/{one.process.pid}/root/dev/shm")
        wait_for(lambda: len(list(shm.glob(f"*-{one.process.pid}-*/*.db"))) == 4, "all files")
        old = set(one.workers())
        if prefix:
            with suppress(OSError), (shm / "full").open("wb", buffering=0) as file:
                while file.write(bytes(4096)):
                    pass
        else:
            for pid in (one.process.pid, *old):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (LITTLE, LITTLE))
        assert_works(one, seven)
        assert warnings_of(one) == []
        one.process.send_signal(signal.SIGHUP)
        wait_for(lambda: len(set(one.workers()) - old) == len(one.workers()) == 2, "new workers")
        assert_works(one, seven)
        wait_for(lambda: len(warnings_of(one)) == 2, "a warning of each new worker")


DOUBTS_OF_SEVEN = 'digits_doubts_total{digit="7",model="best"}'
FILL = """
from pathlib import Path
from web.operation import metrics
metrics.use_slot(1)
for number in range(2 * max(metrics.MAX_LABELS.values())):
    name = f"{number:040}"
    metrics.count_request(name, "OPTIONS", 400 + number, 0.1)
    for rejected in (None, name):
        prediction = {"digit": number, "doubtful": True, "rejected": rejected, "model": name}
        metrics.count_predictions([prediction])
    metrics.count_facts([name])
print(metrics.exposition().decode())
"""


def test_files_never_grow(tmp_path):
    """Whatever is counted, and with names longer than any here."""
    done = subprocess.run(
        [sys.executable, "-c", FILL],
        cwd=ROOT,
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert done.stderr == ""
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert sizes == {f"{kind}_1.db": size for kind, size in metrics.FILE_BYTES.items()}
    for metric, most in metrics.MAX_LABELS.items():
        (name,) = (family.name for family in metric.describe())
        counted = [line for line in done.stdout.splitlines() if line.startswith(f"{name}_")]
        sums = [line for line in counted if "_bucket" not in line and "_count" not in line]
        assert len(sums) == most + 1
        assert sum('"other"' in line for line in sums) == 1


def test_drawings_read_with_doubt_are_counted(client, seven, monkeypatch):
    def counted():
        lines = metrics.exposition().decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(DOUBTS_OF_SEVEN))

    before = counted()
    client.post("/api/predict", data=seven)
    assert counted() == before
    monkeypatch.setattr("app.load_models", lambda: models_with_thresholds(*DOUBT_ALL))
    doubting = create_app(Settings(numbers_api_url="")).test_client()
    doubting.post("/api/predict", data=seven)
    assert counted() == before + 1


def test_the_app_has_fewer_labels_than_the_files_have_room_for(app):
    rules = list(app.url_map.iter_rules())
    answered = {(rule.rule, method) for rule in rules for method in rule.methods}
    unanswered = len(metrics.METHODS) + 1  # of what has no route, by method
    assert len(answered) + unanswered <= metrics.MAX_LABELS[metrics.LATENCY]
    statuses = 20  # there are fewer
    routes = len({rule.rule for rule in rules}) + 1
    assert routes * statuses <= metrics.MAX_LABELS[metrics.ERRORS]
    models, digits, reasons, sources = 10, 10, 5, 3
    assert models * digits <= metrics.MAX_LABELS[metrics.PREDICTIONS]
    assert models * digits <= metrics.MAX_LABELS[metrics.DOUBTS]
    assert models * reasons <= metrics.MAX_LABELS[metrics.REJECTIONS]
    assert sources <= metrics.MAX_LABELS[metrics.FACTS]
    assert max(len(rule.rule) for rule in rules) <= 40
