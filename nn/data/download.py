"""Files of data: looked for in $DIGITS_DATA, then in the user's cache, then fetched into it."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SILENCE = 20  # seconds without a byte, after which a mirror is given up


class DataError(Exception):
    """A data set that is missing or broken; the message says what to do."""


def places() -> list[Path]:
    """The folders data is looked for in, best first."""
    given = os.environ.get("DIGITS_DATA")
    return [Path(given).expanduser(), cache_folder()] if given else [cache_folder()]


def cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "digits"


def find(*names: str) -> Path | None:
    """The first of these files (such as "mnist/train.csv") there is in any place."""
    for place in places():
        for name in names:
            if (place / name).is_file():
                return place / name
    return None


def part_of(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")


def resuming(target: Path) -> Callable[[str, str, Any], None]:
    """A downloader for pooch that goes on where an earlier one was cut off, at whichever mirror.

    What came of the file so far lies beside target as .part; only a file whose checksum is known
    may be put together so.
    """
    import requests  # the web's library, and nothing else in nn/ wants it

    part = part_of(target)

    def download(url: str, output: str, _: Any) -> None:
        have = part.stat().st_size if part.exists() else 0
        # as it is: a server that packs it on the way would count other bytes
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
        with requests.get(url, headers=headers, stream=True, timeout=SILENCE) as answer:
            if have and answer.status_code == 416:  # nothing beyond: the checksum says if it is all
                part.replace(output)
                return
            answer.raise_for_status()
            goes_on = answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            with open(part, "ab" if answer.status_code == 206 and goes_on else "wb") as file:
                for chunk in answer.iter_content(1 << 16):
                    file.write(chunk)
        part.replace(output)

    return download


def fetch(urls: Iterable[str], target: Path, checksum: str | None) -> Path:
    """What the first of urls that works gives, as the file target; checksum is "md5:..." or none.

    Raises DataError when none does.
    """
    try:
        import pooch  # here, for serving neither has nor needs it
    except ImportError:
        raise DataError("fetching data needs `pip install -r requirements-dev.txt`") from None
    pooch.get_logger().setLevel("WARNING")
    downloader = resuming(target) if checksum else pooch.HTTPDownloader(timeout=SILENCE)
    failures, untried = [], list(urls)
    while untried:
        url, had_a_start = untried.pop(0), part_of(target).exists()
        try:
            pooch.retrieve(url, checksum, target.name, target.parent, downloader=downloader)
            return target
        except OSError as error:  # as all errors of requests are
            failures.append(f"{urlsplit(url).netloc} ({type(error).__name__})")
        except ValueError:  # the wrong checksum
            if had_a_start:  # perhaps only the start was wrong
                untried.insert(0, url)
            else:
                failures.append(f"{urlsplit(url).netloc} (wrong checksum)")
    raise DataError(
        f"{target.name} is not in {', nor in '.join(map(str, places()))}, and not to be had from "
        f"{', nor from '.join(failures) or 'any mirror'}: go online and run `python -m nn data`, "
        "or set DIGITS_DATA to a folder that has it"
    )
