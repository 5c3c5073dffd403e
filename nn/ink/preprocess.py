"""Any picture of ink on paper becomes the 28x28 a network was trained on.

Each step is a small function, in this order: open, shrink, flatten, gray, subtract the paper (which
way the ink goes is decided there), crop to the ink, fit into 20x20, centre by mass in 28x28.  The
last three are MNIST's own ("The MNIST database", LeCun, Cortes & Burges).  Training on pen strokes
and serving go through the same functions.  `steps` also does without some of them, to show what
each is good for.
"""

import io
import math
from collections.abc import Collection, Iterator

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from nn.layers import Array

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_BYTES = 10_000_000
MAX_PIXELS = 12_000_000
MAX_JPEG_PIXELS = 25_000_000  # more, because libjpeg shrinks while it decodes
MAX_JPEG_SCANS = 100  # a progressive JPEG has about ten; each costs a pass over all of it
WORKING_SIDE = 600  # larger pictures are shrunk to about this: 20 pixels are wanted in the end

LEAST_SIZE = 0.015  # of the picture's longer side; less is a speck, not a drawing
LEAST_CONTRAST = 0.04  # of the whole range from black to white; less is an empty sheet
FLOOR = 0.1  # ink fainter than this share of full ink is JPEG ringing or camera noise
EDGE = 0.3  # a pixel with this share of full ink counts when the ink is cropped

# Our own limit is stricter and checked right after opening; Pillow's would only warn.
Image.MAX_IMAGE_PIXELS = None


class PictureError(ValueError):
    """A picture that cannot be read; the message says why in one sentence."""


class UnknownFormat(PictureError):
    """Not a JPEG, PNG or WebP."""


class TooLarge(PictureError):
    """More bytes or pixels than are taken."""


class Broken(PictureError):
    """The right format, but cut or damaged."""


def to_input(content: bytes) -> Array | None:
    """The 28x28 float32 (ink 1 on paper 0) of an encoded picture, or None when it is blank.

    Raises UnknownFormat, TooLarge or Broken.
    """
    return image_to_input(open_picture(content))


def image_to_input(image: Image.Image) -> Array | None:
    """The same for a decoded picture."""
    ink = subtract_paper(gray(flatten(shrink(image))))
    if ink is None:
        return None
    drawing = crop(ink)
    if max(drawing.shape) < LEAST_SIZE * max(ink.shape):
        return None
    return centre(fit(drawing))


# What can be left out of `steps`.  Gray cannot: a network has one number for each pixel.
STEPS = ("drawing", "flatten", "gray", "polarity", "crop", "box", "centre")
OPTIONAL = ("flatten", "polarity", "crop", "box", "centre")
Step = tuple[str, Image.Image | Array]


def steps(image: Image.Image, skip: Collection[str] = ()) -> Iterator[Step]:
    """Each step's name and what came of it: drawing, flatten, gray, polarity, crop, box, centre.

    The last is what `image_to_input` gives; a blank drawing ends before it.  Those named in `skip`
    are left out, and what came before them goes on: transparent turns black, paper counts as ink,
    the whole canvas is taken, it is squeezed to 28x28 whatever its aspect, it is laid in the middle
    by its box.  Without crop and box it is the canvas squeezed, as it must not be.
    """
    image = shrink(image)
    yield "drawing", image
    if "flatten" not in skip:
        image = flatten(image)
    elif image.has_transparency_data:
        image = image.convert("RGBA").convert("RGB")
    yield "flatten", image
    light = gray(image)
    yield "gray", light
    ink = light if "polarity" in skip else subtract_paper(light)
    if ink is None or not (ink > EDGE).any():
        return
    yield "polarity", ink
    if "crop" not in skip:
        whole = max(ink.shape)
        ink = crop(ink)
        if max(ink.shape) < LEAST_SIZE * whole:
            return
    yield "crop", ink
    ink = squeeze(ink) if "box" in skip else fit(ink)
    yield "box", ink
    yield "centre", centre(ink, point=middle(ink) if "centre" in skip else None)


def seen_after(taken: list[Step]) -> Array | None:
    """The 28x28 input that the steps came to, or None when the drawing is blank."""
    name, picture = taken[-1]
    return np.asarray(picture) if name == "centre" else None


def open_picture(content: bytes) -> Image.Image:
    """The decoded picture; format, bytes and pixels are checked before it is decoded.

    Raises UnknownFormat, TooLarge or Broken.
    """
    if len(content) > MAX_BYTES:
        raise TooLarge(f"the picture has {len(content)} bytes, more than the {MAX_BYTES} taken")
    if not is_known_format(content):
        raise UnknownFormat("the picture is not a JPEG, PNG or WebP: send one of these")
    if content.startswith(b"\xff\xd8") and content.count(b"\xff\xda") > MAX_JPEG_SCANS:
        raise Broken("the picture is a JPEG of far too many scans: save it anew")
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except UnidentifiedImageError:
        raise Broken("the picture is cut or damaged: send it again whole") from None
    except Exception as error:  # a decoder may raise anything on a hostile file
        raise Broken(f"the picture is damaged ({error}): send it again whole") from None
    width, height = image.size
    is_jpeg = image.format in ("JPEG", "MPO")  # MPO: as phones write them, with a preview behind
    most = MAX_JPEG_PIXELS if is_jpeg else MAX_PIXELS
    if width * height > most:
        raise TooLarge(
            f"the picture has {width}x{height} pixels, more than the {most} taken: shrink it"
        )
    try:
        if is_jpeg:
            # a phone's photo costs what a small picture does
            image.draft(None, (WORKING_SIDE, WORKING_SIDE))
        image.load()
        # the camera's note how it was held
        ImageOps.exif_transpose(image, in_place=True)
    except Exception as error:  # as above
        raise Broken(f"the picture is cut or damaged ({error}): send it again whole") from None
    return image


def is_known_format(content: bytes) -> bool:
    """By the bytes that such files start with, whatever name or type they were sent under."""
    is_webp = content.startswith(b"RIFF") and content[8:12] == b"WEBP"
    return is_webp or content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))


def shrink(image: Image.Image) -> Image.Image:
    """The picture, its longer side less than twice WORKING_SIDE; what follows costs little then."""
    factor = max(image.size) // WORKING_SIDE
    if factor < 2:
        return image
    if image.mode.startswith("I"):  # 16 bits a pixel, which cannot be averaged as they are
        return image.convert("F").reduce(factor)
    if image.mode in ("1", "P") or "transparency" in image.info:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image.reduce(factor)


def flatten(image: Image.Image) -> Image.Image:
    """The picture on opaque paper: a canvas saved without a background has none.

    Where all that is visible has one lightness, or most is transparent, what is visible is ink, and
    the paper white or black, whichever is further from it: ink that lives only in alpha stays ink,
    be it black or white.  Else the picture has paper of its own, which is continued.
    """
    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    alpha = np.asarray(image.getchannel("A"), np.float32) / 255
    if alpha.min() == 1:
        return image.convert("RGB")
    if alpha.max() == 0:
        return Image.new("L", image.size, 255)
    light = np.asarray(image.convert("RGB").convert("L"), np.float32)
    visible = light[alpha > 0.5 * alpha.max()]
    if alpha.mean() > 0.5 and np.ptp(visible) > 255 * LEAST_CONTRAST:
        paper = int(np.median(visible))
    else:
        paper = 255 if visible.mean() < 128 else 0
    sheet = Image.new("RGBA", image.size, (paper, paper, paper, 255))
    return Image.alpha_composite(sheet, image).convert("RGB")


def gray(image: Image.Image) -> Array:
    """Lightness (height, width), float32 from 0 to 1."""
    if image.mode.startswith(("I", "F")):  # 16 bits, which Pillow's own conversion clips at 255
        return np.asarray(image, np.float32).clip(0, 65535) / 65535
    light = np.asarray(image.convert("L"), np.float32)
    light /= 255
    return light


def subtract_paper(light: Array) -> Array | None:
    """Ink (height, width) from 0 to 1, darker or lighter than the paper; None if there is none.

    The paper is what surrounds the drawing.  Full ink is the mean of all that is more than half as
    strong as the strongest, so that faint pencil counts as much as a marker.
    """
    ink = light - paper_under(light)
    if not is_light_on_dark(ink):
        np.negative(ink, out=ink)
    strongest = float(ink.max())
    if strongest < LEAST_CONTRAST:
        return None
    # in place from here on: a new array for each step takes longer than the step
    ink /= float(ink[ink > strongest / 2].mean())
    ink -= FLOOR
    ink /= 1 - FLOOR
    return np.clip(ink, 0, 1, out=ink)


def is_light_on_dark(difference: Array) -> bool:
    """The polarity: does the lightness leave the paper's upwards?

    Squares are summed, so that noise both ways counts little against strokes one way.
    """
    if difference.max() <= 0:  # ink on white paper, as from the page: no need to sum
        return False
    up, down = np.maximum(difference, 0), np.minimum(difference, 0)
    return float(np.square(up, out=up).sum()) > float(np.square(down, out=down).sum())


def paper_under(light: Array) -> Array:
    """The paper's lightness at each pixel: one number if it is even, else a curved surface.

    A drawing from a canvas has even paper; a photo has a bright and a shady side.
    """
    margin = max(1, min(light.shape) // 20)
    edges = (light[:margin], light[-margin:], light[:, :margin], light[:, -margin:])
    corner = light[0, 0]
    if all((edge == corner).all() for edge in edges):  # as from the page: no need to sort
        return np.asarray(corner, np.float32)
    frame = np.concatenate([edge.ravel() for edge in edges])
    low, paper, high = np.percentile(frame, (10, 50, 90))
    if high - low < LEAST_CONTRAST:
        return np.asarray(paper, np.float32)
    return smooth_surface(light)


def smooth_surface(light: Array, rounds: int = 8) -> Array:
    """The quadratic surface most pixels lie on.

    Least squares again and again over the pixels nearest to the last surface, which leaves out the
    ink without knowing where it is (iterated trimming, as in Rousseeuw & Leroy 1987).
    """
    height, width = light.shape
    small = Image.fromarray(light).resize((32, 32), Image.Resampling.BOX)
    values = np.asarray(small, np.float64).ravel()
    y, x = (np.mgrid[:32, :32].reshape(2, -1) + 0.5) / 16 - 1
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    kept = np.ones(len(values), bool)
    for _ in range(rounds):
        weights = np.linalg.lstsq(terms[kept], values[kept], rcond=None)[0]
        distance = np.abs(values - terms @ weights)
        kept = distance <= np.quantile(distance, 0.7)
    rows = ((np.arange(height) + 0.5) / height * 2 - 1)[:, None]
    columns = ((np.arange(width) + 0.5) / width * 2 - 1)[None, :]
    w = weights
    surface = w[0] + w[1] * columns + w[2] * rows
    surface = surface + w[3] * columns**2 + w[4] * rows * columns + w[5] * rows**2
    return surface.astype(np.float32)


def crop(ink: Array) -> Array:
    """The smallest box around all ink stronger than EDGE."""
    strong = ink > EDGE
    rows, columns = np.flatnonzero(strong.any(axis=1)), np.flatnonzero(strong.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def fit(ink: Array, side: int = 20) -> Array:
    """Scaled so that the longer side is `side`, aspect kept, the strongest ink 1.

    The grid of the small picture is laid so that the centre of mass falls on the middle of a pixel
    (its sides may be one pixel longer for that).  `centre` then has nothing to round, and the same
    strokes give the same input wherever they were drawn.
    """
    scale = side / max(ink.shape)
    margin = math.ceil(1 / scale)
    starts, sizes = [], []
    for extent, middle in zip(ink.shape, centre_of_mass(ink), strict=True):
        early = (0.5 - (middle + 0.5) * scale) % 1  # how much before the ink the grid starts
        sizes.append(math.ceil(extent * scale + early - 1e-6))
        starts.append(margin - early / scale)
    (top, left), (height, width) = starts, sizes
    padded = np.zeros(
        [extent + 2 * margin for extent in ink.shape], np.float32
    )  # as np.pad, sooner
    padded[margin:-margin, margin:-margin] = ink
    box = (left, top, left + width / scale, top + height / scale)
    small = Image.fromarray(padded).resize((width, height), Image.Resampling.LANCZOS, box)
    fitted = np.clip(np.asarray(small, np.float32), 0, 1)  # the filter overshoots at edges
    return fitted / fitted.max()


def squeeze(ink: Array, side: int = 28) -> Array:
    """Scaled to side x side whatever the aspect, the strongest ink 1: only to show what comes."""
    small = Image.fromarray(ink).resize((side, side), Image.Resampling.LANCZOS)
    squeezed = np.clip(np.asarray(small, np.float32), 0, 1)
    return squeezed / max(float(squeezed.max()), 1e-6)


def centre(ink: Array, side: int = 28, point: tuple[float, float] | None = None) -> Array:
    """Pasted into a side x side field, its centre of mass on the field's, or near if it is long.

    With a point (row, column) that is what comes to the middle.
    """
    field = np.zeros((side, side), np.float32)
    height, width = ink.shape
    row, column = point or centre_of_mass(ink)
    top = min(max(round(side / 2 - row), 0), side - height)
    left = min(max(round(side / 2 - column), 0), side - width)
    field[top : top + height, left : left + width] = ink
    return field


def middle(ink: Array) -> tuple[float, float]:
    """Row and column of the middle of its box."""
    return ink.shape[0] / 2, ink.shape[1] / 2


def centre_of_mass(ink: Array) -> tuple[float, float]:
    """Row and column, counted in pixels from the middle of the first one."""
    rows, columns = ink.sum(axis=1, dtype=np.float64), ink.sum(axis=0, dtype=np.float64)
    total = rows.sum()
    row = float((rows * np.arange(len(rows))).sum() / total)
    return row, float((columns * np.arange(len(columns))).sum() / total)


def pixels_in(content: bytes) -> int:
    """Width times height as the picture's first bytes say, or 0 where they say nothing."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            return image.width * image.height
    except Exception:  # a decoder may raise anything on a hostile file
        return 0
