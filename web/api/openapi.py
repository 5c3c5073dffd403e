"""The API as OpenAPI 3.1.  The tests hold it against the routes there are and what they answer."""

from collections.abc import Mapping
from typing import Any

from flask import Flask

from facts.store import FARTHEST, KINDS
from nn.ink.preprocess import OPTIONAL
from nn.zoo import DEFAULT
from web.api.request_body import MOST_BATCH_PIXELS, MOST_IN_BATCH, PICTURE_TYPES
from web.api.schemas import Json, record, ref, schemas
from web.explain.options import INCLUDABLE, LONGEST_OFF, NEURON, OFF
from web.models import Model

Answers = dict[int, Json]  # by status

METHODS = ("get", "post")
ABOUT = """Send the picture of a digit, and be told which digit it is, how sure that is, and a fact
about it.

Pictures are JPEG, PNG or WebP of up to 10 MB and 12 megapixels, JPEGs 25; ink may be darker or
lighter than its paper. What is sent is neither stored nor logged. Every error is
`application/problem+json` (RFC 9457) with a sentence that says what to do."""

PROBLEMS = {
    400: "The body is malformed: empty, cut, no base64, no JSON, a damaged picture.",
    401: "A key is needed, or the one sent is wrong. Only where the server has keys.",
    404: "Nothing is here.",
    408: "The request did not arrive in time.",
    413: "Too many bytes or pixels.",
    414: "The address is too long.",
    415: "No JPEG, PNG or WebP, or a body of a type that is not taken.",
    422: "Well-formed, but not usable; the sentence says why.",
    429: "Too many requests: go on after the seconds in `Retry-After`.",
    503: "Too many uploads are under way, or the process is not ready: try again.",
}
SENDING = (400, 401, 408, 413, 414, 415, 422, 429, 503)


def description(app: Flask, models: Mapping[str, Model], root: str) -> Json:
    """The document, of the routes that `app` has, mounted at `root`."""
    here = {rule.rule.replace("<", "{").replace(">", "}") for rule in app.url_map.iter_rules()}
    paths = {path: item for path, item in paths_of(models).items() if path in here}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Draw a digit", "version": "1", "description": ABOUT},
        "servers": [{"url": root or "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas(models),
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}},
        },
    }


def paths_of(models: Mapping[str, Model]) -> Json:
    drawing = [
        query("model", "The network that reads.", {"enum": list(models), "default": DEFAULT}),
        names("include", "What else to answer, between commas.", INCLUDABLE),
        names("skip", "Steps of preprocessing to leave out, between commas.", OPTIONAL),
        query(
            "off",
            "Units to switch off, by layers: `3:1.2;6:0` are units 1 and 2 of layer 3, and 0 of 6.",
            {"type": "string", "pattern": f"^({OFF.pattern})?$", "maxLength": LONGEST_OFF},
        ),
        query(
            "noise",
            "The deviation of normal noise on what the network sees.",
            {"type": "number", "minimum": 0, "maximum": 1},
        ),
        query(
            "neuron",
            "Whose arithmetic `include=neuron` is to tell: `3.1` is unit 1 of layer 3; in a map "
            "`3.1.row.column`.",
            {"type": "string", "pattern": f"^({NEURON.pattern})?$"},
        ),
    ]
    number = {
        "name": "number",
        "in": "path",
        "required": True,
        "description": f"A whole number from -{FARTHEST} to {FARTHEST}.",
        "schema": {"type": "string", "pattern": "^-?[0-9]+$"},
        "example": "7",
    }
    kind = query("kind", "The kind of fact; any where it is left out.", {"enum": ["", *KINDS]})
    return {
        "/": {
            "get": get("page", "The page to draw on", {200: page()}),
            "post": post(
                "read_as_text",
                "The best guess as text",
                "Of the default network, for a digit or not: digit, space, confidence.",
                {200: text("Such as `7 0.9987`.", "^[0-9] [01]\\.[0-9]{4}$")},
                body(False),
            ),
        },
        "/api/predict": {
            "post": post(
                "predict",
                "Which digit a drawing is",
                f"`images` takes up to {MOST_IN_BATCH} pictures, of {MOST_BATCH_PIXELS} pixels "
                "together, that are answered in order. When one of them cannot be read none is "
                "answered, and the sentence names its place, counted from 0.",
                {
                    200: content(
                        "One answer, or to `images` several.",
                        {"oneOf": [ref("Answer"), ref("Answers")]},
                    )
                },
                body(True),
                drawing,
            )
        },
        "/api/facts/{number}": {
            "get": get(
                "tell",
                "A fact about a number, another one each time",
                {200: content("A fact.", ref("Fact")), **problems(404, 414, 422, 429)},
                [number, kind],
            )
        },
        "/api/models": {
            "get": get(
                "models",
                "The networks, the most accurate first",
                {200: cached(content("The networks.", ref("Models"))), 304: unchanged()},
            )
        },
        "/api/openapi.json": {
            "get": get(
                "openapi",
                "This description",
                {
                    200: cached(
                        content("OpenAPI 3.1.", {"type": "object", "required": ["openapi"]})
                    ),
                    304: unchanged(),
                },
            )
        },
        "/api": {"get": get("api_docs", "This description to read", {200: page()})},
        "/inside": {"get": get("inside", "What the networks see, as a page", {200: page()})},
        "/healthz": {"get": get("health", "The process lives", {200: status("ok")})},
        "/readyz": {
            "get": get(
                "ready",
                "It can serve: weights are loaded, a self-test has passed",
                {200: status("ready"), **problems(503)},
            )
        },
        "/metrics": {"get": get("metrics", "For Prometheus", {200: text("Metrics.", "")})},
    }


def body(many: bool) -> Json:
    """What can be posted; `many`: several pictures as well."""
    one_of = ["Image", "Images", "Pixels"] if many else ["Image", "Pixels"]
    file = {"description": "A file, or base64 text.", "type": "string"}
    fields: list[Json] = [{"required": ["image"], "properties": {"image": file}}]
    if many:
        files = {"type": "array", "items": file, "minItems": 1, "maxItems": MOST_IN_BATCH}
        fields.append({"required": ["images"], "properties": {"images": files}})
    pictures = [kind for kind in PICTURE_TYPES if kind in ("image/jpeg", "image/png", "image/webp")]
    written = {"type": "string", "contentEncoding": "base64"}
    return {
        "required": True,
        "content": {
            "application/json": {"schema": {"oneOf": [ref(name) for name in one_of]}},
            "multipart/form-data": {"schema": {"type": "object", "oneOf": fields}},
            "text/plain": {"schema": written},
            **{kind: {"schema": {"type": "string", "format": "binary"}} for kind in pictures},
        },
    }


def query(name: str, about: str, schema: Json, **more: Any) -> Json:
    return {"name": name, "in": "query", "description": about, "schema": schema, **more}


def names(name: str, about: str, known: tuple[str, ...]) -> Json:
    """A parameter that is a list of these."""
    items = {"type": "array", "items": {"enum": list(known)}}
    return query(name, about, items, style="form", explode=False)


def get(name: str, summary: str, responses: Answers, parameters: list[Json] | None = None) -> Json:
    return {
        "operationId": name,
        "summary": summary,
        "parameters": parameters or [],
        "responses": {str(code): answer for code, answer in responses.items()},
    }


def post(
    name: str,
    summary: str,
    about: str,
    responses: Answers,
    request_body: Json,
    parameters: list[Json] | None = None,
) -> Json:
    return {
        **get(name, summary, {**responses, **problems(*SENDING)}, parameters),
        "description": about,
        "requestBody": request_body,
        "security": [{}, {"key": []}],  # a key only where the server has some
    }


def content(about: str, schema: Json, kind: str = "application/json") -> Json:
    return {"description": about, "content": {kind: {"schema": schema}}}


def text(about: str, pattern: str) -> Json:
    return content(about, {"type": "string", "pattern": pattern}, "text/plain")


def page() -> Json:
    return content("A page.", {"type": "string"}, "text/html")


def status(word: str) -> Json:
    return content("It is.", record({"status": {"const": word}}))


def cached(answer: Json) -> Json:
    return {**answer, "headers": {"ETag": {"schema": {"type": "string"}}}}


def unchanged() -> Json:
    return {"description": "Unchanged since the ETag in `If-None-Match`."}


def problems(*codes: int) -> Answers:
    answers = {
        code: content(PROBLEMS[code], ref("Problem"), "application/problem+json") for code in codes
    }
    if 429 in answers:
        seconds = {"schema": {"type": "integer", "minimum": 1}, "required": True}
        answers[429]["headers"] = {"Retry-After": seconds}
    return answers
