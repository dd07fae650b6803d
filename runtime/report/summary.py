"""One quantity over a whole run: mean with interval, bounds, pass@k, distribution."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import ceil, fsum
from typing import NamedTuple

from clawc.runtime.report.document import Passes, Summary
from clawc.runtime.report.sample import Quantity, Sample
from clawc.runtime.stats.bootstrap import Resampling, bootstrap_interval
from clawc.runtime.stats.clusters import (
    FEW_CLUSTERS,
    Clusters,
    clustered_mean,
    clustered_standard_error,
    clusters_of,
    detectable_effect,
)
from clawc.runtime.stats.passes import doubling, pass_at_k, pass_hat_k
from clawc.runtime.stats.quantile import Bounds

BINS = 12
# Values that one interval may draw: it keeps reports of 100,000 episodes in seconds.
DRAWS = 3_000_000


class Scored(NamedTuple):
    """The scored episodes of one task."""

    task: str
    template: str
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        return fsum(self.values) / len(self.values)


def by_task(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    """Samples by task, in the order of the tasks' names."""
    found: defaultdict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        found[sample.task].append(sample)
    return {task: found[task] for task in sorted(found)}


def scored_tasks(tasks: Mapping[str, Sequence[Sample]], quantity: Quantity) -> tuple[Scored, ...]:
    """The tasks with at least one value, in their order."""
    found: list[Scored] = []
    for task, samples in tasks.items():
        values = tuple(v for v in (s.of(quantity) for s in samples) if v is not None)
        if values:
            found.append(Scored(task, samples[0].record.template, values))
    return tuple(found)


def task_clusters(scored: Iterable[Scored]) -> Clusters:
    """The tasks' means, clustered by template."""
    return clusters_of((s.template, s.mean) for s in scored)


def summary(
    tasks: Mapping[str, Sequence[Sample]],
    quantity: Quantity,
    threshold: float,
    ks: Sequence[int],
    how: Resampling,
) -> Summary:
    """The quantity over all tasks; every task has the same weight, whatever the number of its scored episodes."""
    scored = scored_tasks(tasks, quantity)
    clusters = task_clusters(scored)
    error = clustered_standard_error(clusters) if scored else None
    values = [value for s in scored for value in s.values]
    excluded = sum(s.excluded for samples in tasks.values() for s in samples)
    return Summary(
        quantity=quantity,
        episodes=len(values),
        excluded=excluded,
        unjudged=sum(s.of(quantity) is None and not s.excluded for samples in tasks.values() for s in samples),
        tasks=len(scored),
        templates=len(clusters),
        mean=clustered_mean(clusters) if scored else None,
        standard_error=error,
        interval=bootstrap_interval(clusters, how.within(DRAWS, clusters)),
        trusted=len(clusters) >= FEW_CLUSTERS,
        # Values that are all the same do not say how much others would vary.
        detectable_effect=detectable_effect(error) if error else None,
        bounds=_bounds(tasks, quantity),
        passes=tuple(_passes(scored, threshold, ks)),
        distribution=_distribution(values),
    )


def pass_rate(scored: Sequence[Scored], threshold: float) -> float | None:
    """pass@1 over tasks; None without a scored one."""
    if not scored:
        return None
    return fsum(sum(v >= threshold for v in s.values) / len(s.values) for s in scored) / len(scored)


def _bounds(tasks: Mapping[str, Sequence[Sample]], quantity: Quantity) -> Bounds | None:
    """The mean if all excluded episodes had 0, and 1; None if there is nothing but unjudged ones."""
    low: list[float] = []
    high: list[float] = []
    for samples in tasks.values():
        values = [v for v in (s.of(quantity) for s in samples) if v is not None]
        excluded = sum(s.excluded for s in samples)
        count = len(values) + excluded
        if count:
            low.append(fsum(values) / count)
            high.append((fsum(values) + excluded) / count)
    return Bounds(fsum(low) / len(low), fsum(high) / len(high)) if low else None


def _passes(scored: Sequence[Scored], threshold: float, ks: Sequence[int]) -> Iterable[Passes]:
    counts = [(len(s.values), sum(v >= threshold for v in s.values)) for s in scored]
    most = max((n for n, _ in counts), default=0)
    for k in sorted({*doubling(most), *ks}):
        having = [(n, c) for n, c in counts if n >= k]
        if having:
            known = {pair: (pass_at_k(*pair, k), pass_hat_k(*pair, k)) for pair in set(having)}
            yield Passes(
                k,
                len(having),
                fsum(known[pair][0] for pair in having) / len(having),
                fsum(known[pair][1] for pair in having) / len(having),
            )


def _distribution(values: Iterable[float]) -> tuple[int, ...]:
    bins = [0] * BINS
    for value in values:
        bins[0 if value <= 0 else BINS - 1 if value >= 1 else max(1, ceil(value * 10 - 1e-9))] += 1
    return tuple(bins)
