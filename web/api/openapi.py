"""The API as OpenAPI 3.1: openapi.json, with what the code knows better filled in.

In that file a string "$name" stands for an entry of its "x-parts" or for a value given here, also
within a longer string.  The tests hold the document against the routes and their responses.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from facts.store import KINDS, MAX_NUMBER, SUBJECTS
from nn.ink.files import MAX_BYTES, MAX_JPEG_PIXELS, MAX_PIXELS
from nn.ink.preprocess import OPTIONAL, STEPS
from nn.zoo import DEFAULT
from web.api.request_body import MAX_BATCH, MAX_STROKES
from web.explain.options import ABLATION, INCLUDABLE, MAX_ABLATION_LENGTH, NEURON
from web.models import Model

FILE = Path(__file__).with_suffix(".json")


def openapi_document(models: Mapping[str, Model], root: str) -> dict[str, Any]:
    """The document of an app with these models, mounted at `root`."""
    document = json.loads(FILE.read_text("utf-8"))
    values = document.pop("x-parts") | {
        "root": root or "/",
        "model_names": list(models),
        "default_model": DEFAULT,
        "megabytes": MAX_BYTES // 10**6,
        "megapixels": MAX_PIXELS // 10**6,
        "jpeg_megapixels": MAX_JPEG_PIXELS // 10**6,
        "max_batch": MAX_BATCH,
        "max_strokes": MAX_STROKES,
        "step_names": list(STEPS),
        "optional_steps": list(OPTIONAL),
        "includable": list(INCLUDABLE),
        "ablation_pattern": ABLATION.pattern,
        "max_ablation_length": MAX_ABLATION_LENGTH,
        "neuron_pattern": NEURON.pattern,
        "min_number": -MAX_NUMBER,
        "max_number": MAX_NUMBER,
        "kinds": list(KINDS),
        "kinds_or_any": ["", *KINDS],
        "subjects": [*SUBJECTS, "general"],
    }
    return {key: fill(node, values) for key, node in document.items()}


def fill(node: Any, values: Mapping[str, Any]) -> Any:
    """The same with every "$name" replaced."""
    if isinstance(node, dict):
        return {key: fill(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [fill(value, values) for value in node]
    if not isinstance(node, str):
        return node
    if node.startswith("$") and node[1:] in values:
        return fill(values[node[1:]], values)
    return Template(node).safe_substitute(values)
