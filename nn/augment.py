"""Random changes to training images that leave the digit what it is.

An augmentation is a frozen record, called with a random generator and a batch of images
(n, 28, 28), float32 with ink 1 on paper 0; it returns new images of the same shape.
"""

from dataclasses import dataclass

import numpy as np

from nn.layers import Array


@dataclass(frozen=True)
class Affine:
    """A random rotation, slant, stretch and shift of each image, drawn evenly from the ranges.

    rotation in degrees either way; slant as the tangent of its angle; scale as a share either way,
    `stretch` the same for height against width; shift in pixels either way along each axis.
    """

    rotation: float = 10.0
    slant: float = 0.15
    scale: float = 0.1
    stretch: float = 0.05
    shift: float = 1.5

    def __call__(self, rng: np.random.Generator, images: Array) -> Array:
        n = len(images)

        def spread(size: float) -> Array:
            return rng.uniform(-size, size, n).astype(np.float32)

        angle = np.radians(spread(self.rotation))
        zoom, stretch = 1 + spread(self.scale), 1 + spread(self.stretch)
        cos, sin, slant = np.cos(angle), np.sin(angle), spread(self.slant)
        # from a place in the new image to the place in the old one it shows: a 2x2 matrix each
        matrix = np.empty((n, 2, 2), np.float32)
        matrix[:, 0, 0] = cos / (zoom * stretch)
        matrix[:, 0, 1] = -sin / (zoom * stretch)
        matrix[:, 1, 0] = (sin + slant * cos) * stretch / zoom
        matrix[:, 1, 1] = (cos - slant * sin) * stretch / zoom
        shift = np.stack([spread(self.shift), spread(self.shift)], axis=1)  # n 2: rows, columns
        return warp(images, matrix, shift)


@dataclass(frozen=True)
class Elastic:
    """A random bending of each image (as in Simard, Steinkraus & Platt 2003, "Best Practices").

    Each of grid x grid knots is pushed by a normal distance of deviation `push`, in pixels, along
    each axis; between knots the push goes over smoothly.
    """

    push: float = 0.7
    grid: int = 5

    def __call__(self, rng: np.random.Generator, images: Array) -> Array:
        n, height, width = images.shape
        pushes = rng.standard_normal((n, 2, self.grid, self.grid), np.float32) * self.push
        down, right = between_knots(height, self.grid), between_knots(width, self.grid)
        field = down @ pushes @ right.T  # n 2 h w
        rows, columns = np.mgrid[:height, :width].astype(np.float32)
        source = field + np.stack([rows, columns])
        return bilinear(images, source[:, 0].reshape(n, -1), source[:, 1].reshape(n, -1))


def between_knots(pixels: int, knots: int) -> Array:
    """(pixels, knots): how much of each knot's value every pixel takes, rows that sum to 1."""
    place = np.linspace(0, knots - 1, pixels)[:, None] - np.arange(knots)
    share = np.where(np.abs(place) < 1, (1 + np.cos(np.pi * place)) / 2, 0)
    return share.astype(np.float32)


def warp(images: Array, matrix: Array, shift: Array) -> Array:
    """Each image seen through its matrix (n, 2, 2) about its centre and its shift (n, 2).

    Bilinear; what lies outside is paper.
    """
    _, height, width = images.shape
    centre = np.array([(height - 1) / 2, (width - 1) / 2], np.float32)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    places = np.stack([rows.ravel() - centre[0], columns.ravel() - centre[1]])  # 2 hw
    source = matrix @ places + (centre + shift)[:, :, None]  # n 2 hw
    return bilinear(images, source[:, 0], source[:, 1])


def bilinear(images: Array, rows: Array, columns: Array) -> Array:
    """images (n, h, w) read at fractional rows and columns (n, h w); outside them is 0."""
    n, height, width = images.shape
    padded = np.zeros((n, height + 2, width + 2), images.dtype)
    padded[:, 1:-1, 1:-1] = images
    # one ring of paper around: any place further out reads from the ring
    rows = np.clip(rows + 1, 0, height + 0.999)
    columns = np.clip(columns + 1, 0, width + 0.999)
    top, left = np.floor(rows), np.floor(columns)
    down, right = rows - top, columns - left
    line = width + 2
    index = top.astype(np.int32) * line + left.astype(np.int32)
    index += (np.arange(n, dtype=np.int32) * (height + 2) * line)[:, None]
    flat = padded.ravel()
    upper = flat[index] * (1 - right) + flat[index + 1] * right
    lower = flat[index + line] * (1 - right) + flat[index + line + 1] * right
    result: Array = (upper * (1 - down) + lower * down).reshape(images.shape)
    return result


Augmentation = Affine | Elastic
AUGMENTATIONS: tuple[type, ...] = (Affine, Elastic)
