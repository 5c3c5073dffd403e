"""How well whole numbers are read, beside two simpler ways to divide a picture."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from math import sqrt
from multiprocessing import get_context
from typing import Any

import numpy as np
from PIL import Image

from nn.data.mnist import mnist
from nn.data.numbers import TOUCHING
from nn.inference import Inference
from nn.ink.preprocess import EDGE, Crop, box_of, centre, fit, image_to_crop
from nn.ink.segmentation.picture import Picture
from nn.layers import Array
from nn.measure.rejection import Verdict
from nn.network import Network
from nn.numbers.drawings import Example, composed, others, parted
from nn.numbers.reader import Digit, NumberError, NumberReader

COUNT = 2000  # numbers of each kind
KINDS = (  # length, and whether the digits touch
    *((1, False), (2, False), (3, False), (4, False), (6, False)),
    *((2, True), (3, True), (4, True)),
)
Z = 1.96  # standard deviations on either side of the mean hold 95 % of a normal distribution

BOX = 0.8  # width of the boxes that overlap by half, in heights of the drawing
MOST_OVERLAP = 0.25  # of two boxes that are both kept, in widths of a box
LEAST_INK = 0.05  # of a box is ink, or it is not looked at

Result = tuple[str, Verdict]  # what was read, and how sure that is
Way = Callable[[NumberReader, Example], Result]


def evaluate_numbers(
    network: Network, seams: Network, split: str, count: int = COUNT
) -> dict[str, Any]:
    """The rates of right, refused and doubtful readings, by length and way of reading.

    `seams` is the network that judges cuts, see `nn.numbers.reader`.
    A number is right if it is read, with or without doubt, and all of its digits are.  `numbers`
    are composed of the digits of the split's writers and fonts; `digits` are those of MNIST, each
    alone; `others` are neither digit nor number.  Raises DataError.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # for the processes, which share the cores
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        numbers = pool.map(partial(measure_numbers, network, seams, split, count), KINDS)
        digits = pool.submit(measure_digits, network, seams, split, 5 * count)
        in_pieces = pool.submit(measure_pieces, network, seams, split, count)
        of_others = pool.submit(measure_others, network, seams, split)
        return {
            "count": count,
            "numbers": list(numbers),
            "digits": digits.result(),
            "in_pieces": in_pieces.result(),
            "others": of_others.result(),
        }


def reader_of(network: Network, seams: Network) -> NumberReader:
    inference = Inference(network)
    return NumberReader(network, seams, lambda image: inference.probabilities(image[:, :, None]))


def measure_numbers(
    network: Network, seams: Network, split: str, count: int, kind: tuple[int, bool]
) -> dict[str, Any]:
    """Every way of reading, on composed numbers of one kind."""
    reader, (length, touching) = reader_of(network, seams), kind
    right = dict.fromkeys(WAYS, 0)
    verdicts: dict[str, list[Verdict]] = {name: [] for name in WAYS}
    several: dict[str, list[bool]] = {name: [] for name in WAYS}
    for drawing in composed(split, length, count, TOUCHING if touching else None):
        for name, way in WAYS.items():
            text, verdict = way(reader, drawing)
            right[name] += text == drawing.text and verdict is not Verdict.REFUSED
            verdicts[name].append(verdict)
            several[name].append(len(text) > length and verdict is not Verdict.REFUSED)
    row: dict[str, Any] = {"length": length, "touching": touching}
    for name in WAYS:
        row[name] = {
            "right": right[name] / count,
            "interval": wilson_interval(right[name], count),
            "refused": verdicts[name].count(Verdict.REFUSED) / count,
            "doubtful": verdicts[name].count(Verdict.DOUBTFUL) / count,
            "too_long": float(np.mean(several[name])),
        }
    return row


def measure_digits(network: Network, seams: Network, split: str, count: int) -> dict[str, Any]:
    """How many of MNIST's digits, the first `count` of the split, are read as several."""
    reader, images = reader_of(network, seams), mnist(split).images[:count]
    several = 0
    for image in images:
        crop = image_to_crop(Image.fromarray(255 - image))
        if crop is not None:
            text, verdict = read_as(reader, crop)
            several += len(text) > 1 and verdict is not Verdict.REFUSED
    return {"count": len(images), "too_long": several / len(images)}


def measure_pieces(network: Network, seams: Network, split: str, count: int) -> dict[str, Any]:
    """How many single digits are read as several that consist of separate pieces."""
    reader = reader_of(network, seams)
    several = dict.fromkeys(("strokes", "picture"), 0)
    for drawing in parted(split, count):
        for name in several:
            text, verdict = WAYS[name](reader, drawing)
            several[name] += len(text) > 1 and verdict is not Verdict.REFUSED
    return {"count": count, **{name: number / count for name, number in several.items()}}


def measure_others(network: Network, seams: Network, split: str) -> dict[str, Any]:
    """What becomes of drawings that are neither digit nor number, by group."""
    reader = reader_of(network, seams)
    groups: dict[str, list[list[bool]]] = {}
    for drawing in others(split):
        row = []
        for way in (by_strokes, by_picture) if drawing.strokes else (by_picture, by_picture):
            text, verdict = way(reader, drawing)
            row += [verdict is Verdict.READ, verdict is Verdict.READ and len(text) > 1]
        groups.setdefault(drawing.group, []).append(row)
    names = ("read_strokes", "several_strokes", "read_picture", "several_picture")
    table = {
        group: {"count": len(rows), **dict(zip(names, np.mean(rows, axis=0).tolist(), strict=True))}
        for group, rows in groups.items()
    }
    everything = np.mean([row for rows in groups.values() for row in rows], axis=0).tolist()
    total = {"count": sum(map(len, groups.values())), **dict(zip(names, everything, strict=True))}
    return {"groups": table, "all": total}


def wilson_interval(successes: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a rate (Wilson 1927)."""
    rate = successes / count
    middle = rate + Z**2 / (2 * count)
    half = Z * sqrt(rate * (1 - rate) / count + Z**2 / (4 * count**2))
    return (middle - half) / (1 + Z**2 / count), (middle + half) / (1 + Z**2 / count)


# ------------------------------------------------------------------------------- ways of reading


def read_as(
    reader: NumberReader, crop: Crop, strokes: Iterable[Array] = (), size: tuple[int, int] = (1, 1)
) -> Result:
    try:
        reading = reader.read(crop, list(strokes), size)
    except NumberError:
        return "", Verdict.REFUSED
    return reading.text, reading.verdict


def by_strokes(reader: NumberReader, drawing: Example) -> Result:
    return read_as(reader, drawing.crop, drawing.strokes, drawing.size)


def by_picture(reader: NumberReader, drawing: Example) -> Result:
    return read_as(reader, drawing.crop)


def by_components(reader: NumberReader, drawing: Example) -> Result:
    """Every connected component is a digit."""
    pieces = Picture(drawing.crop).pieces()
    return joined(reader.digit(pieces.draw(i, i + 1)) for i in range(len(pieces)))


def by_boxes(reader: NumberReader, drawing: Example) -> Result:
    """Boxes that overlap by half; of those that overlap more than a little, the surest."""
    ink = drawing.crop.ink
    width = max(1, round(BOX * len(ink)))
    found: list[tuple[int, Digit]] = []
    for left in range(0, max(1, ink.shape[1] - width // 2), max(1, width // 2)):
        box = ink[:, left : left + width]
        if (box > EDGE).mean() > LEAST_INK:
            x, top, right, bottom = box_of(box > EDGE)
            found.append((left, reader.digit(centre(fit(box[top:bottom, x:right])))))
    kept: list[tuple[int, Digit]] = []
    for left, digit in sorted(found, key=lambda box: -box[1].confidence):
        is_clear = all(abs(left - other) >= (1 - MOST_OVERLAP) * width for other, _ in kept)
        if is_clear and digit.verdict is not Verdict.REFUSED:
            kept.append((left, digit))
    return joined(digit for _, digit in sorted(kept, key=lambda box: box[0]))


def joined(digits: Iterable[Digit]) -> Result:
    found = list(digits)
    text = "".join(str(digit.digit) for digit in found)
    return text, max((digit.verdict for digit in found), default=Verdict.REFUSED)


WAYS: dict[str, Way] = {
    "strokes": by_strokes,
    "picture": by_picture,
    "components": by_components,
    "boxes": by_boxes,
}


def numbers_as_text(result: dict[str, Any]) -> str:
    """The result of `evaluate_numbers`."""
    titles = {"strokes": "strokes", "picture": "picture", "components": "components alone"}
    titles["boxes"] = "half-overlapping boxes"
    lines = [
        f"whole number right, of {result['count']} each (95 % interval), and p^n of one digit",
        f"{'digits':16}{'p^n':>8}" + "".join(f"{title:>26}" for title in titles.values()),
    ]
    single = result["numbers"][0]["picture"]["right"]
    for row in result["numbers"]:
        name = f"{row['length']} {'touching' if row['touching'] else 'apart'}"
        cells = []
        for way in titles:
            low, high = row[way]["interval"]
            cells.append(f"{row[way]['right']:12.2%} ({low:.1%}-{high:.1%})")
        power = single ** row["length"]
        lines.append(f"{name:16}{power:8.2%}" + "".join(f"{cell:>26}" for cell in cells))
    for name in ("refused", "doubtful"):
        lines.append(f"\n{name}")
        for row in result["numbers"]:
            kind = f"{row['length']} {'touching' if row['touching'] else 'apart'}"
            rates = "".join(f"{row[way][name]:26.2%}" for way in ("strokes", "picture"))
            lines.append(f"{kind:24}{rates}")
    one, parts = result["numbers"][0], result["in_pieces"]
    lines.append("\none digit read as several")
    lines += [
        f"{way:24}{one[way]['too_long']:.2%} of {result['count']}; of {parts['count']} in separate"
        f" pieces {parts[way]:.2%}"
        for way in ("strokes", "picture")
    ]
    lines.append(f"{'mnist':24}{result['digits']['too_long']:.2%} of {result['digits']['count']}")
    lines.append(f"\n{'neither digit nor number':24}{'count':>6}   read without doubt: strokes, as")
    lines[-1] += " several; picture, as several"
    everything = {**result["others"]["groups"], "all": result["others"]["all"]}
    names = ("read_strokes", "several_strokes", "read_picture", "several_picture")
    for group, row in everything.items():
        lines.append(f"{group:24}{row['count']:6}" + "".join(f"{row[name]:9.2%}" for name in names))
    return "\n".join(lines)
