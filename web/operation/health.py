"""Whether the process lives, whether it can serve, and its numbers: for those who run it.

None of these routes needs a key or another machine.
"""

from functools import cache
from pathlib import Path

from flask import Flask, Response, jsonify

from nn.ink.preprocess import PictureError, image_to_input, open_picture
from web.models import Model
from web.operation import metrics
from web.problems import Problem

# The digits from 0 to 9 in a row of squares, drawn for this project.
ROW = Path(__file__).resolve().parents[2] / "static" / "selftest.jpg"


def add_health(app: Flask, model: Model) -> None:
    """The routes, for an app whose default network is `model`."""

    @cache  # once in each worker, and not before it is asked: what it has loaded does not change
    def misread() -> list[int]:
        try:
            return [digit for digit, read in enumerate(self_test(model)) if read != digit]
        except (OSError, PictureError):
            return list(range(10))

    @app.get("/healthz")
    def health() -> Response:
        """The process lives."""
        return jsonify(status="ok")

    @app.get("/readyz")
    def ready() -> Response:
        """The weights are loaded, and the network reads a drawing of each digit right."""
        if wrong := misread():
            app.logger.error("The self-test failed: %s is not read right of %s.", wrong, ROW.name)
            raise Problem(503, f"the self-test failed for {wrong}: see that the release is whole")
        return jsonify(status="ready")

    @app.get("/metrics")
    def numbers() -> Response:
        """The numbers of all workers of this machine."""
        return Response(metrics.exposition(), content_type=metrics.CONTENT_TYPE)


def self_test(model: Model) -> list[int | None]:
    """What is read where 0 to 9 should be: from a file to the answer, as a drawing that is sent."""
    row = open_picture(ROW.read_bytes())
    side = row.height
    squares = [row.crop((side * i, 0, side * (i + 1), side)) for i in range(row.width // side)]
    return [model.read(image_to_input(square))["digit"] for square in squares]
