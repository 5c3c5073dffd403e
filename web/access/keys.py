"""Who may have drawings read, where API_KEYS is set: who has a key, and the page itself.

A page is HTML that anybody may fetch, so nothing in it can be a secret, and what a browser says of
itself (Origin, Sec-Fetch-Site) any other program can say as well.  The page therefore gets a pass:
a cookie with a signed time, which scripts cannot read and other sites cannot have sent.  That keeps
out other sites and whoever just sends pictures.  A program that first fetches the page, as browsers
do, gets a pass, too; then the limits of a visitor are all that holds it.

The signature comes from the keys, so all processes and machines accept each other's passes and
nothing is stored; a change of the keys ends all passes.
"""

import hashlib
import hmac
from urllib.parse import urlsplit

from flask import Flask, Request, Response, request
from itsdangerous import BadSignature, TimestampSigner

from web.problems import Problem

COOKIE = "pass"
LIFETIME = 24 * 3600  # seconds; each use in the second half of it renews the pass


class Gate:
    """Lets in who has one of `keys`, or a pass."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        if not keys:
            raise ValueError("a gate without keys would be open to nobody, or to everybody")
        self._digests = [hashlib.sha256(key.encode()).digest() for key in keys]
        secret = hmac.digest(b"".join(sorted(self._digests)), b"pass of the page", "sha256")
        self._signer = TimestampSigner(secret, salt="digits.pass", digest_method=hashlib.sha256)

    def check(self, request: Request) -> None:
        """Raises Problem (401) for who has neither."""
        key = request.headers.get("X-API-Key")
        if key is not None:
            if not self.is_key(key):
                raise refusal("this X-API-Key is not one of ours: see that it is whole")
        elif not self.has_pass(request):
            raise refusal("this needs a key: send it in the header X-API-Key")

    def is_key(self, key: str) -> bool:
        digest = hashlib.sha256(key.encode("utf-8", "replace")).digest()
        # all are compared, and equally long, so that the time taken tells nothing
        return sum(hmac.compare_digest(digest, known) for known in self._digests) > 0

    def has_pass(self, request: Request) -> bool:
        """Whether this comes from our own page, as far as that can be known."""
        site = request.headers.get("Sec-Fetch-Site")
        origin = request.headers.get("Origin")
        if site is None and origin is not None and urlsplit(origin).netloc != request.host:
            return False
        return site in (None, "same-origin") and self.age_of_pass(request) is not None

    def age_of_pass(self, request: Request) -> int | None:
        """Seconds, or None for a pass that is missing, forged or too old."""
        signed = request.cookies.get(COOKIE, "")
        try:
            _, issued = self._signer.unsign(signed, max_age=LIFETIME, return_timestamp=True)
        except (BadSignature, ValueError, OverflowError):
            return None
        return self._signer.get_timestamp() - int(issued.timestamp())

    def give_pass(self, request: Request, response: Response) -> None:
        """With a page, or with an answer to a page whose pass grows old."""
        if response.status_code not in (200, 304):
            return
        age = self.age_of_pass(request)
        is_page = request.method == "GET" and (
            response.mimetype == "text/html"
            or (response.status_code == 304 and "text/html" in request.headers.get("Accept", ""))
        )
        is_old = age is not None and age > LIFETIME // 2
        if not (is_page and (age is None or is_old)) and not (request.method == "POST" and is_old):
            return
        response.set_cookie(
            COOKIE,
            self._signer.sign(b"page").decode(),
            max_age=LIFETIME,
            path=request.script_root or "/",
            secure=request.is_secure,
            httponly=True,
            samesite="Strict",
        )
        response.headers["Cache-Control"] = "no-store"  # a pass is not for a shared cache


def refusal(detail: str) -> Problem:
    return Problem(401, detail, {"WWW-Authenticate": 'ApiKey header="X-API-Key"'})


def guard(app: Flask, keys: tuple[str, ...]) -> None:
    """Have every POST need a key or a pass, if there are keys: all that is posted is drawings."""
    if not keys:
        return
    gate = Gate(keys)

    @app.before_request
    def check() -> None:
        if request.method == "POST" and request.endpoint:
            gate.check(request)

    @app.after_request
    def give(response: Response) -> Response:
        gate.give_pass(request, response)
        return response
