"""The drawings in a request, whichever of the documented ways they are sent."""

import base64
import binascii
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from flask import Request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from nn.ink.preprocess import (
    MAX_JPEG_PIXELS,
    BrokenPictureError,
    PictureError,
    TooLargeError,
    UnknownFormatError,
    pixels_in,
    to_input,
)
from nn.layers import Array
from web.problems import ProblemError

T = TypeVar("T")
Drawing = bytes | Array | None  # an encoded picture, or the 28x28 input itself; None: blank

PICTURE_STATUS: dict[type[Exception], int] = {
    BrokenPictureError: 400,
    TooLargeError: 413,
    UnknownFormatError: 415,
}
PIXELS = 28 * 28
MAX_BATCH = 16  # pictures
MAX_BATCH_PIXELS = MAX_JPEG_PIXELS  # of all pictures: a batch costs no more than the largest one
PICTURE_TYPES = ("image/jpeg", "image/png", "image/webp", "image/jpg", "image/pjpeg", "image/x-png")
TEXT_TYPES = ("", "text/plain", "application/x-www-form-urlencoded")  # what curl and forms send


@dataclass(frozen=True)
class RequestBody:
    """The drawings of a request, in order, not read yet; one if it is not a batch."""

    drawings: list[Drawing]
    is_batch: bool = False

    def single(self) -> Drawing:
        """The only drawing.  Raises ProblemError (422) for a batch."""
        if self.is_batch:
            raise ProblemError(422, "only /api/predict takes several images: send one")
        return self.drawings[0]

    @contextmanager
    def errors_at(self, index: int) -> Iterator[None]:
        """Within it an error in a batch names the index of the drawing, counted from 0."""
        try:
            yield
        except (ProblemError, PictureError) as error:
            if not self.is_batch:
                raise
            if isinstance(error, ProblemError):
                raise ProblemError(error.status, f"image {index}: {error.detail}") from None
            raise type(error)(f"image {index}: {error}") from None


def read_drawing(drawing: Drawing) -> Array | None:
    """The 28x28 input (ink 1 on paper 0), or None for a blank sheet.  Raises PictureError."""
    return to_input(drawing) if isinstance(drawing, bytes) else drawing


def parse_body(request: Request) -> RequestBody:
    """The drawings in a request.

    Raises ProblemError (400, 415, 422), TooLargeError for a batch, or werkzeug's 413.
    """
    mimetype = request.mimetype
    if mimetype == "application/json" or mimetype.endswith("+json"):
        return parse_json(read_body(request))
    if mimetype == "multipart/form-data":
        return parse_form(request)
    content = read_body(request)
    if not content:
        raise ProblemError(400, "the body is empty: send the picture of a digit in it")
    if mimetype in PICTURE_TYPES or mimetype == "application/octet-stream":
        return RequestBody([content])
    if mimetype in TEXT_TYPES:
        return RequestBody([decode(content)])
    raise ProblemError(
        415,
        f"the type {mimetype[:40]} is not supported: "
        "send JSON, base64 text, or a JPEG, PNG or WebP",
    )


def receive(read: Callable[[], T]) -> T:
    """What read() returns; ProblemError (400) when the request cannot be received whole."""
    try:
        return read()
    except HTTPException:
        raise
    except Exception:  # each WSGI server has its own for a malformed chunk
        raise ProblemError(400, "the body is truncated or malformed: send it again") from None


def read_body(request: Request) -> bytes:
    """All of the body.  Raises ProblemError (400), or werkzeug's 413 when it is too long."""
    content = receive(request.get_data)
    limit = request.max_content_length
    # a chunked body has no length to refuse it by: werkzeug stops reading at the limit, silently
    if limit and request.content_length is None and len(content) >= limit:
        raise RequestEntityTooLarge
    return content


def parse_json(content: bytes) -> RequestBody:
    """{"image": base64}, {"images": [base64, ...]} or {"pixels": [784 numbers from 0 to 1]}."""
    if content.count(b",") > 10 * PIXELS:  # megabytes of brackets would take seconds to parse
        raise ProblemError(
            422, f'the JSON has too many entries: send "image", or {PIXELS} "pixels"'
        )
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise ProblemError(400, "the body is not valid JSON: send all of it, in UTF-8") from None
    keys = ("image", "images", "pixels")
    if not isinstance(body, dict) or sum(key in body for key in keys) != 1:
        raise ProblemError(
            422, 'the JSON has not exactly one of "image", "images", "pixels": send one of them'
        )
    if "pixels" in body:
        return RequestBody([parse_pixels(body["pixels"])])
    if "image" in body:
        return RequestBody([decode(body["image"])])
    if not isinstance(body["images"], list):
        raise ProblemError(422, '"images" is not a list: send a list of pictures in base64')
    return batch(body["images"])


def parse_form(request: Request) -> RequestBody:
    """The field "image" of a multipart form, or several fields "images": files, or base64 text."""
    files = receive(lambda: request.files)
    images = [file.read() for file in files.getlist("images")]
    images_as_text = request.form.getlist("images")
    if images or images_as_text:
        if "image" in files or "image" in request.form:
            raise ProblemError(422, 'the form has both "image" and "images": send one of them')
        return batch(images + images_as_text)
    if "image" in files:
        content = files["image"].read()
        if not content:
            raise ProblemError(400, 'the file in the field "image" is empty: choose a picture')
        return RequestBody([content])
    if "image" in request.form:
        return RequestBody([decode(request.form["image"])])
    raise ProblemError(400, 'the form has no field "image": send the picture in it')


def batch(images: list[Any]) -> RequestBody:
    """Several pictures, each as bytes or as base64 text.

    Raises ProblemError or TooLargeError for too many or too few, and for too many pixels together.
    """
    if not 1 <= len(images) <= MAX_BATCH:
        raise ProblemError(422, f"there are {len(images)} images: send 1 to {MAX_BATCH}")
    body = RequestBody([], is_batch=True)
    pixels = 0
    for index, image in enumerate(images):
        with body.errors_at(index):
            picture = image if isinstance(image, bytes) else decode(image)
            pixels += pixels_in(picture)
            if pixels > MAX_BATCH_PIXELS:
                raise TooLargeError(
                    f"the images together have more than {MAX_BATCH_PIXELS} pixels: "
                    "shrink them or send fewer"
                )
            body.drawings.append(picture)
    return body


def decode(text: Any) -> bytes:
    """The picture in base64, bare or as a data URL (RFC 2397); white space does not matter."""
    if isinstance(text, str):
        text = text.encode("utf-8", "replace")
    if not isinstance(text, bytes):
        raise ProblemError(422, "the image is not a string: send the picture in base64")
    text = b"".join(text.split())
    if text[:5].lower() == b"data:":
        header, comma, text = text.partition(b",")
        media, *parameters = header[5:].lower().split(b";")
        if not comma or b"base64" not in parameters:
            raise ProblemError(
                400, "the data URL is malformed: start it with data:image/jpeg;base64,"
            )
        if media.decode("ascii", "replace") not in PICTURE_TYPES:
            raise ProblemError(
                415, "the data URL has an unknown type: send image/jpeg, png or webp"
            )
    if not text:
        raise ProblemError(400, "the text is empty: send the picture of a digit in base64")
    text += b"=" * (-len(text) % 4)  # some encoders leave the padding out
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ProblemError(400, "the text is truncated or not base64: send all of it") from None


def parse_pixels(pixels: Any) -> Array | None:
    """784 numbers, row by row, as the input (28, 28), or None if all are 0."""
    if not isinstance(pixels, list) or len(pixels) != PIXELS:
        found = f"has {len(pixels)} entries" if isinstance(pixels, list) else "is not a list"
        raise ProblemError(422, f'"pixels" {found}: send a list of {PIXELS} numbers')
    for index, value in enumerate(pixels):
        # a comparison is false for NaN, and safe for a whole number too large for a float
        if type(value) not in (int, float) or not 0 <= value <= 1:
            raise ProblemError(422, f"pixel {index} is not a number from 0 to 1: send one")
    drawing = np.array(pixels, np.float32).reshape(28, 28)
    return drawing if drawing.any() else None
