"""Where API_KEYS is set, a POST needs one of these keys, or the session token of our page.

A page is HTML that anybody may fetch, so nothing in it can be a secret, and what a browser says of
itself (Origin, Sec-Fetch-Site) any other program can say as well.  The page therefore gets a
session token: a cookie with a signed time, which scripts cannot read and other sites cannot have
sent.  That keeps out other sites and programs that just send pictures.  A program that first
fetches the page, as browsers do, gets a token, too, and is restricted by the rate limits alone.

The signature comes from the keys, so all processes and machines accept each other's tokens and
nothing is stored; a change of the keys ends all tokens.
"""

import hashlib
import hmac

from flask import Flask, Request, Response, request
from itsdangerous import BadSignature, TimestampSigner

from web.access.request_headers import cookie
from web.problems import ProblemError

COOKIE = "session_token"
LIFETIME = 24 * 3600  # seconds; each use in the second half of it renews the token


class ApiKeyCheck:
    """Lets in a request with one of `keys`, or with a session token."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        if not keys:
            raise ValueError("there are no API keys to check: give one or more")
        self._digests = [hashlib.sha256(key.encode()).digest() for key in keys]
        secret = hmac.digest(b"".join(sorted(self._digests)), b"session token", "sha256")
        self._signer = TimestampSigner(secret, salt="digits.session", digest_method=hashlib.sha256)

    def check(self, request: Request) -> None:
        """Raises ProblemError (401) for a request that has neither."""
        key = request.headers.get("X-API-Key")
        if key is not None:
            if not self.is_key(key):
                raise unauthorized("the key in X-API-Key is unknown: check that it is complete")
        elif not self.has_session_token(request):
            raise unauthorized("the API key is missing: send it in the header X-API-Key")

    def is_key(self, key: str) -> bool:
        digest = hashlib.sha256(key.encode("utf-8", "replace")).digest()
        # all are compared, and equally long, so that the time taken reveals nothing
        return sum(hmac.compare_digest(digest, known) for known in self._digests) > 0

    def has_session_token(self, request: Request) -> bool:
        """Whether this comes from our own page, as far as that can be known."""
        site = request.headers.get("Sec-Fetch-Site")
        origin = request.headers.get("Origin")
        if site is None and origin is not None and origin.partition("://")[2] != request.host:
            return False
        return site in (None, "same-origin") and self.token_age(request) is not None

    def token_age(self, request: Request) -> int | None:
        """Seconds, or None for a token that is missing, forged or too old."""
        signed = cookie(request, COOKIE)
        try:
            _, issued = self._signer.unsign(signed, max_age=LIFETIME, return_timestamp=True)
        except (BadSignature, ValueError, OverflowError):
            return None
        return self._signer.get_timestamp() - int(issued.timestamp())

    def set_session_token(self, request: Request, response: Response) -> None:
        """With a page, or with the response to a page whose token grows old."""
        if response.status_code not in (200, 304):
            return
        age = self.token_age(request)
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
        response.headers["Cache-Control"] = "no-store"  # a token is not for a shared cache


def unauthorized(detail: str) -> ProblemError:
    return ProblemError(401, detail, {"WWW-Authenticate": 'ApiKey header="X-API-Key"'})


def require_api_key(app: Flask, keys: tuple[str, ...]) -> None:
    """If there are keys, require one, or a session token, for every POST: all send drawings."""
    if not keys:
        return
    api_keys = ApiKeyCheck(keys)

    @app.before_request
    def check() -> None:
        if request.method == "POST" and request.endpoint:
            api_keys.check(request)

    @app.after_request
    def set_session_token(response: Response) -> Response:
        api_keys.set_session_token(request, response)
        return response
