"""The routes that programs call: drawings, facts, networks, and the description of all that."""

import re
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, render_template, request

from nn.layers import Array
from nn.zoo import DEFAULT
from web.access.rates import Rates
from web.api.openapi import METHODS, description
from web.api.predict import Answers, remember, told_before
from web.api.request_body import sent_in
from web.explain.options import Look, asked_look
from web.models import Model
from web.problems import Problem

EXAMPLES = ("curl.sh", "python.py", "javascript.js")  # the tests run them
LOCAL = "http://127.0.0.1:8000/"  # where they call
MINUTES = 5  # for which a list that changes with a new release is good


def add_api(app: Flask, models: dict[str, Model], answers: Answers, rates: Rates) -> None:
    """The API of these networks."""
    folder = Path(app.root_path, "templates", "examples")
    limits = {
        "read_as_text": "drawings",
        "predict": "drawings",
        "read_form": "drawings",
        "tell": "facts",
    }

    @app.before_request
    def limit() -> None:
        if request.endpoint in limits:
            rates.spend(limits[request.endpoint], request.remote_addr)

    @app.post("/")
    def read_as_text() -> Response:
        """Best guess, space, confidence, as the first client of this kind expects it."""
        sent = sent_in(request)
        if sent.is_batch:
            raise Problem(422, "several drawings are taken at /api/predict: send one here")
        with answers.turn:
            read = answers.read(models[DEFAULT], next(sent.drawings()))
        probabilities = read["probabilities"]
        if probabilities is None:
            raise Problem(422, "nothing is drawn: send a picture with ink on it")
        confidence = max(probabilities)
        digit = probabilities.index(confidence)
        return fresh(Response(f"{digit} {confidence:.4f}", mimetype="text/plain"))

    @app.post("/api/predict")
    def predict() -> Response:
        """Which digit each drawing is, how sure that is, and a fact about it."""
        look = asked_look(request.args, asked_model(models))
        sent = sent_in(request, look.read)
        rates.spend("drawings", request.remote_addr, len(sent.readers) - 1)  # one is paid for
        told, drawings, answered = told_before(), sent.drawings(), []
        for _ in sent.readers:
            with answers.turn:  # for each anew, so that a batch does not keep others waiting
                answered.append(answer(look, next(drawings), told))
        response = jsonify({"answers": answered} if sent.is_batch else answered[0])
        return remember(told, fresh(response))

    def answer(look: Look, drawing: Array | None, told: list[str]) -> dict[str, Any]:
        drawing = look.changed(drawing)
        read = answers.read(look.model, drawing)
        digit = read["digit"]
        fact = None if digit is None else answers.about(digit, None, told).describe(digit)
        return {**read, **look.extras(drawing, models), "fact": fact}

    @app.get("/api/facts/<number>")
    def tell(number: str) -> Response:
        """A fact about the number, another one each time."""
        written = re.fullmatch(r"(-?)0*([0-9]+)", number)
        if not written:
            raise Problem(404, "facts are about whole numbers: ask for one, such as /api/facts/7")
        told = told_before()
        try:
            # twenty digits are beyond all that facts are told of, and int() refuses thousands
            value = int(written[1] + written[2][:20])
            fact = answers.about(value, request.args.get("kind") or None, told)
        except ValueError as error:
            raise Problem(422, str(error)) from None
        return remember(told, fresh(jsonify(fact.describe(value))))

    @app.get("/api/models")
    def list_models() -> Response:
        """The networks that can be asked, the most accurate first."""
        described = [model.describe() for model in models.values()]
        return lasting(jsonify(default=DEFAULT, models=described))

    @app.get("/api/openapi.json")
    def openapi() -> Response:
        """All of this as OpenAPI 3.1."""
        return lasting(jsonify(description(app, models, request.script_root)))

    @app.get("/api")
    def api_docs() -> str:
        """All of this as a page, with examples to copy."""
        return render_template(
            "api.html",
            description=description(app, models, request.script_root),
            methods=METHODS,
            examples={
                name: (folder / name).read_text("utf-8").replace(LOCAL, request.url_root)
                for name in EXAMPLES
            },
        )


def asked_model(models: dict[str, Model]) -> Model:
    name = request.args.get("model", DEFAULT)
    if name not in models:
        raise Problem(422, f"there is no model {name[:40]!r}: choose from {', '.join(models)}")
    return models[name]


def fresh(response: Response) -> Response:
    """Kept by no cache: the next answer may well be another."""
    response.headers["Cache-Control"] = "no-store"
    return response


def lasting(response: Response) -> Response:
    """Kept for minutes, and then asked for with the ETag, which costs no body."""
    response.cache_control.public = True
    response.cache_control.max_age = 60 * MINUTES
    response.add_etag()
    response.make_conditional(request)
    return response
