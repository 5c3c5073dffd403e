"""Data files: found in $DIGITS_DATA or in the user's cache, or else fetched into the cache."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

READ_TIMEOUT = 20  # seconds without a byte


class DataError(Exception):
    """A data set that is missing or broken; the message says what to do."""


def broken(path: Path, reason: Exception | str) -> DataError:
    return DataError(f"{path} is broken ({reason}): delete it and fetch it again")


def unavailable(name: str, failures: list[str]) -> DataError:
    """The error for a file that is in no folder and on no mirror."""
    folders = " or ".join(str(folder) for folder in search_folders())
    mirrors = " or ".join(failures) or "any mirror"
    return DataError(
        f"{name} is not in {folders} and cannot be fetched from {mirrors}: go online and run "
        "`python -m nn data`, or set DIGITS_DATA to a folder that has it"
    )


def search_folders() -> list[Path]:
    """The folders that are searched for data, in this order."""
    given = os.environ.get("DIGITS_DATA")
    return [Path(given).expanduser(), cache_folder()] if given else [cache_folder()]


def cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "digits"


def find(*names: str) -> Path | None:
    """The first of these files (such as "mnist/train.csv") that is in one of the folders."""
    for folder in search_folders():
        for name in names:
            if (folder / name).is_file():
                return folder / name
    return None


def partial_file(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")


def resumable_downloader(target: Path) -> Callable[[str, str, Any], None]:
    """A downloader for pooch that continues an interrupted download, from any mirror.

    The bytes received so far are in a file .part beside target.  Only for files with a known
    checksum, because the parts may come from different files.
    """
    import requests  # here, because only downloads need it

    part = partial_file(target)

    def download(url: str, output: str, _: Any) -> None:
        size = part.stat().st_size if part.exists() else 0
        # identity: a server that compresses the file would count other bytes
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={size}-"} if size else {})}
        with requests.get(url, headers=headers, stream=True, timeout=READ_TIMEOUT) as response:
            if size and response.status_code == 416:  # no more bytes: the checksum decides
                part.replace(output)
                return
            response.raise_for_status()
            continues = response.headers.get("Content-Range", "").startswith(f"bytes {size}-")
            with open(part, "ab" if response.status_code == 206 and continues else "wb") as file:
                for chunk in response.iter_content(1 << 16):
                    file.write(chunk)
        part.replace(output)

    return download


def fetch(urls: Iterable[str], target: Path, checksum: str | None) -> Path:
    """Fetch the first of urls that works into the file target; checksum is "md5:..." or None.

    Raises DataError when none works.
    """
    try:
        import pooch  # not installed where the app is served
    except ImportError:
        raise DataError("fetching data needs `pip install -r requirements-dev.txt`") from None
    pooch.get_logger().setLevel("WARNING")
    downloader = (
        resumable_downloader(target) if checksum else pooch.HTTPDownloader(timeout=READ_TIMEOUT)
    )
    failures, untried = [], list(urls)
    while untried:
        url, resumed = untried.pop(0), partial_file(target).exists()
        try:
            pooch.retrieve(url, checksum, target.name, target.parent, downloader=downloader)
            return target
        except OSError as error:  # as all errors of requests are
            failures.append(f"{urlsplit(url).netloc} ({type(error).__name__})")
        except ValueError:  # the wrong checksum
            if resumed:  # perhaps only the part from before was wrong
                untried.insert(0, url)
            else:
                failures.append(f"{urlsplit(url).netloc} (wrong checksum)")
    raise unavailable(target.name, failures)
