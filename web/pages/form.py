"""The whole answer as a page made here, for browsers in which no script runs."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, redirect, render_template, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge

from nn.ink.preprocess import PictureError
from nn.zoo import DEFAULT
from web.api.predict import Answers, remember, told_before
from web.api.request_body import PICTURE_STATUS, sent_in
from web.models import Model
from web.problems import DETAILS, Problem

# The words for a confidence: [the least that is called so, the word], the surest first.
SURE = [
    (0.99, "sure"),
    (0.9, "quite sure"),
    (0.7, "fairly sure"),
    (0.5, "not sure"),
    (0, "a guess"),
]


def in_words(confidence: float) -> str:
    return next(word for least, word in SURE if confidence >= least)


def sureness(confidence: float) -> str:
    """Per cent, but never "100.0 %": no network is that sure of anything."""
    return "> 99.9 %" if confidence >= 0.9995 else f"{100 * confidence:.1f} %"


def answer_forms(
    app: Flask,
    models: dict[str, Model],
    answers: Answers,
    ranked: Callable[[], list[dict[str, Any]]],
) -> None:
    """Answer the page's form at /read with a page, also when its picture cannot be read."""
    app.add_template_filter(in_words)
    app.add_template_filter(sureness)

    def page(status: int = 200, **content: Any) -> Response:
        chosen = request.form.get("model", DEFAULT) if status != 413 else DEFAULT
        html = render_template("read.html", models=ranked(), chosen=chosen, **content)
        response = Response(html, status, mimetype="text/html")
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.get("/read")
    def form() -> Any:
        """To the page that has the form: what was answered is not kept."""
        return redirect(url_for("page"))

    @app.post("/read")
    def read_form() -> Response:
        """Which digit the picture in the form shows, how sure that is, and a fact about it."""
        try:
            told = told_before()
            return remember(told, page(**answer_to_form(models, answers, told)))
        except Problem as problem:
            status, detail = problem.status, problem.detail
        except PictureError as error:
            status, detail = PICTURE_STATUS.get(type(error), 400), str(error)
        except RequestEntityTooLarge:
            status, detail = 413, DETAILS[413]
        return page(status, title="That could not be read", message=sentence(detail))


def answer_to_form(models: dict[str, Model], answers: Answers, told: list[str]) -> dict[str, Any]:
    """What the page shows.  Raises what `sent_in` does, PictureError, Problem (422)."""
    if request.mimetype == "multipart/form-data" and not any(request.files.values()):
        raise Problem(400, "no picture was chosen: choose one, then send it")
    sent = sent_in(request)
    if sent.is_batch:
        raise Problem(422, "several pictures were sent: choose one")
    name = request.form.get("model", DEFAULT)
    if name not in models:
        raise Problem(422, f"there is no network {name[:40]!r}: choose one from the list")
    with answers.turn:
        drawing = next(sent.drawings())
        answer = answers.read(models[name], drawing)
    digit = answer["digit"]
    message = ""
    if answer["rejected"] == "blank":
        title = message = "There is nothing drawn on that picture"
    elif digit is None:
        title = message = "That is no digit I know"
    elif answer["alternatives"]:
        names = [str(digit), *(str(other["digit"]) for other in answer["alternatives"])]
        title = f"{', '.join(names[:-1])} or {names[-1]}?"
    else:
        title = f"That is a {digit}"
    return {
        "title": title,
        "message": message,
        "answer": answer,
        "seen": None if drawing is None else drawing.tolist(),
        "fact": None if digit is None else answers.about(digit, None, told).describe(digit),
    }


def sentence(detail: str) -> str:
    return detail[:1].upper() + detail[1:] + "."
