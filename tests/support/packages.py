"""Packages of the system, installed where that needs no question: as root, or by `sudo -n`."""

import os
import shutil
import subprocess


def attempt(command: list[str]) -> bool:
    """Whether the command ran and succeeded."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=600, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def as_root(*command: str) -> bool:
    """Whether the command ran with root's rights and succeeded."""
    return attempt([*([] if os.geteuid() == 0 else ["sudo", "-n"]), *command])


def apt_install(package: str) -> bool:
    """Whether Debian's package is installed now."""
    if not shutil.which("apt-get"):
        return False
    quietly = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get")
    install = (*quietly, "install", "--yes", "--no-install-recommends", package)
    return as_root(*quietly, "update") and as_root(*install)
