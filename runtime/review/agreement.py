"""How far reviewers agree, as far as it has got: pairs of them, all together, and each with the verdicts that are known.

Only votes that were made blind count, the last such of each reviewer on a version. The coefficients and their sources stand in `runtime/stats`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple

from clawc.runtime.stats.agreement import (
    Table,
    cohen_kappa,
    coincidences,
    gwet_ac1,
    krippendorff_alpha,
    raw_agreement,
    resampled_interval,
    table_of,
)
from clawc.runtime.stats.bootstrap import Resampling
from clawc.runtime.stats.quantile import Bounds, wilson
from clawc.spec.review import VOTES, Decision, Vote

HOW = Resampling(resamples=1_000)
# Tasks that are drawn for an interval in all, so that figures stay fresh with thousands of them; and the least number of resamples.
_DRAWN, _LEAST = 200_000, 200
_K = len(VOTES)
_NUMBER: Mapping[str, int] = {vote: number for number, vote in enumerate(VOTES)}


class Figure(NamedTuple):
    """A coefficient; `value` is None where it is not defined, `bounds` (95 %) where there is no interval."""

    value: float | None
    bounds: Bounds | None = None


class PairAgreement(NamedTuple):
    """Two reviewers over the versions that both voted on. `table[first][second]` counts votes in the order of VOTES. `raw` has a Wilson interval, kappa and AC1 have
    percentile bootstrap intervals over tasks."""

    first: str
    second: str
    units: int
    table: tuple[tuple[int, ...], ...]
    raw: Figure
    kappa: Figure
    ac1: Figure


class GoldAccuracy(NamedTuple):
    """How many of the known verdicts that a reviewer met they gave, with a Wilson interval."""

    reviewer: str
    right: int
    met: int
    share: Figure


@dataclass(frozen=True, slots=True)
class LiveAgreement:
    """`units` are versions with at least two blind votes. `raw`, `ac1` and `alpha` are over the coincidences of all votes on them, which weigh each version
    the same however many voted."""

    units: int
    votes: int
    raw: Figure
    ac1: Figure
    alpha: Figure
    pairs: tuple[PairAgreement, ...]
    gold: tuple[GoldAccuracy, ...]


def agreement(
    decisions: Sequence[Decision], current: frozenset[str], gold: Mapping[str, Vote], how: Resampling = HOW
) -> LiveAgreement:
    """Over these decisions on the versions in `current`; `gold` has the known verdicts by version."""
    votes = _votes(decisions, current)
    how = replace(how, resamples=min(how.resamples, max(_LEAST, _DRAWN // max(1, len(votes)))))
    raters = sorted({rater for each in votes.values() for rater in each})
    units = [[_NUMBER[vote] for vote in each.values()] for each in votes.values() if len(each) > 1]
    parts = [coincidences([unit], _K) for unit in units]
    whole = coincidences(units, _K)
    return LiveAgreement(
        len(units), sum(map(len, units)), _figure(parts, whole, raw_agreement, how), _figure(parts, whole, gwet_ac1, how),
        _figure(parts, whole, krippendorff_alpha, how),
        tuple(pair for one, two in combinations(raters, 2) if (pair := _pair(one, two, votes, how)) is not None),
        tuple(line for rater in raters if (line := _accuracy(rater, votes, gold)) is not None),
    )  # fmt: skip


def _votes(decisions: Sequence[Decision], current: frozenset[str]) -> dict[str, dict[str, Vote]]:
    """The last blind vote of each reviewer on each version."""
    found: dict[str, dict[str, Vote]] = {}
    for d in decisions:
        if d.blind and d.verdict != "defer" and d.bundle_id in current:
            found.setdefault(d.bundle_id, {})[d.reviewer if d.role == "reviewer" else f"{d.reviewer} (model)"] = (
                d.verdict
            )
    return {bundle_id: found[bundle_id] for bundle_id in sorted(found)}


def _pair(one: str, two: str, votes: Mapping[str, Mapping[str, Vote]], how: Resampling) -> PairAgreement | None:
    both = [(_NUMBER[each[one]], _NUMBER[each[two]]) for each in votes.values() if one in each and two in each]
    if not both:
        return None
    table, parts = table_of(both, _K), [table_of([pair], _K) for pair in both]
    raw = raw_agreement(table)
    return PairAgreement(
        one, two, len(both), tuple(tuple(int(count) for count in row) for row in table),
        Figure(raw, None if raw is None else wilson(raw, len(both))),
        _figure(parts, table, cohen_kappa, how), _figure(parts, table, gwet_ac1, how),
    )  # fmt: skip


def _accuracy(rater: str, votes: Mapping[str, Mapping[str, Vote]], gold: Mapping[str, Vote]) -> GoldAccuracy | None:
    met = [each[rater] == gold[bundle_id] for bundle_id, each in votes.items() if rater in each and bundle_id in gold]
    if not met:
        return None
    share = sum(met) / len(met)
    return GoldAccuracy(rater, sum(met), len(met), Figure(share, wilson(share, len(met))))


def _figure(
    parts: Sequence[Table], whole: Table, statistic: Callable[[Table], float | None], how: Resampling
) -> Figure:
    found = resampled_interval(parts, statistic, how)
    return Figure(statistic(whole), None if found is None else Bounds(found.low, found.high))
