"""The time to read a number, as a multiple of that to read one digit, in the same run.

    python bench/whole_numbers.py

From the bytes of a JPEG to the reading, on one core.  Numbers are composed of the test split's pen
strokes and fonts; "one digit" is a number of one digit, once as before numbers were read: without
asking whether there are several.  The order is shuffled, so that a busy moment affects all kinds.
"""

import random
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from threadpoolctl import threadpool_limits

from nn.data.numbers import TOUCHING, numbers
from nn.ink.preprocess import to_crop
from nn.layers import Array
from nn.measure.robustness import encoded
from web.models import Model, load_models
from web.operation.malloc import reuse_memory

COUNT = 100  # numbers of each kind, each read ROUNDS times
ROUNDS = 5
KINDS = {  # length, touching, with strokes
    "one digit, strokes": (1, False, True),
    "one digit, picture": (1, False, False),
    "two digits, strokes": (2, False, True),
    "four digits, strokes": (4, False, True),
    "four digits, picture": (4, False, False),
    "four touching, strokes": (4, True, True),
    "four touching, picture": (4, True, False),
}
ALONE = "one digit, not divided"


def read(model: Model, content: bytes, strokes: list[Array], size: tuple[int, int]) -> None:
    crop = to_crop(content)
    assert crop is not None
    model.reader.read(crop, strokes, size)


def read_alone(model: Model, content: bytes) -> None:
    crop = to_crop(content)
    assert crop is not None
    model.reader.read_single(crop.as_input(), crop.box)


def main() -> None:
    reuse_memory(2 << 20)  # as gunicorn.conf.py has it
    model = load_models()["best"]
    actions: list[tuple[str, Callable[[], None]]] = []
    for name, (length, touching, with_strokes) in KINDS.items():
        for number in numbers("test", length, COUNT, TOUCHING if touching else None):
            content = encoded(number.picture().convert("RGB"), "JPEG", quality=92)
            strokes = [np.array(stroke) for stroke in number.strokes] if with_strokes else []
            actions.append((name, partial(read, model, content, strokes, number.size)))
            if name == "one digit, picture":
                actions.append((ALONE, partial(read_alone, model, content)))
    seconds: dict[str, list[float]] = defaultdict(list)
    with threadpool_limits(1):
        for _ in range(ROUNDS + 1):  # the first warms up
            random.shuffle(actions)
            for name, action in actions:
                started = time.perf_counter()
                action()
                seconds[name].append(time.perf_counter() - started)
    of_one = statistics.median(seconds[ALONE])
    print(f"{'':24}{'median':>9}{'95 %':>9}{'slowest':>9}  ms    median / that of {ALONE}")
    for name in (ALONE, *KINDS):
        times = sorted(seconds[name][len(seconds[name]) // (ROUNDS + 1) :])
        median, late = statistics.median(times), times[int(0.95 * len(times))]
        figures = "".join(f"{1000 * value:9.2f}" for value in (median, late, times[-1]))
        print(f"{name:24}{figures}{median / of_one:14.2f}")


if __name__ == "__main__":
    main()
