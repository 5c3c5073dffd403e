"""Sets made from others: MNIST as strokes, the catalogue, and digits unlike those of training."""

import numpy as np
import pytest

from nn.data import sets, traced
from nn.ink.strokes import PENS
from tests.data.test_data import home, idx  # noqa: F401 (home is a fixture)


@pytest.fixture
def few_digits(home, mnist_test):  # noqa: F811
    """A hundred images of MNIST as all there is of it: 50 for training, 50 for validation."""
    images, labels = mnist_test.images[:100], mnist_test.labels[:100].astype(np.uint8)
    (home / "mnist/train-images-idx3-ubyte").write_bytes(idx(images))
    (home / "mnist/train-labels-idx1-ubyte").write_bytes(idx(labels))
    return labels


def test_traced_digits_keep_their_labels_and_have_copies_for_training(few_digits):
    drawings = traced.traced_drawings("train")
    assert 40 <= len(drawings) <= 50
    training, validation = sets.load("traced", "train"), sets.load("traced", "validation")
    assert training.labels.tolist() == [d.label for d in drawings for _ in range(traced.COPIES)]
    assert validation.labels.tolist() == [d.label for d in traced.traced_drawings("validation")]
    again = sets.load("traced", "train")
    np.testing.assert_array_equal(training.images, again.images)
    assert not np.array_equal(training.images[0], training.images[1])


def test_each_split_of_the_catalogue_has_other_drawings():
    validation, test = sets.load("glyphs", "validation"), sets.load("glyphs", "test")
    assert set(validation.labels) == set(range(10))
    seen = {image.tobytes() for image in validation.images}
    assert not any(image.tobytes() in seen for image in test.images)


def test_thresholds_are_chosen_on_digits_drawn_with_other_pens(pen_test):
    for thin, wide in sets.OTHER_PENS:
        assert wide <= PENS[0] or thin >= PENS[1]
    drawings = pen_test[:60]
    digits = sets.with_other_pens(drawings, np.random.default_rng(1))
    ordered = drawings[::2] + drawings[1::2]
    assert digits.labels.tolist() == [drawing.label for drawing in ordered]
    ink = digits.images.reshape(60, -1).mean(axis=1) / 255
    assert ink[30:].mean() > 2 * ink[:30].mean(), "the second half has the wide pens"
