"""Styles of writing digits, such as a slashed zero: strokes are rewritten in them, and classified.

Each function for a style takes the strokes of a digit, normalized to 0..1, and a random
generator; it returns the rewritten strokes, or None if the drawing is unsuitable.  `style_of`
classifies a digit as it was written.
"""

from collections.abc import Callable

import numpy as np

from nn.ink.strokes import Drawing, Strokes, as_strokes, normalized
from nn.layers import Array

Rewrite = Callable[[list[Array], np.random.Generator], list[Array] | None]


def with_slash(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A zero with a slash, a little longer or shorter than it; one in six slants the other way."""
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    middle, half = (low + high) / 2, (high - low) / 2 * rng.uniform(0.65, 1.2, 2)
    if rng.random() < 1 / 6:
        half = half * (-1, 1)
    return [*lines, np.linspace(middle + half * (-1, 1), middle + half * (1, -1), 12)]


def with_dot(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A zero with a dot, or a short dash, in the middle."""
    points = np.concatenate(lines)
    size = np.ptp(points, axis=0)
    if size.min() < 0.35:
        return None  # a dot would touch both sides
    middle = (points.min(axis=0) + points.max(axis=0)) / 2 + rng.normal(0, 0.05, 2) * size
    half = rng.normal(0, 1, 2)
    half *= rng.uniform(0.005, 0.09) / np.hypot(*half)
    return [*lines, np.stack([middle - half, middle, middle + half])]


def stem(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A one without flag and base: the line from its highest to its lowest point."""
    line = lines[0]
    top, bottom = int(line[:, 1].argmin()), int(line[:, 1].argmax())
    if bottom - top < 3 or np.ptp(line[:, 1]) < 0.9:
        return None
    down = line[top : bottom + 1]
    foot = down[down[:, 1] > 0.88 * down[-1, 1]]
    straight = np.ptp(down[:, 0]) < 0.4 and np.ptp(foot[:, 0]) < 0.12
    return [down] if straight else None


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


def with_base(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A one with a base line, with or without a flag."""
    body = with_flag(lines, rng) if rng.random() < 0.75 else stem(lines, rng)
    if body is None:
        return None
    foot = body[-1][-1] + rng.normal(0, 0.02, 2)
    left, right = rng.uniform(0.12, 0.4, 2)
    rise = rng.normal(0, 0.04)
    return [*body, np.linspace(foot - (left, -rise), foot + (right, -rise), 8)]


def crossed_seven(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A seven with a dash through its stem."""
    bare = plain_seven(lines, rng)
    if bare is None:
        return None
    down = bare[0][int(bare[0][:, 0].argmax()) :]
    height = rng.uniform(0.4, 0.65)
    near = down[int(np.abs(down[:, 1] - height).argmin())]
    half = rng.uniform(0.1, 0.32) * np.array([1, rng.normal(-0.1, 0.2)])
    shift = (rng.normal(0, 0.04), 0)
    return [*bare, np.linspace(near - half + shift, near + half + shift, 8)]


def plain_seven(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A seven without the dash."""
    body = lines[0]
    return [body] if np.ptp(body[:, 1]) > 0.8 and np.ptp(body[:, 0]) > 0.2 else None


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


def straight_nine(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A nine whose tail is a straight line down."""
    parts = nine_tail(lines)
    if parts is None:
        return None
    loop, _ = parts
    start, lean = loop[-1], rng.normal(0.08, 0.12)
    end = np.array([start[0] - lean, rng.uniform(0.9, 1.1)])
    return [np.concatenate([loop, curve(start, (start + end) / 2 + rng.normal(0, 0.02, 2), end)])]


def hooked_nine(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A nine whose tail ends in a hook to the left, as in print."""
    parts = nine_tail(lines)
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
    parts = four_parts(lines)
    if parts is None:
        return None
    arm, upright, corner = parts
    top = upright[int(upright[:, 1].argmin())]
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


def looped_two(lines: list[Array], rng: np.random.Generator) -> list[Array] | None:
    """A two with a loop between stem and base."""
    line = lines[0]
    late = len(line) // 2
    turn = late + int((line[late:, 1] - 0.7 * line[late:, 0]).argmax())
    if not 4 < turn < len(line) - 3 or line[turn, 1] < 0.7:
        return None
    wide, high = rng.uniform(0.04, 0.13), rng.uniform(0.05, 0.12)
    # in from the upper right, round by the left and the top, out to the lower right
    angle = np.radians(60 + np.linspace(0, 330, 16))
    ring = np.stack([np.cos(angle) * wide, np.sin(angle) * high], axis=1)
    return [np.concatenate([line[:turn], line[turn] + ring - (0, high), line[turn + 1 :]])]


def curve(start: Array, bend: Array, end: Array, points: int = 12) -> Array:
    """A quadratic Bezier curve as points (n, 2)."""
    t = np.linspace(0, 1, points)[:, None]
    return np.asarray((1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t * t * end)


STYLES: dict[str, tuple[int, Rewrite]] = {
    "slashed zero": (0, with_slash),
    "dotted zero": (0, with_dot),
    "plain one": (1, stem),
    "flagged one": (1, with_flag),
    "one with a base": (1, with_base),
    "looped two": (2, looped_two),
    "open four": (4, open_four),
    "closed four": (4, closed_four),
    "five of one stroke": (5, five_of_one),
    "five of two strokes": (5, five_of_two),
    "plain seven": (7, plain_seven),
    "crossed seven": (7, crossed_seven),
    "seven with a serif": (7, seven_with_serif),
    "straight nine": (9, straight_nine),
    "hooked nine": (9, hooked_nine),
}


def restyled(style: str, strokes: Strokes, rng: np.random.Generator) -> Strokes | None:
    """The strokes of a digit in that style, or None if they are unsuitable."""
    lines = STYLES[style][1](normalized(strokes), rng)
    return None if lines is None else as_strokes(lines)


def styles_for(label: int) -> list[str]:
    """The names of the styles of that digit."""
    return [style for style, (digit, _) in STYLES.items() if digit == label]


def style_of(drawing: Drawing) -> str | None:
    """The style of a digit by simple geometric rules, or None if none applies."""
    lines = normalized(drawing.strokes)
    rule = RULES.get(drawing.label)
    return rule(lines) if rule else None


def style_of_one(lines: list[Array]) -> str | None:
    points = np.concatenate(lines)
    width, height = np.ptp(points, axis=0)
    foot = points[points[:, 1] > 0.9 * height]
    if np.ptp(foot[:, 0]) > 0.25:
        return "one with a base"
    return "plain one" if width < 0.2 else "flagged one"


def style_of_two(lines: list[Array]) -> str | None:
    line = lines[0]
    late = len(line) // 3
    return "looped two" if crosses_itself(line[late:]) else None


def style_of_four(lines: list[Array]) -> str | None:
    parts = four_parts(lines)
    if parts is None:
        return None
    arm, upright, _ = parts
    gap = np.hypot(*(arm[0] - upright[int(upright[:, 1].argmin())]))
    return "closed four" if gap < 0.15 else "open four"


def style_of_five(lines: list[Array]) -> str | None:
    if len(lines) == 1:  # without a bar it has no style
        line = lines[0]
        return "five of one stroke" if line[0, 0] > line[: len(line) // 3, 0].min() + 0.2 else None
    return "five of two strokes" if five_parts(lines) else None


def style_of_seven(lines: list[Array]) -> str | None:
    return {1: "plain seven", 2: "crossed seven"}.get(len(lines))


def style_of_nine(lines: list[Array]) -> str | None:
    parts = nine_tail(lines)
    if parts is None:
        return None
    _, tail = parts
    return "hooked nine" if tail[-1, 0] < tail[:, 0].max() - 0.3 else "straight nine"


RULES = {
    1: style_of_one,
    2: style_of_two,
    4: style_of_four,
    5: style_of_five,
    7: style_of_seven,
    9: style_of_nine,
}


def crosses_itself(line: Array) -> bool:
    """Whether any two segments of the line (n, 2) that are not neighbours intersect."""
    a, b = line[:-1], line[1:]

    def side(p: Array, q: Array, r: Array) -> Array:
        return np.asarray(
            (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1])
            - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0])
        )

    p, q, r, s = a[:, None], b[:, None], a[None], b[None]
    meets = (side(p, q, r) * side(p, q, s) < 0) & (side(r, s, p) * side(r, s, q) < 0)
    apart = np.abs(np.subtract.outer(np.arange(len(a)), np.arange(len(a)))) > 1
    return bool((meets & apart).any())
