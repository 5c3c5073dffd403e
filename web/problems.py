"""Errors as every route sends them: application/problem+json, RFC 9457."""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

log = logging.getLogger(__name__)

DETAILS = {
    404: "there is nothing at this address: see / for the page and /api for the API",
    405: "the method is not allowed at this address: see the header Allow",
    413: "the request is too large: send a picture of at most 10 MB",
    500: "the server failed and has logged the error: try again",
}


class ProblemError(Exception):
    """A request that cannot be served: an HTTP status, and a sentence that says what to do."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers


def content_of(status: int, detail: str) -> tuple[str, bytes]:
    """The title of a status, and the problem as JSON: type, title, status, detail."""
    title = HTTPStatus(status).phrase
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return title, json.dumps(content).encode()


def problem_response(
    status: int, detail: str, headers: Mapping[str, str] | None = None
) -> Response:
    _, content = content_of(status, detail)
    kind = "application/problem+json"
    response = Response(content, status, headers, content_type=kind)
    response.headers["Cache-Control"] = "no-store"
    return response


def add_error_handlers(app: Flask, statuses: Mapping[type[Exception], int]) -> None:
    """Send every error of the app as a problem.

    `statuses` has the status of each class of exceptions whose message is meant for the client.
    """

    @app.errorhandler(ProblemError)
    def problem(error: ProblemError) -> Response:
        return problem_response(error.status, error.detail, error.headers)

    def known(error: Exception) -> Response:
        return problem_response(statuses[type(error)], str(error))

    for kind in statuses:
        app.register_error_handler(kind, known)

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
