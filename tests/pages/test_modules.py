"""The JavaScript modules of the pages: what they import, preload and cache."""

import json
import posixpath
import re
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "static"
IMPORTED = re.compile(r'^import\b[^"\n;]*"(\.[^"]+)";$', re.MULTILINE)
HASH = re.compile(r"\.[0-9a-f]{10}(?=\.\w+$)")


def imported_by(entry):
    """The names under static/ of a module and of all that it imports, directly or not."""
    found, waiting = set(), [entry]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            folder, text = posixpath.dirname(name), (STATIC / name).read_text()
            paths = IMPORTED.findall(text)
            waiting += [posixpath.normpath(posixpath.join(folder, path)) for path in paths]
    return found


def plain_names(urls):
    return [HASH.sub("", url.removeprefix("/static/")) for url in urls]


def linked(html, rel):
    """The names of the files that a page links to with that relation, outside of <noscript>."""
    html = re.sub(r"<noscript>.*?</noscript>", "", html, flags=re.DOTALL)
    return plain_names(re.findall(rf'<link rel="{rel}" href="([^"]+)"', html))


@pytest.mark.parametrize(("path", "entry"), [("/", "page/page.js"), ("/inside", "inside/main.js")])
def test_page_preloads_exactly_the_modules_it_imports(client, path, entry):
    html = client.get(path).get_data(as_text=True)
    scripts = plain_names(re.findall(r'<script type="module" src="([^"]+)"', html))
    assert scripts == [entry]
    assert sorted([entry, *linked(html, "modulepreload")]) == sorted(imported_by(entry))


def test_service_worker_caches_exactly_the_modules_styles_and_icon_of_the_front_page(client):
    html = client.get("/").get_data(as_text=True)
    script = client.get("/sw.js").get_data(as_text=True)
    cached = plain_names(json.loads(re.search(r"const FILES = (\[.*\]);", script)[1]))
    needed = imported_by("page/page.js") | set(linked(html, "stylesheet")) | {"icon.svg"}
    assert sorted(cached) == sorted(needed)


def test_every_module_is_imported_by_a_page():
    modules = {path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.js")}
    assert modules == imported_by("page/page.js") | imported_by("inside/main.js")


def test_page_and_inside_share_no_module_of_their_own():
    """What both use lies in draw/ or shared/."""
    both = imported_by("page/page.js") & imported_by("inside/main.js")
    assert {name.split("/")[0] for name in both} == {"draw", "shared"}
