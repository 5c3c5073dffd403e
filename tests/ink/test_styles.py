"""Styles of digits made of strokes: each is what its name says, whatever digit it was made of."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from nn.ink.strokes import Drawing, as_strokes, distorted, normalized
from nn.ink.styles import STYLES, crosses_itself, restyled, style_of, styles_for

DRAWINGS = json.loads((Path(__file__).parents[1] / "support" / "drawings.json").read_text())[
    "drawings"
]


def own(label, style):
    """Our own drawing of that digit in that style."""
    return next(d["strokes"] for d in DRAWINGS if (d["label"], d["style"]) == (label, style))


# of what drawing of ours each style is made, and what it then looks like
MADE_OF = {
    "slashed zero": (0, "plain"),
    "dotted zero": (0, "round"),
    "plain one": (1, "serif"),
    "flagged one": (1, "plain"),
    "one with a base": (1, "plain"),
    "looped two": (2, "plain"),
    "open four": (4, "closed"),
    "closed four": (4, "open"),
    "five of one stroke": (5, "two-stroke"),
    "five of two strokes": (5, "two-stroke"),
    "plain seven": (7, "crossed"),
    "crossed seven": (7, "plain"),
    "seven with a serif": (7, "plain"),
    "straight nine": (9, "hooked"),
    "hooked nine": (9, "straight"),
}


def test_every_style_is_tested():
    assert set(MADE_OF) == set(STYLES)
    assert {label for label, _ in STYLES.values()} == {0, 1, 2, 4, 5, 7, 9}
    assert styles_for(0) == ["slashed zero", "dotted zero"]
    assert styles_for(3) == []


@pytest.mark.parametrize("style", STYLES)
def test_restyled_digit_is_classified_as_that_style(style):
    label, source = MADE_OF[style]
    recognized = Counter()
    for seed in range(20):
        made = restyled(style, own(label, source), np.random.default_rng(seed))
        assert made is not None
        recognized[style_of(Drawing(label, 0, made))] += 1
    # zeros have no rule; a seven with a serif is plain or crossed; some flags and hooks are short
    if label == 0:
        assert set(recognized) == {None}
    elif style == "seven with a serif":
        assert set(recognized) == {"plain seven", "crossed seven"}
    else:
        assert recognized.most_common(1)[0][0] == style


def test_restyling_an_unsuitable_drawing_gives_none():
    rng = np.random.default_rng(1)
    one_line = [[(0.0, 0.0), (0.5, 0.5), (0.9, 0.8), (1.0, 1.0)]]
    assert restyled("open four", one_line, rng) is None
    assert restyled("five of one stroke", one_line, rng) is None
    assert restyled("straight nine", one_line, rng) is None
    assert style_of(Drawing(3, 0, one_line)) is None


def test_restyling_keeps_the_original_strokes():
    rng = np.random.default_rng(1)
    zero = own(0, "plain")
    slashed = restyled("slashed zero", zero, rng)
    assert len(slashed) == len(zero) + 1
    for before, after in zip(normalized(zero), slashed, strict=False):
        np.testing.assert_allclose(before, after)


def test_crosses_itself_detects_self_intersection():
    assert crosses_itself(np.array([[0, 0], [1, 1], [1, 0], [0, 1.0]]))
    assert not crosses_itself(np.array([[0, 0], [1, 0], [1, 1], [0, 1.0]]))


def test_normalized_sets_position_and_scale():
    lines = normalized([[(10.0, 20.0), (30.0, 60.0)], [(20.0, 30.0)]])
    np.testing.assert_allclose(np.concatenate(lines), [[0, 0], [0.5, 1], [0.25, 0.25]])


def test_distorted_moves_points_within_bounds():
    line = as_strokes([np.stack([np.linspace(0, 1, 15), np.linspace(0, 1, 15) ** 2], axis=1)])
    for seed in range(30):
        moved = np.array(distorted(line, np.random.default_rng(seed))[0]) - line[0]
        distance = np.hypot(*moved.T)
        assert 0.003 < distance.mean() < 0.5
    still = distorted(line, np.random.default_rng(1), amount=0.0)
    np.testing.assert_allclose(still, line, atol=1e-12)
