"""Whole requests that are made to cost the server much: pictures, texts, forms, headers.

Each function gives the requests of a kind as they go over the wire.  `SECRET` is in all of them
where a server might be tempted to log it.
"""

import base64
import json
import struct
import zlib
from functools import cache

from PIL import Image

from nn.measure.robustness import encoded
from tests.support.pictures import JPEG, TEXT, png_of_zeros

SECRET = "s3cret-of-a-hostile-client"
MB = 1_000_000
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"


def head(line: str = "POST /api/predict", *fields: str, end: str = "\r\n") -> bytes:
    """A request line and header fields, to the empty line after them."""
    every = [f"{line}?token={SECRET} HTTP/1.1", "Host: x", f"X-API-Key: {SECRET}", *fields]
    return ("".join(f"{field}\r\n" for field in every) + end).encode("latin-1")


def post(body: bytes, kind: str = "text/plain", path: str = "/api/predict") -> bytes:
    return head(f"POST {path}", f"Content-Type: {kind}", f"Content-Length: {len(body)}") + body


def get(path: str, *fields: str) -> bytes:
    return head(f"GET {path}", *fields)


DRAWING = post(TEXT)


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    """Of a PNG."""
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def png_with(chunks: bytes) -> bytes:
    small = png_of_zeros(20, 20)
    return small[:33] + chunks + small[33:]  # after the header


def jpeg_of_scans(count: int, side: int = 5000) -> bytes:
    """Progressive: each scan, here the last one again and again, is a pass over all of it."""
    jpeg = encoded(Image.new("L", (side, side), 200), "JPEG", progressive=True)
    start = jpeg.rindex(b"\xff\xda")
    return jpeg[:-2] + jpeg[start:-2] * (count - jpeg.count(b"\xff\xda")) + jpeg[-2:]


@cache
def webp_of_12_megapixels() -> bytes:
    return encoded(Image.new("L", (4000, 3000), 255), "WEBP", lossless=True)


@cache
def pictures_of_12_megapixels() -> list[bytes]:
    several = json.dumps({"images": [base64.b64encode(webp_of_12_megapixels()).decode()] * 2})
    return [
        post(webp_of_12_megapixels(), "image/webp"),
        post(png_of_zeros(4000, 3000), "image/png"),
        post(several.encode(), JSON),
    ]


@cache
def jpegs_of_many_scans() -> list[bytes]:
    return [post(jpeg_of_scans(scans), "image/jpeg") for scans in (30, 100)]


@cache
def jpegs_of_many_markers() -> list[bytes]:
    markers = b"\xff\xfe\x00\x02" * MB, b"\xff\xe1\x00\x08Exif\0\0" * (MB // 2), b"\xff" * 5 * MB
    return [post(b"\xff\xd8" + some + JPEG[2:], "image/jpeg") for some in markers]


@cache
def pngs_of_many_chunks() -> list[bytes]:
    packed = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(MB), 9))
    many = [chunk(b"teSt") * 400_000, chunk(b"tEXt", b"a\0b") * 300_000, packed * 60]
    return [post(png_with(chunks), "image/png") for chunks in many]


@cache
def base64_full_of_blanks() -> list[bytes]:
    return [post(b"A " * (6 * MB)), post(b"AA " * (4 * MB)), post(b"data:" + b" \n" * (6 * MB))]


@cache
def urlencoded_forms() -> list[bytes]:
    fields = b"a=&" * (5 * MB // 3), b"%41=%42&" * (5 * MB // 8), b"image=" + b"%4" * (2 * MB)
    return [post(some, FORM, path) for path in ("/read", "/") for some in fields]


@cache
def multipart_forms() -> list[bytes]:
    part = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
    file = b'--b\r\nContent-Disposition: form-data; name="images"; filename="a"\r\n\r\n'
    bodies = [
        part * 90_000 + b"--b--\r\n",
        (file + b"x\r\n") * 70_000 + b"--b--\r\n",
        file + b"\r" + b"x" * (5 * MB),
        file + b"\r\n--" * MB,
        b"--b\r\n" + b"X: x\r\n" * MB,
        b"--b\r\nContent-Disposition: form-data; " + b"a*0=b; " * MB,
    ]
    return [post(body, MULTIPART, path) for path in ("/read", "/api/predict") for body in bodies]


@cache
def nested_json() -> list[bytes]:
    bodies = [
        b'{"image":' + b"[" * (6 * MB),
        b'{"a":' * MB,
        b'{"pixels":[' + b"0," * (6 * MB),
        b'{"image":"' + b"\\u0041" * (2 * MB) + b'"}',
        b'{"pixels":[' + b"9" * (6 * MB) + b"]}",
    ]
    return [post(body, JSON) for body in bodies]


@cache
def garbage() -> list[bytes]:
    return [post(b"A" * (13 * MB)), post(b"\0" * (13 * MB), "application/octet-stream")]


@cache
def everything_included() -> list[bytes]:
    include = "include=seen,steps,activations,saliency,neuron,models&neuron=3.1"
    noisy = f"{include}&noise=0.5&ablate=3:1.2;6:0&skip=crop,box"
    lines = [f"POST /api/predict?{query}&x=" for query in (include, noisy)]
    images = json.dumps({"images": [TEXT.decode()] * 16}).encode()
    length = f"Content-Length: {len(images)}"
    return [head(line, f"Content-Type: {JSON}", length) + images for line in lines]


@cache
def facts_of_zeros() -> list[bytes]:
    numbers = "0" * 4000 + "x", "0" * 60_000, "9" * 4000, "-" * 4000, "%30" * 4000 + "x"
    return [get(f"/api/facts/{number}") for number in (*numbers, "999999999989", "963761198400")]


@cache
def long_queries() -> list[bytes]:
    ablate = ";".join(f"3:{unit}" for unit in range(6000))
    queries = "a&" * 28_000, "%41=%42&" * 7_000, "include=" + "a," * 28_000, f"ablate={ablate}"
    return [head(f"POST /api/predict?{query}&x=", "Content-Length: 0") for query in queries]


@cache
def costly_headers() -> list[bytes]:
    """Each is about 60 kB long, which is as much as is taken."""
    fields = [
        "Accept-Encoding: " + "gzip;q=0.1," * 5000,
        "Accept: " + "text/html;q=0.1," * 3500,
        "Cookie: " + "a=b; " * 11_000,
        'Cookie: a="' + "\\101" * 14_000,
        "Cookie: seen_facts=" + "abcd" * 14_000,
        "X-Forwarded-For: " + "1.1.1.1," * 7000,
        "X-Request-ID: " + "x" * 60_000,
        "Range: bytes=" + "0-0," * 14_000,
        "If-None-Match: " + '"a",' * 14_000,
        "If-Modified-Since: " + "9" * 60_000,
        "Content-Type: text/plain" + ";a*0=b" * 9000,
        "Authorization: Basic " + "A" * 60_000,
        "Origin: http://[" + ":" * 50_000,
        "Host: " + "a." * 25_000,
    ]
    paths = "/", "/static/shared/base.css", "/api/facts/7"
    return [get(path, field) for path in paths for field in fields] + [get("/", *["X: y"] * 95)]


@cache
def pages() -> list[bytes]:
    """Packed anew for each who asks, and under no rate limit."""
    paths = "/", "/inside", "/api", "/docs/1-forward", "/accuracy", "/api/openapi.json"
    return [get(path, "Accept-Encoding: br, gzip") for path in paths]


@cache
def metrics() -> list[bytes]:
    return [get("/metrics"), get("/readyz")]


MALFORMED_LINES = [
    b"\r\n" * 30_000,
    b"\0" * 1000,
    f"GET /?{SECRET}\r\n\r\n".encode(),
    f"GET /?{SECRET} HTTP/9.9\r\nHost: x\r\n\r\n".encode(),
    f"GET /?{SECRET} extra HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    f"G\0T /?{SECRET} HTTP/1.1\r\n\r\n".encode(),
    f"\xe9 /?{SECRET} HTTP/1.1\r\n\r\n".encode("latin-1"),
    f"{SECRET} {SECRET} {SECRET}\r\n\r\n".encode(),
    f"GET http://[{SECRET} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    f"CONNECT {SECRET}:443 HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    f"GET ?{SECRET} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    f"GET //?{SECRET} HTTP/1.1\r\nHost: [\r\n\r\n".encode(),
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),  # TLS, on a port without it
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(100),
]
MALFORMED_HEADERS = [
    head("GET /", SECRET),
    head("GET /", f"{SECRET} : x"),
    head("GET /", f"X: \0{SECRET}"),
    head("GET /", f" folded {SECRET}"),
    head("GET /", f"X: a\r{SECRET}: b"),
    head("GET /", f"\xe9{SECRET}: x"),
    head("GET /", f": {SECRET}"),
    head("GET /", "Origin: http://[", f"Cookie: {SECRET}"),
    head("GET /", f"Host: {SECRET}@["),
    head("GET /", f"Content-Length: {SECRET}"),
    head("POST /", "Content-Length: 5", "Content-Length: 6") + SECRET.encode(),
    head("POST /", "Content-Length: -5") + SECRET.encode(),
    head("POST /", "Content-Length: +5") + SECRET.encode(),
    head("POST /", "Content-Length: 5, 5") + SECRET.encode(),
    head("POST /", "Content-Length: 5", "Transfer-Encoding: chunked") + SECRET.encode(),
    head("POST /", f"Transfer-Encoding: {SECRET}"),
    head("POST /", "Transfer-Encoding: chunked, chunked") + b"0\r\n\r\n",
    head("POST /", "Transfer-Encoding: chunked") + f"{SECRET}\r\n".encode(),
    head("POST /", "Transfer-Encoding: chunked") + f"1\r\nab{SECRET}\r\n".encode(),
    head("POST /", f"Expect: {SECRET}"),
    head("POST /", f"Content-Type: multipart/form-data; boundary={SECRET}\x7f"),
    head("POST /", f"Content-Encoding: {SECRET}", "Content-Length: 4") + b"abcd",
    head("GET /", f"SCRIPT_NAME: /{SECRET}", f"Script-Name: /{SECRET}"),
]
KEY = f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}"
UPGRADES = [
    head("GET /", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", KEY),
    head("GET /", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMA"),
    head("POST /", "Connection: Upgrade", "Upgrade: x", "Content-Length: 100"),
]
LENGTHS = [9 * 10**18, 2**63, 2**64, 10**19, 10**30, 10**1000]
HUGE_LENGTHS = [head("POST /", f"Content-Length: {length}") + b"x" for length in LENGTHS]
