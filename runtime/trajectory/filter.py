"""Which trajectories are taken, and of those that are not, why: every record that is offered is counted once."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal, get_args

from clawc.runtime.trajectory.records import Message, TrajectoryRecord
from clawc.runtime.trajectory.values import as_json

Reason = Literal["outcome", "score", "unrecorded", "empty", "failed", "unfinished", "duplicate", "per_task"]
REASONS: tuple[Reason, ...] = get_args(Reason)
_SAME = frozenset({"role", "content", "reasoning", "failed", "name"})


@dataclass(frozen=True, slots=True)
class Choice:
    """`outcomes` that are taken, none stands for all; the least score; at most so many of each task, the first ones; `unique`: of
    trajectories with the same messages the first; `sound`: none with a call of a tool that failed or has no result."""

    outcomes: frozenset[str] = frozenset({"ok"})
    min_score: Decimal | None = None
    per_task: int | None = None
    unique: bool = False
    sound: bool = False


class Selection:
    """Takes or leaves records, in the order in which they come. `taken` and `left` count them."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self.taken = 0
        self.left = Counter[Reason]()
        self._tasks = Counter[str]()
        self._seen: set[bytes] = set()

    def judged(self, outcome: str, score: str | None) -> bool:
        """Whether outcome and score are good enough; counted if not. For what need not be read otherwise."""
        why = self._unfit(outcome, score)
        if why is not None:
            self.left[why] += 1
        return why is None

    def chosen(self, records: Iterable[TrajectoryRecord | None]) -> Iterator[TrajectoryRecord]:
        """Those that are taken; None stands for an attempt without a record."""
        for record in records:
            why = self._why(record)
            if why is not None:
                self.left[why] += 1
            elif record is not None:
                self.taken += 1
                self._tasks[record.task] += 1
                yield record

    def counts(self) -> dict[Reason, int]:
        """How many were left, by the first reason that applies, in the order in which reasons are looked for."""
        return {reason: self.left[reason] for reason in REASONS if self.left[reason]}

    def _why(self, record: TrajectoryRecord | None) -> Reason | None:
        if record is None:
            return "unrecorded"
        if (unfit := self._unfit(record.outcome, record.score)) is not None:
            return unfit
        if not any(message.role == "assistant" for message in record.messages):
            return "empty"
        if self.choice.sound:
            if any(message.failed for message in record.messages):
                return "failed"
            if not _finished(record.messages):
                return "unfinished"
        if self.choice.unique:
            same = _digest(record)
            if same in self._seen:
                return "duplicate"
            self._seen.add(same)
        if self.choice.per_task is not None and record.task and self._tasks[record.task] >= self.choice.per_task:
            return "per_task"
        return None

    def _unfit(self, outcome: str, score: str | None) -> Reason | None:
        if self.choice.outcomes and outcome not in self.choice.outcomes:
            return "outcome"
        if self.choice.min_score is not None:
            try:
                enough = score is not None and Decimal(score) >= self.choice.min_score
            except InvalidOperation:
                enough = False
            if not enough:
                return "score"
        return None


def _finished(messages: tuple[Message, ...]) -> bool:
    """Whether each call has a result after it."""
    open_calls: set[str] = set()
    for message in messages:
        open_calls |= {call.id for call in message.tool_calls}
        if message.role == "tool":
            open_calls.discard(message.tool_call_id)
    return not open_calls


def _digest(record: TrajectoryRecord) -> bytes:
    """Of what was said, without times, tokens, and the ids of calls, which are new each time."""
    numbers: dict[str, int] = {}
    said: list[object] = []
    for message in record.messages:
        said.append(message.model_dump(include=set(_SAME)))
        said.append([(numbers.setdefault(c.id, len(numbers)), c.name, c.arguments) for c in message.tool_calls])
        said.append(numbers.get(message.tool_call_id, -1))
    return hashlib.sha256(as_json(said).encode("utf-8", "surrogatepass")).digest()
