"""What Lighthouse says of the page, in its phone profile; it is fetched by npx, and needs node.

python bench/lighthouse.py [--path /inside]
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from served import ROOT, serving

sys.path.insert(0, str(ROOT / "tests"))

from browser import FLAGS, find_browser  # type: ignore[import-not-found]

LIGHTHOUSE = "lighthouse@13.5.0"
TOLD = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time")
ALSO_TOLD = ("cumulative-layout-shift", "total-byte-weight")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--path", default="/", help="of the page on this server")
    path = parser.parse_args().path
    npx, browser = shutil.which("npx"), find_browser()
    if not npx or not browser:
        sys.exit("Lighthouse needs npx and Chromium: apt install nodejs npm chromium")
    with serving() as address, tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        flags = " ".join(["--headless=new", *FLAGS])
        command = [npx, "--yes", LIGHTHOUSE, address + path, "--quiet", f"--chrome-flags={flags}"]
        output = ["--output=json", f"--output-path={report}"]
        environment = {**os.environ, "CHROME_PATH": browser}
        subprocess.run([*command, *output], env=environment, check=True)
        said = json.loads(report.read_text())
    for category in said["categories"].values():
        print(f"{category['title']:15} {100 * category['score']:3.0f}")
    for name in (*TOLD, *ALSO_TOLD):
        audit = said["audits"][name]
        print(f"{audit['title']:25} {audit['displayValue']}")


if __name__ == "__main__":
    main()
