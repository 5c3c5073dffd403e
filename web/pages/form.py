"""The result as a page rendered by the server, for browsers in which no script runs."""

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, redirect, render_template, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge

from nn.ink.preprocess import PictureError
from nn.zoo import DEFAULT
from web.access.rate_limits import limited
from web.api.predictor import Predictor, seen_facts, store_seen_facts
from web.api.request_body import PICTURE_STATUS, parse_body, read_drawing
from web.models import Model, find_model
from web.pages.charts import pixel_squares
from web.pages.formatting import capitalized
from web.problems import DETAILS, ProblemError


def add_upload_form(app: Flask, models: Mapping[str, Model], predictor: Predictor) -> None:
    """Serve the result of the form at /read as a page, also when its picture cannot be read."""

    def page(status: int = 200, **content: Any) -> Response:
        chosen = request.form.get("model", DEFAULT) if status != 413 else DEFAULT
        networks = list(models.values())
        html = render_template("read.html", models=networks, chosen=chosen, **content)
        response = Response(html, status, mimetype="text/html")
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.get("/read")
    def form() -> Any:
        """To the page that has the form: no result is stored."""
        return redirect(url_for("home"))

    @app.post("/read")
    @limited("drawings")
    def read_form() -> Response:
        """Which digit the picture in the form shows, how sure that is, and a fact about it."""
        try:
            seen = seen_facts()
            return store_seen_facts(seen, page(**predict_for_form(models, predictor, seen)))
        except ProblemError as problem:
            status, detail = problem.status, problem.detail
        except PictureError as error:
            status, detail = PICTURE_STATUS.get(type(error), 400), str(error)
        except RequestEntityTooLarge:
            status, detail = 413, DETAILS[413]
        return page(status, title="That could not be read", message=f"{capitalized(detail)}.")


def predict_for_form(
    models: Mapping[str, Model], predictor: Predictor, seen: list[str]
) -> dict[str, Any]:
    """What the page shows.  Raises what `parse_body` does, PictureError, ProblemError (422)."""
    if request.mimetype == "multipart/form-data" and not any(request.files.values()):
        raise ProblemError(400, "no picture was chosen: choose one, then send it")
    content = parse_body(request).single()
    model = find_model(models, request.form.get("model", DEFAULT))
    with predictor.compute_lock:
        drawing = read_drawing(content)
        prediction = predictor.predict(model, drawing)
    digit = prediction["digit"]
    message = ""
    if prediction["rejected"] == "blank":
        title = message = "There is nothing drawn on that picture"
    elif digit is None:
        title = message = "That is no digit I know"
    elif prediction["alternatives"]:
        names = [str(digit), *(str(other["digit"]) for other in prediction["alternatives"])]
        title = f"{', '.join(names[:-1])} or {names[-1]}?"
    else:
        title = f"That is a {digit}"
    return {
        "title": title,
        "message": message,
        "prediction": prediction,
        "seen": None if drawing is None else pixel_squares(drawing.tolist()),
        "fact": None if digit is None else predictor.fact(digit, None, seen).describe(digit),
    }
