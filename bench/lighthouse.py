"""Lighthouse's scores of a page, in its phone profile; npx fetches it, which needs node.

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

from server import ROOT, run_server

sys.path.insert(0, str(ROOT))

from tests.support.browser import FLAGS, find_browser

LIGHTHOUSE = "lighthouse@13.5.0"
AUDITS = (
    "first-contentful-paint",
    "largest-contentful-paint",
    "total-blocking-time",
    "cumulative-layout-shift",
    "total-byte-weight",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--path", default="/", help="of the page on this server")
    path = parser.parse_args().path
    npx, browser = shutil.which("npx"), find_browser()
    if not npx or not browser:
        sys.exit("Lighthouse needs npx and Chromium: apt install nodejs npm chromium")
    with run_server() as server, tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "report.json")
        flags = " ".join(["--headless=new", *FLAGS])
        command = [npx, "--yes", LIGHTHOUSE, server.url + path, "--quiet"]
        command += [f"--chrome-flags={flags}", "--output=json", f"--output-path={output}"]
        subprocess.run(command, env={**os.environ, "CHROME_PATH": browser}, check=True)
        report = json.loads(output.read_text())
    for category in report["categories"].values():
        print(f"{category['title']:15} {100 * category['score']:3.0f}")
    for name in AUDITS:
        audit = report["audits"][name]
        print(f"{audit['title']:25} {audit['displayValue']}")


if __name__ == "__main__":
    main()
