"""The system's PostgreSQL: where it is, how it is started; `--install` gets one where it may."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from tests.support.browser import attempt

# With this, Debian's packages come without a database that is started on each boot.
NO_CLUSTER = "/etc/postgresql-common/createcluster.d/no-main-cluster.conf"


def find_postgres() -> Path | None:
    """The folder of initdb and postgres, the newest; Debian does not put them on the path."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(folders, key=lambda folder: float(folder.parent.name), default=None)


def install_postgres() -> None:
    """By the system's package manager, where that goes without a question."""
    if not shutil.which("apt-get"):
        return
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    quietly = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    folder = Path(NO_CLUSTER).parent
    ask = f"mkdir -p {folder} && echo create_main_cluster = false > {NO_CLUSTER}"
    try:
        attempt([*as_root, "sh", "-c", ask])
        attempt([*quietly, "update"])
        attempt([*quietly, "install", "--yes", "--no-install-recommends", "postgresql"])
    finally:
        attempt([*as_root, "rm", "-f", NO_CLUSTER])


@contextmanager
def running_postgres(binaries: Path) -> Iterator[str]:
    """The URL of a new server's empty database, for as long as the block runs.

    The password has every character that a URL gives a meaning to.
    """
    folder = Path(tempfile.mkdtemp(prefix="digits-postgres-"))
    as_user = {}
    if os.geteuid() == 0:  # as whom PostgreSQL refuses to run
        nobody = pwd.getpwnam("nobody")
        as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    password = "a %{}:/?#&=" + secrets.token_hex(8)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    secret = folder / "password"
    secret.write_text(password)
    secret.chmod(0o644)  # inside a folder that is its user's alone
    make = [binaries / "initdb", "-D", folder / "data", "-U", "digits", f"--pwfile={secret}"]
    serve = [binaries / "postgres", "-D", folder / "data", "-p", str(port), "-c", "fsync=off"]
    serve += ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
    common = {"cwd": folder, "stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT, **as_user}
    log = folder / "log"
    try:
        with log.open("wb") as out:
            options = ["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"]
            subprocess.run([*make, *options], check=True, stdout=out, timeout=120, **common)
            process = subprocess.Popen(serve, stdout=out, **common)
        try:
            wait_until_up(process, port, log)
            yield f"postgresql://digits:{quote(password, safe='')}@127.0.0.1:{port}/postgres"
        finally:
            process.send_signal(signal.SIGINT)  # "fast": it does not wait for clients
            process.wait(60)
    finally:
        shutil.rmtree(folder)


def wait_until_up(process: subprocess.Popen, port: int, log: Path) -> None:
    deadline = time.monotonic() + 60
    while "ready to accept connections" not in log.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not come up on port {port}:\n{log.read_text()}")
        threading.Event().wait(0.02)


if __name__ == "__main__":
    if sys.argv[1:] == ["--install"] and not find_postgres():
        print("Installing PostgreSQL for the tests of tuning ...", flush=True)
        install_postgres()
        if not find_postgres():
            print("There is no PostgreSQL, and none could be installed.")
