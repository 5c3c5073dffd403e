"""Augmentation: random changes of training images that do not change the label.

An augmentation is a frozen dataclass, called with a random generator and a batch of images
(n, 28, 28), float32 with ink 1 on paper 0; it returns new images of the same shape.
"""

from dataclasses import dataclass

import numpy as np

from nn.layers import Array


@dataclass(frozen=True)
class Affine:
    """A random rotation, slant, scale, stretch and shift of each image, uniform in +- each field.

    rotation is in degrees, slant the tangent of its angle, scale and `stretch` (of height against
    width) are fractions, shift is in pixels along each axis.
    """

    rotation: float = 10.0
    slant: float = 0.15
    scale: float = 0.1
    stretch: float = 0.05
    shift: float = 1.5

    def __call__(self, rng: np.random.Generator, images: Array) -> Array:
        n = len(images)

        def uniform(size: float) -> Array:
            return rng.uniform(-size, size, n).astype(np.float32)

        angle = np.radians(uniform(self.rotation))
        zoom, stretch = 1 + uniform(self.scale), 1 + uniform(self.stretch)
        cos, sin, slant = np.cos(angle), np.sin(angle), uniform(self.slant)
        # from a position in the new image to that in the old one: a 2x2 matrix for each image
        matrix = np.empty((n, 2, 2), np.float32)
        matrix[:, 0, 0] = cos / (zoom * stretch)
        matrix[:, 0, 1] = -sin / (zoom * stretch)
        matrix[:, 1, 0] = (sin + slant * cos) * stretch / zoom
        matrix[:, 1, 1] = (cos - slant * sin) * stretch / zoom
        shift = np.stack([uniform(self.shift), uniform(self.shift)], axis=1)  # n 2: rows, columns
        return warp(images, matrix, shift)


@dataclass(frozen=True)
class Elastic:
    """A random elastic deformation (as in Simard, Steinkraus & Platt 2003, "Best Practices").

    Each of grid x grid knots is moved along each axis by a normal random distance with standard
    deviation `displacement`, in pixels; between knots the distance is interpolated smoothly.
    """

    displacement: float = 0.7
    grid: int = 5

    def __call__(self, rng: np.random.Generator, images: Array) -> Array:
        n, height, width = images.shape
        knots = rng.standard_normal((n, 2, self.grid, self.grid), np.float32) * self.displacement
        down, right = knot_weights(height, self.grid), knot_weights(width, self.grid)
        field = down @ knots @ right.T  # n 2 h w
        rows, columns = np.mgrid[:height, :width].astype(np.float32)
        source = field + np.stack([rows, columns])
        return bilinear(images, source[:, 0].reshape(n, -1), source[:, 1].reshape(n, -1))


def knot_weights(pixels: int, knots: int) -> Array:
    """(pixels, knots): the weight of each knot in the value of each pixel; rows sum to 1."""
    distance = np.linspace(0, knots - 1, pixels)[:, None] - np.arange(knots)
    weights = np.where(np.abs(distance) < 1, (1 + np.cos(np.pi * distance)) / 2, 0)
    return weights.astype(np.float32)


def warp(images: Array, matrix: Array, shift: Array) -> Array:
    """Each image resampled by its matrix (n, 2, 2) about the centre and its shift (n, 2).

    Bilinear; outside the image is paper.
    """
    _, height, width = images.shape
    centre = np.array([(height - 1) / 2, (width - 1) / 2], np.float32)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    positions = np.stack([rows.ravel() - centre[0], columns.ravel() - centre[1]])  # 2 hw
    source = matrix @ positions + (centre + shift)[:, :, None]  # n 2 hw
    return bilinear(images, source[:, 0], source[:, 1])


def bilinear(images: Array, rows: Array, columns: Array) -> Array:
    """images (n, h, w) interpolated at fractional rows and columns (n, h w); 0 outside."""
    n, height, width = images.shape
    padded = np.zeros((n, height + 2, width + 2), images.dtype)
    padded[:, 1:-1, 1:-1] = images
    # positions outside are clipped to the padding of one pixel, which is 0
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
