"""Errors as every route answers them: application/problem+json, RFC 9457."""

import json
import logging
from http import HTTPStatus

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from nn.preprocess import Broken, PictureError, TooLarge, UnknownFormat

log = logging.getLogger(__name__)

PICTURE_STATUS: dict[type[PictureError], int] = {Broken: 400, TooLarge: 413, UnknownFormat: 415}
DETAILS = {
    404: "there is nothing at this address: see / for the page and /api/models for the networks",
    405: "this address does not take that method: see the Allow header",
    413: "the request is too large: send a picture of at most 10 MB",
    500: "something went wrong here; it is noted, and the next request may well succeed",
}


class Problem(Exception):
    """A request that cannot be answered: an HTTP status, and a sentence that says what to do."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


def problem_response(status: int, detail: str) -> Response:
    """The one shape: type, title, status, detail."""
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    return Response(json.dumps(content), status, content_type="application/problem+json")


def answer_with_problems(app: Flask) -> None:
    """Have every error of the app answered in the one shape."""

    @app.errorhandler(Problem)
    def problem(error: Problem) -> Response:
        return problem_response(error.status, error.detail)

    @app.errorhandler(PictureError)
    def picture_error(error: PictureError) -> Response:
        return problem_response(PICTURE_STATUS.get(type(error), 400), str(error))

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        status = error.code or 500
        response = problem_response(status, DETAILS.get(status, error.description or ""))
        for name, value in error.get_headers():  # such as Allow with a 405
            if name != "Content-Type":
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def bug(error: Exception) -> Response:
        log.error("%s %s failed", request.method, request.path, exc_info=error)
        return problem_response(500, DETAILS[500])
