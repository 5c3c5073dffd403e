"""Drawings as pictures: ours by their label, one of a seven in many encodings, and a bomb."""

import base64
import io
import json
import struct
import zlib

from PIL import Image

from nn.ink.strokes import draw
from nn.measure.robustness import encoded


def strokes_of(drawings, label, style=None):
    """The strokes of our first drawing with that label, and that style if one is named."""
    return next(
        drawing["strokes"]
        for drawing in drawings
        if drawing["label"] == label and style in (None, drawing["style"])
    )


def picture_of(strokes, side=280):
    """A picture of the strokes, black on white, in the middle of a square."""
    return draw(strokes, side, 0.07 * side, (side / 2, side / 2), 0.6 * side)


def base64_jpeg(strokes):
    """Base64 of a JPEG of the strokes."""
    image = draw(strokes, 280, 18, (140, 140), 170)
    return base64.b64encode(encoded(image.convert("RGB"), "JPEG", quality=90))


def png_of_zeros(width, height):
    """A whole, small PNG of that size: its pixels are zeros, which deflate to nothing."""

    def chunk(kind, content):
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    compressor, rows = zlib.compressobj(9), bytes(1 + width)
    body = b"".join(compressor.compress(rows) for _ in range(height)) + compressor.flush()
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


SEVEN = draw([[(0, 0), (1, 0), (0.4, 1.5)]], 280, 20, (140, 140), 180)
JPEG = encoded(SEVEN, "JPEG")
TEXT = base64.b64encode(JPEG)
GIF = encoded(Image.new("L", (20, 20)), "GIF")
BOMB = png_of_zeros(12000, 12000)


def ways_to_send(image):
    """Every form in which the API takes a picture: name -> arguments of the test client's post."""
    jpeg, png = encoded(image, "JPEG", quality=90), encoded(image)
    text = base64.b64encode(jpeg).decode()
    url = f"data:image/jpeg;base64,{text}"
    return {
        "JSON, data URL": {"json": {"image": url}},
        "JSON, bare base64": {"json": {"image": text}},
        "JSON of another name": {
            "data": json.dumps({"image": text}),
            "content_type": "application/vnd.digits+json",
        },
        "raw JPEG": {"data": jpeg, "content_type": "image/jpeg"},
        "raw PNG": {"data": png, "content_type": "image/png"},
        "raw WebP": {
            "data": encoded(image, "WEBP", lossless=True),
            "content_type": "image/webp",
        },
        "raw, of no named type": {"data": png, "content_type": "application/octet-stream"},
        "multipart file": {"data": {"image": (io.BytesIO(png), "seven.png")}},
        "multipart text": {"data": {"image": url}, "content_type": "multipart/form-data"},
        "text": {"data": text, "content_type": "text/plain"},
        "text, data URL": {"data": url, "content_type": "text/plain; charset=UTF-8"},
        "text in lines": {"data": "\r\n".join(text[i : i + 76] for i in range(0, len(text), 76))},
        "as a form posts it": {"data": url, "content_type": "application/x-www-form-urlencoded"},
        "image/jpg, as some say": {"data": jpeg, "content_type": "image/jpg"},
        "base64 without padding": {"data": text.rstrip("=")},
        "PNG said to be JPEG": {"json": {"image": url[:23] + base64.b64encode(png).decode()}},
    }
