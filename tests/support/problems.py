"""Errors of the API, which have one shape: application/problem+json (RFC 9457)."""

import json

PROBLEM_KEYS = {"type", "title", "status", "detail"}


def assert_problem(response, status):
    """Fails unless this response of Flask's test client is an error of that status."""
    assert response.status_code == status, response.get_data(as_text=True)[:200]
    assert response.mimetype == "application/problem+json"
    problem = response.get_json(force=True)
    assert problem.keys() == PROBLEM_KEYS
    assert problem["status"] == status
    assert len(problem["detail"]) > 10
    assert "\n" not in problem["detail"]


def problem_in(response: bytes):
    """The error in a response as it came over the wire."""
    head, _, body = response.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    problem = json.loads(body)
    assert head.startswith(f"HTTP/1.1 {problem['status']} ".encode())
    assert problem.keys() == PROBLEM_KEYS
    return problem
