"""The drawing in a request, whichever of the documented ways it is sent."""

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from flask import Request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from nn.layers import Array
from nn.preprocess import to_input
from problems import Problem

T = TypeVar("T")

PIXELS = 28 * 28
PICTURE_TYPES = ("image/jpeg", "image/png", "image/webp", "image/jpg", "image/pjpeg", "image/x-png")
TEXT_TYPES = ("", "text/plain", "application/x-www-form-urlencoded")  # what curl and forms send


def drawing_in(request: Request) -> Array | None:
    """The 28x28 input (ink 1 on paper 0) a request carries, or None when its drawing is blank.

    Raises Problem (400, 415, 422), PictureError, or werkzeug's 413.
    """
    kind = request.mimetype
    if kind == "application/json" or kind.endswith("+json"):
        return from_json(body_of(request))
    if kind == "multipart/form-data":
        return from_form(request)
    content = body_of(request)
    if not content:
        raise Problem(400, "the body is empty: send the picture of a digit in it")
    if kind in PICTURE_TYPES or kind == "application/octet-stream":
        return to_input(content)
    if kind in TEXT_TYPES:
        return from_base64(content)
    raise Problem(415, f"{kind} is not taken: send JSON, base64 text, or a JPEG, PNG or WebP")


def received(receive: Callable[[], T]) -> T:
    """What receive() gives; Problem (400) when the request cannot be received whole."""
    try:
        return receive()
    except HTTPException:
        raise
    except Exception:  # each WSGI server has its own for a chunk that is none
        raise Problem(400, "the body is cut or malformed: send it again whole") from None


def body_of(request: Request) -> bytes:
    """All of the body.  Raises Problem (400), or werkzeug's 413 when it is too long."""
    content = received(request.get_data)
    limit = request.max_content_length
    # a chunked body has no length to refuse it by: werkzeug stops reading at the limit, silently
    if limit and request.content_length is None and len(content) >= limit:
        raise RequestEntityTooLarge
    return content


def from_json(content: bytes) -> Array | None:
    """{"image": base64} or {"pixels": [784 numbers from 0 to 1]}."""
    if content.count(b",") > 10 * PIXELS:  # megabytes of brackets would take seconds to parse
        raise Problem(422, f'the JSON has too many entries: send "image", or {PIXELS} "pixels"')
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise Problem(400, "the body is not JSON: see that it is whole and in UTF-8") from None
    if not isinstance(body, dict) or ("image" in body) == ("pixels" in body):
        raise Problem(422, 'send an object with either "image" or "pixels" in it')
    if "pixels" in body:
        return from_pixels(body["pixels"])
    if not isinstance(body["image"], str):
        raise Problem(422, '"image" has to be a string: the picture in base64')
    return from_base64(body["image"].encode("utf-8", "replace"))


def from_form(request: Request) -> Array | None:
    """The field "image" of a multipart form: a file, or base64 text."""
    files = received(lambda: request.files)
    if "image" in files:
        content = files["image"].read()
        if not content:
            raise Problem(400, 'the file in the field "image" is empty: choose a picture')
        return to_input(content)
    if "image" in request.form:
        return from_base64(request.form["image"].encode("utf-8", "replace"))
    raise Problem(400, 'the form has no field "image": send the picture in it')


def from_base64(text: bytes) -> Array | None:
    """A picture in base64, bare or as a data URL (RFC 2397); white space does not matter."""
    text = b"".join(text.split())
    if text[:5].lower() == b"data:":
        header, comma, text = text.partition(b",")
        media, *parameters = header[5:].lower().split(b";")
        if not comma or b"base64" not in parameters:
            raise Problem(
                400, "the data URL is cut or not base64: it starts data:image/jpeg;base64,"
            )
        if media.decode("ascii", "replace") not in PICTURE_TYPES:
            raise Problem(415, "the data URL is of another type: send image/jpeg, png or webp")
    if not text:
        raise Problem(400, "there is no picture: send it in base64")
    text += b"=" * (-len(text) % 4)  # some encoders leave the padding out
    try:
        return to_input(base64.b64decode(text, validate=True))
    except binascii.Error:
        raise Problem(400, "that is no base64, or it is cut: send all of it") from None


def from_pixels(pixels: Any) -> Array | None:
    """784 numbers row by row, used as they are."""
    if not isinstance(pixels, list) or len(pixels) != PIXELS:
        count = f"{len(pixels)} entries" if isinstance(pixels, list) else "no list"
        raise Problem(422, f'"pixels" has {count}: send a list of {PIXELS} numbers')
    for index, value in enumerate(pixels):
        # a comparison is false for NaN, and safe for a whole number too large for a float
        if type(value) not in (int, float) or not 0 <= value <= 1:
            raise Problem(422, f"pixel {index} is not a number from 0 to 1")
    field = np.array(pixels, np.float32).reshape(28, 28)
    return field if field.any() else None
