"""Security headers on every response: what browsers must not do."""

import base64
import hashlib
from collections.abc import Callable
from functools import lru_cache

from flask import Flask, Response, request
from secure import (
    ContentSecurityPolicy,
    CrossOriginOpenerPolicy,
    CrossOriginResourcePolicy,
    PermissionsPolicy,
    ReferrerPolicy,
    Secure,
    StrictTransportSecurity,
    XContentTypeOptions,
)

TWO_YEARS = 2 * 365 * 24 * 60 * 60  # seconds
# The page asks for none of these; a photo is taken by the phone's own camera app.
FEATURES = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")


def send_security_headers(app: Flask, import_map: Callable[[], str]) -> None:
    """Send the headers with each response; behind TLS, also that it shall stay so.

    Only the page's import map may be inline: its hash lets it through.
    """
    plain, encrypted = headers(encrypted=False), headers(encrypted=True)
    permissions = PermissionsPolicy()
    for feature in FEATURES:
        permissions.add_directive(feature)

    @app.after_request
    def secure(response: Response) -> Response:
        chosen = encrypted if request.is_secure else plain
        for name, value in chosen.items():
            response.headers.setdefault(name, value)
        if request.endpoint == "static":  # of which the page loads many: no more than they need
            response.headers["Content-Security-Policy"] = "default-src 'none'"
        else:
            html = response.mimetype == "text/html"
            policy = policy_with(hash_of(import_map()) if html else None)
            response.headers.setdefault("Content-Security-Policy", policy)
            response.headers.setdefault("Permissions-Policy", permissions.header_value)
        return response


def headers(encrypted: bool) -> dict[str, str]:
    return dict(
        Secure(
            coop=CrossOriginOpenerPolicy().same_origin(),
            corp=CrossOriginResourcePolicy().same_origin(),
            hsts=StrictTransportSecurity().max_age(TWO_YEARS) if encrypted else None,
            referrer=ReferrerPolicy().no_referrer(),
            xcto=XContentTypeOptions().nosniff(),
        ).headers
    )


@lru_cache(8)  # to put it together takes a tenth of the time of a prediction
def policy_with(script_hash: str | None) -> str:
    """Everything from this origin, nothing inline, in no frame."""
    policy = ContentSecurityPolicy().default_src("'none'").script_src("'self'")
    if script_hash:
        policy.script_src(script_hash)
    return (
        policy.style_src("'self'")
        .img_src("'self'")
        .connect_src("'self'")
        .manifest_src("'self'")
        .worker_src("'self'")
        .form_action("'self'")
        .base_uri("'none'")
        .frame_ancestors("'none'")
        .header_value
    )


def hash_of(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
