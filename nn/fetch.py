"""Files of data: looked for in $DIGITS_DATA, then in the user's cache, then fetched into it."""

import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit


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


def fetch(urls: Iterable[str], target: Path, checksum: str | None) -> Path:
    """What the first of urls that works gives, as the file target; checksum is "md5:..." or none.

    Raises DataError when none does.
    """
    try:
        import pooch  # here, for serving neither has nor needs it
    except ImportError:
        raise DataError("fetching data needs `pip install -r requirements-dev.txt`") from None
    pooch.get_logger().setLevel("WARNING")
    failures = []
    for url in urls:
        downloader = pooch.HTTPDownloader(timeout=20)
        try:
            pooch.retrieve(url, checksum, target.name, target.parent, downloader=downloader)
            return target
        except (OSError, ValueError) as error:  # requests' errors are OSErrors, a bad hash is not
            failures.append(f"{urlsplit(url).netloc} ({type(error).__name__})")
    raise DataError(
        f"{target.name} is not in {', nor in '.join(map(str, places()))}, and not to be had from "
        f"{', nor from '.join(failures) or 'any mirror'}: go online and run `python -m nn data`, "
        "or set DIGITS_DATA to a folder that has it"
    )
