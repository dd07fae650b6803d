"""Which rows are trained on, and of those that are not, why. Nothing is cut inside an answer: a row is taken whole, or up to the end of
one."""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal, get_args

from clawc.runtime.train.rows import Row
from clawc.runtime.trajectory.filter import Choice, Selection

Reason = Literal["opaque", "outcome", "score", "untrained", "long", "duplicate"]
REASONS: tuple[Reason, ...] = get_args(Reason)


@dataclass(frozen=True, slots=True)
class RowChoice:
    """`outcomes` that are taken, none stands for all; the least score; the most tokens of a row; `unique`: of rows with the same
    tokens and the same mask the first; `opaque`: also of tasks whose verifier nobody has proved; `cut`: a row that is too long ends
    with the last answer that is not."""

    outcomes: frozenset[str] = frozenset({"ok"})
    min_score: Decimal | None = None
    most_tokens: int | None = None
    unique: bool = True
    opaque: bool = False
    cut: bool = False


def shortened(row: Row, most_tokens: int) -> Row:
    """The row up to the end of the last answer within so many tokens; as it is where it is not longer, or not one answer fits."""
    spans = tuple(span for span in row.spans if span.end <= most_tokens)
    if len(row.input_ids) <= most_tokens or not spans:
        return row
    end = spans[-1].end
    known = None if row.old_logprobs is None else row.old_logprobs[:end]
    return replace(row, input_ids=row.input_ids[:end], loss_mask=row.loss_mask[:end], old_logprobs=known, spans=spans)


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
            if self.choice.cut and self.choice.most_tokens is not None:
                row = shortened(row, self.choice.most_tokens)
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
