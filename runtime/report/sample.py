"""An episode as reports see it: its scores as numbers, or the reason why it has none.

Records may come from strangers: a score that is no number between 0 and 1 is a fault, never a value.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from math import fsum, isfinite
from typing import Literal

from clawc.compiler.report import clean
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.records import UNSCORED, EpisodeRecord, RunInfo

Quantity = Literal["score", "score_checks"]
_SHARE = re.compile(r"(0|1)(\.[0-9]{1,60})?", re.ASCII)
_COST = re.compile(r"[0-9]{1,15}(\.[0-9]{1,30})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sample:
    """One episode by its last attempt. `task` is unambiguous in the report. `score` and `score_checks` are in [0, 1],
    both None for an unscored outcome, whatever the record says; `score` alone is None while a rubric is not judged.
    `seconds` is the sum of its phases, None without any."""

    record: EpisodeRecord
    task: str
    score: float | None
    score_checks: float | None
    seconds: float | None

    @property
    def excluded(self) -> bool:
        return self.record.outcome in UNSCORED

    def of(self, quantity: Quantity) -> float | None:
        return self.score if quantity == "score" else self.score_checks


@dataclass(frozen=True, slots=True)
class RunInput:
    """What a run folder holds: `records` has the last attempt of each episode, `attempts` has all of them; `judged_by`
    counts the records of each judgement, by the id of the re-scoring or "original"."""

    label: str
    info: RunInfo
    records: Sequence[EpisodeRecord]
    attempts: Sequence[EpisodeRecord]
    judged_by: Mapping[str, int] = field(default_factory=dict[str, int])


def samples_of(run: RunInput, ambiguous: frozenset[str]) -> tuple[Sample, ...]:
    """The episodes by task, index and seed. Raises RuntimeFault R0206 for a score that is none."""
    found = [_sample(record, ambiguous) for record in run.records]
    return tuple(sorted(found, key=lambda s: (s.task, s.record.index, s.record.seed, s.record.key)))


def ambiguous_tasks(runs: Sequence[RunInput]) -> frozenset[str]:
    """Names that stand for several bundles within one of the runs."""
    found: set[str] = set()
    for run in runs:
        bundles: defaultdict[str, set[str]] = defaultdict(set)
        for task in run.info.tasks:
            bundles[task.task].add(task.bundle_id)
        for record in run.records:
            bundles[record.task].add(record.bundle_id)
        found |= {name for name, ids in bundles.items() if len(ids) > 1}
    return frozenset(found)


def _sample(record: EpisodeRecord, ambiguous: frozenset[str]) -> Sample:
    seconds = seconds_of(record).values()
    label = task_label(record.task, record.bundle_id, ambiguous)
    return Sample(record, label, *_scores(record), fsum(seconds) if seconds else None)


def task_label(task: str, bundle_id: str, ambiguous: frozenset[str]) -> str:
    """The task's name, with the beginning of its bundle's id where the name alone is ambiguous."""
    return f"{task}@{bundle_id[:12]}" if task in ambiguous else task


def seconds_of(record: EpisodeRecord) -> dict[str, float]:
    """Seconds by phase, without values that no clock gives."""
    return {name: value for name, value in record.seconds.items() if isfinite(value) and value >= 0}


def cost_of(record: EpisodeRecord) -> Decimal | None:
    """Dollars, or None where none are reported. Raises RuntimeFault R0206 for a text that is no amount."""
    text = record.usage.cost
    if text is None:
        return None
    if not _COST.fullmatch(text):
        raise _fault(record, "cost", text)
    return Decimal(text)


def _scores(record: EpisodeRecord) -> tuple[float | None, float | None]:
    if record.outcome in UNSCORED:
        return None, None
    return _share(record, "score", record.score), _share(record, "score_checks", record.score_checks)


def _share(record: EpisodeRecord, name: str, text: str | None) -> float | None:
    if text is None:
        return None
    value = _number(text)
    if value is None:
        raise _fault(record, name, text)
    return value


@lru_cache(maxsize=1024)
def _number(text: str) -> float | None:
    """Runs of many episodes have few different scores."""
    return float(text) if _SHARE.fullmatch(text) and float(text) <= 1 else None


def _fault(record: EpisodeRecord, name: str, text: str) -> RuntimeFault:
    return RuntimeFault(
        "R0206",
        f"the record `{clean(record.key[:200])}` has the {name} `{clean(text[:60])}`, which is no such number",
        "Remove that line, or take the run from where it was made.",
    )
