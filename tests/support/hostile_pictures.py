"""Pictures that cost as much as a file can: each part of a format taken to its limit.

Written by hand where no encoder makes them.  In a scan of zeros, with codes of one bit, each block
of a JPEG takes as few bytes as it can.
"""

import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageFile

from nn.measure.robustness import encoded

rng = np.random.default_rng(1)
NOISE = rng.integers(0, 256, 30_000, dtype=np.uint8).tobytes()  # it compresses when repeated
PAETH = 4  # the slowest filter of PNG


def noise(width, height, mode="RGB"):
    channels = len(mode)
    pixels = rng.integers(0, 256, (height, width, channels), dtype=np.uint8)
    return Image.frombytes(mode, (width, height), pixels.tobytes())


def noisy_file(kind, width, height, mode="RGB", **options):
    file = io.BytesIO()
    before = ImageFile.MAXBLOCK
    ImageFile.MAXBLOCK = 1 << 26  # Pillow's encoder of JPEGs needs room for all of the file
    try:
        noise(width, height, mode).save(file, kind, **options)
    finally:
        ImageFile.MAXBLOCK = before
    return file.getvalue()


# -------------------------------------------------------------------------------------------- JPEG

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
SEQUENTIAL, PROGRESSIVE, ARITHMETIC = 0xC0, 0xC2, 0xC9
NO_CHANGE = {1: b"\x00"}  # of a DC value; of AC values, the end of the block
EACH_IS_ONE = {1: b"\x01", 2: b"\x00"}  # each AC value is one bit of code and one of sign
RUN_OF_BLOCKS = {1: b"\xe0"}  # 16,384 blocks and more without AC values


def segment(code, content):
    return bytes([0xFF, code]) + struct.pack(">H", len(content) + 2) + content


def huffman(table_class, symbols):
    counts = bytes(len(symbols.get(length, b"")) for length in range(1, 17))
    return segment(0xC4, bytes([table_class << 4]) + counts + b"".join(symbols.values()))


def frame(width, height, components, code=SEQUENTIAL):
    parts = b"".join(bytes([number + 1, 0x11, 0]) for number in range(components))
    head = SOI + segment(0xDB, bytes(1) + bytes([1]) * 64)
    return head + segment(code, struct.pack(">BHHB", 8, height, width, components) + parts)


def scan(components, data, first=0, last=63, before=0, after=0):
    parts = b"".join(bytes([number, 0]) for number in components)
    ends = bytes([first, last, before << 4 | after])
    return segment(0xDA, bytes([len(components)]) + parts + ends) + data


def blocks(width, height):
    return -(-width // 8) * -(-height // 8)


def dense_jpeg(size=9_900_000, components=3):
    """As many AC values as fit into the file, in blocks of 127 bits."""
    side = int((size * 8 // 127 // components) ** 0.5) * 8
    tables = huffman(0, NO_CHANGE) + huffman(1, EACH_IS_ONE)
    return (
        frame(side, side, components) + tables + scan(range(1, components + 1), bytes(size)) + EOI
    )


def empty_jpeg(width, height, components, code=SEQUENTIAL, data=None):
    """Nothing but blocks of two bits."""
    bits = 2 * blocks(width, height) * components
    tables = huffman(0, NO_CHANGE) + huffman(1, NO_CHANGE)
    content = bytes(bits // 8 + 8) if data is None else data
    return (
        frame(width, height, components, code)
        + tables
        + scan(range(1, components + 1), content)
        + EOI
    )


def restarted_jpeg(width, height):
    """A restart marker after each block."""
    data = b"".join(b"\x3f\xff" + bytes([0xD0 + i]) for i in range(8))
    whole = empty_jpeg(width, height, 1, data=data * (blocks(width, height) // 8 + 1))
    start = whole.index(b"\xff\xda")
    return whole[:start] + segment(0xDD, b"\0\1") + whole[start:]


def progressive_jpeg(width, height, scans, components=1):
    """A scan of DC values, then so many that correct all blocks in a few bytes."""
    count = blocks(width, height)
    run = f"0{min(count, 32767) - 16384:014b}" * -(-count // 32767)
    run += "1" * (-len(run) % 8)
    data = int(run, 2).to_bytes(len(run) // 8, "big").replace(b"\xff", b"\xff\0")
    whole = frame(width, height, components, PROGRESSIVE)
    whole += huffman(0, NO_CHANGE) + huffman(1, RUN_OF_BLOCKS)
    whole += scan(range(1, components + 1), bytes(count * components // 8 + 8), 0, 0)
    whole += b"".join(scan([i % components + 1], data, 1, 63, 1) for i in range(scans))
    return whole + EOI


def corrected_jpeg(side, scans):
    """All AC values set in one scan, then corrected one by one in so many others."""
    count = blocks(side, side)
    whole = frame(side, side, 1, PROGRESSIVE) + huffman(0, NO_CHANGE) + huffman(1, EACH_IS_ONE)
    whole += scan([1], bytes(count // 8 + 8), 0, 0)
    whole += scan([1], bytes(count * 126 // 8 + 8), 1, 63, 0, 1) + huffman(1, NO_CHANGE)
    return whole + scan([1], bytes(count * 8 + 8), 1, 63, 1) * scans + EOI


def jpeg_with(inserted):
    """A small JPEG with something after its first marker."""
    return SOI + inserted + encoded(Image.new("L", (100, 100), 200), "JPEG")[2:]


# --------------------------------------------------------------------------------------------- PNG

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
GRAY, COLOUR, PALETTE, GRAY_ALPHA, COLOUR_ALPHA = CHANNELS
ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)


def chunk(kind, content):
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def png(width, height, colour=GRAY, depth=8, interlaced=False, before=b"", after=b"", part=1 << 30):
    """Rows of noise, each like the last one, through the slowest filter; chunks of `part` bytes."""
    passes = ADAM7 if interlaced else ((0, 0, 1, 1),)
    compressor = zlib.compressobj(1)
    data = b""
    for left, top, across, down in passes:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns <= 0:
            continue
        size = -(-columns * CHANNELS[colour] * depth // 8)
        row = bytes([PAETH]) + (NOISE * (size // len(NOISE) + 1))[:size]
        while rows > 0:
            count = min(rows, 1 + 1_000_000 // len(row))
            data += compressor.compress(row * count)
            rows -= count
    data += compressor.flush()
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    parts = [data[i : i + part] for i in range(0, len(data), part)]
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", head),
            before,
            *(chunk(b"IDAT", content) for content in parts),
            after,
            chunk(b"IEND", b""),
        ]
    )


def dense_png(width, height, values):
    """Pixels of a few random values, which take the most time to decompress."""
    pixels = rng.integers(0, values, (height, width + 1), dtype=np.uint8)
    pixels[:, 0] = PAETH
    compressor = zlib.compressobj(1, strategy=zlib.Z_HUFFMAN_ONLY)
    data = compressor.compress(pixels.tobytes()) + compressor.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, GRAY, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
    return start + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def zipped(size):
    return zlib.compress(bytes(size), 9)


# -------------------------------------------------------------------------------------------- WebP


def riff(*chunks):
    body = b"WEBP" + b"".join(
        kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
        for kind, content in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_with(*chunks):
    """A small WebP with other chunks before its picture."""
    small = encoded(Image.new("RGB", (100, 100)), "WEBP")
    head = b"\x08\0\0\0" + b"\x63\0\0" * 2
    return riff((b"VP8X", head), *chunks, (small[12:16], small[20:]))


# -------------------------------------------------------------------------------------------- EXIF


def exif_bomb(tags, size):
    """So many tags, each of them an array of so many bytes, all at the same place."""
    entries = b"".join(struct.pack(">HHII", tag, 7, size, 8) for tag in range(1, tags + 1))
    head = b"MM\0*\0\0\0\x08" + struct.pack(">H", tags) + entries + bytes(4)
    return head + bytes(max(0, size + 8 - len(head)))
