"""The system's PostgreSQL: where it is, how it is started; `--install` gets one where it may."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from tests.support.packages import apt_install, as_root
from tests.support.polling import PATIENCE, wait_for
from tests.support.sockets import free_port

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
    folder = Path(NO_CLUSTER).parent
    ask = f"mkdir -p {folder} && echo create_main_cluster = false > {NO_CLUSTER}"
    try:
        as_root("sh", "-c", ask)
        apt_install("postgresql")
    finally:
        as_root("rm", "-f", NO_CLUSTER)


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
    port = free_port()
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
            subprocess.run([*make, *options], check=True, stdout=out, timeout=PATIENCE, **common)
            process = subprocess.Popen(serve, stdout=out, **common)
        try:
            ready = "ready to accept connections"
            wait_for(lambda: ready in log.read_text(), "PostgreSQL is up", process, log)
            yield f"postgresql://digits:{quote(password, safe='')}@127.0.0.1:{port}/postgres"
        finally:
            process.send_signal(signal.SIGINT)  # "fast": it does not wait for clients
            process.wait(PATIENCE)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    if sys.argv[1:] == ["--install"] and not find_postgres():
        print("Installing PostgreSQL for the tests of tuning ...", flush=True)
        install_postgres()
        if not find_postgres():
            print("There is no PostgreSQL, and none could be installed.")
