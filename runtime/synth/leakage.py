"""Are tasks in suites that models are measured by? Compared by structure and data, by exact words, by 3-grams and by vectors.

3-grams are compared exactly, with an index of all that the suites have; nothing is missed at any threshold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from clawc.runtime.synth.lexical import normal, trigrams
from clawc.runtime.synth.rows import Row, TaskRow
from clawc.runtime.synth.semantic import Encoder
from clawc.runtime.synth.suite import Suite, SuiteTask

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

JACCARD = 0.3
COSINE = 0.8
_BLOCK = 1_024
_DIGITS = 6

Kind = Literal["structure", "exact", "lexical", "semantic"]


class Leak(Row):
    """`task` of the set is like `other` of the suite; `value` is the similarity, 1 where the two are the same by `kind`. `structure`:
    the same structure over the same data."""

    task: str
    suite: str
    other: str
    kind: Kind
    value: float


class _Other(NamedTuple):
    """A task of a suite, with what it is found by."""

    suite: str
    task: SuiteTask
    grams: frozenset[str]


class _Match(NamedTuple):
    """The place of a task of a suite, and how it was found."""

    at: int
    kind: Kind
    value: float


class Leakage:
    """All suites, indexed once. Without an encoder nothing is compared by vectors."""

    def __init__(
        self, suites: Sequence[Suite], encode: Encoder | None, jaccard: float = JACCARD, cosine: float = COSINE
    ) -> None:
        self._jaccard, self._cosine = jaccard, cosine
        self._others = [_Other(s.name, t, trigrams(t.instruction)) for s in suites for t in s.tasks]
        self._encode = encode
        self._vectors = (
            None if encode is None or not self._others else encode.vectors([o.task.instruction for o in self._others])
        )
        self._exact: dict[str, list[int]] = {}
        self._structures: dict[tuple[str, str], list[int]] = {}
        self._grams: dict[str, list[int]] = {}
        for at, other in enumerate(self._others):
            self._exact.setdefault(normal(other.task.instruction), []).append(at)
            if other.task.structure:
                self._structures.setdefault((other.task.structure, other.task.data), []).append(at)
            for gram in other.grams:
                self._grams.setdefault(gram, []).append(at)

    def check(self, rows: Sequence[TaskRow]) -> list[Leak]:
        """What of the rows is in a suite, by the order of rows and kinds; each pair once by each kind that finds it."""
        found: list[Leak] = []
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            cosines = (
                None
                if self._vectors is None or self._encode is None
                else self._encode.vectors([r.instruction for r in block]) @ self._vectors.T
            )
            for at, row in enumerate(block):
                found += self._of(row, None if cosines is None else cosines[at])
        return found

    def _of(self, row: TaskRow, cosines: Vectors | None) -> list[Leak]:
        found: list[_Match] = [
            _Match(at, "structure", 1.0) for at in self._structures.get((row.structure, row.data), ())
        ]
        found += [_Match(at, "exact", 1.0) for at in self._exact.get(normal(row.instruction), ())]
        grams = trigrams(row.instruction)
        shared = Counter(at for gram in grams for at in self._grams.get(gram, ()))
        for at, n in sorted(shared.items()):
            value = n / (len(grams) + len(self._others[at].grams) - n)
            if value >= self._jaccard:
                found.append(_Match(at, "lexical", value))
        if cosines is not None:
            rounded = cosines.astype(float).round(_DIGITS)
            found += [_Match(int(at), "semantic", float(rounded[at])) for at in (rounded >= self._cosine).nonzero()[0]]
        return [
            Leak(task=row.id, suite=self._others[at].suite, other=self._others[at].task.id, kind=kind, value=value)
            for at, kind, value in found
        ]


def leakage(rows: Sequence[TaskRow], suites: Sequence[Suite], encode: Encoder | None) -> list[Leak]:
    """As `Leakage(suites, encode).check(rows)`."""
    return Leakage(suites, encode).check(rows)
