"""Reading whole numbers: the obvious digits first, a lattice of candidates where one is not."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import NamedTuple, Protocol

import numpy as np

from nn.dataset import DIGITS
from nn.ink.files import PictureError
from nn.ink.preprocess import EDGE, Crop
from nn.ink.segmentation.picture import Picture, judge_of
from nn.ink.segmentation.pieces import EVERYTHING, Box, Candidate, Pieces
from nn.ink.segmentation.strokes import Strokes
from nn.layers import Array
from nn.measure.rejection import Verdict, conditional_probabilities, confidence_of, verdicts
from nn.network import Network
from nn.numbers import geometry
from nn.numbers.lattice import Lattice, Path

MOST_DIGITS = 12
WIDEST_DIGIT = 1.8  # heights
MOST_STROKES = 40  # a drawing of more is read from its picture
MOST_PIECES = 40  # a drawing of more is read as one digit, or refused
MOST_CANDIDATES = 112  # of a lattice, which bounds its time
FEWER_CUTS = (4, 3, 2, 1)  # of a component, until there are no more candidates than that
OBVIOUS_WIDTH = 1.6  # heights; what is wider may be two digits
OBVIOUS_HEIGHT = 0.5  # of a digit; what is lower may be a part of one
MIN_ROW = 0.15  # of the height of a drawing, to be a line of digits
MEMORY = 1000  # candidates whose probabilities are remembered, by a hash of their pixels
MIN_DOUBT = {"strokes": 0.2, "picture": 0.1}  # probability of no number: doubtful above
MAX_DOUBT = 0.5  # the same: refused above
MAX_DOUBT_OF_LINES = 0.8  # the same, of components that are each a 1 or a 7
MIN_CONFIDENCE, SURE_CONFIDENCE = 0.1, 0.8  # of the number: refused below, then doubtful
MIN_RIVAL = 0.15  # probability of another number to be worth mentioning


class NumberError(PictureError):
    """A picture of more than one number, or of one that is too long."""


Probabilities = Callable[[Array], Array]  # (28, 28) -> (10 or 11,)


class Digit(NamedTuple):
    """A digit of a number, or a whole drawing as one."""

    digit: int  # the best guess
    confidence: float  # its probability, with "no digit" counted in
    probabilities: list[float]  # of the ten digits, given that it is one
    verdict: Verdict
    box: Box  # in shares of the picture's sides
    drawing: Array  # (28, 28), what the network saw
    scores: Array  # (10 or 11,), the network's probabilities


class Whole:
    """A whole drawing; the network reads it as one digit when that is first asked for."""

    def __init__(self, read: Callable[[], Digit]) -> None:
        self.read = read

    @cached_property
    def digit(self) -> Digit:
        """The drawing as one digit."""
        return self.read()


class Division(NamedTuple):
    """How a drawing was divided: the lattice, its best paths, and the probability of each."""

    lattice: Lattice
    paths: list[Path]
    probabilities: list[float]
    source: str  # of the pieces: "strokes" or "picture"
    weights: Array  # (15,), of the features of geometry
    share: Callable[[Box], Box]  # a box in pixels of the pieces as shares of the picture's sides


@dataclass(frozen=True)
class Reading:
    """What a network makes of a drawing: the digits of a number, whatever the verdict."""

    digits: list[Digit]
    confidence: float  # the probability of the number, with "no digit" counted in
    verdict: Verdict
    rivals: list[tuple[str, float]]  # other numbers nearly as probable, the likeliest first
    drawing: Whole
    division: Division | None = None  # None where there was no question of several digits
    candidates: int = 0  # that the network looked at

    @property
    def text(self) -> str:
        """The digits from left to right."""
        return "".join(str(digit.digit) for digit in self.digits)

    @property
    def whole(self) -> Digit:
        """The drawing as one digit."""
        return self.drawing.digit


class Divided(NamedTuple):
    """A drawing in candidates for digits."""

    lattice: Lattice
    drawings: list[Array]  # (28, 28), the inputs of the candidates
    most_doubt: float  # probability of no number above which it is refused; 1: out of question


class Source(Protocol):
    """Where the pieces of a drawing come from."""

    name: str  # of its weights, see `geometry.SOURCES`

    def pieces(self, opened: frozenset[int] = frozenset(), cuts: int = 0) -> Pieces:
        """The pieces; those at the places `opened` cut so many times, if that is possible."""

    def share(self, box: Box) -> Box:
        """A box in pixels of the pieces as shares of the picture's sides."""


class NumberReader:
    """Reads drawings as numbers with one network, and another that judges cuts."""

    def __init__(
        self, network: Network, seams: Network, probabilities: Probabilities | None = None
    ) -> None:
        """`seams` judges cuts; `probabilities` are the network's, where faster."""
        self.network = network
        self.judge = judge_of(seams)
        self.probabilities = probabilities or (
            lambda image: network.probabilities(image[None, :, :, None])[0]
        )
        self.memory: dict[bytes, Array] = {}  # of candidates: most stay while a number grows
        self.weights = {
            name: geometry.as_array(geometry.weights_of(network, name)) for name in geometry.SOURCES
        }

    def read(
        self, crop: Crop, strokes: Sequence[Array] = (), size: tuple[int, int] = (1, 1)
    ) -> Reading:
        """The number in a drawing.

        strokes, each points (n, 2) in pixels of a picture of that size, tell more than the picture
        alone: which ink was drawn together.

        Raises NumberError for more than MOST_DIGITS digits, or several lines of them.
        """
        whole = self.whole(crop)
        if is_obvious(whole, crop):
            return as_one(whole)
        if self.has_several_lines(crop):
            raise NumberError("there are several lines: send a number in one line")
        if 0 < len(strokes) <= MOST_STROKES:
            reading = self.read_from(Strokes(strokes, size, crop.box), whole)
            if reading.verdict is Verdict.REFUSED:  # one stroke may be several digits
                by_picture = self.read_from(Picture(crop, self.judge), whole)
                candidates = reading.candidates + by_picture.candidates
                verdict = max(by_picture.verdict, Verdict.DOUBTFUL)  # a letter may be, too
                reading = replace(by_picture, verdict=verdict, candidates=candidates)
        else:
            reading = self.read_from(Picture(crop, self.judge), whole)
        if len(reading.digits) > MOST_DIGITS and reading.verdict is not Verdict.REFUSED:
            raise NumberError(
                f"the number has {len(reading.digits)} digits: send at most {MOST_DIGITS}"
            )
        return reading

    def whole(self, crop: Crop) -> Whole:
        """The drawing as a whole."""
        return Whole(lambda: self.digit(crop.as_input(), crop.box))

    def has_several_lines(self, crop: Crop) -> bool:
        """Whether digits stand in rows above each other, with paper between the rows."""
        rows = [row for row in rows_of(crop.ink) if row.shape[0] >= MIN_ROW * crop.ink.shape[0]]
        if len(rows) < 2:
            return False
        return all(self.is_line(row) for row in rows)

    def is_line(self, row: Array) -> bool:
        """Whether most parts of a row (height, width) are digits without doubt."""
        crop = Crop(row, EVERYTHING)
        pieces, whole = Picture(crop).pieces(), self.whole(crop)
        if len(pieces) > MOST_PIECES:
            return False
        clusters = pieces.clusters()
        return sum(self.is_digit(pieces, it, whole) for it in clusters) > len(clusters) / 2

    def read_from(self, source: Source, whole: Whole) -> Reading:
        """The number in the pieces of a drawing."""
        divided = self.divide(source, whole)
        return self.likeliest(divided, source, whole) if divided else as_one(whole)

    def divide(self, source: Source, whole: Whole) -> Divided | None:
        """A lattice of the obvious digits, or of more candidates where one is not; their inputs.

        None where there are too many pieces for a number.
        """
        pieces = source.pieces()
        if not 0 < len(pieces) <= MOST_PIECES:
            return None
        obvious: list[Candidate] = []
        unclear: list[Candidate] = []
        for cluster in pieces.clusters():
            is_digit = self.is_digit(pieces, cluster, whole)
            parts = [cluster] if is_digit else [Candidate(i, i + 1) for i in range(*cluster)]
            obvious += parts
            if not is_digit:
                unclear += [part for part in parts if not self.is_digit(pieces, part, whole)]
        if not unclear:
            # strokes may be those of a letter, such as H, and lines those of a hatching
            if source.name != "picture":
                return self.lattice(pieces, obvious, whole)
            most_doubt = MAX_DOUBT_OF_LINES if self.are_simple(pieces, obvious, whole) else 1.0
            return self.lattice(pieces, obvious, whole, most_doubt)
        to_cut = [part.start for part in unclear if is_high(pieces, part)]
        for cuts in FEWER_CUTS:
            pieces = source.pieces(frozenset(to_cut), cuts)
            candidates = pieces.candidates()
            if len(candidates) <= MOST_CANDIDATES:
                return self.lattice(pieces, candidates, whole)
        return None

    def is_digit(self, pieces: Pieces, candidate: Candidate, whole: Whole) -> bool:
        """Whether it is read without doubt, and neither wide nor low."""
        is_wide = width_of(pieces, candidate) > OBVIOUS_WIDTH * pieces.height
        if is_wide or not is_high(pieces, candidate):
            return False
        scores = self.scores(pieces, candidate, whole)
        return bool(verdicts(self.network, scores[None])[0] == Verdict.READ)

    def are_simple(self, pieces: Pieces, candidates: Iterable[Candidate], whole: Whole) -> bool:
        """Whether all are read as digits that other drawings consist of, too."""
        return all(
            int(self.scores(pieces, candidate, whole)[:DIGITS].argmax()) in geometry.SIMPLE
            for candidate in candidates
        )

    def scores(self, pieces: Pieces, candidate: Candidate, whole: Whole) -> Array:
        """The network's probabilities (10 or 11,) for a candidate; all pieces are the whole."""
        if candidate == (0, len(pieces)):
            return whole.digit.scores
        drawing = pieces.draw(*candidate)
        key = blake2b(drawing.tobytes(), digest_size=16).digest()
        found = self.memory.get(key)
        if found is None:
            found = self.memory[key] = self.probabilities(drawing)
            if len(self.memory) > MEMORY:
                del self.memory[next(iter(self.memory))]
        return found

    def lattice(
        self,
        pieces: Pieces,
        candidates: Iterable[Candidate],
        whole: Whole,
        most_doubt: float = MAX_DOUBT,
    ) -> Divided:
        """The lattice of these candidates, and of the whole drawing unless it is too wide."""
        everything, found = Candidate(0, len(pieces)), list(candidates)
        is_wide = width_of(pieces, everything) > WIDEST_DIGIT * pieces.height
        if everything not in found and not is_wide:
            found.append(everything)
        scores = np.array([self.scores(pieces, part, whole) for part in found])
        drawings = [
            whole.digit.drawing if part == everything else pieces.draw(*part) for part in found
        ]
        return Divided(Lattice(pieces, found, scores), drawings, most_doubt)

    def likeliest(self, divided: Divided, source: Source, whole: Whole) -> Reading:
        """The number on the best path."""
        lattice, drawings, most_doubt = divided
        is_number = most_doubt == 1
        weights, looked_at = self.weights[source.name], len(lattice.candidates)
        paths, total = lattice.best_paths(weights, with_nothing=not is_number)
        shares = [math.exp(path.score - total) for path in paths]
        numbers: dict[str, float] = {}
        for path, share in zip(paths, shares, strict=True):
            numbers[path.text] = numbers.get(path.text, 0.0) + share
        ranked = sorted(numbers.items(), key=lambda number: -number[1])
        (text, confidence), others = ranked[0], ranked[1:]
        rivals = [(other, share) for other, share in others if share >= MIN_RIVAL]
        division = Division(lattice, paths, shares, source.name, weights, source.share)
        best = next(path for path in paths if path.text == text)
        if len(text) == 1:
            single = as_one(whole)
            longer = [rival for rival in rivals if len(rival[0]) > 1]
            return replace(
                single, rivals=[*single.rivals, *longer], division=division, candidates=looked_at
            )
        digits = [
            self.described(
                lattice.probabilities[place],
                drawings[place],
                source.share(lattice.pieces.box(*lattice.candidates[place])),
            )
            for place in best.candidates
        ]
        if is_number:
            nothing = 0.0
            confidence *= math.prod(sum(digit.scores[:DIGITS].tolist()) for digit in digits)
        else:
            nothing = math.exp(lattice.score_of_nothing(weights) - total)
        verdict = max(digit.verdict for digit in digits)
        if nothing > most_doubt or confidence < MIN_CONFIDENCE:
            verdict = Verdict.REFUSED
        elif nothing > MIN_DOUBT[source.name] or confidence < SURE_CONFIDENCE:
            verdict = max(verdict, Verdict.DOUBTFUL)
        return Reading(digits, confidence, verdict, rivals, whole, division, looked_at)

    def read_single(self, drawing: Array, box: Box = EVERYTHING) -> Reading:
        """A drawing (28, 28) as a single digit."""
        return as_one(Whole(lambda: self.digit(drawing, box)))

    def digit(self, drawing: Array, box: Box = EVERYTHING) -> Digit:
        """A drawing (28, 28) as one digit."""
        return self.described(self.probabilities(drawing), drawing, box)

    def described(self, scores: Array, drawing: Array, box: Box) -> Digit:
        """The digit of a drawing with these scores of the network."""
        probabilities = conditional_probabilities(scores[None])[0].tolist()
        return Digit(
            digit=max(range(DIGITS), key=probabilities.__getitem__),
            confidence=float(confidence_of(scores[None])[0]),
            probabilities=probabilities,
            verdict=Verdict(int(verdicts(self.network, scores[None])[0])),
            box=box,
            drawing=drawing,
            scores=scores,
        )


def as_one(whole: Whole) -> Reading:
    """The reading of a drawing as a single digit."""
    digit = whole.digit
    rivals = [
        (str(other), probability)
        for other, probability in enumerate(digit.probabilities)
        if other != digit.digit and probability >= MIN_RIVAL
    ]
    rivals.sort(key=lambda rival: -rival[1])
    return Reading([digit], digit.confidence, digit.verdict, rivals, whole)


def is_obvious(whole: Whole, crop: Crop) -> bool:
    """Whether there is no question of several digits: no gap, not wide, read without doubt."""
    height, width = crop.ink.shape
    return (
        width <= OBVIOUS_WIDTH * height
        and bool((crop.ink > EDGE).any(axis=0).all())
        and whole.digit.verdict is Verdict.READ
    )


def width_of(pieces: Pieces, candidate: Candidate) -> float:
    """In pixels."""
    left, _, right, _ = pieces.box(*candidate)
    return right - left


def is_high(pieces: Pieces, candidate: Candidate) -> bool:
    """Whether it may be a digit, and not only a part of one."""
    _, top, _, bottom = pieces.box(*candidate)
    return bottom - top >= OBVIOUS_HEIGHT * pieces.height


def rows_of(ink: Array) -> list[Array]:
    """The ink (height, width) in rows with paper between them, each cropped, from the top."""
    strong = ink > EDGE
    edges = np.flatnonzero(np.diff(strong.any(axis=1), prepend=False, append=False))
    rows = []
    for top, bottom in edges.reshape(-1, 2).tolist():
        columns = np.flatnonzero(strong[top:bottom].any(axis=0))
        rows.append(ink[top:bottom, columns[0] : columns[-1] + 1])
    return rows
