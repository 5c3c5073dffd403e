"""The drawings in a request, whichever of the documented ways they are sent."""

import base64
import binascii
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
from flask import Request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from nn.ink.preprocess import (
    MAX_JPEG_PIXELS,
    Broken,
    PictureError,
    TooLarge,
    UnknownFormat,
    pixels_in,
    to_input,
)
from nn.layers import Array
from web.problems import Problem

T = TypeVar("T")
Reader = Callable[[], Array | None]
Read = Callable[[bytes], Array | None]  # the 28x28 input of an encoded picture

PICTURE_STATUS: dict[type[Exception], int] = {Broken: 400, TooLarge: 413, UnknownFormat: 415}
PIXELS = 28 * 28
MOST_IN_BATCH = 16
MOST_BATCH_PIXELS = MAX_JPEG_PIXELS  # of all pictures: a batch costs no more than the largest one
PICTURE_TYPES = ("image/jpeg", "image/png", "image/webp", "image/jpg", "image/pjpeg", "image/x-png")
TEXT_TYPES = ("", "text/plain", "application/x-www-form-urlencoded")  # what curl and forms send


@dataclass(frozen=True)
class Sent:
    """What a request has brought, not looked at yet: a picture, 784 numbers, or a batch."""

    readers: list[Reader]
    is_batch: bool = False

    def drawings(self) -> Iterator[Array | None]:
        """The 28x28 input (ink 1 on paper 0) of each, in order; None for a blank sheet.

        Raises Problem or PictureError; those of a batch name the place, counted from 0.
        """
        for place, read in enumerate(self.readers):
            try:
                yield read()
            except (Problem, PictureError) as error:
                if not self.is_batch:
                    raise
                if isinstance(error, Problem):
                    raise Problem(error.status, f"image {place}: {error.detail}") from None
                raise type(error)(f"image {place}: {error}") from None


def sent_in(request: Request, read: Read = to_input) -> Sent:
    """What a request asks to have read.  Raises Problem (400, 413, 415, 422), or werkzeug's 413."""
    kind = request.mimetype
    if kind == "application/json" or kind.endswith("+json"):
        return from_json(body_of(request), read)
    if kind == "multipart/form-data":
        return from_form(request, read)
    content = body_of(request)
    if not content:
        raise Problem(400, "the body is empty: send the picture of a digit in it")
    if kind in PICTURE_TYPES or kind == "application/octet-stream":
        return Sent([partial(read, content)])
    if kind in TEXT_TYPES:
        return Sent([partial(from_text, content, read)])
    raise Problem(415, f"{kind[:40]} is not taken: send JSON, base64 text, or a JPEG, PNG or WebP")


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


def from_json(content: bytes, read: Read) -> Sent:
    """{"image": base64}, {"images": [base64, ...]} or {"pixels": [784 numbers from 0 to 1]}."""
    if content.count(b",") > 10 * PIXELS:  # megabytes of brackets would take seconds to parse
        raise Problem(422, f'the JSON has too many entries: send "image", or {PIXELS} "pixels"')
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise Problem(400, "the body is not JSON: see that it is whole and in UTF-8") from None
    keys = ("image", "images", "pixels")
    if not isinstance(body, dict) or sum(key in body for key in keys) != 1:
        raise Problem(422, 'send an object with one of "image", "images" and "pixels" in it')
    if "pixels" in body:
        return Sent([partial(from_pixels, body["pixels"])])
    if "image" in body:
        return Sent([partial(from_text, body["image"], read)])
    images = body["images"]
    if not isinstance(images, list):
        raise Problem(422, '"images" has to be a list of pictures in base64')
    return batch([partial(decoded, image) for image in images], read)


def from_form(request: Request, read: Read) -> Sent:
    """The field "image" of a multipart form, or several fields "images": files, or base64 text."""
    files = received(lambda: request.files)
    texts = request.form.getlist("images")
    many: list[Callable[[], bytes]] = [file.read for file in files.getlist("images")]
    many += [partial(decoded, text) for text in texts]
    if many and ("image" in files or "image" in request.form):
        raise Problem(422, 'the form has both "image" and "images": send one of them')
    if many:
        return batch(many, read)
    if "image" in files:
        content = files["image"].read()
        if not content:
            raise Problem(400, 'the file in the field "image" is empty: choose a picture')
        return Sent([partial(read, content)])
    if "image" in request.form:
        return Sent([partial(from_text, request.form["image"], read)])
    raise Problem(400, 'the form has no field "image": send the picture in it')


def batch(contents: list[Callable[[], bytes]], read: Read) -> Sent:
    """Pictures to be read in order.  Raises Problem for too many or too few."""
    if not 1 <= len(contents) <= MOST_IN_BATCH:
        raise Problem(422, f"there are {len(contents)} images: send 1 to {MOST_IN_BATCH}")
    room = MOST_BATCH_PIXELS

    def within_room(content: Callable[[], bytes]) -> Array | None:
        nonlocal room
        picture = content()
        room -= pixels_in(picture)
        if room < 0:
            raise TooLarge(
                f"the images together have more than the {MOST_BATCH_PIXELS} pixels taken: "
                "shrink them or send fewer"
            )
        return read(picture)

    return Sent([partial(within_room, content) for content in contents], is_batch=True)


def from_text(text: Any, read: Read) -> Array | None:
    """As `decoded`."""
    return read(decoded(text))


def decoded(text: Any) -> bytes:
    """The picture in base64, bare or as a data URL (RFC 2397); white space does not matter."""
    if isinstance(text, str):
        text = text.encode("utf-8", "replace")
    if not isinstance(text, bytes):
        raise Problem(422, "an image has to be a string: the picture in base64")
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
        return base64.b64decode(text, validate=True)
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
