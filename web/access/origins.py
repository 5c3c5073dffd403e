"""Other sites whose scripts may call the API (CORS); none, unless they are configured."""

from flask import Flask
from flask_cors import CORS


def allow_origins(app: Flask, origins: tuple[str, ...]) -> None:
    """No cookies cross over, so a script of another site needs a key where keys are needed."""
    if origins:
        CORS(
            app,
            resources={r"/api/.*": {"origins": "*" if origins == ("*",) else list(origins)}},
            methods=["GET", "POST"],
            allow_headers=["Content-Type", "X-API-Key"],
            expose_headers=["ETag", "Retry-After"],
            supports_credentials=False,
            send_wildcard=origins == ("*",),
            max_age=24 * 3600,
        )
