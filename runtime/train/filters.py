"""Which rows are trained on, and of those that are not, why. A row is taken whole or not at all: nothing is cut inside an answer."""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from clawc.runtime.train.rows import Row
from clawc.runtime.trajectory.filter import Choice, Selection

Reason = Literal["opaque", "outcome", "score", "untrained", "long", "duplicate"]
REASONS: tuple[Reason, ...] = get_args(Reason)


@dataclass(frozen=True, slots=True)
class RowChoice:
    """`outcomes` that are taken, none stands for all; the least score; the most tokens of a row; `unique`: of rows with the same
    tokens and the same mask the first; `opaque`: also of tasks whose verifier nobody has proved."""

    outcomes: frozenset[str] = frozenset({"ok"})
    min_score: Decimal | None = None
    most_tokens: int | None = None
    unique: bool = True
    opaque: bool = False


class RowSelection:
    """Takes or leaves rows, in the order in which they come. `taken` and `left` count rows."""

    def __init__(self, choice: RowChoice) -> None:
        self.choice = choice
        self.taken = 0
        self.left = Counter[Reason]()
        self._seen: set[bytes] = set()

    def chosen(
        self, rows: Iterable[Row], outcome: str = "ok", score: str | None = None, *, opaque: bool = False
    ) -> Iterator[Row]:
        """Those of an episode that are taken."""
        judge = Selection(Choice(self.choice.outcomes, self.choice.min_score))
        episode: Reason | None = "opaque" if opaque and not self.choice.opaque else None
        if episode is None and not judge.judged(outcome, score):
            episode = "outcome" if judge.left["outcome"] else "score"
        for row in rows:
            why = episode or self._why(row)
            if why is None:
                self.taken += 1
                yield row
            else:
                self.left[why] += 1

    def counts(self) -> dict[Reason, int]:
        """How many were left, by the first reason that applies, in the order in which reasons are looked for."""
        return {reason: self.left[reason] for reason in REASONS if self.left[reason]}

    def _why(self, row: Row) -> Reason | None:
        if not row.trained:
            return "untrained"
        if self.choice.most_tokens is not None and len(row.input_ids) > self.choice.most_tokens:
            return "long"
        if self.choice.unique:
            same = hashlib.sha256(array("q", row.input_ids).tobytes() + bytes(row.loss_mask)).digest()
            if same in self._seen:
                return "duplicate"
            self._seen.add(same)
        return None
