"""How unlike the tasks of a set are: neighbours among vectors, effective number of instructions, openings, structures, coverage.

Everything is a function of the rows and the seed. Figures that grow with the size of a set are of a sample of fixed size, so that sets
compare.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import product
from math import log
from typing import TYPE_CHECKING

from clawc.runtime.synth.lexical import words
from clawc.runtime.synth.published import CLAWGYM
from clawc.runtime.synth.rows import Count, Row, TaskRow
from clawc.runtime.synth.semantic import Encoder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

LEVELS = (0.7, 0.8, 0.9)
STEPS = 20  # of the histogram of cosines, from 0 to 1
OPENINGS = 10
_BLOCK = 1_024  # rows that are compared with all others at once
_DIGITS = 6


class Opening(Row):
    """The first three words of `count` instructions."""

    words: str
    count: Count
    share: float


class AtLeast(Row):
    """How many tasks have a neighbour, and how many pairs there are, at a cosine of at least `cosine`. `sampled_pairs` are among
    `Neighbours.sample` tasks."""

    cosine: float
    tasks: Count
    pairs: Count
    sampled_pairs: Count


class Neighbours(Row):
    """The cosine of each task to its nearest neighbour. `histogram` has twenty steps from 0 to 1; what is below 0 is in the first."""

    median: float
    p99: float
    most: float
    histogram: tuple[Count, ...]
    at_least: tuple[AtLeast, ...]
    sample: Count


class Vendi(Row):
    """The effective number of instructions of a sample of `n`."""

    score: float
    n: Count


class Cell(Row):
    names: tuple[str, ...]
    count: Count


class Coverage(Row):
    """A table over some features. `possible` cells are all combinations of the values that occur; `floor` is the least of their counts,
    `filled_floor` that of those that are filled; `entropy` is in [0, 1], 1 if all possible cells are equally full."""

    features: tuple[str, ...]
    possible: Count
    filled: Count
    floor: Count
    filled_floor: Count
    entropy: float
    cells: tuple[Cell, ...] = ()


class Structures(Row):
    distinct: Count
    largest: Count
    largest_share: float


class Diversity(Row):
    """All figures of a set. Without vectors, `neighbours` and `vendi` are None: not known."""

    tasks: Count
    neighbours: Neighbours | None
    vendi: Vendi | None
    openings: tuple[Opening, ...]
    structures: Structures
    coverage: tuple[Coverage, ...]


_FEATURES = ("operation", "format", "shape", "category")
# By the places of their features; the whole table last, of which the cells are too many to be listed.
_TABLES = ((0,), (1,), (2,), (3,), (0, 1), (0, 2), (1, 2), (3, 0), (3, 2), (0, 1, 2, 3))
_LISTED = 2


def diversity(rows: Sequence[TaskRow], encode: Encoder | None, seed: int = 1) -> Diversity:
    """The figures of a set; `seed` draws samples. 13,500 tasks take about half a minute, nearly all of it for vectors. Raises ValueError
    for no rows."""
    if not rows:
        raise ValueError("there are no tasks")
    vectors = None if encode is None else encode.vectors([row.instruction for row in rows])
    return Diversity(
        tasks=len(rows),
        neighbours=None if vectors is None or len(rows) < 2 else neighbours(vectors, seed),
        vendi=None if vectors is None else vendi(vectors, seed),
        openings=openings(row.instruction for row in rows),
        structures=structures(row.structure for row in rows),
        coverage=tuple(coverage(rows, table) for table in _TABLES),
    )


def neighbours(vectors: Vectors, seed: int = 1) -> Neighbours:
    """Of at least two vectors of length 1, [n, d], each compared with all others, in blocks."""
    import numpy as np

    nearest, pairs = _nearest(vectors)
    chosen = vectors[_sample(len(vectors), CLAWGYM.prompts, seed)]
    _, sampled = _nearest(chosen)
    steps, _ = np.histogram(nearest.clip(0, 1), bins=STEPS, range=(0, 1))
    return Neighbours(
        median=_number(np.median(nearest)), p99=_number(np.quantile(nearest, 0.99)), most=_number(nearest.max()),
        histogram=tuple(int(n) for n in steps),
        at_least=tuple(
            AtLeast(cosine=level, tasks=int((nearest >= level).sum()), pairs=pairs[at], sampled_pairs=sampled[at])
            for at, level in enumerate(LEVELS)
        ),
        sample=len(chosen),
    )  # fmt: skip


def _nearest(vectors: Vectors) -> tuple[Vectors, list[int]]:
    """The greatest cosine of each row to another one, and the number of pairs at each level."""
    import numpy as np

    best = np.full(len(vectors), -1, np.float32)
    pairs = [0 for _ in LEVELS]
    for start in range(0, len(vectors), _BLOCK):
        block = np.round(vectors[start : start + _BLOCK] @ vectors.T, _DIGITS)
        here = np.arange(len(block))
        block[here, here + start] = -1
        best[start : start + _BLOCK] = block.max(axis=1)
        pairs = [so_far + int((block >= np.float32(level)).sum()) for so_far, level in zip(pairs, LEVELS)]
    return best, [n // 2 for n in pairs]


def vendi(vectors: Vectors, seed: int = 1, n: int = CLAWGYM.vendi_n) -> Vendi:
    """exp of the entropy of the eigenvalues of K / n, where K holds the cosines of a sample of n: Friedman and Dieng 2023, "The Vendi
    Score". The eigenvalues that are not 0 are those of the smaller matrix of the columns."""
    import numpy as np

    chosen = vectors[_sample(len(vectors), n, seed)].astype(np.float64)
    values = np.linalg.eigvalsh(chosen.T @ chosen / len(chosen))
    kept = values[values > 1e-12]
    return Vendi(score=_number(np.exp(-(kept * np.log(kept)).sum())), n=len(chosen))


def openings(texts: Iterable[str], most: int = OPENINGS) -> tuple[Opening, ...]:
    """The most frequent first three words, with the share of the texts that begin so; equally frequent ones by the alphabet."""
    counts = Counter(" ".join(words(text[:400])[:3]) for text in texts)
    whole = sum(counts.values())
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]
    return tuple(Opening(words=opening, count=n, share=n / whole) for opening, n in ordered)


def structures(digests: Iterable[str]) -> Structures:
    """How many there are, and how many tasks have the most frequent one."""
    counts = Counter(digests)
    largest = max(counts.values(), default=0)
    return Structures(distinct=len(counts), largest=largest, largest_share=largest / max(1, sum(counts.values())))


def coverage(rows: Sequence[TaskRow], places: Sequence[int]) -> Coverage:
    """The table over the features at these places. A task with several values counts in each of their cells."""
    features = tuple(_FEATURES[place] for place in places)
    counts: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        counts.update(set(product(*(_values(row, feature) for feature in features))))
    values = [sorted({names[at] for names in counts}) for at in range(len(features))]
    possible = 1
    for each in values:
        possible *= len(each)
    return Coverage(
        features=features, possible=possible, filled=len(counts),
        floor=0 if len(counts) < possible else min(counts.values(), default=0), filled_floor=min(counts.values(), default=0),
        entropy=entropy(counts.values(), possible),
        cells=tuple(Cell(names=n, count=c) for n, c in sorted(counts.items())) if len(features) <= _LISTED else (),
    )  # fmt: skip


def _values(row: TaskRow, feature: str) -> tuple[str, ...]:
    """One value or more."""
    if feature == "operation":
        return row.operations
    if feature == "format":
        return row.formats
    return (row.shape if feature == "shape" else row.category,)


def entropy(counts: Iterable[int], possible: int) -> float:
    """Shannon's entropy over that of `possible` equally full cells; 1 for a single possible cell."""
    filled = [n for n in counts if n]
    whole = sum(filled)
    if possible < 2 or not whole:
        return 1.0 if whole else 0.0
    return max(0.0, round(-sum(n / whole * log(n / whole) for n in filled) / log(possible), _DIGITS))


def _sample(n: int, most: int, seed: int) -> list[int]:
    return list(range(n)) if n <= most else sorted(random.Random(f"diversity {seed}").sample(range(n), most))


def _number(value: object) -> float:
    return round(float(value), _DIGITS)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
