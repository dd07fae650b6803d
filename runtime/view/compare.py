"""Two runs side by side: tasks that both have, and episodes of the same task and seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from clawc.runtime.view.index import RunIndex
from clawc.runtime.view.query import Row, TaskRow, Wanted, count_of, page_of, tasks_of

_MOST = 2_000


class TaskPair(NamedTuple):
    """A task in both runs, None where one has it not. `change` is the second mean less the first; None unless both are scored."""

    task: str
    first: TaskRow | None
    second: TaskRow | None
    change: float | None


class EpisodePair(NamedTuple):
    """Episodes of one task and seed."""

    seed: str
    first: Row | None
    second: Row | None


class Comparison(NamedTuple):
    """`both` tasks are scored in both runs; of them `better` and `worse` in the second. `mean` is the mean of their changes."""

    tasks: tuple[TaskPair, ...]
    both: int
    better: int
    worse: int
    mean: float | None


def compare(first: RunIndex, second: RunIndex) -> Comparison:
    """The tasks of two runs, those that have changed most first."""
    return compared(tasks_of(first), tasks_of(second))


def compared(first: Iterable[TaskRow], second: Iterable[TaskRow]) -> Comparison:
    """As `compare`, of tasks that were read."""
    one, other = {task.task: task for task in first}, {task.task: task for task in second}
    pairs = [_pair(name, one, other) for name in sorted({*one, *other})]
    changes = [pair.change for pair in pairs if pair.change is not None]
    pairs.sort(key=lambda pair: (pair.change is None, -abs(pair.change or 0.0), pair.task))
    return Comparison(
        tuple(pairs), len(changes), sum(change > 0 for change in changes), sum(change < 0 for change in changes),
        sum(changes) / len(changes) if changes else None,
    )  # fmt: skip


def episodes(first: RunIndex, second: RunIndex, task: str) -> list[EpisodePair]:
    """The episodes of a task that count, by seed; of each run the first 2,000."""
    found = [{row.seed: row for row in page_of(index, Wanted(task=task), _MOST)} for index in (first, second)]
    seeds = sorted({*found[0], *found[1]}, key=lambda seed: (len(seed), seed))
    return [EpisodePair(seed, found[0].get(seed), found[1].get(seed)) for seed in seeds]


def cut(index: RunIndex, task: str) -> bool:
    """Whether `episodes` leaves some of a run out."""
    return count_of(index, Wanted(task=task)) > _MOST


def _pair(name: str, one: Mapping[str, TaskRow], other: Mapping[str, TaskRow]) -> TaskPair:
    first, second = one.get(name), other.get(name)
    known = first is not None and second is not None and first.mean is not None and second.mean is not None
    change = (
        second.mean - first.mean
        if known and first and second and first.mean is not None and second.mean is not None
        else None
    )
    return TaskPair(name, first, second, change)
