"""The page to draw on, and the service worker that makes it open without a connection."""

from collections.abc import Mapping

from flask import Flask, Response, render_template, url_for

from nn.zoo import DEFAULT
from web.models import Model
from web.pages.formatting import CONFIDENCE_WORDS


def add_home_page(app: Flask, models: Mapping[str, Model]) -> None:
    """Serve the page at /, and its service worker."""

    @app.get("/")
    def home() -> str:
        """The page to draw on."""
        return render_template(
            "index.html",
            models=list(models.values()),
            default=DEFAULT,
            chosen=DEFAULT,
            figures=models[DEFAULT].figures,
            confidence_words=CONFIDENCE_WORDS,
        )

    @app.get("/sw.js")
    def service_worker() -> Response:
        """The service worker, which caches the page so that it opens without a connection."""
        script = render_template("sw.js", page=url_for("home"))
        response = Response(script, mimetype="text/javascript")
        response.headers["Cache-Control"] = "no-cache"
        return response
