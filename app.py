"""The web app: a page to draw a digit on, and the API behind it."""

import os

# One thread for a matrix product: the workers share the cores.  Read when NumPy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from flask import Flask
from flask_compress import Compress

from facts.numbers_api import Upstream
from facts.store import Facts
from nn.zoo import DEFAULT
from settings import MAX_REQUEST_BYTES, Settings
from web.access.api_keys import require_api_key
from web.access.headers import send_security_headers
from web.access.origins import allow_origins
from web.access.proxies import trust_proxies
from web.access.rate_limits import RateLimits
from web.access.request_headers import bound_headers
from web.api.predictor import Predictor
from web.api.request_body import PICTURE_STATUS
from web.api.routes import add_api
from web.models import load_models
from web.operation.health import add_health
from web.operation.logs import log_requests
from web.pages.accuracy import add_accuracy_page
from web.pages.course import add_course
from web.pages.form import add_upload_form
from web.pages.formatting import add_filters
from web.pages.home import add_home_page
from web.pages.inside import add_inside_page
from web.pages.static_files import serve_static_files
from web.problems import add_error_handlers


def create_app(settings: Settings | None = None) -> Flask:
    """The app, its networks loaded.  Raises ValueError for an invalid setting."""
    settings = settings or Settings.from_environment()
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST_BYTES
    log_requests(app)
    bound_headers(app)
    trust_proxies(app, settings.trusted_proxies)
    models = load_models()
    numbers_api = settings.numbers_api_url
    facts = Facts(Upstream(numbers_api, settings.redis_url) if numbers_api else None)
    add_error_handlers(app, PICTURE_STATUS)
    app.config["COMPRESS_ALGORITHM"] = ["br", "gzip"]
    app.config["COMPRESS_LEVEL"] = app.config["COMPRESS_BR_LEVEL"] = 3  # the largest page in 1 ms
    Compress(app)
    send_security_headers(app, serve_static_files(app))
    allow_origins(app, settings.cors_origins)
    predictor = Predictor(facts)
    add_filters(app)
    add_home_page(app, models)
    add_accuracy_page(app, models)
    add_inside_page(app, models)
    add_course(app)
    rate_limits = RateLimits(settings)
    add_upload_form(app, models, predictor, rate_limits)
    add_api(app, models, predictor, rate_limits)
    # limits come before keys, so that guessing a key is limited, too
    rate_limits.enforce(app)
    require_api_key(app, settings.api_keys)
    add_health(app, models[DEFAULT])
    return app
