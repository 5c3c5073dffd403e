"""The worst pictures and bodies of each kind are answered or refused within the budget."""

import base64
import io
import json

import pytest
from PIL import Image

from settings import MAX_REQUEST_BYTES
from tests.support import hostile_pictures as hostile
from tests.support.hostile_pictures import chunk, segment
from tests.support.pictures import JPEG, TEXT

ALMOST_ALL = MAX_REQUEST_BYTES - 1000
PICTURE = "image/png"  # any of these types will do: the format is found from the content
FORM = "multipart/form-data; boundary=b"


def animated(kind, frames):
    file = io.BytesIO()
    images = [Image.new("RGB", (64, 64), (i, i // 256, 0)) for i in range(frames)]
    images[0].save(file, kind, save_all=True, append_images=images[1:])
    return file.getvalue()


# What the answer is, and how the picture is made.
PICTURES = {
    "JPEG, dense": (200, hostile.dense_jpeg),
    "JPEG, dense, cut off": (400, lambda: hostile.dense_jpeg()[:-1_000_000]),
    "JPEG, noise": (200, lambda: hostile.noisy_file("JPEG", 3600, 3600, quality=30)),
    "JPEG, 25 megapixels of CMYK": (200, lambda: hostile.empty_jpeg(5000, 5000, 4)),
    "JPEG, a strip of CMYK": (200, lambda: hostile.empty_jpeg(380, 65_500, 4)),
    "JPEG, restart markers": (200, lambda: hostile.restarted_jpeg(5000, 5000)),
    "JPEG, 30 scans": (200, lambda: hostile.progressive_jpeg(2800, 2800, 29)),
    "JPEG, 100 scans": (400, lambda: hostile.progressive_jpeg(3000, 3000, 99)),
    "JPEG, 30 large scans": (413, lambda: hostile.progressive_jpeg(5000, 5000, 29)),
    "JPEG, large coefficients": (200, lambda: hostile.progressive_jpeg(4000, 3000, 0, 3)),
    "JPEG, too large coefficients": (413, lambda: hostile.progressive_jpeg(4000, 3000, 0, 4)),
    "JPEG, corrections": (200, lambda: hostile.corrected_jpeg(1800, 11)),
    "JPEG, progressive noise": (
        200,
        lambda: hostile.noisy_file("JPEG", 2400, 2400, quality=60, progressive=True, subsampling=0),
    ),
    "JPEG, arithmetic coding": (
        400,
        lambda: hostile.empty_jpeg(1000, 1000, 3, hostile.ARITHMETIC),
    ),
    "JPEG, markers": (400, lambda: hostile.jpeg_with(b"\xff\xfe\0\2" * 2_000_000)),
    "JPEG, large markers": (
        200,
        lambda: hostile.jpeg_with(segment(0xE1, b"Exif\0\0" + bytes(65_000)) * 150),
    ),
    "JPEG, padding between markers": (200, lambda: hostile.jpeg_with(b"\xff" * 9_900_000)),
    "JPEG, padding in a scan": (
        400,
        lambda: hostile.empty_jpeg(5000, 5000, 3, data=bytes(300) + b"\xff" * 9_900_000),
    ),
    "JPEG, EXIF": (
        200,
        lambda: hostile.jpeg_with(segment(0xE1, b"Exif\0\0" + hostile.exif_bomb(5000, 40_000))),
    ),
    "JPEG, frames after it": (200, lambda: animated("MPO", 500)),
    "PNG, 4K": (200, lambda: hostile.png(3840, 2160, hostile.COLOUR)),
    "PNG, transparent": (200, lambda: hostile.png(3000, 1700, hostile.COLOUR_ALPHA)),
    "PNG, dense": (200, lambda: hostile.dense_png(4000, 3000, 60)),
    "PNG, dense, cut off": (400, lambda: hostile.dense_png(4000, 3000, 60)[:-500_000]),
    "PNG, 16 bits": (200, lambda: hostile.png(3700, 2700, depth=16)),
    "PNG, palette with transparency": (
        200,
        lambda: hostile.png(
            3700,
            2700,
            hostile.PALETTE,
            before=chunk(b"PLTE", hostile.NOISE[:768]) + chunk(b"tRNS", hostile.NOISE[:256]),
        ),
    ),
    "PNG, a transparent colour": (
        200,
        lambda: hostile.png(3000, 2050, hostile.COLOUR, before=chunk(b"tRNS", bytes(6))),
    ),
    "PNG, interlaced": (200, lambda: hostile.png(4000, 3000, interlaced=True)),
    "PNG, a column": (200, lambda: hostile.png(1, 1_850_000)),
    "PNG, a longer column": (413, lambda: hostile.png(1, 12_000_000)),
    "PNG, a row": (200, lambda: hostile.png(12_000_000, 1)),
    "PNG, tiny chunks": (400, lambda: hostile.png(99, 99, before=chunk(b"abCd", b"") * 800_000)),
    "PNG, tiny chunks after it": (
        400,
        lambda: hostile.png(99, 99, after=chunk(b"abCd", b"") * 800_000),
    ),
    "PNG, tiny parts": (400, lambda: hostile.png(3000, 1700, hostile.COLOUR_ALPHA, part=8)),
    "PNG, texts": (
        200,
        lambda: hostile.png(
            99, 99, before=chunk(b"zTXt", b"a\0\0" + hostile.zipped(1 << 20)) * 4000
        ),
    ),
    "PNG, profiles": (
        200,
        lambda: hostile.png(
            99, 99, before=chunk(b"iCCP", b"a\0\0" + hostile.zipped(1 << 20)) * 4000
        ),
    ),
    "PNG, EXIF": (
        200,
        lambda: hostile.png(99, 99, before=chunk(b"eXIf", hostile.exif_bomb(60_000, 9_000_000))),
    ),
    "PNG, frames": (200, lambda: animated("PNG", 500)),
    "WebP, with transparency": (
        200,
        lambda: hostile.noisy_file("WEBP", 1700, 1000, "RGBA", quality=100, alpha_quality=100),
    ),
    "WebP, not shrunk": (
        200,
        lambda: hostile.noisy_file("WEBP", 1150, 1150, "RGBA", quality=100, method=0),
    ),
    "WebP, cut off": (
        400,
        lambda: hostile.noisy_file("WEBP", 1150, 1150, quality=100, method=0)[:-1000],
    ),
    "WebP, lossless": (
        200,
        lambda: hostile.noisy_file("WEBP", 1150, 1150, "RGBA", lossless=True, quality=0, method=0),
    ),
    "WebP, 12 megapixels in few bytes": (
        413,
        lambda: hostile.encoded(Image.new("RGB", (4000, 3000)), "WEBP", lossless=True),
    ),
    "WebP, lossy noise": (
        200,
        lambda: hostile.noisy_file("WEBP", 2240, 2230, quality=20, method=0),
    ),
    "WebP, tiny chunks": (400, lambda: hostile.webp_with(*[(b"abcd", b"")] * 1_200_000)),
    "WebP, EXIF": (
        200,
        lambda: hostile.webp_with((b"EXIF", hostile.exif_bomb(60_000, 9_000_000))),
    ),
    "WebP, frames": (200, lambda: animated("WEBP", 500)),
}


@pytest.mark.parametrize(("status", "make"), PICTURES.values(), ids=PICTURES)
def test_worst_pictures_are_within_the_budget(cost, status, make):
    found = cost("/api/predict", make(), headers={"Content-Type": PICTURE})
    assert found.status == status, found.body
    found.assert_within_budget()


def field(content, name=b"image", more=b""):
    head = b'--b\r\nContent-Disposition: form-data; name="%s"%s' % (name, more)
    return head + b"\r\n\r\n" + content + b"\r\n"


def file(content):
    return field(content, more=b'; filename="a"') + b"--b--\r\n"


def fields(more):
    """As many as are allowed, each with that in its header."""
    return field(b"", b"a", more) * 31 + b"--b--\r\n"


def in_json(text):
    return b'{"image": "%s"}' % text


BODIES = {
    "text, blanks": (415, "text/plain", lambda: b"AA " * (ALMOST_ALL // 3)),
    "text, a picture in lines": (
        200,
        "text/plain",
        lambda: base64.encodebytes(hostile.dense_jpeg()),
    ),
    "text, parameters of a URL": (400, "text/plain", lambda: b"data:" + b";" * ALMOST_ALL),
    "text, fields": (
        400,
        "application/x-www-form-urlencoded",
        lambda: b"&a=b" * (ALMOST_ALL // 4),
    ),
    "JSON, nested": (400, "application/json", lambda: b"[" * ALMOST_ALL),
    "JSON, escapes": (
        400,
        "application/json",
        lambda: in_json(rb"\n" * (ALMOST_ALL // 2 - 20)),
    ),
    "JSON, a wide character": (
        422,
        "application/json",
        lambda: in_json(b"A" * (ALMOST_ALL - 50) + "\U0001f600".encode()),
    ),
    "JSON, a wide character escaped": (
        422,
        "application/json",
        lambda: in_json(b"A" * (ALMOST_ALL - 50) + rb"\ud83d\ude00"),
    ),
    "JSON, a long number": (422, "application/json", lambda: b'{"image": %s}' % (b"1" * 13**6)),
    "JSON, long numbers": (
        422,
        "application/json",
        lambda: b'{"a": [%s]}' % b",".join([b"7" * 4300] * 3000),
    ),
    "JSON, long keys": (
        422,
        "application/json",
        lambda: json.dumps({f"{i:01700}": 0 for i in range(7800)}).encode(),
    ),
    "JSON, long pixels": (
        200,
        "application/json",
        lambda: b'{"pixels": [%s]}' % b",".join([b"0." + b"7" * 17_000] * 784),
    ),
    "form, a file": (200, FORM, lambda: file(hostile.dense_jpeg())),
    "form, a field": (
        200,
        FORM,
        lambda: field(base64.b64encode(hostile.dense_jpeg())) + b"--b--\r\n",
    ),
    "form, tiny fields": (413, FORM, lambda: field(b"", b"a") * (ALMOST_ALL // 60)),
    "form, a header without end": (413, FORM, lambda: b"--b\r\n" + b"a:\n" * 4_000_000),
    "form, lines of a header": (400, FORM, lambda: fields(b"\r\na:" * 3500)),
    "form, parameters": (400, FORM, lambda: fields(b"; a*0*=utf-8''%41" * 820)),
    "form, semicolons": (400, FORM, lambda: fields(b";" * 14_000)),
    "form, quotes": (400, FORM, lambda: fields(b'; b="' + b'\\"' * 6900)),
    "form, almost boundaries": (413, FORM, lambda: file(b"\r\n--bx" * 2_000_000)),
    "form, line breaks": (413, FORM, lambda: file(b"\r" * (ALMOST_ALL - 200))),
    "form, before it": (413, FORM, lambda: b"x" * ALMOST_ALL),
    "form, after it": (413, FORM, lambda: file(JPEG) + b"x" * (ALMOST_ALL - 20_000)),
    "form, a long boundary": (
        413,
        f"multipart/form-data; boundary={'b' * 900}",  # a longer header is refused
        lambda: b"--" + b"b" * 900 + b"\r\n--" + b"b" * 899 * 14_000,
    ),
}


@pytest.mark.parametrize(("status", "kind", "make"), BODIES.values(), ids=BODIES)
def test_worst_bodies_are_within_the_budget(cost, status, kind, make):
    found = cost("/api/predict", make(), headers={"Content-Type": kind})
    assert found.status == status, found.body
    found.assert_within_budget()


@pytest.mark.parametrize("name", ["text, fields", "form, a file", "form, tiny fields"])
def test_worst_forms_are_within_the_budget(cost, name):
    status, kind, make = BODIES[name]
    found = cost("/read", make(), headers={"Content-Type": kind})
    assert found.status == status, found.body
    found.assert_within_budget()


def test_batch_with_everything_included_is_within_the_budget(cost):
    body = json.dumps({"images": [TEXT.decode()] * 16}).encode()
    everything = "seen,steps,activations,saliency,neuron,models&neuron=8.1"
    kind = {"Content-Type": "application/json", "Accept-Encoding": "br"}
    found = cost(f"/api/predict?include={everything}", body, headers=kind)
    assert found.status == 200
    found.assert_within_budget()
