"""Episodes by what they have in common: task, category, operation, template; checks, outcomes and limits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import fsum

from clawc.runtime.report.document import Check, Group, Share
from clawc.runtime.report.sample import Sample
from clawc.runtime.report.summary import by_task, pass_rate, scored_tasks, task_clusters
from clawc.runtime.stats.bootstrap import Resampling, bootstrap_interval
from clawc.runtime.stats.clusters import FEW_CLUSTERS
from clawc.runtime.stats.quantile import Bounds, quantile, wilson

Tasks = Mapping[str, Sequence[Sample]]
NONE = "(none)"
_DRAWS = 2_000_000  # of all groups of one kind
_COMMON = 2_000  # characters of a message that are kept


def task_groups(tasks: Tasks, planned: Mapping[str, int], threshold: float, level: float) -> tuple[Group, ...]:
    """One group a task, also for those of which no episode is there yet."""
    found: list[Group] = []
    for task in sorted({*tasks, *planned}):
        samples = tasks.get(task, ())
        inside = {task: samples} if samples else {}
        scored = scored_tasks(inside, "score")
        bounds = wilson(scored[0].mean, len(scored[0].values), level) if scored else None
        found.append(_group(task, inside, planned.get(task, 0), threshold, bounds, trusted=bounds is not None))
    return tuple(found)


def groups(
    tasks: Tasks, names: Callable[[Sample], Iterable[str]], threshold: float, how: Resampling
) -> tuple[Group, ...]:
    """One group for each name that an episode has; an episode may be in several."""
    members: defaultdict[str, list[Sample]] = defaultdict(list)
    for samples in tasks.values():
        for sample in samples:
            for name in dict.fromkeys(names(sample)):
                members[name or NONE].append(sample)
    found: list[Group] = []
    for name in sorted(members):
        inside = by_task(members[name])
        clusters = task_clusters(scored_tasks(inside, "score"))
        interval = bootstrap_interval(clusters, how.within(_DRAWS // len(members), clusters))
        bounds = Bounds(interval.low, interval.high) if interval else None
        found.append(_group(name, inside, 0, threshold, bounds, trusted=len(clusters) >= FEW_CLUSTERS))
    return tuple(found)


def checks(tasks: Tasks) -> tuple[Check, ...]:
    """Every check of every task, in the order in which its verdicts have them."""
    found: list[Check] = []
    for task, samples in tasks.items():
        rows: dict[str, list[tuple[str, str, bool, str]]] = {}
        for sample in samples:
            for c in sample.record.checks:
                rows.setdefault(c.name, []).append((c.kind, c.weight, c.passed, c.message))
        for name, judged in rows.items():
            kind, weight, _, _ = judged[-1]
            passed = sum(row[2] for row in judged)
            messages = Counter(row[3][:_COMMON] for row in judged if not row[2])
            message, count = min(messages.items(), key=lambda m: (-m[1], m[0]), default=("", 0))
            found.append(
                Check(task, name, kind, kind != "check", "0" if kind != "check" else weight, len(judged), passed,
                      passed / len(judged), message, count)
            )  # fmt: skip
    return tuple(found)


def shares(names: Iterable[str], whole: int) -> tuple[Share, ...]:
    """Counts by name, the most frequent first."""
    counted = sorted(Counter(names).items(), key=lambda c: (-c[1], c[0]))
    return tuple(Share(name, count, count / whole) for name, count in counted)


def _group(name: str, tasks: Tasks, planned: int, threshold: float, interval: Bounds | None, *, trusted: bool) -> Group:
    scored, checked = scored_tasks(tasks, "score"), scored_tasks(tasks, "score_checks")
    everything = [s for samples in tasks.values() for s in samples]
    seconds = sorted(s.seconds for s in everything if s.seconds is not None)
    return Group(
        name=name,
        category=everything[0].record.category if len(tasks) == 1 else "",
        tasks=max(len(tasks), 1),
        templates=len({s.record.template for s in everything}),
        episodes=len(everything),
        missing=max(0, planned - len(everything)),
        scored=sum(len(s.values) for s in scored),
        excluded=sum(s.excluded for s in everything),
        unjudged=sum(s.score is None and not s.excluded for s in everything),
        score=fsum(s.mean for s in scored) / len(scored) if scored else None,
        interval=interval,
        trusted=trusted,
        pass_rate=pass_rate(scored, threshold),
        score_checks=fsum(s.mean for s in checked) / len(checked) if checked else None,
        outcomes=shares((s.record.outcome for s in everything), len(everything)),
        seconds=quantile(seconds, 0.5) if seconds else None,
    )
