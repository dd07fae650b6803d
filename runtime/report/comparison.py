"""Runs against the first of them, on the tasks and seeds that both have; only scored episodes are compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import fsum
from typing import NamedTuple

from clawc.runtime.report.document import Change, Comparison
from clawc.runtime.report.sample import Quantity, Sample
from clawc.runtime.report.summary import DRAWS
from clawc.runtime.stats.bootstrap import Resampling, bootstrap_interval
from clawc.runtime.stats.clusters import (
    FEW_CLUSTERS,
    clustered_standard_error,
    clusters_of,
    detectable_effect,
)
from clawc.runtime.stats.signflip import holm, sign_flip

ALPHA = 0.05
_SAME = 1e-9
# With five clusters even the most extreme of the 2^5 sign patterns has p = 2/32 > 0.05.
_TOO_FEW = 6

Tasks = Mapping[str, Sequence[Sample]]


class Side(NamedTuple):
    """A run's name and its episodes by task."""

    label: str
    tasks: Tasks


def comparisons(sides: Sequence[Side], how: Resampling) -> tuple[Comparison, ...]:
    """Each side but the first against the first; by score, and also by score_checks where rubrics are not judged. A
    quantity that two sides do not share gives no comparison of it, but there is always one for each pair."""
    found: list[Comparison] = []
    for quantity in _quantities(sides):
        pairs = [_compared(sides[0], other, quantity, how) for other in sides[1:]]
        tested = [c for c in pairs if c.p is not None]
        corrected = iter(holm([c.p for c in tested if c.p is not None]))
        for c in pairs:
            p = next(corrected) if c.p is not None else None
            found.append(replace(c, p_corrected=p, significant=p is not None and p < ALPHA))
    return tuple(found)


def _quantities(sides: Sequence[Side]) -> tuple[Quantity, ...]:
    samples = [s for side in sides for inside in side.tasks.values() for s in inside]
    pending = any(s.score is None and s.score_checks is not None for s in samples)
    if not any(s.score is not None for s in samples):
        return ("score_checks",) if pending else ("score",)
    return ("score", "score_checks") if pending else ("score",)


def _compared(baseline: Side, other: Side, quantity: Quantity, how: Resampling) -> Comparison:
    first, second = _values(baseline.tasks, quantity), _values(other.tasks, quantity)
    shared = sorted(first.keys() & second.keys())
    changes = [_change(task, first[task], second[task]) for task in shared]
    templates = {task: baseline.tasks[task][0].record.template for task in shared}
    clusters = clusters_of((templates[c.task], c.difference) for c in changes)
    error = clustered_standard_error(clusters) if changes else None
    interval = bootstrap_interval(clusters, how.within(DRAWS, clusters))
    # One cluster has two sign patterns, both as extreme as the other.
    flip = sign_flip(clusters, how.seed) if len(clusters) > 1 else None
    rebuilt = sum(_bundles(baseline.tasks[task]) != _bundles(other.tasks[task]) for task in shared)
    return Comparison(
        baseline=baseline.label,
        other=other.label,
        quantity=quantity,
        tasks=len(changes),
        templates=len(clusters),
        pairs=sum(c.episodes for c in changes if c.paired),
        unpaired=sum(not c.paired for c in changes),
        rebuilt=rebuilt,
        only_baseline=len(first.keys() - second.keys()),
        only_other=len(second.keys() - first.keys()),
        baseline_mean=_mean([c.baseline for c in changes]),
        other_mean=_mean([c.other for c in changes]),
        difference=_mean([c.difference for c in changes]),
        standard_error=error,
        interval=interval,
        trusted=len(clusters) >= FEW_CLUSTERS,
        # Differences that are all the same do not say how much others would vary.
        detectable_effect=detectable_effect(error, ALPHA) if error else None,
        p=flip.p if flip else None,
        p_corrected=None,
        flips=flip.flips if flip else 0,
        exact=flip.exact if flip else False,
        wins=sum(c.difference > _SAME for c in changes),
        ties=sum(abs(c.difference) <= _SAME for c in changes),
        losses=sum(c.difference < -_SAME for c in changes),
        significant=False,
        notes=tuple(_notes(changes, len(clusters), rebuilt)),
        changes=tuple(sorted(changes, key=lambda c: (-abs(c.difference), c.task))),
    )


def _notes(changes: Sequence[Change], clusters: int, rebuilt: int) -> Iterable[str]:
    if not changes:
        yield "the runs share no scored task"
    elif clusters == 1:
        yield "all tasks are of one template: no interval and no test"
    elif clusters < FEW_CLUSTERS:
        yield f"fewer than {FEW_CLUSTERS} templates: the interval is not to be trusted"
    if 1 < clusters < _TOO_FEW:
        yield f"with fewer than {_TOO_FEW} templates no difference can be significant"
    if rebuilt:
        yield f"the bundle of {rebuilt} of {len(changes)} tasks is another one"
    if unpaired := sum(not c.paired for c in changes):
        yield f"{unpaired} of {len(changes)} tasks share no seed: the means of all their episodes are compared"


def _values(tasks: Tasks, quantity: Quantity) -> dict[str, dict[tuple[str, int], float]]:
    """By task, and then by bundle and seed; tasks without a value are left out."""
    found: dict[str, dict[tuple[str, int], float]] = {}
    for task, samples in tasks.items():
        values = {(s.record.bundle_id, s.record.seed): v for s in samples if (v := s.of(quantity)) is not None}
        if values:
            found[task] = values
    return found


def _change(task: str, first: Mapping[tuple[str, int], float], second: Mapping[tuple[str, int], float]) -> Change:
    common = sorted(first.keys() & second.keys())
    one = [first[key] for key in common] if common else list(first.values())
    two = [second[key] for key in common] if common else list(second.values())
    before, after = fsum(one) / len(one), fsum(two) / len(two)
    return Change(task, before, after, after - before, len(common) or len(one) + len(two), bool(common))


def _bundles(samples: Sequence[Sample]) -> frozenset[str]:
    return frozenset(s.record.bundle_id for s in samples)


def _mean(values: Sequence[float]) -> float | None:
    return fsum(values) / len(values) if values else None
