"""Tracing: ink drawn with a pen becomes the strokes of that pen again."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from nn.dataset import as_input
from nn.ink.strokes import Drawing, as_strokes, draw, renderings
from nn.ink.tracing import trace, trace_mask
from nn.network import Network

SIDE, PEN = 160, 12
ANGLE = np.linspace(0, 2 * np.pi, 60)
RING = [(float(np.cos(a)), float(np.sin(a))) for a in ANGLE]
FIGURES = {
    "line": [[(0, 0), (0, 1)]],
    "ring": [RING],
    "cross": [[(0, 0), (1, 1)], [(1, 0), (0, 1)]],
    "plus": [[(0, 0.5), (1, 0.5)], [(0.5, 0), (0.5, 1)]],
    "tee": [[(0, 0), (1, 0)], [(0.5, 0), (0.5, 1)]],
    "seven": [[(0, 0), (1, 0), (0.4, 1.5)]],
    "two lines": [[(0, 0), (0, 1)], [(0.7, 0), (0.7, 1)]],
    "eight": [[(np.sin(a), -np.cos(a / 2) * 1.8) for a in np.linspace(0, 4 * np.pi, 120)]],
}


def mask_of(strokes, pen=PEN):
    image = draw(strokes, SIDE, pen, (SIDE / 2, SIDE / 2), 0.7 * SIDE)
    return np.asarray(image) < 128


def redrawn(tracing):
    """The traced lines drawn with the traced width."""
    image = Image.new("L", (SIDE, SIDE), 0)
    pencil, r = ImageDraw.Draw(image), tracing.width / 2
    for line in tracing.lines:
        pencil.line([tuple(p) for p in line], fill=255, width=round(tracing.width))
        for x, y in line:
            pencil.ellipse((x - r, y - r, x + r, y + r), fill=255)
    return np.asarray(image) > 127


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("pen", [8, 12, 18])
def test_traced_strokes_cover_the_ink(figure, pen):
    mask = mask_of(FIGURES[figure], pen)
    tracing = trace_mask(mask)
    drawn = redrawn(tracing)
    assert (mask & drawn).sum() / (mask | drawn).sum() > 0.75
    assert tracing.width == pytest.approx(pen, rel=0.25)


@pytest.mark.parametrize("figure", FIGURES)
def test_there_are_as_many_strokes_as_were_drawn(figure):
    assert len(trace_mask(mask_of(FIGURES[figure])).lines) == len(FIGURES[figure])


def test_ring_is_closed_and_others_start_at_their_upper_end():
    ring = trace_mask(mask_of(FIGURES["ring"])).lines[0]
    np.testing.assert_allclose(ring[0], ring[-1])
    seven = trace_mask(mask_of(FIGURES["seven"])).lines[0]
    assert seven[0, 1] < seven[-1, 1]
    assert np.ptp(seven[:, 1]) == pytest.approx(0.7 * SIDE, rel=0.1)


@pytest.mark.parametrize("pen", [8, 12, 18])
def test_rough_edge_gives_no_spurs(pen):
    mask = mask_of(FIGURES["line"], pen)
    rng = np.random.default_rng(3)
    edge = mask ^ np.roll(mask, 1, axis=1)
    rough = mask | (edge & (rng.random(mask.shape) < 0.3))
    assert len(trace_mask(rough).lines) == 1


def test_foot_longer_than_the_pen_is_wide_is_kept():
    foot = [[(0, 0), (0, 1)], [(0, 0.97), (0.3, 0.97)]]
    points = np.concatenate(trace_mask(mask_of(foot)).lines)
    assert np.ptp(points[:, 0]) > 0.2 * 0.7 * SIDE


def test_speck_is_left_out():
    mask = mask_of(FIGURES["line"])
    mask[3:5, 3:5] = True
    assert len(trace_mask(mask).lines) == 1


def test_filled_loop_and_blank_paper_are_not_traced():
    six = mask_of([[(0.6, 0), (0.1, 1), (0.1, 1.6)], [(0.1, 1.5), (0.5, 1.5)]], 10)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    six |= (rows - 118) ** 2 + (columns - 85) ** 2 < 24**2
    assert trace_mask(six) is None
    assert trace_mask(np.zeros((SIDE, SIDE), bool)) is None
    assert trace(np.zeros((28, 28), np.uint8)) is None


def test_nearly_all_digits_are_traced_and_read_the_same(mnist_test):
    images, labels = mnist_test.images[:400], mnist_test.labels[:400]
    traced = [(trace(image), label) for image, label in zip(images, labels, strict=True)]
    drawings = [Drawing(int(label), 0, as_strokes(t.lines)) for t, label in traced if t]
    assert len(drawings) > 0.9 * len(images)
    drawn, labels = renderings(drawings)
    best = Network.load("weights/best.npz")
    read = best.probabilities(as_input(drawn))[:, :10].argmax(axis=1)
    assert (read == labels).mean() > 0.95
