"""Static files under names with a hash of their content, which browsers may cache for ever.

`url_for("static", filename="style.css")` gives /static/style.0a1b2c3d4e.css, served as immutable.
The plain name is served too, to be revalidated each time. Modules import each other by their plain
names, which the page's import map maps to the others.
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

A_YEAR = 365 * 24 * 60 * 60  # seconds, as is usual for immutable content
# The system's own table differs from machine to machine.
MIME_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}


def serve_static_files(app: Flask) -> Callable[[], Markup]:
    """Serve the app's static files, read into memory now, under both of their names.

    Adds the template functions `fingerprint()` and `import_map()`, and returns the last.
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
    def fingerprint() -> str:
        """A hash of all files: it changes as soon as one of them does."""
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
        """JSON that maps the URL of each module to the one with its hash."""
        return map_under(url_for("static", filename=""))

    return import_map


def with_hash(name: str, content: bytes) -> str:
    path = PurePosixPath(name)
    digest = hashlib.sha256(content).hexdigest()[:10]
    return str(path.with_name(f"{path.stem}.{digest}{path.suffix}"))


def mime_type(name: str) -> str:
    suffix = PurePosixPath(name).suffix
    return MIME_TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
