"""Errors as every route sends them: application/problem+json, RFC 9457."""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

log = logging.getLogger(__name__)

DETAILS = {
    400: "the request is not valid HTTP, or incomplete: check the client that sends it",
    404: "there is nothing at this address: see / for the page and /api for the API",
    405: "the method is not allowed at this address: see the header Allow",
    408: "the request did not arrive in time: send it again",
    413: "the request is too large: send a picture of at most 10 MB",
    414: "the address is too long: shorten it",
    417: "the header Expect is not supported: send 100-continue, or leave it out",
    431: "the headers, trailers or chunk sizes are too long: shorten them",
    500: "the server failed and has logged the error: try again",
    501: "the header Upgrade with a body, or a coding but chunked, is not supported: leave it out",
    503: "too many uploads are under way: send it again in a few seconds",
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


def http_response(status: int) -> bytes:
    """The problem of a request that does not reach the app, as it goes over the wire."""
    title, body = content_of(status, DETAILS[status])
    head = f"HTTP/1.1 {status} {title}\r\nContent-Type: application/problem+json\r\n"
    head += f"Content-Length: {len(body)}\r\nConnection: close\r\nCache-Control: no-store\r\n"
    head += "Retry-After: 5\r\n\r\n" if status == 503 else "\r\n"
    return head.encode() + body


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
        # the route, and not the path, which holds what the client sent
        log.error("%s %s failed", request.method, request.url_rule, exc_info=error)
        return problem_response(500, DETAILS[500])
