"""A judging in few figures: how often each criterion was met, and which deliverables spoke to the judge."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from clawc.runtime.judge.records import JudgementRecord, RubricJudgement
from clawc.spec.rubric import Decision

_INSTANCE = re.compile(r"-[0-9]{4,9}\Z")


class Spoke(NamedTuple):
    """A line that speaks to the judge; line 0 is the file's name."""

    key: str
    path: str
    line: int
    kind: str


@dataclass(slots=True)
class RubricSummary:
    """One rubric of a task and its instances over all that was judged. `third` counts judgements with a third vote, `faulty` those with
    a vote that did not count."""

    task: str
    name: str
    judged: int = 0
    total: Decimal = Decimal(0)
    third: int = 0
    faulty: int = 0
    criteria: dict[str, Counter[Decision]] = field(default_factory=dict[str, Counter[Decision]])

    @property
    def share(self) -> float:
        """The mean of the shares."""
        return float(self.total) / self.judged

    def add(self, judgement: RubricJudgement) -> None:
        self.judged += 1
        self.total += Decimal(judgement.share)
        self.third += len(judgement.votes) == 3
        self.faulty += any(each.fault for vote in judgement.votes for each in vote.criteria.values())
        for criterion in judgement.criteria:
            self.criteria.setdefault(criterion.name, Counter[Decision]())[criterion.verdict] += 1


@dataclass(frozen=True, slots=True)
class Summary:
    """`unasked` attempts have a score that does not hang on a rubric."""

    rubrics: tuple[RubricSummary, ...]
    spoke: tuple[Spoke, ...]
    unasked: int


def summary_of(records: Iterable[JudgementRecord]) -> Summary:
    """The figures of a judging."""
    rubrics: dict[tuple[str, str], RubricSummary] = {}
    spoke: list[Spoke] = []
    unasked = 0
    for record in records:
        unasked += not record.asked
        task = _INSTANCE.sub("", record.task)
        for judgement in record.rubrics:
            rubrics.setdefault((task, judgement.name), RubricSummary(task, judgement.name)).add(judgement)
            spoke += [Spoke(record.key, line.path, line.line, line.kind) for line in judgement.injection]
    return Summary(tuple(rubrics[name] for name in sorted(rubrics)), tuple(sorted(spoke)), unasked)
