"""The web app: a page to draw a digit on, and the API behind it."""

import os

# One thread for a matrix product: the workers share the cores.  Read when NumPy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from pathlib import Path
from typing import Any

from flask import Flask, Response, render_template, url_for
from flask_compress import Compress
from werkzeug.middleware.proxy_fix import ProxyFix

from facts.numbers_api import Upstream
from facts.store import Facts
from nn.zoo import DEFAULT
from settings import Settings
from web.access.headers import send_security_headers
from web.access.keys import guard
from web.access.origins import allow_origins
from web.access.rates import Rates
from web.api.predict import Answers
from web.api.request_body import PICTURE_STATUS
from web.api.routes import add_api
from web.models import Model, load_models
from web.operation.health import add_health
from web.operation.logs import observe
from web.pages.charts import charts_of, percent, picture_size, squares
from web.pages.course import serve_course
from web.pages.form import SURE, answer_forms
from web.pages.static_files import name_files_by_content
from web.pages.testset import show_inside
from web.problems import answer_with_problems

MAX_REQUEST_BYTES = 14_000_000  # a picture of 10 MB in base64


def create_app(settings: Settings | None = None) -> Flask:
    """The app, its networks loaded.  Raises ValueError for a setting that makes no sense."""
    settings = settings or Settings.from_environment()
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_REQUEST_BYTES
    if proxies := settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    observe(app)
    models = load_models()
    numbers_api = settings.numbers_api_url
    facts = Facts(Upstream(numbers_api, settings.redis_url) if numbers_api else None)
    answer_with_problems(app, PICTURE_STATUS)
    app.jinja_env.globals["view_functions"] = app.view_functions
    app.config["COMPRESS_ALGORITHM"] = ["br", "gzip"]
    Compress(app)
    send_security_headers(app, name_files_by_content(app))
    allow_origins(app, settings.cors_origins)
    answers = Answers(facts)
    add_page(app, models, answers)
    # limits come before keys, so that guessing a key is limited, too
    add_api(app, models, answers, Rates(settings))
    guard(app, settings.api_keys)
    add_health(app, models[DEFAULT])
    return app


def add_page(app: Flask, models: dict[str, Model], answers: Answers) -> None:
    """The page to draw on, also where no script runs, or no network is."""
    figures = models[DEFAULT].figures
    charts = charts_of(figures)
    mistakes = picture_size(Path(app.root_path, "static", "mistakes.png"))
    app.add_template_filter(percent)
    app.add_template_global(squares)

    def ranked() -> list[dict[str, Any]]:
        return [{**m.describe(), "accuracy": m.accuracy.get("mnist")} for m in models.values()]

    answer_forms(app, models, answers, ranked)
    show_inside(app, models, charts)
    serve_course(app)

    @app.get("/")
    def page() -> str:
        """The page to draw on."""
        return render_template(
            "index.html",
            models=ranked(),
            default=DEFAULT,
            chosen=DEFAULT,
            sure=SURE,
            figures=figures,
            charts=charts,
            mistakes=mistakes,
        )

    @app.get("/sw.js")
    def service_worker() -> Response:
        """The worker that keeps the page for when there is no network."""
        script = render_template("sw.js", page=url_for("page"))
        response = Response(script, mimetype="text/javascript")
        response.headers["Cache-Control"] = "no-cache"
        return response
