"""Forms of digits, for `redrawing`: each is made of corners, with random variation."""

import numpy as np

from nn.ink.styles.redrawing import SOFT, Corner, Form, ring


def square_zero(rng: np.random.Generator) -> Form:
    """A zero of four sides, with corners sharp or a little rounded."""
    r = rng.uniform(0, 0.25)
    corners = [(0, 0, r), (0, 1, r), (1, 1, r), (1, 0, r)]
    first = int(rng.integers(4))
    closed = [*corners[first:], *corners[:first], corners[first]]
    end = closed[1]
    over = rng.uniform(0, 0.12)
    x, y, _ = closed[-1]
    return [[*closed, (x + over * (end[0] - x), y + over * (end[1] - y), 0)]]


def z_two(rng: np.random.Generator) -> Form:
    """A two like a Z: straight strokes and sharp corners."""
    r = rng.uniform(0, 0.12)
    return [
        [(0, rng.uniform(-0.02, 0.1), 0), (0.95, 0, r), (0, 0.98, r), (1, rng.uniform(0.94, 1), 0)]
    ]


def square_two(rng: np.random.Generator) -> Form:
    """A two of level and upright strokes, as on a display of seven segments."""
    r, middle = rng.uniform(0, 0.25), rng.uniform(0.4, 0.58)
    return [[(0, 0, 0), (1, 0, r), (1, middle, r), (0, middle, r), (0, 1, r), (1, 1, 0)]]


def flat_two(rng: np.random.Generator) -> Form:
    """A two without a loop, on a level base."""
    return [
        [
            (0, rng.uniform(0.15, 0.3), 0),
            (0.05, -0.05, SOFT),
            (0.95, -0.1, SOFT),
            (1, rng.uniform(0.3, 0.5), SOFT),
            (0, 1, rng.uniform(0, 0.1)),
            (1, rng.uniform(0.95, 1.02), 0),
        ]
    ]


def swan_two(rng: np.random.Generator) -> Form:
    """A two with a small hooked head, a long neck and a waving base."""
    return [
        [
            (rng.uniform(0.15, 0.3), rng.uniform(0.25, 0.36), 0),
            (0, 0.1, SOFT),
            (0.4, -0.12, SOFT),
            (1, 0, SOFT),
            (0.95, 0.45, SOFT),
            (0.35, 0.75, SOFT),
            (0, 1.02, 0.2),
            (rng.uniform(0.2, 0.35), rng.uniform(0.82, 0.92), SOFT),
            (0.65, 1.08, SOFT),
            (1.05, rng.uniform(0.85, 0.98), 0),
        ]
    ]


def big_looped_two(rng: np.random.Generator) -> Form:
    """A two with a big loop at its lower left."""
    high, wide = rng.uniform(0.2, 0.32), rng.uniform(0.25, 0.4)
    return [
        [
            (0.05, 0.25, 0),
            (0.1, -0.05, SOFT),
            (0.9, -0.1, SOFT),
            (1, 0.35, SOFT),
            (wide + 0.1, 0.92, SOFT),
            (0.1, 1.1, SOFT),
            (-0.15, 1 - high / 2, SOFT),
            (0.1, 1 - high * 1.1, SOFT),
            (wide + 0.15, 0.95, SOFT),
            (1.05, rng.uniform(0.92, 1.05), 0),
        ]
    ]


def bowl(rng: np.random.Generator, top: float) -> list[Corner]:
    """The end of a three or a five: round by the right to the lower left."""
    return [
        (1.02, top, SOFT),
        (1.05, 1, SOFT),
        (0.4, 1.06, SOFT),
        (0, rng.uniform(0.82, 0.95), 0),
    ]


def flat_three(rng: np.random.Generator) -> Form:
    """A three with a flat top."""
    r = rng.uniform(0, 0.1)
    waist = (rng.uniform(0.3, 0.5), rng.uniform(0.38, 0.46), rng.uniform(0, 0.15))
    return [[(0, rng.normal(0, 0.03), 0), (0.95, 0, r), waist, *bowl(rng, waist[1] - 0.04)]]


def pointed_three(rng: np.random.Generator) -> Form:
    """A three whose two bows meet in a point."""
    waist = (rng.uniform(0.1, 0.45), rng.uniform(0.42, 0.5), 0)
    head = [(0.02, 0.15, 0), (0.3, -0.06, SOFT), (1, -0.02, SOFT), (0.95, 0.4, SOFT)]
    return [[*head, waist, *bowl(rng, waist[1] + 0.02)]]


def square_three(rng: np.random.Generator) -> Form:
    """A three of level and upright strokes."""
    r, middle, start = rng.uniform(0, 0.2), rng.uniform(0.42, 0.55), rng.uniform(0, 0.4)
    if rng.random() < 0.5:
        return [
            [(0, 0, 0), (1, 0, r), (1, 1, r), (0, 1, 0)],
            [(start, middle, 0), (1, middle, 0)],
        ]
    tongue = [(1, middle, 0.1), (start, middle, 0), (1, middle + 0.02, 0.1)]
    return [[(0, 0, 0), (1, 0, r), *tongue, (1, 1, r), (0, 1, 0)]]


def four(rng: np.random.Generator, beyond: float, stem_top: float, foot: float) -> Form:
    """A four whose bar ends `beyond` its stem, which runs from `stem_top` to 1, `foot` below."""
    bar, stem = 1 - foot, rng.uniform(0.65, 0.85)
    start = stem if stem_top < 0.05 and rng.random() < 0.5 else rng.uniform(0.2, 0.45)
    corner = (0, bar, rng.uniform(0, 0.15))
    return [
        [(start, 0, 0), corner, (stem + beyond, bar + rng.normal(0, 0.03), 0)],
        [(stem, stem_top, 0), (stem + rng.uniform(-0.12, 0.02), 1, 0)],
    ]


def long_barred_four(rng: np.random.Generator) -> Form:
    """A four whose bar reaches far beyond its stem."""
    return four(rng, rng.uniform(0.4, 0.8), rng.uniform(0, 0.2), rng.uniform(0.25, 0.45))


def short_barred_four(rng: np.random.Generator) -> Form:
    """A four whose bar hardly crosses its stem, or ends at it."""
    return four(rng, rng.uniform(0, 0.2), rng.uniform(0, 0.15), rng.uniform(0.3, 0.45))


def short_stemmed_four(rng: np.random.Generator) -> Form:
    """A four whose stem is short."""
    return four(rng, rng.uniform(0.1, 0.4), rng.uniform(0.3, 0.55), rng.uniform(0.25, 0.35))


def four_of_one(rng: np.random.Generator) -> Form:
    """A four of one stroke, like a lightning."""
    bar, end = rng.uniform(0.55, 0.7), rng.uniform(0.75, 1)
    turn = (end - 0.05, bar - rng.uniform(0.1, 0.4), rng.uniform(0, 0.2))
    return [
        [
            (rng.uniform(0.25, 0.55), 0, 0),
            (0, bar, rng.uniform(0, 0.2)),
            (end, bar - rng.uniform(0, 0.05), 0.05),
            turn,
            (end - rng.uniform(0.1, 0.3), 1, 0),
        ]
    ]


def five_body(rng: np.random.Generator) -> list[Corner]:
    """A five without its hat."""
    middle = rng.uniform(0.4, 0.48)
    return [(0.08, 0, 0), (0.04, middle, rng.uniform(0, 0.1)), *bowl(rng, middle - 0.1)]


def gaping_five(rng: np.random.Generator) -> Form:
    """A five whose hat stands apart, above its body or to the right."""
    left, high = rng.uniform(0.1, 0.4), -rng.uniform(0.08, 0.2)
    hat = [(left, high, 0.0), (left + rng.uniform(0.6, 0.9), high + rng.normal(-0.02, 0.04), 0.0)]
    return [five_body(rng), hat]


def far_hatted_five(rng: np.random.Generator) -> Form:
    """A five whose hat reaches far to the right."""
    hat = [(0.06, 0.0, 0.0), (rng.uniform(1.3, 1.8), rng.normal(-0.02, 0.05), 0.0)]
    return [five_body(rng), hat]


def square_five(rng: np.random.Generator) -> Form:
    """A five of level and upright strokes."""
    r, middle = rng.uniform(0, 0.2), rng.uniform(0.42, 0.55)
    return [[(1, 0, 0), (0, 0, r), (0, middle, r), (1, middle, r), (1, 1, r), (0, 1, 0)]]


def round_five(rng: np.random.Generator) -> Form:
    """A five of one stroke with a rounded corner, a little like an S."""
    middle = rng.uniform(0.4, 0.46)
    return [
        [
            (1, rng.normal(0, 0.02), 0),
            (0.1, 0, rng.uniform(0.1, 0.25)),
            (0, middle, rng.uniform(0.15, 0.35)),
            *bowl(rng, middle - 0.06),
        ]
    ]


def six(rng: np.random.Generator, stem: list[Corner], top: float) -> Form:
    """A six of that stem and a loop from `top` to the bottom."""
    high = 1 - top
    loop = [
        (-0.05, top + 0.55 * high, SOFT),
        (0, 1.02, SOFT),
        (0.55, 1.06, SOFT),
        (1.05, 1, SOFT),
        (1.08, top + 0.1 * high, SOFT),
        (0.55, top - 0.08 * high, SOFT),
        (0.1, top + 0.2 * high, SOFT),
        (rng.uniform(-0.02, 0.1), top + rng.uniform(0.45, 0.65) * high, 0),
    ]
    return [[*stem, *loop]]


def straight_six(rng: np.random.Generator) -> Form:
    """A six with a straight stem."""
    return six(rng, [(rng.uniform(0.55, 0.95), 0, 0)], rng.uniform(0.42, 0.58))


def curled_six(rng: np.random.Generator) -> Form:
    """A six whose stem begins with a hook."""
    start = (rng.uniform(0.85, 1.05), rng.uniform(0.08, 0.2), 0)
    stem = [start, (0.9, -0.03, SOFT), (0.35, -0.08, SOFT), (0, 0.3, SOFT)]
    return six(rng, stem, rng.uniform(0.46, 0.56))


def small_looped_six(rng: np.random.Generator) -> Form:
    """A six with a small loop."""
    stem = [(rng.uniform(0.6, 0.95), 0, 0), (0.15, 0.2, SOFT)]
    return six(rng, stem, rng.uniform(0.6, 0.7))


def big_looped_six(rng: np.random.Generator) -> Form:
    """A six with a big loop."""
    stem = [(rng.uniform(0.65, 0.95), 0, 0), (0.1, 0.1, SOFT)]
    return six(rng, stem, rng.uniform(0.36, 0.43))


def upright_six(rng: np.random.Generator) -> Form:
    """A six with an almost upright stem, a little like a b."""
    return six(rng, [(rng.uniform(0.18, 0.38), 0, 0), (0.02, 0.3, SOFT)], rng.uniform(0.45, 0.55))


def curved_seven(rng: np.random.Generator) -> Form:
    """A seven whose stem is curved."""
    bar = [(0, rng.normal(0.02, 0.04), 0), (1, 0, rng.uniform(0, 0.2))]
    foot = rng.uniform(0.15, 0.45)
    return [[*bar, (foot + rng.uniform(-0.05, 0.15), rng.uniform(0.3, 0.5), SOFT), (foot, 1, 0)]]


def two_ringed_eight(rng: np.random.Generator) -> Form:
    """An eight of two rings."""
    middle, inset = rng.uniform(0.4, 0.5), rng.uniform(0, 0.15)
    return [
        ring(rng, inset, 0, 1 - inset + rng.normal(0, 0.05), middle + rng.normal(0, 0.015)),
        ring(rng, 0, middle, 1, 1),
    ]


def eight_of_s(rng: np.random.Generator, start: Corner, end: Corner) -> Form:
    """An eight drawn as an S, and back from its foot to the top."""
    return [
        [
            start,
            (0.5, -0.12, SOFT),
            (-0.05, 0, SOFT),
            (0.05, 0.4, SOFT),
            (1, 0.62, SOFT),
            (1.08, 1, SOFT),
            (0.5, 1.08, SOFT),
            (-0.1, 1, SOFT),
            (0.05, 0.62, SOFT),
            (0.85, 0.42, SOFT),
            end,
        ]
    ]


def eight_like_s(rng: np.random.Generator) -> Form:
    """An eight drawn as an S and closed by a nearly straight line."""
    over = rng.uniform(0, 0.12)
    return eight_of_s(rng, (0.95, rng.uniform(0.1, 0.16), 0), (0.95 + over / 2, 0.12 - over, 0))


def open_eight(rng: np.random.Generator) -> Form:
    """An eight that is open at the top."""
    start = (rng.uniform(0.55, 0.7), rng.uniform(0, 0.08), 0)
    return eight_of_s(rng, start, (rng.uniform(0.95, 1.15), rng.uniform(-0.05, 0.05), 0))


def hourglass_eight(rng: np.random.Generator) -> Form:
    """An eight with straight lines that cross, and rounded ends."""
    r, inset = rng.uniform(0.2, 0.35), rng.uniform(0, 0.12)
    end = (0.5, rng.normal(0, 0.02), 0)
    return [[(0.5, 0, 0), (inset, 0, r), (1, 1, r), (0, 1, r), (1 - inset, 0, r), end]]


def nine(rng: np.random.Generator, tail: list[Corner]) -> Form:
    """A nine of one stroke: the loop from the upper right round, then the tail."""
    low = rng.uniform(0.46, 0.56)
    loop = [
        (0.95, rng.uniform(0.1, 0.2), 0),
        (0.85, -0.06, SOFT),
        (0.4, -0.08, SOFT),
        (-0.08, 0.05, SOFT),
        (-0.06, low, SOFT),
        (0.45, low + 0.08, SOFT),
        (0.9, low - 0.1, SOFT),
        (0.98, 0.08, 0.1),
    ]
    return [[*loop, *tail]]


def open_nine(rng: np.random.Generator) -> Form:
    """A nine whose loop is open at the top."""
    low = rng.uniform(0.45, 0.58)
    return [
        [
            (rng.uniform(0.55, 0.78), rng.uniform(0, 0.08), 0),
            (0.3, -0.08, SOFT),
            (-0.08, 0.1, SOFT),
            (-0.04, low, SOFT),
            (0.5, low + 0.06, SOFT),
            (0.95, low - 0.12, SOFT),
            (1, rng.uniform(-0.02, 0.08), 0.08),
            (rng.uniform(0.75, 1), 1, 0),
        ]
    ]


def ringed_nine(rng: np.random.Generator) -> Form:
    """A nine of a ring and a separate stem."""
    right = rng.uniform(0.85, 1)
    stem: list[Corner] = [(1, rng.uniform(-0.02, 0.12), 0), (rng.uniform(0.75, 1.05), 1, 0)]
    return [ring(rng, 0, 0, right, rng.uniform(0.45, 0.6)), stem]


def g_nine(rng: np.random.Generator) -> Form:
    """A nine whose tail curls up at the left, a little like a g."""
    end = (rng.uniform(0, 0.2), rng.uniform(0.83, 0.93), 0)
    return nine(rng, [(0.98, 0.7, SOFT), (0.95, 1.03, SOFT), (0.35, 1.08, SOFT), end])


def footed_nine(rng: np.random.Generator) -> Form:
    """A nine that ends in a flat foot to the left."""
    return nine(rng, [(0.95, 0.98, 0.05), (rng.uniform(0, 0.35), 1 + rng.normal(0, 0.02), 0)])
