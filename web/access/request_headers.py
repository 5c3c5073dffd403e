"""Headers of requests: what libraries parse of them is short, and cookies are read in linear time.

The server lets 64 kB of headers in.  To parse that much takes Flask's libraries the CPU time of up
to 30 drawings; for a Cookie of blanks, where it grows with their square, that of thousands.
"""

import re

from flask import Flask, Request, request

from web.problems import ProblemError

PLAIN_ROOT = re.compile(r"https?://[\w.-]+(:[1-5]?\d{1,4})?", re.ASCII)
MAX_LENGTH = 1000  # characters; browsers send fewer than 200
PARSED = (
    "Accept-Encoding",
    "Access-Control-Request-Headers",
    "Content-Type",
    "Host",
    "If-Match",
    "If-None-Match",
    "Origin",
)
# Responses are revalidated by their ETags, and sent whole, as RFC 9110 permits: werkzeug raises
# OverflowError at a date beyond those of datetime.
IGNORED = ("If-Modified-Since", "If-Range", "Range")


def bound_headers(app: Flask) -> None:
    """Refuse headers that are too long to be parsed, and addresses that cannot be."""
    ignored = [key_of(name) for name in IGNORED]
    parsed = [(key_of(name), name) for name in PARSED]

    @app.before_request
    def check() -> None:
        environ = request.environ
        for key in ignored:
            environ.pop(key, None)
        for key, name in parsed:
            if len(environ.get(key, "")) > MAX_LENGTH:
                del environ[key]  # what sends the error parses headers, too
                raise ProblemError(
                    431, f"the header {name} has more than {MAX_LENGTH} characters: shorten it"
                )
        root = f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}"
        try:  # what would fail later, with 500
            request.query_string.decode()
            if "xn--" in root or not PLAIN_ROOT.fullmatch(root):
                _ = request.url_root  # which takes long to make
        except ValueError:  # a name that is no IDNA, a scheme that is none, bytes that are no UTF-8
            raise ProblemError(
                400, "the address is not valid: check the header Host, and percent-encode the query"
            ) from None


def key_of(header: str) -> str:
    """The name of a header in the environ of WSGI."""
    name = header.upper().replace("-", "_")
    return name if name == "CONTENT_TYPE" else f"HTTP_{name}"


def cookie(request: Request, name: str) -> str:
    """The value of one of our cookies, of letters, digits, "_", "-" and "."; "" without it."""
    found = re.search(rf"(?:^|; ?){name}=([\w.-]*)", request.headers.get("Cookie", ""), re.ASCII)
    return found[1] if found else ""
