"""Static files under names made of their content, which a browser may keep for good.

`url_for("static", filename="style.css")` gives /static/style.0a1b2c3d4e.css, served as immutable.
The plain name is served too, and asked about anew each time. Modules go on importing each other by
their plain names: the page's import map leads these to the others.
"""

import hashlib
import json
import mimetypes
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from flask import Flask, Response, request, url_for
from markupsafe import Markup
from werkzeug.exceptions import NotFound

A_YEAR = 365 * 24 * 60 * 60  # seconds; "immutable" has no other way to say for good
# What the system's own table says differs from machine to machine.
MIME_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}


def name_files_by_content(app: Flask) -> Callable[[], Markup]:
    """Serve the app's static files, read into memory now, under both of their names.

    Adds the template functions `static_files()`, `fingerprint()` and `import_map()`, and returns
    the last.
    """
    folder = Path(app.static_folder or "")
    contents = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
    hashed = {name: with_hash(name, content) for name, content in contents.items()}
    plain = {new: name for name, new in hashed.items()}

    @app.url_defaults
    def by_content(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values["filename"] = hashed.get(values["filename"], values["filename"])

    def serve(filename: str) -> Response:
        name = plain.get(filename, filename)
        if name not in contents:
            raise NotFound
        response = Response(contents[name], mimetype=mime_type(name))
        if filename in plain:
            response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
        else:
            response.headers["Cache-Control"] = "no-cache"
        response.set_etag(hashed[name])
        response.make_conditional(request)
        return response

    app.view_functions["static"] = serve

    @app.template_global()
    def static_files() -> list[str]:
        """The plain names of all files."""
        return list(contents)

    @app.template_global()
    def fingerprint() -> str:
        """Another one as soon as any of the files is."""
        return hashlib.sha256("".join(hashed.values()).encode()).hexdigest()[:10]

    @lru_cache
    def map_under(static_url: str) -> Markup:
        modules = {
            f"{static_url}{name}": f"{static_url}{new}"
            for name, new in hashed.items()
            if name.endswith(".js")
        }
        return Markup(json.dumps({"imports": modules}, separators=(",", ":")))

    @app.template_global()
    def import_map() -> Markup:
        """JSON that leads each module's plain address to the one that may be kept."""
        return map_under(url_for("static", filename=""))

    return import_map


def with_hash(name: str, content: bytes) -> str:
    path = PurePosixPath(name)
    digest = hashlib.sha256(content).hexdigest()[:10]
    return str(path.with_name(f"{path.stem}.{digest}{path.suffix}"))


def mime_type(name: str) -> str:
    suffix = PurePosixPath(name).suffix
    return MIME_TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
