"""The web app: a page to draw a digit on, and the API behind it."""

import os

# One thread for a matrix product: the workers share the cores.  Read when NumPy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import re
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, render_template, request

from charts import charts_of, percent, picture_size, squares
from facts import Facts
from models import Model, load_models
from nn.layers import Array
from nn.zoo import DEFAULT
from payload import drawing_in
from problems import Problem, answer_with_problems
from settings import Settings

MAX_REQUEST_BYTES = 14_000_000  # a picture of 10 MB in base64
INCLUDABLE = ("seen",)


def create_app(settings: Settings | None = None) -> Flask:
    """The app, its networks loaded.  Raises ValueError for a setting that makes no sense."""
    settings = settings or Settings.from_environment()
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_REQUEST_BYTES
    models = load_models()
    facts = Facts(settings.numbers_api_url)
    figures = models[DEFAULT].figures
    charts = charts_of(figures)
    mistakes = picture_size(Path(app.root_path, "static", "mistakes.png"))
    app.add_template_filter(percent)
    app.add_template_global(squares)
    answer_with_problems(app)

    @app.get("/")
    def page() -> str:
        """The page to draw on."""
        ranked = [{**m.describe(), "accuracy": m.accuracy.get("mnist")} for m in models.values()]
        return render_template(
            "index.html",
            models=ranked,
            default=DEFAULT,
            figures=figures,
            charts=charts,
            mistakes=mistakes,
        )

    @app.post("/")
    def read_as_text() -> Response:
        """Best guess, space, confidence, as the first client of this kind expects it."""
        probabilities = models[DEFAULT].read(drawing_in(request))["probabilities"]
        if probabilities is None:
            raise Problem(422, "nothing is drawn: send a picture with ink on it")
        confidence = max(probabilities)
        digit = probabilities.index(confidence)
        return Response(f"{digit} {confidence:.4f}", mimetype="text/plain")

    @app.post("/api/predict")
    def predict() -> Response:
        """Which digit the drawing is, how sure that is, and a fact about it."""
        model, include = asked_model(models), asked_extras()
        drawing = drawing_in(request)
        answer = model.read(drawing)
        if "seen" in include:
            answer["seen"] = None if drawing is None else rounded(drawing)
        digit = answer["digit"]
        answer["fact"] = None if digit is None else facts.about(digit)
        return fresh(answer)

    @app.get("/api/facts/<number>")
    def fact(number: str) -> Response:
        """A fact about the number, another one each time."""
        written = re.fullmatch(r"(-?)0*([0-9]+)", number)
        if not written:
            raise Problem(404, "facts are about whole numbers: ask for one, such as /api/facts/7")
        try:
            # twenty digits are beyond all that facts are told of, and int() refuses thousands
            value = int(written[1] + written[2][:20])
            return fresh(facts.about(value, request.args.get("kind") or None))
        except ValueError as error:
            raise Problem(422, str(error)) from None

    @app.get("/api/models")
    def list_models() -> Response:
        """The networks that can be asked, the most accurate first."""
        return jsonify(default=DEFAULT, models=[model.describe() for model in models.values()])

    @app.get("/healthz")
    def health() -> Response:
        """The process lives."""
        return jsonify(status="ok")

    return app


def asked_model(models: dict[str, Model]) -> Model:
    name = request.args.get("model", DEFAULT)
    if name not in models:
        raise Problem(422, f"there is no model {name[:40]!r}: choose from {', '.join(models)}")
    return models[name]


def asked_extras() -> set[str]:
    names = {name for name in request.args.get("include", "").split(",") if name}
    if unknown := names.difference(INCLUDABLE):
        raise Problem(422, f"{min(unknown)[:40]!r} cannot be included: there is {INCLUDABLE[0]}")
    return names


def rounded(drawing: Array) -> list[float]:
    """784 numbers, row by row, finer than any screen shows and short to send."""
    return [round(value, 4) for value in drawing.ravel().tolist()]


def fresh(content: dict[str, Any]) -> Response:
    """JSON that no cache keeps: the next answer may well be another."""
    response = jsonify(content)
    response.headers["Cache-Control"] = "no-store"
    return response
