"""Styles of writing digits, such as a slashed zero: digits are rewritten in them, and classified.

The functions for the styles take the strokes of a digit, normalized to 0..1, and a random
generator; they return the rewritten strokes, or None if the drawing is unsuitable.  `style_of`
classifies a digit as it was written.
"""

import numpy as np

from nn.ink.strokes import Drawing, Strokes, as_strokes, normalized
from nn.ink.styles import forms, rewriting, zeros
from nn.ink.styles.curves import crosses_itself
from nn.ink.styles.redrawing import Rewrite, either, redrawn
from nn.ink.styles.rewriting import five_parts, four_parts, nine_tail
from nn.layers import Array

STYLES: dict[str, tuple[int, Rewrite]] = {
    "slashed zero": (0, zeros.with_slash),
    "zero with a long slash": (0, zeros.with_long_slash),
    "zero with a short slash": (0, zeros.with_short_slash),
    "dotted zero": (0, zeros.with_dot),
    "polygonal zero": (0, zeros.polygonal_zero),
    "square zero": (0, redrawn(forms.square_zero)),
    "open zero": (0, zeros.open_zero),
    "curled zero": (0, zeros.curled_zero),
    "plain one": (1, rewriting.stem),
    "flagged one": (1, rewriting.with_flag),
    "one with a long upstroke": (1, rewriting.with_long_flag),
    "one with a base": (1, rewriting.with_base),
    "one with flag and base": (1, rewriting.with_flag_and_base),
    "one with only a base": (1, rewriting.with_only_base),
    "looped two": (2, rewriting.looped_two),
    "two with a big loop": (2, redrawn(forms.big_looped_two)),
    "two like a Z": (2, redrawn(forms.z_two)),
    "square two": (2, redrawn(forms.square_two)),
    "flat two": (2, redrawn(forms.flat_two)),
    "swan two": (2, redrawn(forms.swan_two)),
    "flat three": (3, redrawn(forms.flat_three)),
    "pointed three": (3, redrawn(forms.pointed_three)),
    "square three": (3, redrawn(forms.square_three)),
    "open four": (4, rewriting.open_four),
    "closed four": (4, rewriting.closed_four),
    "four of one stroke": (4, redrawn(forms.four_of_one)),
    "four with a long bar": (4, redrawn(forms.long_barred_four)),
    "four with a short bar": (4, redrawn(forms.short_barred_four)),
    "four with a short stem": (4, redrawn(forms.short_stemmed_four)),
    "five of one stroke": (5, rewriting.five_of_one),
    "five of two strokes": (5, rewriting.five_of_two),
    "five with its hat apart": (5, either(rewriting.gaping_five, redrawn(forms.gaping_five))),
    "five with a long hat": (
        5,
        either(rewriting.far_hatted_five, redrawn(forms.far_hatted_five)),
    ),
    "square five": (5, redrawn(forms.square_five)),
    "round five": (5, redrawn(forms.round_five)),
    "straight six": (6, redrawn(forms.straight_six)),
    "curled six": (6, redrawn(forms.curled_six)),
    "upright six": (6, redrawn(forms.upright_six)),
    "six with a small loop": (6, redrawn(forms.small_looped_six)),
    "six with a big loop": (6, redrawn(forms.big_looped_six)),
    "plain seven": (7, rewriting.plain_seven),
    "crossed seven": (7, rewriting.crossed_seven),
    "seven crossed anywhere": (7, rewriting.anywhere_crossed_seven),
    "seven with a serif": (7, rewriting.seven_with_serif),
    "curved seven": (7, redrawn(forms.curved_seven)),
    "eight of two rings": (8, redrawn(forms.two_ringed_eight)),
    "eight like an S": (8, redrawn(forms.eight_like_s)),
    "open eight": (8, redrawn(forms.open_eight)),
    "hourglass eight": (8, redrawn(forms.hourglass_eight)),
    "straight nine": (9, rewriting.straight_nine),
    "hooked nine": (9, rewriting.hooked_nine),
    "open nine": (9, redrawn(forms.open_nine)),
    "nine of ring and stem": (9, redrawn(forms.ringed_nine)),
    "nine like a g": (9, redrawn(forms.g_nine)),
    "nine with a foot": (9, redrawn(forms.footed_nine)),
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
