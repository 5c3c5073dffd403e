"""Digits rewritten in other styles, starting from a writer's own strokes.

Each function takes the strokes of a digit, normalized to 0..1, and a random generator; it returns
the rewritten strokes, or None if the drawing is unsuitable.  A traced stroke may run backwards, and
be cut in pieces where lines meet: what needs a direction or a number of strokes sees to it.
"""

from collections.abc import Callable

import numpy as np

from nn.ink.styles.curves import crosses_itself, curve, downwards
from nn.layers import Array


def stem(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A one without flag and base: the line from its highest to its lowest point."""
    line = max(lines, key=lambda line: float(np.ptp(line[:, 1])))
    if line[:, 1].argmin() > line[:, 1].argmax():
        line = line[::-1]
    top, bottom = int(line[:, 1].argmin()), int(line[:, 1].argmax())
    if bottom - top < 3 or np.ptp(line[:, 1]) < 0.9:
        return None
    down = line[top : bottom + 1]
    foot = down[down[:, 1] > 0.88 * down[-1, 1]]
    straight = np.ptp(down[:, 0]) < 0.4 and np.ptp(foot[:, 0]) < 0.12
    return [down] if straight else None


def with_long_flag(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A one whose first stroke rises from far below, close to its stem.

    It stays a one, and no caret, by the stem: that is upright or leans to the right.
    """
    bare = stem(lines, rng)
    if bare is None:
        return None
    down = bare[0]
    lean = float(np.arctan2(*(down[0] - down[-1]) * (1, -1)))  # from upright, to the right
    bow = np.ptp(down[:, 0]) - abs(down[0, 0] - down[-1, 0])
    if not -0.04 < lean < 0.5 or bow > 0.08:
        return None
    length = rng.uniform(0.5, 0.95)
    angle = lean + np.radians(rng.uniform(16, 40 - 20 * length))
    start = down[0] + length * np.array([-np.sin(angle), np.cos(angle)])
    bend = (start + down[0]) / 2 + rng.normal(0, 0.03, 2)
    return [np.concatenate([curve(start, bend, down[0]), down[1:]])]


def with_flag(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A one with a short or long stroke up to its top."""
    bare = stem(lines, rng)
    if bare is None:
        return None
    length, angle = rng.uniform(0.15, 0.5), np.radians(rng.uniform(25, 60))
    start = bare[0][0] + length * np.array([-np.sin(angle), np.cos(angle)])
    bend = rng.normal(0, 0.03, 2)
    flag = curve(start, (start + bare[0][0]) / 2 + bend, bare[0][0])
    return [np.concatenate([flag, bare[0][1:]])]


def with_base(
    lines: list[Array], rng: np.random.Generator, flagged: float = 0.75
) -> list[Array] | None:
    """A one with a base line; `flagged` is the probability that it has a flag, too."""
    body = with_flag(lines, rng) if rng.random() < flagged else stem(lines, rng)
    if body is None:
        return None
    foot = body[-1][-1] + rng.normal(0, 0.02, 2)
    left, right = rng.uniform(0.2, 0.4, 2)  # with less at the left it is an L
    rise = rng.normal(0, 0.04)
    return [*body, np.linspace(foot - (left, -rise), foot + (right, -rise), 8)]


def with_flag_and_base(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A one with a flag and a base line."""
    return with_base(lines, rng, 1)


def with_only_base(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A one with a base line and no flag."""
    return with_base(lines, rng, 0)


def crossed_seven(
    lines: list[Array],
    rng: np.random.Generator,
    heights: tuple[float, float] = (0.4, 0.65),
    longest: float = 0.32,
    slant: float = 0.2,
) -> list[Array] | None:
    """A seven with a dash through its stem, at one of these heights, `longest` on each side."""
    bare = plain_seven(lines, rng)
    if bare is None:
        return None
    down = bare[0][int(bare[0][:, 0].argmax()) :]
    height = rng.uniform(*heights)
    near = down[int(np.abs(down[:, 1] - height).argmin())]
    steepness = np.clip(rng.normal(-0.1, slant), -0.5, 0.4)  # steeper, it is an X
    half = rng.uniform(0.1, longest) * np.array([1, steepness])
    shift = (rng.normal(0, 0.04), 0)
    return [*bare, np.linspace(near - half + shift, near + half + shift, 8)]


def anywhere_crossed_seven(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A seven with a dash at any height, of any length, level or slanted."""
    return crossed_seven(lines, rng, (0.22, 0.75), 0.45, 0.35)


def plain_seven(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A seven without the dash."""
    body = downwards(max(lines, key=lambda line: float(np.ptp(line[:, 1]))))
    corner = int(body[:, 0].argmax())
    bar = body[: corner + 1]
    whole = np.ptp(body[:, 1]) > 0.8 and np.ptp(bar[:, 0]) > 0.2 and corner < len(body) - 1
    return [body] if whole and body[0, 1] < 0.4 else None  # with a lower start it is a caret


def seven_with_serif(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A seven whose bar starts with a short downstroke, crossed or not."""
    body = plain_seven(lines, rng) if rng.random() < 0.5 else crossed_seven(lines, rng)
    if body is None:
        return None
    start = body[0][0]
    hang = start + (rng.normal(0, 0.04), rng.uniform(0.1, 0.25))
    return [np.concatenate([np.linspace(hang, start, 4)[:-1], body[0]]), *body[1:]]


def nine_tail(lines: list[Array]) -> tuple[Array, Array] | None:
    """Loop and tail of a nine of one stroke, which meet at the top right."""
    line = lines[0]
    high = np.flatnonzero(line[:, 1] < 0.3)
    if len(lines) > 1 or not len(high) or np.ptp(line[:, 1]) < 0.9:
        return None
    cut = int(high[-1])
    loop, tail = line[: cut + 1], line[cut:]
    if cut <= 5 or len(tail) <= 3 or tail[-1, 1] < 0.8:
        return None
    left, right = loop[:, 0].min(), loop[:, 0].max()
    return (loop, tail) if loop[-1, 0] > left + 0.8 * (right - left) else None


def looped_nine_tail(lines: list[Array]) -> tuple[Array, Array] | None:
    """As `nine_tail`, for either direction; None when the loop is flat or wide open."""
    parts = nine_tail(lines) or nine_tail([lines[0][::-1], *lines[1:]])
    if parts is None:
        return None
    loop, _ = parts
    return parts if np.ptp(loop[:, 1]) > 0.25 and np.hypot(*(loop[0] - loop[-1])) < 0.25 else None


def straight_nine(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A nine whose tail is a straight line down."""
    parts = looped_nine_tail(lines)
    if parts is None:
        return None
    loop, _ = parts
    start, lean = loop[-1], rng.normal(0.08, 0.12)
    end = np.array([start[0] - lean, rng.uniform(0.9, 1.1)])
    return [np.concatenate([loop, curve(start, (start + end) / 2 + rng.normal(0, 0.02, 2), end)])]


def hooked_nine(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A nine whose tail ends in a hook to the left, as in print."""
    parts = looped_nine_tail(lines)
    if parts is None:
        return None
    loop, _ = parts
    start = loop[-1]
    reach, rise = rng.uniform(0.25, 0.6), rng.uniform(-0.02, 0.25)
    low = start + (rng.normal(-0.03, 0.04), rng.uniform(0.45, 0.6))
    end = np.array([start[0] - reach, 1 - rise])
    hook = curve(low, np.array([low[0], 1.08]), end)
    return [np.concatenate([loop, np.linspace(start, low, 6)[1:], hook[1:]])]


def four_parts(lines: list[Array]) -> tuple[Array, Array, int] | None:
    """Of a four of two strokes: the arm, the stem, and the arm's corner as an index."""
    if len(lines) != 2:
        return None
    arm, upright = lines
    corner = int((arm[:, 1] - arm[:, 0]).argmax())
    suitable = 2 < corner < len(arm) - 2 and np.ptp(upright[:, 1]) > 0.5 > np.ptp(upright[:, 0])
    return (arm, upright, corner) if suitable else None


def four_from(lines: list[Array], start_of: Callable[[Array, Array], Array]) -> list[Array] | None:
    """A four whose arm starts at another point and runs, nearly straight, to the same corner."""
    # as drawn, or traced: of any order and direction
    traced = sorted(map(downwards, lines), key=lambda line: -float(np.ptp(line[:, 0])))
    parts = four_parts(lines) or four_parts(traced)
    if parts is None:
        return None
    arm, upright, corner = parts
    top = upright[int(upright[:, 1].argmin())]
    crosses = top[1] + 0.1 < arm[corner, 1] < upright[:, 1].max() - 0.1
    bar_length, bar_rise = np.ptp(arm[corner:], axis=0)
    if not crosses or bar_length < 0.15 or bar_rise > 0.3 or arm[0, 1] > 0.4:
        return None  # pieces of a four
    if top[0] - arm[corner, 0] < 0.25:
        return None
    start = start_of(top, arm[corner])
    fade = np.linspace(1, 0, corner + 1)[:, None]
    straight = start * fade + arm[corner] * (1 - fade)
    moved = arm[: corner + 1] + fade * (start - arm[0])
    bar = arm[corner + 1 :]
    beyond = upright[:, 0].max() + 0.12
    if bar[:, 0].max() < beyond:  # if the bar does not cross the stem, it is a nine
        bar = np.concatenate([bar, [[beyond, bar[-1, 1]]]])
    return [np.concatenate([0.8 * straight + 0.2 * moved, bar]), upright]


def closed_four(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A four whose arm starts at the top of its stem, as in print."""
    return four_from(lines, lambda top, corner: top + rng.normal(0, 0.03, 2))


def open_four(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A four whose arm starts well to the left of its stem."""
    return four_from(
        lines,
        lambda top, corner: np.array(
            [corner[0] + rng.uniform(0, 0.35) * (top[0] - corner[0]), top[1] + rng.normal(0, 0.06)]
        ),
    )


def five_parts(lines: list[Array]) -> tuple[Array, Array] | None:
    """Body and bar, the bar from left to right, of a five of two strokes."""
    if len(lines) != 2:
        return None
    body, bar = sorted(lines, key=lambda line: -np.ptp(line[:, 1]))
    body = downwards(body)
    if np.ptp(bar[:, 0]) < 0.15 or np.ptp(bar[:, 1]) > 0.35 or bar[:, 1].mean() > 0.4:
        return None
    return body, (bar if bar[0, 0] < bar[-1, 0] else bar[::-1])


def five_of_one(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A five of one stroke: the bar from right to left, then the body."""
    parts = five_parts(lines)
    if parts is None:
        return None
    body, bar = parts
    body = body + (0, rng.uniform(0, 0.05))
    return [np.concatenate([bar[::-1] + body[0] - bar[0], body[1:]])]


def five_of_two(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A five whose bar is a separate stroke, near the start of the body."""
    parts = five_parts(lines)
    if parts is None:
        return None
    body, bar = parts
    off = np.array([rng.uniform(-0.05, 0.15), rng.uniform(-0.12, 0.04)])
    return [body, bar + (body[0] - bar[0]) + off]


def gaping_five(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A five whose hat stands clearly apart from its body, above it or to the right."""
    parts = five_parts(lines)
    if parts is None:
        return None
    body, bar = parts
    gap = np.array([rng.uniform(0.06, 0.3), -rng.uniform(0.12, 0.26)])
    return [body, bar + (body[0] - bar[0]) + gap]


def far_hatted_five(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A five whose hat reaches far to the right."""
    parts = five_parts(lines)
    if parts is None:
        return None
    body, bar = parts
    reach = rng.uniform(1.3, 1.8) * np.ptp(body[:, 0]) + body[:, 0].min() - body[0, 0]
    longer = max(1.0, reach / np.ptp(bar[:, 0]))
    return [body, (bar - bar[0]) * (longer, 1) + body[0] + rng.normal(0, 0.02, 2)]


def looped_two(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A two with a loop between stem and base."""
    line = downwards(max(lines, key=lambda line: float(np.ptp(line[:, 1]))))
    late = len(line) // 2
    turn = late + int((line[late:, 1] - 0.7 * line[late:, 0]).argmax())
    if not 4 < turn < len(line) - 3 or line[turn, 1] < 0.7:
        return None
    head, base = line[: turn // 2], line[turn + 1 :]
    if line[0, 1] > 0.5 or head[:, 0].max() < line[0, 0] + 0.1 or np.ptp(base[:, 0]) < 0.3:
        return None  # a piece of a two
    if crosses_itself(line[turn // 2 :]):
        return None  # it has a loop
    wide, high = rng.uniform(0.04, 0.13), rng.uniform(0.05, 0.12)
    # in from the upper right, round by the left and the top, out to the lower right
    angle = np.radians(60 + np.linspace(0, 330, 16))
    ring = np.stack([np.cos(angle) * wide, np.sin(angle) * high], axis=1)
    return [np.concatenate([line[:turn], line[turn] + ring - (0, high), line[turn + 1 :]])]
