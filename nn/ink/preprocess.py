"""Preprocessing: from a picture of ink on paper to the 28x28 input of a network.

Each step is a small function, in this order: open, shrink, flatten transparency, convert to gray,
subtract the paper (which decides the polarity), crop to the ink, fit into 20x20, centre by mass in
28x28.  The last three are MNIST's own ("The MNIST database", LeCun, Cortes & Burges).  Training on
pen strokes and serving use the same functions.  `steps` can skip some of them for comparison.

Pixels remain bytes until the crop, because most are paper: see `Ink`.
"""

import io
import math
from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from nn.ink.files import WORKING_SIDE, BrokenPictureError, PictureFile, inspect
from nn.layers import Array

TILE_SIDE = 1000  # pixels of which a copy may be made at a time
Turn = Image.Transpose
TURNS = {  # what makes a picture upright, by its orientation in EXIF
    2: Turn.FLIP_LEFT_RIGHT,
    3: Turn.ROTATE_180,
    4: Turn.FLIP_TOP_BOTTOM,
    5: Turn.TRANSPOSE,
    6: Turn.ROTATE_270,
    7: Turn.TRANSVERSE,
    8: Turn.ROTATE_90,
}

MIN_SIZE = 0.015  # of the picture's longer side; a smaller drawing counts as blank
MIN_CONTRAST = 0.04  # of the range from black to white; a picture with less is blank
EVEN_SHARE = 0.4  # of all pixels; where so many are alike, the paper is even
FLOOR = 0.1  # fainter ink, as a fraction of full ink, is JPEG ringing or camera noise
EDGE = 0.3  # pixels with more than this fraction of full ink are inside the crop
LIGHTNESS = np.arange(256, dtype=np.float32) / 255  # of each byte

# Our own limit is stricter and checked before opening; Pillow's would only warn.
Image.MAX_IMAGE_PIXELS = None
Image.preinit()  # now, and not at the first picture, when there may be no file descriptor to import


def to_input(content: bytes | PictureFile) -> Array | None:
    """The 28x28 float32 (ink 1 on paper 0) of an encoded picture, or None when it is blank.

    Raises UnknownFormatError, TooLargeError or BrokenPictureError.
    """
    return image_to_input(open_picture(content, colours=False))


def image_to_input(image: Image.Image) -> Array | None:
    """`to_input` for a decoded picture."""
    cropped = image_to_crop(image)
    return None if cropped is None else cropped.as_input()


class Crop(NamedTuple):
    """The ink of a picture, and where it is."""

    ink: Array  # (height, width), from 0 to 1
    box: tuple[float, float, float, float]  # left, top, right, bottom, in shares of the sides

    def as_input(self) -> Array:
        """The 28x28 input."""
        return centre(fit(self.ink))


def to_crop(content: bytes | PictureFile) -> Crop | None:
    """The ink of an encoded picture, or None when it is blank.  Raises as `to_input` does."""
    return image_to_crop(open_picture(content, colours=False))


def image_to_crop(image: Image.Image) -> Crop | None:
    """`to_crop` for a decoded picture."""
    ink = subtract_paper(gray(flatten(shrink(image))))
    if ink is None:
        return None
    left, top, right, bottom = bounds(ink)
    height, width = ink.levels.shape
    if max(right - left, bottom - top) < MIN_SIZE * max(height, width):
        return None
    box = (left / width, top / height, right / width, bottom / height)
    return Crop(ink.amount(ink.levels[top:bottom, left:right]), box)


# The steps that can be skipped.  Gray cannot: a network has one number for each pixel.
STEPS = ("drawing", "flatten", "gray", "polarity", "crop", "box", "centre")
OPTIONAL = ("flatten", "polarity", "crop", "box", "centre")
Step = tuple[str, Image.Image | Array]


def steps(image: Image.Image, skip: Collection[str] = ()) -> Iterator[Step]:
    """The name and the result of each step: drawing, flatten, gray, polarity, crop, box, centre.

    The last result equals that of `image_to_input`; for a blank drawing the steps end before it.  A
    step in `skip` is replaced by the following: without "flatten", transparent pixels become black;
    without "polarity", the lightness counts as ink; without "crop", the whole canvas is used;
    without "box", it is scaled to 28x28 whatever its aspect ratio; without "centre", the bounding
    box is centred instead of the centre of mass.
    """
    image = shrink(image)
    yield "drawing", image
    if "flatten" not in skip:
        image = flatten(image)
    elif image.has_transparency_data:
        image = image.convert("RGBA").convert("RGB")
    yield "flatten", image
    light = gray(image)
    yield "gray", lightness(light)
    ink = Ink(lightness(light)) if "polarity" in skip else subtract_paper(light)
    if ink is None or not ink.stronger_than(EDGE).any():
        return
    drawing = ink.amount(ink.levels)
    yield "polarity", drawing
    if "crop" not in skip:
        drawing = crop(ink)
        if max(drawing.shape) < MIN_SIZE * max(ink.levels.shape):
            return
    yield "crop", drawing
    drawing = squeeze(drawing) if "box" in skip else fit(drawing)
    yield "box", drawing
    yield "centre", centre(drawing, point=middle(drawing) if "centre" in skip else None)


def input_after(results: list[Step]) -> Array | None:
    """The 28x28 input from the results of `steps`, or None when the drawing is blank."""
    name, picture = results[-1]
    return np.asarray(picture) if name == "centre" else None


def open_picture(content: bytes | PictureFile, colours: bool = True) -> Image.Image:
    """The decoded picture, upright and shrunk; it is inspected before it is decoded.

    Without colours, only the lightness of a JPEG is decoded, which it holds apart from them.

    Raises UnknownFormatError, TooLargeError or BrokenPictureError.
    """
    picture = content if isinstance(content, PictureFile) else inspect(content)
    try:
        image: Image.Image = Image.open(io.BytesIO(picture.content), formats=[picture.kind])
        if image.size != (picture.width, picture.height):
            raise ValueError("its size is ambiguous")
        if picture.kind == "JPEG":  # a large photo at a reduced size
            image.draft(None if colours else "L", draft_size(*image.size))
        image.load()
    except UnidentifiedImageError:
        raise BrokenPictureError(
            "the picture is truncated or damaged: send the whole file again"
        ) from None
    except Exception as error:  # a decoder may raise anything on a hostile file
        raise BrokenPictureError(
            f"the picture is truncated or damaged ({error}): send the whole file again"
        ) from None
    image = shrink(image)
    turn = TURNS.get(picture.orientation)
    return image if turn is None else image.transpose(turn)


def draft_size(width: int, height: int) -> tuple[int, int]:
    """What a JPEG may be scaled down to while it is decoded: WORKING_SIDE, less for a strip."""
    longer, shorter = max(width, height), min(width, height)
    side = max(1, min(WORKING_SIDE, 2 * WORKING_SIDE * shorter // longer))
    return (WORKING_SIDE, side) if width > height else (side, WORKING_SIDE)


def shrink(image: Image.Image) -> Image.Image:
    """The picture with its longer side less than twice WORKING_SIDE, for fast later steps.

    It is done tile by tile, because `reduce` copies what is transparent.
    """
    factor = max(image.size) // WORKING_SIDE
    if factor < 2:
        return image
    width, height = image.size
    side = factor * max(1, TILE_SIDE // factor)
    small = None
    for top in range(0, height, side):
        for left in range(0, width, side):
            box = (left, top, min(left + side, width), min(top + side, height))
            tile = reduced(image.crop(box), factor)
            if small is None:
                small = Image.new(tile.mode, (-(-width // factor), -(-height // factor)))
            small.paste(tile, (left // factor, top // factor))
    assert small is not None  # a picture has a pixel
    return small


def reduced(image: Image.Image, factor: int) -> Image.Image:
    """`Image.reduce` for pictures of all modes."""
    if image.mode.startswith("I"):  # 16 bits a pixel, which `reduce` does not support
        return image.convert("F").reduce(factor)
    if image.mode in ("1", "P") or "transparency" in image.info:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image.reduce(factor)


def flatten(image: Image.Image) -> Image.Image:
    """The picture on opaque paper, for a canvas saved without a background.

    If all visible pixels have one lightness, or most pixels are transparent, the visible pixels are
    ink, and the paper is white or black, whichever differs more from them: black or white ink that
    differs from the paper only in alpha remains visible.  Otherwise the picture has paper of its
    own, and transparent pixels get its lightness.
    """
    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    opacity = np.asarray(image.getchannel("A"))
    most = int(opacity.max())
    if opacity.min() == 255:
        return image.convert("RGB")
    if most == 0:
        return Image.new("L", image.size, 255)
    visible = np.asarray(image.convert("L"))[opacity > most // 2]
    if opacity.mean() > 127.5 and np.ptp(visible) > 255 * MIN_CONTRAST:
        paper = int(np.median(visible))
    else:
        paper = 255 if visible.mean() < 128 else 0
    sheet = Image.new("RGBA", image.size, (paper, paper, paper, 255))
    return Image.alpha_composite(sheet, image).convert("RGB")


def gray(image: Image.Image) -> Array:
    """Lightness (height, width): bytes, or float32 from 0 to 1 for a picture of 16 bits."""
    if image.mode.startswith(("I", "F")):  # 16 bits, which Pillow's own conversion clips at 255
        return np.asarray(image, np.float32).clip(0, 65535) / 65535
    return np.asarray(image.convert("L"))


def lightness(light: Array) -> Array:
    """What `gray` returns, as float32 from 0 to 1."""
    return light / np.float32(255) if light.dtype == np.uint8 else light


class Ink(NamedTuple):
    """How much ink each pixel has, as a level; a higher level is more ink.

    On even paper levels are bytes, and `table` holds the amount for each of the 256: fewer numbers
    to calculate with than all pixels.  On uneven paper levels are the amounts themselves.
    """

    levels: Array  # (height, width), uint8 or float32
    table: Array | None = None  # (256,) float32, ascending

    def amount(self, levels: Array) -> Array:
        return levels if self.table is None else self.table.take(levels)

    def stronger_than(self, amount: float) -> Array:
        """Which pixels have more ink than that, as booleans (height, width)."""
        if self.table is None:
            return self.levels > amount
        return self.levels >= int(self.table.searchsorted(np.float32(amount), "right"))


def subtract_paper(light: Array) -> Ink | None:
    """Ink from 0 to 1, darker or lighter than the paper; None if there is none.

    Full ink is the mean of all pixels that are more than half as strong as the strongest, so that a
    faint pencil gives the same as a marker.
    """
    ink = difference_from(paper_under(light), light)
    strongest = float(ink.amount(ink.levels.max()))
    if strongest < MIN_CONTRAST:
        return None
    strong = ink.levels[ink.stronger_than(strongest / 2)]
    full = float(ink.amount(strong).mean())
    amounts = ink.levels if ink.table is None else ink.table
    # in place, because allocating a new array takes longer than each operation
    amounts /= full
    amounts -= FLOOR
    amounts /= 1 - FLOOR
    np.clip(amounts, 0, 1, out=amounts)
    return ink


def difference_from(paper: Array, light: Array) -> Ink:
    """How much lighter the pixels are than the paper, or how much darker, if that is the ink."""
    if light.dtype != np.uint8 or paper.ndim:
        difference = lightness(light) - paper
        return Ink(
            difference if is_light_on_dark(difference) else np.negative(difference, difference)
        )
    table = LIGHTNESS - paper
    if table[light.max()] <= 0:  # ink on white paper, as from the page: no need to count
        light_on_dark = False
    else:
        counts = Image.fromarray(light).histogram()  # np.bincount is slower
        light_on_dark = is_light_on_dark(table * np.sqrt(counts))
    return Ink(light, table) if light_on_dark else Ink(~light, -table[::-1])


def is_light_on_dark(difference: Array) -> bool:
    """Whether the ink is lighter than the paper, given lightness minus that of the paper.

    Squares are summed, so that strong ink outweighs weak noise of both signs.
    """
    up, down = np.maximum(difference, 0), np.minimum(difference, 0)
    return float(np.square(up, out=up).sum()) > float(np.square(down, out=down).sum())


def paper_under(light: Array) -> Array:
    """The paper's lightness at each pixel: one number if it is even, otherwise a smooth surface.

    A drawing from a canvas has even paper; in a photo one side is brighter.
    """
    margin = max(1, min(light.shape) // 20)
    edges = (light[:margin], light[-margin:], light[:, :margin], light[:, -margin:])
    corner = light[0, 0]
    # as from the page: the percentiles are not needed
    if all((edge == corner).all() for edge in edges):
        return lightness(np.asarray(corner))
    frame = np.concatenate([edge.ravel() for edge in edges])
    low, paper, high = np.percentile(lightness(frame), (10, 50, 90))
    if high - low < MIN_CONTRAST:
        return np.asarray(paper, np.float32)
    if light.dtype == np.uint8:  # ink may reach the edges of even paper
        counts = Image.fromarray(light).histogram()
        level = int(np.argmax(counts))
        if sum(counts[max(0, level - 2) : level + 3]) > EVEN_SHARE * light.size:
            return lightness(np.asarray(level, np.uint8))
    return smooth_surface(lightness(light))


def smooth_surface(light: Array, rounds: int = 8) -> Array:
    """The quadratic surface on which most pixels lie.

    Least squares, repeated over the 70 % of the pixels nearest to the last surface, which excludes
    the ink (least trimmed squares: Rousseeuw & Leroy 1987).
    """
    height, width = light.shape
    small = Image.fromarray(light).resize((32, 32), Image.Resampling.BOX)
    values = np.asarray(small, np.float64).ravel()
    y, x = (np.mgrid[:32, :32].reshape(2, -1) + 0.5) / 16 - 1
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    inliers = np.ones(len(values), bool)
    for _ in range(rounds):
        weights = np.linalg.lstsq(terms[inliers], values[inliers], rcond=None)[0]
        distance = np.abs(values - terms @ weights)
        inliers = distance <= np.quantile(distance, 0.7)
    rows = ((np.arange(height) + 0.5) / height * 2 - 1)[:, None]
    columns = ((np.arange(width) + 0.5) / width * 2 - 1)[None, :]
    w = weights
    surface = w[0] + w[1] * columns + w[2] * rows
    surface += w[3] * columns**2
    surface += w[4] * rows * columns
    surface += w[5] * rows**2
    return surface.astype(np.float32)


def crop(ink: Ink) -> Array:
    """The ink (height, width), from 0 to 1, in the bounding box of all pixels above EDGE."""
    left, top, right, bottom = bounds(ink)
    return ink.amount(ink.levels[top:bottom, left:right])


def bounds(ink: Ink) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of all pixels above EDGE, of which there is one."""
    return box_of(ink.stronger_than(EDGE))


def box_of(mask: Array) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is true in a mask (height, width); not all is false."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def fit(ink: Array, side: int = 20) -> Array:
    """Scaled so that the longer side is `side`, with the same aspect ratio, the strongest ink 1.

    The pixel grid is shifted so that the centre of mass is in the middle of a pixel (the sides may
    become one pixel longer).  `centre` then need not round, and the same strokes give the same
    input wherever they were drawn.
    """
    scale = side / max(ink.shape)
    margin = math.ceil(1 / scale)
    starts, sizes = [], []
    for extent, middle in zip(ink.shape, centre_of_mass(ink), strict=True):
        offset = (0.5 - (middle + 0.5) * scale) % 1  # from the start of the grid to the ink
        sizes.append(math.ceil(extent * scale + offset - 1e-6))
        starts.append(margin - offset / scale)
    (top, left), (height, width) = starts, sizes
    # np.pad is slower
    padded = np.zeros([extent + 2 * margin for extent in ink.shape], np.float32)
    padded[margin:-margin, margin:-margin] = ink
    box = (left, top, left + width / scale, top + height / scale)
    small = Image.fromarray(padded).resize((width, height), Image.Resampling.LANCZOS, box)
    fitted = np.clip(np.asarray(small, np.float32), 0, 1)  # the filter overshoots at edges
    return fitted / fitted.max()


def squeeze(ink: Array, side: int = 28) -> Array:
    """Scaled to side x side whatever the aspect ratio, the strongest ink 1; for `steps` alone."""
    small = Image.fromarray(ink).resize((side, side), Image.Resampling.LANCZOS)
    squeezed = np.clip(np.asarray(small, np.float32), 0, 1)
    return squeezed / max(float(squeezed.max()), 1e-6)


def centre(ink: Array, side: int = 28, point: tuple[float, float] | None = None) -> Array:
    """The ink in a side x side field, its centre of mass in the middle as far as the ink fits.

    With a point (row, column), that point is in the middle instead.
    """
    field = np.zeros((side, side), np.float32)
    height, width = ink.shape
    row, column = point or centre_of_mass(ink)
    top = min(max(round(side / 2 - row), 0), side - height)
    left = min(max(round(side / 2 - column), 0), side - width)
    field[top : top + height, left : left + width] = ink
    return field


def middle(ink: Array) -> tuple[float, float]:
    """Row and column of the middle of the box."""
    return ink.shape[0] / 2, ink.shape[1] / 2


def centre_of_mass(ink: Array) -> tuple[float, float]:
    """Row and column in pixels, 0 being the middle of the first pixel."""
    rows, columns = ink.sum(axis=1, dtype=np.float64), ink.sum(axis=0, dtype=np.float64)
    total = rows.sum()
    row = float((rows * np.arange(len(rows))).sum() / total)
    return row, float((columns * np.arange(len(columns))).sum() / total)
