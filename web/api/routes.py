"""The routes that programs call: predictions, facts, networks, and the API's description."""

import re
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, render_template, request
from markupsafe import escape

from nn.measure.rejection import Verdict
from nn.zoo import DEFAULT
from web.access.rate_limits import RateLimits, limited
from web.api.openapi import openapi_document
from web.api.predictor import Predictor, seen_facts, store_seen_facts, uncached
from web.api.request_body import RequestBody, cost_of_reading, parse_body
from web.explain.options import IncludeOptions, parse_digits, parse_options
from web.explain.payloads import rounded
from web.models import Model, find_model
from web.problems import ProblemError

EXAMPLES = ("curl.sh", "python.py", "javascript.js")  # the tests run them
LOCAL = "http://127.0.0.1:8000/"  # the address in them, replaced by that of the request
PAUSE = 0.001  # seconds between two pictures of a batch, in which other requests get the lock
MAX_AGE = 5 * 60  # seconds for which a list that changes with a new release may be cached


def add_api(
    app: Flask, models: dict[str, Model], predictor: Predictor, rate_limits: RateLimits
) -> None:
    """The API of these networks."""
    folder = Path(app.root_path, "templates", "examples")
    examples = {name: (folder / name).read_text("utf-8") for name in EXAMPLES}

    @lru_cache(2)
    def document(root: str) -> dict[str, Any]:
        return openapi_document(models, root)

    @lru_cache(2)  # to render it takes as long as three drawings
    def api_page(root: str) -> str:
        return render_template("api.html", document=document(root), examples=examples)

    @app.post("/")
    @limited("drawings")
    def read_as_text() -> Response:
        """The best guess as text: number, space, confidence."""
        body = predictor.parse(lambda: parse_body(request))
        single = parse_digits(request.args.get("digits", ""))
        options = IncludeOptions(models[DEFAULT], frozenset(), single=single)
        drawing = body.single()
        charge(body.cost)
        with predictor.turn(body.cost), predictor.compute_lock:
            reading, _ = options.read(drawing, body.strokes)
            predictor.describe(models[DEFAULT], reading)
        charge(1 + cost_of_reading(reading))
        if reading is None:
            raise ProblemError(422, "nothing is drawn: send a picture with ink on it")
        if reading.verdict is Verdict.REFUSED:
            text = f"{reading.whole.digit} {reading.whole.confidence:.4f}"
        else:
            text = f"{reading.text} {reading.confidence:.4f}"
        return uncached(Response(text, mimetype="text/plain"))

    @app.post("/api/predict")
    @limited("drawings")
    def predict() -> Response:
        """Which number each drawing is, how sure that is, and a fact about it."""
        model = find_model(models, request.args.get("model", DEFAULT))
        options = parse_options(request.args, model)
        body = predictor.parse(lambda: parse_body(request))
        cost = body.cost + options.cost * len(body.drawings)
        charge(cost)
        seen, answers = seen_facts(), []
        with predictor.turn(cost):
            for index in range(len(body.drawings)):
                if index:
                    time.sleep(PAUSE)
                answers.append(predict_one(body, index, options, seen))
        response = jsonify({"answers": answers} if body.is_batch else answers[0])
        return store_seen_facts(seen, uncached(response))

    def charge(cost: int) -> None:
        """Count so many drawings; the request itself has been counted."""
        rate_limits.count("drawings", request.remote_addr, cost - 1)

    def predict_one(
        body: RequestBody, index: int, options: IncludeOptions, seen: list[str]
    ) -> dict[str, Any]:
        """The prediction for one of the drawings, what is included with it, and a fact."""
        with predictor.compute_lock:
            with body.errors_at(index):
                reading, steps = options.read(body.drawings[index], body.strokes)
            prediction = predictor.describe(options.model, reading)
            included = options.included(reading, steps, models)
            if reading is not None and "seen" in options.include:
                for digit, found in zip(prediction["digits"], reading.digits, strict=False):
                    digit["seen"] = rounded(found.drawing)
        charge(1 + cost_of_reading(reading))
        return {**prediction, **included, "fact": predictor.fact_about(prediction, seen)}

    @app.get("/api/facts/<number>")
    @limited("facts")
    def get_fact(number: str) -> Response:
        """A fact about the number, another one each time."""
        match = re.fullmatch(r"(-?)([0-9]+)", number)
        if not match:
            raise ProblemError(
                404, f"{number[:40]!r} is not a whole number: ask for one, such as /api/facts/7"
            )
        seen = seen_facts()
        try:
            # twenty digits are out of range already, and int() refuses thousands
            value = int(f"{match[1]}0{match[2].lstrip('0')[:20]}")
            fact = predictor.fact(value, request.args.get("kind") or None, seen)
        except ValueError as error:
            raise ProblemError(422, str(error)) from None
        return store_seen_facts(seen, uncached(jsonify(fact.describe(value))))

    @app.get("/api/models")
    def list_models() -> Response:
        """The networks there are, the most accurate first."""
        described = [model.describe() for model in models.values()]
        return cached(jsonify(default=DEFAULT, models=described))

    @app.get("/api/openapi.json")
    def get_openapi() -> Response:
        """All of this as OpenAPI 3.1."""
        return cached(jsonify(document(request.script_root)))

    @app.get("/api")
    def get_api_page() -> str:
        """All of this as a page, with examples to copy."""
        return api_page(request.script_root).replace(LOCAL, escape(request.url_root))


def cached(response: Response) -> Response:
    """The response, to be cached for MAX_AGE and then revalidated by its ETag."""
    response.cache_control.public = True
    response.cache_control.max_age = MAX_AGE
    response.add_etag()
    response.make_conditional(request)
    return response
