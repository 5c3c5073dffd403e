"""The system's nginx: where it is, how it is started; `--install` gets one where it may."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.packages import apt_install, as_root
from tests.support.polling import PATIENCE, wait_for
from tests.support.sockets import free_port

ROOT = Path(__file__).resolve().parents[3]


def find_nginx() -> str | None:
    """Debian puts it where only root looks."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def install_nginx() -> None:
    """By the system's package manager, where that goes without a question.

    The package starts a server on port 80, now and on each boot, unless a policy forbids it.
    """
    if not shutil.which("apt-get"):
        return
    policy = Path("/usr/sbin/policy-rc.d")  # see invoke-rc.d(8)
    script = f"printf '#!/bin/sh\\nexit 101\\n' > {policy} && chmod +x {policy}"
    forbid = f"test -e {policy} || {{ {script}; }}"
    had_one = policy.exists()
    try:
        as_root("sh", "-c", forbid)
        apt_install("nginx-light")
    finally:
        if not had_one:
            as_root("rm", "-f", str(policy))
    as_root("systemctl", "disable", "nginx")


def configuration(folder: Path, port: int, servers: Sequence[int]) -> str:
    """deploy/nginx.conf with our ports, a folder of our own, and nothing else changed."""
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    text, found = re.subn(
        r"( *server 127\.0\.0\.1):80\d\d([^;]*;\n)(?:\1:80\d\d\2)+",
        lambda match: "".join(f"{match[1]}:{server}{match[2]}" for server in servers),
        text,
    )
    assert found == 1, "deploy/nginx.conf names the app's processes once, all alike"
    text, found = re.subn(r"listen 80;", f"listen 127.0.0.1:{port};", text)
    assert found == 1, "deploy/nginx.conf listens once"
    paths = "".join(
        f"    {kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    log = f"    access_log {folder}/access.log;\n"
    text = text.replace("http {\n", f"http {{\n{paths}{log}", 1)
    return f"daemon off;\npid {folder}/pid;\nerror_log {folder}/error.log info;\n{text}"


@contextmanager
def nginx(program: str, folder: Path, servers: Sequence[int]) -> Iterator[int]:
    """The port of a new nginx in front of what listens on `servers`, while the block runs."""
    port = free_port()
    folder.mkdir(mode=0o755)
    file = folder / "nginx.conf"
    file.write_text(configuration(folder, port, servers))
    log, pid = folder / "start.log", folder / "pid"
    command = [program, "-c", str(file), "-e", str(log)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        wait_for(lambda: pid.exists() and pid.read_text(), "nginx is up", process, log)
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE)


if __name__ == "__main__":
    if sys.argv[1:] == ["--install"] and not find_nginx():
        print("Installing nginx for the tests of several machines ...", flush=True)
        install_nginx()
        if not find_nginx():
            print("There is no nginx, and none could be installed.")
