"""How a run scored, for a card and for a comparison of a model before and after its training.

A task is *seen* if its bundle was trained on, *known* if another instance of its family was, else *new*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from clawc.runtime.records import EpisodeRecord
from clawc.runtime.stats.bootstrap import Resampling, bootstrap_interval
from clawc.runtime.stats.quantile import wilson
from clawc.runtime.store.run_folder import read_run
from clawc.runtime.train.records import TrainingRecord
from clawc.spec.bundle import Strict

Familiarity = Literal["seen", "known", "new"]
FAMILIARITY: tuple[Familiarity, ...] = ("seen", "known", "new")
_Share = Annotated[float, Field(ge=0, le=1)]


class Bounds(Strict):
    """Holds the mean with a confidence of 95 %, where instances vary and families do not."""

    low: float
    high: float


class GroupScore(Strict):
    """Means of `episodes` scored ones of `tasks`; `solved` have the full score."""

    name: str
    tasks: int
    episodes: int
    solved: int
    mean: _Share | None
    interval: Bounds | None = None


class RunScore(Strict):
    """A run: its agent, model and seed, and scores over all, by how well the training knows the tasks, and by family. `unscored` episodes
    failed without the agent's doing, and count nowhere."""

    name: str
    agent: str
    seed: int
    unscored: int
    total: GroupScore
    familiarity: tuple[GroupScore, ...] = ()
    families: tuple[GroupScore, ...] = ()


class Difference(Strict):
    """A group in two runs, on the episodes that both have scored: the mean of `after - before`."""

    name: str
    tasks: int
    before: float
    after: float
    difference: float
    interval: Bounds | None = None


class Evaluation(Strict):
    """`before` and `differences` are there where a base was played, too."""

    format_version: Literal[1] = 1
    after: RunScore
    before: RunScore | None = None
    total: Difference | None = None
    familiarity: tuple[Difference, ...] = ()
    families: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What a training has seen."""

    bundles: frozenset[str] = frozenset()
    templates: frozenset[str] = frozenset()

    @classmethod
    def of(cls, training: TrainingRecord | None) -> Known:
        tasks = training.tasks if training is not None else ()
        return cls(
            frozenset(task.bundle_id for task in tasks), frozenset(task.template for task in tasks if task.template)
        )

    def familiarity(self, record: EpisodeRecord) -> Familiarity:
        if record.bundle_id in self.bundles:
            return "seen"
        return "known" if record.template in self.templates else "new"


def score_of(folder: Path, known: Known, scoring: str = "latest") -> RunScore:
    """Of the last attempts of a run. Raises as `read_run`."""
    info, records = read_run(folder, scoring)
    scored = [record for record in records if record.score is not None]
    return RunScore(
        name=folder.resolve().name,
        agent=info.agent,
        seed=info.seed,
        unscored=len(records) - len(scored),
        total=_group("all", scored),
        familiarity=tuple(_groups(scored, known.familiarity, FAMILIARITY)),
        families=tuple(_groups(scored, lambda record: record.template)),
    )


def evaluation(after: Path, before: Path | None, known: Known) -> Evaluation:
    """Raises as `read_run`."""
    score = score_of(after, known)
    if before is None:
        return Evaluation(after=score)
    first = {(record.bundle_id, record.seed): record for record in read_run(before)[1] if record.score is not None}
    pairs = [
        (first[key], record)
        for record in read_run(after)[1]
        if record.score is not None and (key := (record.bundle_id, record.seed)) in first
    ]
    families = sorted({record.template for _, record in pairs})
    return Evaluation(
        after=score,
        before=score_of(before, known),
        total=_difference("all", pairs) if pairs else None,
        familiarity=tuple(
            _difference(name, chosen)
            for name in FAMILIARITY
            if (chosen := [p for p in pairs if known.familiarity(p[1]) == name])
        ),
        families=tuple(_difference(name, [p for p in pairs if p[1].template == name]) for name in families),
    )


def _groups(
    records: Sequence[EpisodeRecord], group: Callable[[EpisodeRecord], str], order: Sequence[str] = ()
) -> Iterable[GroupScore]:
    found: dict[str, list[EpisodeRecord]] = {}
    for record in records:
        found.setdefault(group(record), []).append(record)
    return [_group(name, found[name]) for name in order or sorted(found) if name in found]


def _group(name: str, records: Sequence[EpisodeRecord]) -> GroupScore:
    by_task = _by_task((record.bundle_id, float(record.score or 0)) for record in records)
    values = [value for each in by_task.values() for value in each]
    mean = fsum(values) / len(values) if values else None
    return GroupScore(
        name=name,
        tasks=len(by_task),
        episodes=len(values),
        solved=sum(value == 1 for value in values),
        mean=mean,
        interval=_interval(by_task, mean),
    )


def _difference(name: str, pairs: Sequence[tuple[EpisodeRecord, EpisodeRecord]]) -> Difference:
    before = [float(one.score or 0) for one, _ in pairs]
    after = [float(other.score or 0) for _, other in pairs]
    by_task = _by_task(
        (one.bundle_id, second - first) for (one, _), first, second in zip(pairs, before, after, strict=True)
    )
    found = bootstrap_interval([tuple(each) for each in by_task.values()], Resampling())
    return Difference(
        name=name,
        tasks=len(by_task),
        before=fsum(before) / len(before),
        after=fsum(after) / len(after),
        difference=(fsum(after) - fsum(before)) / len(before),
        interval=Bounds(low=found.low, high=found.high) if found else None,
    )


def _by_task(values: Iterable[tuple[str, float]]) -> Mapping[str, list[float]]:
    found: dict[str, list[float]] = {}
    for task, value in values:
        found.setdefault(task, []).append(value)
    return found


def _interval(by_task: Mapping[str, list[float]], mean: float | None) -> Bounds | None:
    """Wilson's where each task was played once and solved or not, which holds at 0 and 1, too; else by resampling tasks."""
    if mean is None:
        return None
    if all(len(each) == 1 and each[0] in (0, 1) for each in by_task.values()):
        low, high = wilson(mean, len(by_task))
        return Bounds(low=low, high=high)
    found = bootstrap_interval([tuple(each) for each in by_task.values()], Resampling())
    return Bounds(low=found.low, high=found.high) if found else None
