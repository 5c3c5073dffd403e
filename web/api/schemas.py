"""The objects that the API takes and answers, as JSON Schema: part of openapi.py's document."""

from collections.abc import Mapping
from typing import Any

from facts.store import FARTHEST, KINDS, SUBJECTS
from nn.ink.preprocess import STEPS
from web.api.request_body import MOST_IN_BATCH
from web.models import Model

Json = dict[str, Any]


def schemas(models: Mapping[str, Model]) -> Json:
    probability = {"type": "number", "minimum": 0, "maximum": 1}
    digit = {"type": "integer", "minimum": 0, "maximum": 9}
    nothing = {"type": "null"}
    picture = {
        "type": "string",
        "description": "A JPEG, PNG or WebP in base64, bare or as a data URL.",
        "contentEncoding": "base64",
    }
    return {
        "Answer": record(
            {
                "digit": {"type": ["integer", "null"], "minimum": 0, "maximum": 9},
                "confidence": probability,
                "probabilities": {
                    "type": ["array", "null"],
                    "description": "Of the digits, given that it is one; null for a blank sheet.",
                    "items": probability,
                    "minItems": 10,
                    "maxItems": 10,
                },
                "rejected": {
                    "enum": [None, "blank", "not-a-digit"],
                    "description": "Why there is no digit.",
                },
                "alternatives": {
                    "type": "array",
                    "description": "Other digits that are nearly as probable.",
                    "items": record({"digit": digit, "probability": probability}),
                },
                "model": {"enum": list(models)},
                "fact": {"anyOf": [ref("Fact"), nothing]},
            },
            {name: {"anyOf": [extra, nothing]} for name, extra in extras().items()},
        ),
        "Answers": record({"answers": {"type": "array", "items": ref("Answer"), "minItems": 1}}),
        "Fact": record(
            {
                "number": {"type": "integer", "minimum": -FARTHEST, "maximum": FARTHEST},
                "text": {"type": "string", "minLength": 1},
                "kind": {"enum": list(KINDS)},
                "subject": {"enum": [*SUBJECTS, "general"]},
                "source": {"type": "string", "minLength": 1},
                "url": {"type": ["string", "null"]},
            }
        ),
        "Models": record(
            {
                "default": {"enum": list(models)},
                "models": {
                    "type": "array",
                    "items": record(
                        {
                            "name": {"type": "string"},
                            "title": {"type": "string"},
                            "parameters": {"type": "integer", "minimum": 1},
                            "accuracy": {
                                "type": "object",
                                "description": "Measured on test sets: MNIST, drawings with a pen.",
                                "additionalProperties": probability,
                            },
                        }
                    ),
                },
            }
        ),
        "Image": {"type": "object", "required": ["image"], "properties": {"image": picture}},
        "Images": {
            "type": "object",
            "required": ["images"],
            "properties": {
                "images": {
                    "type": "array",
                    "items": picture,
                    "minItems": 1,
                    "maxItems": MOST_IN_BATCH,
                }
            },
        },
        "Pixels": {
            "type": "object",
            "required": ["pixels"],
            "properties": {
                "pixels": {
                    "type": "array",
                    "description": "28x28, row by row, ink 1 and paper 0, used as they are.",
                    "items": probability,
                    "minItems": 784,
                    "maxItems": 784,
                }
            },
        },
        "Problem": record(
            {
                "type": {"const": "about:blank"},
                "title": {"type": "string"},
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "detail": {"type": "string", "description": "What to do, in a sentence."},
            }
        ),
    }


def extras() -> Json:
    """What `include` adds, by name; see inside.py.  A blank sheet has null for most."""
    number = {"type": "number"}
    whole = {"type": "integer", "minimum": 0}
    written = {"type": "string", "contentEncoding": "base64"}
    pixels = {"type": "array", "items": number, "minItems": 784, "maxItems": 784}
    shares = {"digit": {"type": "integer", "minimum": 0, "maximum": 9}, "score": number}
    return {
        "seen": {
            "description": "The 28x28 pixels the network saw, row by row: ink 1, paper 0.",
            **several({"type": "number", "minimum": 0, "maximum": 1}),
            "minItems": 784,
            "maxItems": 784,
        },
        "steps": {
            "description": "From the drawing to what the network saw, each as a PNG.",
            **several(
                record(
                    {
                        "name": {"enum": list(STEPS)},
                        "taken": {"type": "boolean"},
                        "width": whole,
                        "height": whole,
                        "picture": written,
                    }
                )
            ),
        },
        "activations": record(
            {
                "blocks": several(block(number, whole, written)),
                "weights": record(
                    {"unit": whole, "counts": several(whole), "edges": several(number)}
                ),
            }
        ),
        "saliency": {
            "description": "Gradient times input, by pixels: above zero ink speaks for the digit.",
            **record(
                {
                    "winner": record({**shares, "values": pixels}),
                    "runner_up": record({**shares, "values": pixels, "change": pixels}),
                }
            ),
        },
        "neuron": record(
            {
                "layer": whole,
                "unit": whole,
                "place": {"anyOf": [several(whole), {"type": "null"}]},
                "activation": {"type": ["string", "null"]},
                "inputs": whole,
                "strongest": several(
                    record(
                        {
                            "input": several(whole),
                            "value": number,
                            "weight": number,
                            "product": number,
                        }
                    )
                ),
                "rest": number,
                "sum": number,
                "bias": number,
                "output": number,
                "weights": record({"shape": several(whole), "values": several(number)}),
            }
        ),
        "models": {
            "description": "What every network answers, with what `/api/models` tells of it.",
            **several({"type": "object", "required": ["model", "digit", "milliseconds"]}),
        },
    }


def block(number: Json, whole: Json, written: Json) -> Json:
    """A layer's outputs: `values` of a Dense, `maps` of any other, a byte for each output."""
    return record(
        {
            "layer": whole,
            "kind": {"type": "string"},
            "size": {"type": ["integer", "null"]},
            "activation": {"type": ["string", "null"]},
            "shape": several(whole),
            "mean": number,
            "max": number,
            "shown": several(whole),
            "edges": several(several(number)),
        },
        {
            "values": several(number),
            "low": number,
            "high": number,
            "maps": written,
            "means": several(number),
        },
    )


def several(items: Json) -> Json:
    return {"type": "array", "items": items}


def record(properties: Json, optional: Json | None = None) -> Json:
    """An object of these keys and no others."""
    return {
        "type": "object",
        "required": list(properties),
        "properties": {**properties, **(optional or {})},
        "additionalProperties": False,
    }


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
