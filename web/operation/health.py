"""Liveness, readiness and metrics, for those who run the server.

None of these routes needs a key or another machine.
"""

from functools import cache
from pathlib import Path

from flask import Flask, Response, jsonify

from nn.dataset import DIGITS
from nn.ink.files import PictureError
from nn.ink.preprocess import image_to_input, open_picture
from web.models import Model
from web.operation import metrics
from web.problems import ProblemError

# The digits from 0 to 9 in a row of squares, drawn for this project.
ROW = Path(__file__).resolve().parents[2] / "static" / "selftest.jpg"


def add_health(app: Flask, model: Model) -> None:
    """The routes /healthz, /readyz and /metrics of an app whose default network is `model`."""

    @cache  # once in each worker, when first asked: what it has loaded does not change
    def misread() -> list[int]:
        try:
            return [digit for digit, read in enumerate(self_test(model)) if read != digit]
        except (OSError, PictureError):
            return list(range(DIGITS))

    @app.get("/healthz")
    def get_health() -> Response:
        """The process lives."""
        return jsonify(status="ok")

    @app.get("/readyz")
    def get_readiness() -> Response:
        """The weights are loaded, and the network reads a drawing of each digit right."""
        if wrong := misread():
            app.logger.error("The self-test failed: %s of %s is misread.", wrong, ROW.name)
            raise ProblemError(
                503, f"the self-test misreads {wrong}: deploy the whole release again"
            )
        return jsonify(status="ready")

    @app.get("/metrics")
    def get_metrics() -> Response:
        """The metrics of all workers of this instance."""
        return Response(metrics.exposition(), content_type=metrics.CONTENT_TYPE)


def self_test(model: Model) -> list[int | None]:
    """The predictions for drawings of 0 to 9, which are preprocessed like any other."""
    row = open_picture(ROW.read_bytes())
    side = row.height
    squares = [row.crop((side * i, 0, side * (i + 1), side)) for i in range(row.width // side)]
    return [model.predict(image_to_input(square))["digit"] for square in squares]
