"""Picture files: what a JPEG, PNG or WebP says of itself, before anything is decoded.

`inspect` reads no more than headers and refuses what would take too long or too much memory to
decode.  Of what it accepts it keeps the parts that make the pixels: texts, colour profiles,
previews and further frames do not change them, and can be made to cost more than all of them.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

MAX_BYTES = 10_000_000
MAX_PIXELS = 12_600_000  # 4032x3024 and 4080x3072 are what phones call 12 megapixels
MAX_JPEG_PIXELS = 25_000_000  # more, because libjpeg scales down while it decodes
WORKING_SIDE = 600  # larger pictures are shrunk to about this; the result has 20 pixels
# The time that a picture takes, estimated for the worst of its kind; the unit is that of a byte of
# pixels in a PNG.  A million takes as long as four ordinary drawings, 8 ms.  A screenshot of
# 3840x2160 opaque pixels in 3 MB has 33 million.
MAX_WORK = 33_000_000
WORK_PER_ROW = 16
WORK_PER_PNG_BYTE = 1.5
WORK_PER_SHRUNK_PIXEL, WORK_PER_CONVERTED_PIXEL, WORK_PER_TRANSPARENT_PIXEL = 0.25, 1, 2  # of PNGs
WORK_PER_JPEG_BYTE, WORK_PER_BYTE_OF_SCANS = 2.7, 4.5  # the second if there are several
WORK_PER_JPEG_PIXEL = 1 / 8  # in each scan
WORK_PER_WEBP_PIXEL, WORK_PER_WEBP_BYTE = 15, 0.8
WORK_PER_LOSSY_PIXEL, WORK_PER_LOSSY_BYTE = 3.5, 2.5  # of WebP without transparency
MAX_WEBP_PIXELS = 5_000_000  # libwebp and Pillow hold 15 bytes for each
WORK_PER_PIXEL_READ = 5  # of those left after shrinking
MAX_JPEG_SCANS = 30  # a progressive JPEG has about ten; each costs a pass over all of it
# A JPEG of several scans is held as coefficients of two bytes: 76 MB.
MAX_COEFFICIENTS = 3 * MAX_PIXELS
# Segments and chunks.  A PNG of 10 MB has 1,220 if they have 8 kB each, as libpng writes them.
MAX_PARTS = 5000
# Padding in a JPEG's scan.  libjpeg begins anew at the first of it with each 64 kB that it gets.
MAX_PADDING = 256
MAX_TAGS = 1000  # of EXIF


class PictureError(ValueError):
    """A picture that cannot be read."""


class UnknownFormatError(PictureError):
    """Not a JPEG, PNG or WebP."""


class TooLargeError(PictureError):
    """More bytes or pixels than allowed."""


class BrokenPictureError(PictureError):
    """A known format, but truncated or damaged."""


@dataclass(frozen=True)
class PictureFile:
    """A picture that is not decoded yet, without the parts that do not change its pixels."""

    kind: str  # JPEG, PNG or WEBP
    content: bytes
    width: int
    height: int
    decoding: float  # the work of it
    orientation: int  # of the camera, 1 to 8 (EXIF)

    @property
    def pixels(self) -> int:
        return self.width * self.height

    @property
    def work(self) -> float:
        """The time that it takes to decode and to read it; see MAX_WORK."""
        factor = max(1, max(self.width, self.height) // WORKING_SIDE)
        return self.decoding + WORK_PER_PIXEL_READ * self.pixels / factor**2


def inspect(content: bytes) -> PictureFile:
    """The picture in the bytes of a file, not decoded.

    Raises UnknownFormatError, TooLargeError or BrokenPictureError.
    """
    if len(content) > MAX_BYTES:
        raise TooLargeError(
            f"the picture has {len(content)} bytes, more than the {MAX_BYTES} allowed: shrink it"
        )
    readers = {"JPEG": inspect_jpeg, "PNG": inspect_png, "WEBP": inspect_webp}
    try:
        picture = readers[kind_of(content)](content)
    except (struct.error, IndexError):
        raise BrokenPictureError(
            "the picture is truncated or damaged: send the whole file again"
        ) from None
    most = {"JPEG": MAX_JPEG_PIXELS, "PNG": MAX_PIXELS, "WEBP": MAX_WEBP_PIXELS}[picture.kind]
    if picture.pixels > most:
        raise TooLargeError(
            f"the picture has {picture.width}x{picture.height} pixels, "
            f"more than the {most} allowed: shrink it"
        )
    if picture.work > MAX_WORK:
        other = "" if picture.kind == "JPEG" else ", or save it as a JPEG"
        raise TooLargeError(
            f"the picture of {picture.width}x{picture.height} pixels takes too long to decode: "
            f"shrink it{other}"
        )
    return picture


def kind_of(content: bytes) -> str:
    """JPEG, PNG or WEBP by its first bytes, whatever its name or media type.

    Raises UnknownFormatError.
    """
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content.startswith(PNG_START):
        return "PNG"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WEBP"
    raise UnknownFormatError("the picture is not a JPEG, PNG or WebP: send one of these")


# -------------------------------------------------------------------------------------------- JPEG

DHT, EOI, SOS, DQT, DRI, APP0, APP1, APP14 = 0xC4, 0xD9, 0xDA, 0xDB, 0xDD, 0xE0, 0xE1, 0xEE
BASELINE, EXTENDED, PROGRESSIVE = FRAMES = (0xC0, 0xC1, 0xC2)
# Lossless, hierarchical and arithmetic coding, which is slow; browsers read none of them.
RARE_FRAMES = {0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
NEEDED_SEGMENTS = {*FRAMES, DHT, SOS, DQT, DRI, APP0, APP14, EOI}  # APP14: how colours are coded
MARKER = re.compile(rb"\xff[\x01-\xfe]")
MARKER_AFTER_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # within it are RST0 to RST7
WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD8), EOI}


def inspect_jpeg(content: bytes) -> PictureFile:
    """See ITU-T T.81, annex B.  What follows the picture, such as a phone's preview, is left out.

    Raises as `inspect` does, or struct.error for a truncated file.
    """
    kept, scans, orientation = [content[:2]], 0, 1
    width = height = components = code = 0
    held = False  # as coefficients, until all scans are read
    for code, start, end in jpeg_segments(content):
        if code in RARE_FRAMES:
            raise BrokenPictureError(
                "the picture is a JPEG of a rare kind: save it as a baseline or progressive JPEG"
            )
        if code in FRAMES:
            height, width, components = struct.unpack_from(">HHB", content, start + 5)
            held = code == PROGRESSIVE
        elif code == SOS:
            scans += 1
            held = held or scans > 1 or content[start + 4] < components
            if content.find(b"\xff" * MAX_PADDING, start, end) >= 0:
                raise BrokenPictureError("the picture is a JPEG of mere padding: save it again")
        elif code == APP1 and content.startswith(b"Exif\0\0", start + 4):
            orientation = orientation_in(content[start + 4 : end])
        if code in NEEDED_SEGMENTS:
            kept.append(content[start:end])
    if scans > MAX_JPEG_SCANS:
        raise BrokenPictureError(
            f"the picture is a JPEG of more than {MAX_JPEG_SCANS} scans: save it again"
        )
    pixels = width * height
    if held and pixels * components > MAX_COEFFICIENTS:
        raise TooLargeError(
            f"the picture is a progressive JPEG of {width}x{height} pixels, more than "
            f"the {MAX_COEFFICIENTS // components} allowed: shrink it"
        )
    decoding = len(content) * (WORK_PER_BYTE_OF_SCANS if held else WORK_PER_JPEG_BYTE)
    decoding += WORK_PER_JPEG_PIXEL * pixels * scans
    return PictureFile("JPEG", b"".join(kept), width, height, decoding, orientation)


def jpeg_segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Code, start and end of each segment up to the end of the picture; a scan with its data.

    Raises BrokenPictureError for too many.
    """
    end = 2
    for _ in range(MAX_PARTS):
        marker = MARKER.search(content, end)
        if not marker:
            return
        start, code = marker.start(), content[marker.start() + 1]
        end = start + 2
        if code not in WITHOUT_LENGTH:
            end += struct.unpack_from(">H", content, end)[0]
        if code == SOS:
            after = MARKER_AFTER_SCAN.search(content, end)
            end = after.start() if after else len(content)
        yield code, start, end
        if code == EOI:
            return
    raise too_many_parts("segments")


def too_many_parts(what: str) -> BrokenPictureError:
    return BrokenPictureError(f"the picture has more than {MAX_PARTS} {what}: save it again")


# --------------------------------------------------------------------------------------------- PNG

PNG_START = b"\x89PNG\r\n\x1a\n"
NEEDED_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by the type of colour


def inspect_png(content: bytes) -> PictureFile:
    """See PNG, third edition, section 5.  Of an animation it is the picture shown without one.

    Raises BrokenPictureError, or struct.error for a truncated file.
    """
    if content[12:16] != b"IHDR":
        raise struct.error
    width, height, depth, colour = struct.unpack_from(">IIBB", content, 16)
    row = -(-width * CHANNELS.get(colour, 4) * depth // 8)
    kept, orientation, masked = [PNG_START], 1, False
    for kind, start, end in png_chunks(content):
        masked = masked or kind == b"tRNS"
        if kind == b"eXIf":
            orientation = orientation_in(content[start + 8 : end])
        elif kind in NEEDED_CHUNKS and (kind != b"IHDR" or len(kept) == 1):
            kept.append(content[start:end])
    decoding = height * (row + WORK_PER_ROW) + WORK_PER_PNG_BYTE * len(content)
    per_pixel = (
        WORK_PER_SHRUNK_PIXEL if depth == 8 and colour in (0, 2) else WORK_PER_CONVERTED_PIXEL
    )
    if masked or colour in (4, 6):
        per_pixel = WORK_PER_TRANSPARENT_PIXEL
    decoding += width * height * per_pixel
    return PictureFile("PNG", b"".join(kept), width, height, decoding, orientation)


def png_chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each chunk.  Raises BrokenPictureError for too many."""
    start = len(PNG_START)
    for _ in range(MAX_PARTS):
        if start + 8 > len(content):
            return
        length, kind = struct.unpack_from(">I4s", content, start)
        end = start + 12 + length
        yield kind, start, end
        start = end
    raise too_many_parts("chunks")


# -------------------------------------------------------------------------------------------- WebP

NEEDED_IN_WEBP = {b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L"}


def inspect_webp(content: bytes) -> PictureFile:
    """See RFC 9649, section 2.  Of an animation only the first frame is kept.

    Raises BrokenPictureError, or struct.error for a truncated file.
    """
    kept: dict[bytes, bytes] = {}
    orientation = 1
    for kind, start, end in webp_chunks(content):
        if kind == b"EXIF":
            orientation = orientation_in(content[start + 8 : end])
        elif kind in NEEDED_IN_WEBP:
            kept.setdefault(kind, content[start:end])
    width, height = webp_size(content[12:30])
    body = b"WEBP" + b"".join(kept.values())
    content = b"RIFF" + struct.pack("<I", len(body)) + body
    if b"VP8 " in kept and not kept.keys() & {b"ALPH", b"ANMF", b"VP8L"}:
        decoding = width * height * WORK_PER_LOSSY_PIXEL + len(content) * WORK_PER_LOSSY_BYTE
    else:
        decoding = width * height * WORK_PER_WEBP_PIXEL + len(content) * WORK_PER_WEBP_BYTE
    return PictureFile("WEBP", content, width, height, decoding, orientation)


def webp_size(chunk: bytes) -> tuple[int, int]:
    """Width and height from the start of the first chunk.  Raises struct.error for another kind."""
    if chunk.startswith(b"VP8X"):
        low_width, high_width, low_height, high_height = struct.unpack_from("<HBHB", chunk, 12)
        return (high_width << 16) + low_width + 1, (high_height << 16) + low_height + 1
    if chunk.startswith(b"VP8L"):
        (bits,) = struct.unpack_from("<I", chunk, 9)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk.startswith(b"VP8 "):
        width, height = struct.unpack_from("<HH", chunk, 14)
        return width & 0x3FFF, height & 0x3FFF
    raise struct.error


def webp_chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each chunk.  Raises BrokenPictureError for too many."""
    start = 12
    for _ in range(MAX_PARTS):
        if start + 8 > len(content):
            return
        kind, length = struct.unpack_from("<4sI", content, start)
        end = start + 8 + length + length % 2
        yield kind, start, end
        start = end
    raise too_many_parts("chunks")


# -------------------------------------------------------------------------------------------- EXIF

ORIENTATION_TAG, SHORT = 0x0112, 3


def orientation_in(exif: bytes) -> int:
    """How the camera was held, 1 to 8, from the first directory of EXIF data; 1 if it is not there.

    Pillow would read all tags, of which there may be 65,535.
    """
    exif = exif.removeprefix(b"Exif\0\0")
    order = ">" if exif.startswith(b"MM") else "<"
    try:
        (directory,) = struct.unpack_from(f"{order}I", exif, 4)
        (tags,) = struct.unpack_from(f"{order}H", exif, directory)
        for place in range(min(tags, MAX_TAGS)):
            entry = struct.unpack_from(f"{order}HHIH", exif, directory + 2 + 12 * place)
            if entry[:3] == (ORIENTATION_TAG, SHORT, 1) and 1 <= entry[3] <= 8:
                return int(entry[3])
    except struct.error:
        pass
    return 1
