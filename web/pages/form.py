"""The result as a page rendered by the server, for browsers in which no script runs."""

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, g, redirect, render_template, request, url_for

from nn.zoo import DEFAULT
from web.access.rate_limits import RateLimits, limited
from web.api.predictor import Predictor, seen_facts, store_seen_facts, uncached
from web.api.request_body import (
    Drawing,
    FormField,
    RequestBody,
    cost_of,
    cost_of_reading,
    parse_body,
    parse_form,
    read_fields,
)
from web.explain.options import IncludeOptions
from web.models import Model, find_model
from web.pages.charts import pixel_squares
from web.pages.formatting import capitalized
from web.problems import ProblemError

EXPIRED = (
    "the page with the form was open for too long, or its cookie is missing: open it again, "
    "and send the picture from there"
)


def add_upload_form(
    app: Flask, models: Mapping[str, Model], predictor: Predictor, rate_limits: RateLimits
) -> None:
    """Serve the result of the form at /read as a page, also when its picture cannot be read."""

    def page(**content: Any) -> str:
        chosen = g.get("chosen", DEFAULT)
        return render_template("read.html", models=list(models.values()), chosen=chosen, **content)

    @app.after_request
    def problem_as_page(response: Response) -> Response:
        """People see it, so that a problem is a page, too."""
        if request.endpoint == "read_form" and response.mimetype == "application/problem+json":
            expired = response.status_code == 401  # no session token, or an old one
            detail = EXPIRED if expired else response.get_json()["detail"]
            message = f"{capitalized(detail)}."
            response.set_data(
                page(title="That could not be read", message=message, expired=expired)
            )
            response.mimetype = "text/html"
        return response

    @app.get("/read")
    def form() -> Any:
        """To the page that has the form: no result is stored."""
        return redirect(url_for("home"))

    @app.post("/read")
    @limited("drawings")
    def read_form() -> Response:
        """Which digit the picture in the form shows, how sure that is, and a fact about it."""
        body = predictor.parse(body_of_form)
        drawing = body.single()
        rate_limits.count("drawings", request.remote_addr, body.cost - 1)
        model, seen = find_model(models, g.get("chosen", DEFAULT)), seen_facts()
        response = Response(page(**predict_for_form(predictor, rate_limits, model, drawing, seen)))
        return store_seen_facts(seen, uncached(response))

    def body_of_form() -> RequestBody:
        if request.mimetype != "multipart/form-data":
            return parse_body(request)
        fields = read_fields(request)
        g.chosen = chosen_model(fields)
        if not any(field.content for field in fields if field.name.startswith("image")):
            raise ProblemError(400, "no picture was chosen: choose one, then send it")
        return parse_form(fields)


def chosen_model(fields: list[FormField]) -> str:
    """The name of the network that is chosen in the form."""
    found = (field.content for field in fields if field.name == "model")
    return next(found, DEFAULT.encode()).decode("utf-8", "replace")


def predict_for_form(
    predictor: Predictor,
    rate_limits: RateLimits,
    model: Model,
    content: Drawing,
    seen: list[str],
) -> dict[str, Any]:
    """What the page shows.  Raises PictureError."""
    with predictor.turn(cost_of(content)), predictor.compute_lock:
        reading, _ = IncludeOptions(model, frozenset()).read(content)
        prediction = predictor.describe(model, reading)
    rate_limits.count("drawings", request.remote_addr, cost_of_reading(reading))
    return {
        "title": title_of(prediction),
        "prediction": prediction,
        "seen": None if reading is None else pixel_squares(reading.whole.drawing.tolist()),
        "fact": predictor.fact_about(prediction, seen),
    }


def title_of(prediction: dict[str, Any]) -> str:
    """The prediction in words."""
    if prediction["rejected"] == "blank":
        return "There is nothing drawn on that picture"
    if prediction["rejected"]:
        return "That is no digit I know"
    others = [str(other.get("number", other.get("digit"))) for other in prediction["alternatives"]]
    names = [prediction["number"], *others]
    several = len(prediction["digits"]) > 1
    if prediction["doubtful"]:
        return f"{', '.join(names)}, or no {'number' if several else 'digit'} at all?"
    if others:
        return f"{', '.join(names[:-1])} or {names[-1]}?"
    return f"That is {names[0]}" if several else f"That is a {names[0]}"
