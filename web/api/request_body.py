"""The drawings in a request, whichever of the documented ways they are sent."""

import base64
import binascii
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from flask import Request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from nn.ink.files import (
    MAX_WORK,
    BrokenPictureError,
    PictureError,
    PictureFile,
    TooLargeError,
    UnknownFormatError,
    inspect,
)
from nn.layers import Array
from nn.numbers.reader import NumberError, Reading
from web.problems import ProblemError

T = TypeVar("T")
Drawing = PictureFile | Array | None  # not decoded, or the 28x28 input itself; None: blank

PICTURE_STATUS: dict[type[Exception], int] = {
    BrokenPictureError: 400,
    TooLargeError: 413,
    UnknownFormatError: 415,
    NumberError: 422,
}
PIXELS = 28 * 28
MAX_BATCH = 16  # pictures
MAX_BATCH_WORK = MAX_WORK  # a batch takes no longer than the largest picture
FREE_WORK = 1_000_000  # more than what the page sends takes; such a picture counts as one drawing
WORK_PER_DRAWING = 250_000  # about what an ordinary drawing takes: others count by their work
FREE_CANDIDATES = 24  # more than four digits apart have
CANDIDATES_PER_DRAWING = 16
BLANKS = b" \t\n\v\f\r"
MAX_WIDE_JSON = 1_000_000  # bytes
WIDE_ESCAPE = re.compile(rb"\\u(?!00)")
MAX_FIELDS = 32  # of a form
FORM_STEP = 16_384  # bytes of a form that are parsed at a time; no field's header is twice as long
MAX_STROKES = 200
MAX_POINTS = 10_000  # of all strokes together
MAX_ENTRIES = 4 * MAX_POINTS  # of a JSON body: more than the commas of so many points
MAX_DATA_URL_HEADER = 200  # characters before the comma
PICTURE_TYPES = ("image/jpeg", "image/png", "image/webp", "image/jpg", "image/pjpeg", "image/x-png")
TEXT_TYPES = ("", "text/plain", "application/x-www-form-urlencoded")  # what curl and forms send


@dataclass(frozen=True)
class FormField:
    """A field of a form: text in UTF-8, or a file."""

    name: str
    content: bytes
    is_file: bool


@dataclass(frozen=True)
class RequestBody:
    """The drawings of a request, in order, not read yet; one if it is not a batch.

    strokes, each points (n, 2) in pixels, are those of a single picture.
    """

    drawings: list[Drawing]
    is_batch: bool = False
    strokes: Sequence[Array] = ()

    @property
    def cost(self) -> int:
        """As how many drawings it counts towards the rate limit."""
        return sum(cost_of(drawing) for drawing in self.drawings)

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


def cost_of(drawing: Drawing) -> int:
    """As how many drawings it counts: 1, or more for a picture larger than a drawing."""
    work = drawing.work if isinstance(drawing, PictureFile) else 0
    return 1 + math.ceil(max(0, work - FREE_WORK) / WORK_PER_DRAWING)


def cost_of_reading(reading: Reading | None) -> int:
    """As how many drawings more it counts, because it took long to divide."""
    candidates = 0 if reading is None else reading.candidates
    return max(0, candidates - FREE_CANDIDATES) // CANDIDATES_PER_DRAWING


def parse_body(request: Request) -> RequestBody:
    """The drawings in a request; of pictures, the headers are read.

    Raises ProblemError (400, 415, 422), PictureError, or werkzeug's 413.
    """
    mimetype = request.mimetype
    if mimetype == "application/json" or mimetype.endswith("+json"):
        return parse_json(read_body(request))
    if mimetype == "multipart/form-data":
        return parse_form(read_fields(request))
    content = read_body(request)
    if not content:
        raise ProblemError(400, "the body is empty: send the picture of a digit in it")
    if mimetype in PICTURE_TYPES or mimetype == "application/octet-stream":
        return RequestBody([inspect(content)])
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
    content = receive(lambda: request.get_data(cache=False))
    limit = request.max_content_length
    # a chunked body has no length to refuse it by: werkzeug stops reading at the limit, silently
    if limit and request.content_length is None and len(content) >= limit:
        raise RequestEntityTooLarge
    return content


def parse_json(content: bytes) -> RequestBody:
    """{"image": base64}, {"images": [base64, ...]} or {"pixels": [784 numbers from 0 to 1]}.

    Beside "image" there may be "strokes".
    """
    if content.count(b",") > MAX_ENTRIES:  # megabytes of brackets would take seconds to parse
        raise ProblemError(
            422,
            f'the JSON has too many entries: send "image", {PIXELS} "pixels", or "strokes" of at '
            f"most {MAX_POINTS} points",
        )
    # a string with one wide character takes four bytes for each
    if len(content) > MAX_WIDE_JSON and (not content.isascii() or WIDE_ESCAPE.search(content)):
        raise ProblemError(
            422, "the JSON is long and not only ASCII: send nothing but the picture in base64"
        )
    try:
        # int() takes a time that is quadratic in the digits
        body = json.loads(content, parse_int=float)
    except (ValueError, RecursionError):
        raise ProblemError(400, "the body is not valid JSON: send all of it, in UTF-8") from None
    keys = ("image", "images", "pixels")
    if not isinstance(body, dict) or sum(key in body for key in keys) != 1:
        raise ProblemError(
            422, 'the JSON has not exactly one of "image", "images", "pixels": send one of them'
        )
    if "strokes" in body and "image" not in body:
        raise ProblemError(422, '"strokes" belong to one "image": send both, or no strokes')
    if "pixels" in body:
        return RequestBody([parse_pixels(body["pixels"])])
    if "image" in body:
        picture = decode(body["image"])
        strokes = parse_strokes(body.get("strokes", []), picture.width, picture.height)
        return RequestBody([picture], strokes=strokes)
    if not isinstance(body["images"], list):
        raise ProblemError(422, '"images" is not a list: send a list of pictures in base64')
    return batch(body["images"])


def read_fields(request: Request) -> list[FormField]:
    """The fields of a multipart form (RFC 7578), in order.  Raises ProblemError (400, 413).

    Werkzeug's `request.files` would write large files to a disk, and `request.form` would take
    seconds for megabytes of names.
    """
    body = read_body(request)
    boundary = request.mimetype_params.get("boundary", "")
    if not boundary:
        raise ProblemError(400, "the form has no boundary: let the client set Content-Type itself")
    if body.count(b"--" + boundary.encode()) > MAX_FIELDS + 1:  # found by a regular expression
        raise too_many_fields()
    decoder = MultipartDecoder(boundary.encode(), 2 * FORM_STEP, max_parts=MAX_FIELDS)
    fields, pieces = [], list[bytes]()
    name, is_file = "", False
    try:
        for start in range(0, len(body), FORM_STEP):
            decoder.receive_data(body[start : start + FORM_STEP])
            while not isinstance(event := decoder.next_event(), NeedData):
                if isinstance(event, Field | File):
                    name, is_file = event.name, isinstance(event, File)
                elif isinstance(event, Data):
                    pieces.append(event.data)
                    if not event.more_data:
                        fields.append(FormField(name, b"".join(pieces), is_file))
                        pieces.clear()
        decoder.receive_data(None)
        while not isinstance(decoder.next_event(), Epilogue):
            pass
    except RequestEntityTooLarge:
        raise too_many_fields() from None
    except ValueError:
        raise ProblemError(400, "the form is truncated or malformed: send it again") from None
    return fields


def too_many_fields() -> ProblemError:
    return ProblemError(
        413, f"the form has more than {MAX_FIELDS} fields, or one with a long header: send less"
    )


def parse_form(fields: list[FormField]) -> RequestBody:
    """The field "image" of a multipart form, or several fields "images": files, or base64 text."""
    images = [field for field in fields if field.name == "images"]
    image = next((field for field in fields if field.name == "image"), None)
    if images:
        if image:
            raise ProblemError(422, 'the form has both "image" and "images": send one of them')
        return batch(images)
    if not image:
        raise ProblemError(400, 'the form has no field "image": send the picture in it')
    if image.is_file and not image.content:
        raise ProblemError(400, 'the file in the field "image" is empty: choose a picture')
    return RequestBody([picture_in(image)])


def picture_in(image: Any) -> PictureFile:
    """The picture in a field of a form, or in base64.  Raises ProblemError or PictureError."""
    if isinstance(image, FormField):
        return inspect(image.content) if image.is_file else decode(image.content)
    return decode(image)


def batch(images: list[Any]) -> RequestBody:
    """Several pictures, each as a field of a form or as base64 text.

    Raises ProblemError or TooLargeError for too many or too few, and for too many pixels together.
    """
    if not 1 <= len(images) <= MAX_BATCH:
        raise ProblemError(422, f"there are {len(images)} images: send 1 to {MAX_BATCH}")
    body = RequestBody([], is_batch=True)
    work = 0.0
    for index, image in enumerate(images):
        with body.errors_at(index):
            picture = picture_in(image)
            work += picture.work
            if work > MAX_BATCH_WORK:
                raise TooLargeError(
                    "the images together take too long to read: shrink them or send fewer"
                )
            body.drawings.append(picture)
    return body


def decode(text: Any) -> PictureFile:
    """The picture in base64, bare or as a data URL (RFC 2397); white space does not matter."""
    if isinstance(text, str):
        if not text.isascii():
            raise ProblemError(400, "the text is not base64: send the picture in base64")
        text = text.encode()
    if not isinstance(text, bytes):
        raise ProblemError(422, "the image is not a string: send the picture in base64")
    text = text.translate(None, BLANKS)
    if text[:5].lower() == b"data:":
        comma = text.find(b",", 0, MAX_DATA_URL_HEADER)
        media, *parameters = text[5 : max(comma, 5)].lower().split(b";")
        if comma < 0 or b"base64" not in parameters:
            raise ProblemError(
                400, "the data URL is malformed: start it with data:image/jpeg;base64,"
            )
        if media.decode("ascii", "replace") not in PICTURE_TYPES:
            raise ProblemError(
                415, "the data URL has an unknown type: send image/jpeg, png or webp"
            )
        text = text[comma + 1 :]
    if not text:
        raise ProblemError(400, "the text is empty: send the picture of a digit in base64")
    text += b"=" * (-len(text) % 4)  # some encoders leave the padding out
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ProblemError(400, "the text is truncated or not base64: send all of it") from None
    return inspect(content)


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


def parse_strokes(strokes: Any, width: int, height: int) -> list[Array]:
    """Lists of points [x, y] in pixels of a picture of that size, each as an array (n, 2).

    A pen may leave the picture, by no more than one of its sides.
    """
    if not isinstance(strokes, list) or not all(isinstance(stroke, list) for stroke in strokes):
        raise ProblemError(422, '"strokes" is not a list of lists: send points [x, y] in each')
    if len(strokes) > MAX_STROKES:
        raise ProblemError(422, f"there are {len(strokes)} strokes: send at most {MAX_STROKES}")
    if sum(map(len, strokes)) > MAX_POINTS:
        raise ProblemError(422, f"the strokes have too many points: send at most {MAX_POINTS}")
    found = []
    for index, stroke in enumerate(strokes):
        if not stroke:
            raise ProblemError(422, f"stroke {index} has no points: leave it out")
        for point in stroke:
            if not (isinstance(point, list) and len(point) == 2 and all(map(is_number, point))):
                raise ProblemError(
                    422, f"stroke {index} has a point that is not two numbers [x, y]"
                )
            x, y = point
            # a comparison is false for NaN
            if not (-width <= x <= 2 * width and -height <= y <= 2 * height):
                raise ProblemError(422, f"stroke {index} is not in the picture: send its pixels")
        found.append(np.array(stroke, float))
    return found


def is_number(value: Any) -> bool:
    return type(value) in (int, float)
