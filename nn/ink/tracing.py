"""From a bitmap back to pen strokes: thin the ink, follow the thin lines, join them to strokes.

The ink is thinned to lines of one pixel (Zhang & Suen 1984, "A fast parallel algorithm for thinning
digital patterns").  Where these meet, lines that go straight on become one stroke.  Each tracing is
checked by drawing it with the width that the ink had.  Only for making training data: it needs
scikit-image and SciPy, which are not installed where the app is served.
"""

from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.morphology import skeletonize

from nn.layers import Array

ZOOM = 4  # factor by which a small bitmap is enlarged
STRAIGHT_ON = -0.4  # cosine of the angle between two lines that may be one stroke; -1 is straight
SHORTEST_SPUR = 0.8  # of half the ink's width: what a line must add to the ink where it starts
TOLERANCE = 0.7  # of the ink's width: how far a tracing may leave out ink, or add some
FILLED = 2.2  # of half the ink's width: where ink is deeper than that, a loop is filled
SOFTNESS = 1.1  # points, 0.2 widths of the ink apart, over which a line is smoothed
Pixel = tuple[int, int]


class Tracing(NamedTuple):
    """Lines of points (n, 2), x and y in pixels of the bitmap, and the width of the ink there."""

    lines: list[Array]
    width: float


class Edge(NamedTuple):
    """A thin line (n, 2) of rows and columns from one node to another; nodes are numbers."""

    start: int
    end: int
    path: Array

    @property
    def length(self) -> float:
        return float(np.hypot(*np.diff(self.path, axis=0).T).sum())

    def reversed(self) -> "Edge":
        return Edge(self.end, self.start, self.path[::-1])


def trace(bitmap: Array) -> Tracing | None:
    """The strokes in a small bitmap (height, width), uint8, ink 255; None if they do not cover it.

    It is enlarged and smoothed first, so that thinning follows the middle of the ink.
    """
    height, width = bitmap.shape
    image = Image.fromarray(np.pad(bitmap, 1))
    size = ((width + 2) * ZOOM, (height + 2) * ZOOM)
    enlarged = np.asarray(image.resize(size, Image.Resampling.BICUBIC), np.float32)
    mask = ndimage.gaussian_filter(enlarged, ZOOM * 0.4) > 100
    tracing = trace_mask(mask)
    if tracing is None:
        return None
    return Tracing([line / ZOOM - 1 for line in tracing.lines], tracing.width / ZOOM)


def trace_mask(mask: Array) -> Tracing | None:
    """The strokes in a mask (height, width) of bool; None if they do not cover it."""
    mask = without_specks(mask)
    if not mask.any():
        return None
    # of each pixel, from the edge of the paper, which is half a pixel from its pixels' middles
    depth = np.maximum(ndimage.distance_transform_edt(mask) - 0.5, 0)
    thin = skeletonize(mask)
    radius = float(np.median(depth[thin]))
    nodes, edges = graph(thin)
    nodes, edges = merged(nodes, edges, 1.6 * radius)
    edges = without_spurs(nodes, edges, depth, radius)
    lines = [smoothed(line, radius) for line in strokes_of(nodes, edges, radius)]
    tracing = Tracing([oriented(line[:, ::-1]) for line in lines], 2 * radius)
    is_filled = depth.max() > FILLED * radius
    return None if is_filled or not covers(tracing, mask) else tracing


def without_specks(mask: Array) -> Array:
    """The mask without parts of less than a hundredth of its ink."""
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    if count < 2:
        return mask
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    return np.asarray((areas > 0.01 * areas.sum())[labels])


# ------------------------------------------------------------------------- thin lines as a graph


def graph(thin: Array) -> tuple[Array, list[Edge]]:
    """Nodes (n, 2), the ends and crossings of lines of one pixel, and the lines between them."""
    pixels = {(int(row), int(column)) for row, column in zip(*np.nonzero(thin), strict=True)}
    neighbours = {pixel: list(neighbours_of(pixel, pixels)) for pixel in pixels}
    numbers = {p: i for i, p in enumerate(p for p in sorted(pixels) if len(neighbours[p]) != 2)}
    edges: list[Edge] = []
    visited: set[Pixel] = set()
    taken: set[tuple[Pixel, Pixel]] = set()  # first steps of lines that are followed already

    def follow(start: Pixel, step: Pixel) -> None:
        path = [start, step]
        while path[-1] not in numbers:
            visited.add(path[-1])
            path.append(next(p for p in neighbours[path[-1]] if p != path[-2]))
        taken.add((path[-1], path[-2]))
        edges.append(Edge(numbers[start], numbers[path[-1]], np.array(path, float)))

    for pixel in list(numbers):
        for step in neighbours[pixel]:
            if (pixel, step) not in taken:
                follow(pixel, step)
    for pixel in sorted(pixels):  # rings, which have neither end nor crossing
        if pixel not in visited and pixel not in numbers:
            numbers[pixel] = len(numbers)
            follow(pixel, neighbours[pixel][0])
    return np.array(list(numbers), float), edges


def neighbours_of(pixel: Pixel, pixels: set[Pixel]) -> Iterator[Pixel]:
    """The neighbouring pixels; a diagonal one only where no straight step leads to it."""
    row, column = pixel
    for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        if (row + down, column + right) in pixels:
            yield row + down, column + right
    for down, right in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
        if (
            (row + down, column + right) in pixels
            and (row + down, column) not in pixels
            and (row, column + right) not in pixels
        ):
            yield row + down, column + right


def degrees(edges: list[Edge], count: int) -> Array:
    """How many lines end at each of `count` nodes."""
    ends = [node for edge in edges for node in edge[:2]]
    return np.bincount(np.array(ends, int), minlength=count)


def merged(nodes: Array, edges: list[Edge], distance: float) -> tuple[Array, list[Edge]]:
    """Crossings joined to one where the line between them is shorter than the distance.

    Where two strokes of a pen cross, thinning gives two forks that are about a pen's width apart.
    """
    degree = degrees(edges, len(nodes))
    group = np.arange(len(nodes))
    short = [
        edge
        for edge in edges
        if edge.start != edge.end
        and degree[edge.start] > 2
        and degree[edge.end] > 2
        and edge.length < distance
    ]
    for edge in short:
        group[group == group[edge.end]] = group[edge.start]
    middles = np.array([nodes[group == group[i]].mean(axis=0) for i in range(len(nodes))])
    kept = [edge for edge in edges if not any(edge is other for other in short)]
    return middles, [Edge(int(group[e.start]), int(group[e.end]), e.path) for e in kept]


def without_spurs(nodes: Array, edges: list[Edge], depth: Array, radius: float) -> list[Edge]:
    """The lines without those that end in the ink of the crossing where they start."""

    def added(edge: Edge) -> float:
        """How far the ink at the line's free end reaches beyond that at its crossing."""
        free, crossing = edge.start, edge.end
        if degree[free] > 1:
            free, crossing = crossing, free
        return edge.length + depth_at(nodes[free]) - depth_at(nodes[crossing])

    def depth_at(point: Array) -> float:
        return float(depth[tuple(np.rint(point).astype(int))])

    while True:
        degree = degrees(edges, len(nodes))
        free_at_one_end = [
            edge
            for edge in edges
            if min(degree[edge.start], degree[edge.end]) == 1
            and max(degree[edge.start], degree[edge.end]) > 2
        ]
        spurs = [edge for edge in free_at_one_end if added(edge) < SHORTEST_SPUR * radius]
        if not spurs:
            return edges
        shortest = min(spurs, key=lambda edge: edge.length)
        edges = [edge for edge in edges if edge is not shortest]


# ------------------------------------------------------------------------------ lines as strokes


def strokes_of(nodes: Array, edges: list[Edge], radius: float) -> list[Array]:
    """Lines (n, 2) joined to strokes where they go straight on through a crossing."""
    ends: dict[int, list[tuple[int, bool]]] = {}  # at each node: the edge, and whether it starts
    for i, edge in enumerate(edges):
        ends.setdefault(edge.start, []).append((i, True))
        ends.setdefault(edge.end, []).append((i, False))
    partner: dict[tuple[int, bool], tuple[int, bool]] = {}
    for node, here in ends.items():
        directions = {end: direction(nodes[node], edges[end[0]], end[1], radius) for end in here}
        pairs = sorted(combinations(here, 2), key=lambda p: directions[p[0]] @ directions[p[1]])
        for a, b in pairs:
            straight = directions[a] @ directions[b] < STRAIGHT_ON or len(here) == 2
            if straight and a not in partner and b not in partner:
                partner[a], partner[b] = b, a
    strokes, used = [], set[int]()
    loose = [end for here in ends.values() for end in here if end not in partner]
    anywhere = [end for here in ends.values() for end in here]
    for end in (*loose, *anywhere):  # rings have no loose end
        if end[0] in used:
            continue
        parts: list[Array] = []
        at: tuple[int, bool] | None = end
        while at is not None and at[0] not in used:
            number, from_start = at
            used.add(number)
            edge = edges[number] if from_start else edges[number].reversed()
            parts.append(attached(nodes, edge, radius))
            at = partner.get((number, not from_start))
        strokes.append(np.concatenate(parts))
    return strokes


def direction(node: Array, edge: Edge, from_start: bool, radius: float) -> Array:
    """The unit vector from a node along its line, over about the width of the ink."""
    path = edge.path if from_start else edge.path[::-1]
    away = np.hypot(*(path - node).T)
    far = np.flatnonzero(away >= 3 * radius)
    step = path[far[0] if len(far) else -1] - node
    return np.asarray(step / max(float(np.hypot(*step)), 1e-9))


def attached(nodes: Array, edge: Edge, radius: float) -> Array:
    """The line's points, ends at its nodes; thinning bends lines near a crossing: left out."""
    path = edge.path
    ends = nodes[edge.start], nodes[edge.end]
    inside = np.ones(len(path), bool)
    if edge.length > 4 * radius:
        for node in ends:
            near = np.hypot(*(path - node).T) < radius
            inside &= ~near
    return np.concatenate([ends[:1], path[inside], ends[1:]])


def smoothed(line: Array, radius: float) -> Array:
    """The line (n, 2) resampled at equal steps, without the steps of the pixel grid."""
    steps = np.hypot(*np.diff(line, axis=0).T)
    line = line[np.concatenate([[True], steps > 1e-9])]
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    count = max(3, round(along[-1] / (0.4 * radius)))
    at = np.linspace(0, along[-1], count)
    even = np.stack([np.interp(at, along, values) for values in line.T], axis=1)
    is_ring = len(line) > 8 and np.hypot(*(line[0] - line[-1])) < 1e-9
    if is_ring:
        soft = ndimage.gaussian_filter1d(even[:-1], SOFTNESS, axis=0, mode="wrap")
        return np.concatenate([soft, soft[:1]])
    # mirrored at the ends, so that these stay where they are
    mirrored = np.concatenate([2 * even[0] - even[1:][::-1], even, 2 * even[-1] - even[:-1][::-1]])
    soft = ndimage.gaussian_filter1d(mirrored, SOFTNESS, axis=0)
    return np.asarray(soft[count - 1 : 2 * count - 1])


def oriented(line: Array) -> Array:
    """The line (n, 2) of x and y from its upper end, or the left one where both are level."""
    down, right = line[-1, 1] - line[0, 1], line[-1, 0] - line[0, 0]
    return line if down + 0.3 * right >= 0 else line[::-1]


def covers(tracing: Tracing, mask: Array) -> bool:
    """Whether the strokes, drawn with their width, leave out no ink and add none."""
    drawn = np.ones(mask.shape, bool)
    for line in tracing.lines:
        points = np.concatenate([np.linspace(a, b, 8) for a, b in pairwise(line)])
        columns, rows = np.rint(points).astype(int).T
        drawn[rows.clip(0, mask.shape[0] - 1), columns.clip(0, mask.shape[1] - 1)] = False
    away = ndimage.distance_transform_edt(drawn)
    slack = TOLERANCE * tracing.width + 1
    left_out = away[mask].max() - tracing.width / 2 > slack
    outside = ndimage.distance_transform_edt(~mask)
    added = outside[away < 1].max() > slack
    return not left_out and not added
