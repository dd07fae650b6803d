"""How far raters agree on categories beyond chance, with intervals over what was rated together."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from itertools import permutations
from typing import TypeAlias

from clawc.runtime.stats.bootstrap import Interval, Resampling
from clawc.runtime.stats.quantile import quantile

# Counts by category of the one and the other rater; as many rows as columns.
Table: TypeAlias = Sequence[Sequence[float]]
# Of resamples; else those that are left out would make an interval of the others alone.
_LEAST_DEFINED = 0.9


def table_of(pairs: Iterable[tuple[int, int]], categories: int) -> list[list[float]]:
    """How often two raters gave which pair of categories, numbered from 0."""
    table = [[0.0] * categories for _ in range(categories)]
    for first, second in pairs:
        table[first][second] += 1
    return table


def coincidences(units: Iterable[Sequence[int]], categories: int) -> list[list[float]]:
    """The coincidence matrix of what any number of raters gave each unit; a unit with m values counts each ordered pair of
    them 1/(m - 1) times, one with a single value not at all (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability")."""
    table = [[0.0] * categories for _ in range(categories)]
    for values in units:
        for first, second in permutations(values, 2):
            table[first][second] += 1 / (len(values) - 1)
    return table


def raw_agreement(table: Table) -> float | None:
    """The share of units with equal categories; None without units."""
    total = sum(map(sum, table))
    return sum(row[k] for k, row in enumerate(table)) / total if total else None


def cohen_kappa(table: Table) -> float | None:
    """(p_o - p_e) / (1 - p_e), where p_e is the sum of the products of the raters' own shares (Cohen 1960, "A Coefficient of
    Agreement for Nominal Scales"). None where both gave one category alone, so that chance explains everything."""
    observed = raw_agreement(table)
    if observed is None:
        return None
    total = sum(map(sum, table))
    columns = [sum(row[k] for row in table) for k in range(len(table))]
    return _beyond(observed, sum(sum(row) * column for row, column in zip(table, columns)) / total**2)


def gwet_ac1(table: Table) -> float | None:
    """The same with p_e = sum of q_k (1 - q_k) / (K - 1), where q_k is the mean of the raters' shares of category k, of K that
    there are, used or not (Gwet 2008, "Computing inter-rater reliability and its variance in the presence of high agreement").
    It stays sensible where nearly everything is of one category."""
    observed = raw_agreement(table)
    if observed is None:
        return None
    total = sum(map(sum, table))
    means = [(sum(table[k]) + sum(row[k] for row in table)) / (2 * total) for k in range(len(table))]
    return _beyond(observed, sum(mean * (1 - mean) for mean in means) / (len(table) - 1))


def krippendorff_alpha(table: Table) -> float | None:
    """1 - (n - 1) * sum of o_ck over c != k / sum of n_c n_k over c != k, for nominal data, from a coincidence matrix
    (Krippendorff 2011, section C). None where all values are of one category."""
    margins = [sum(row) for row in table]
    total = sum(margins)
    expected = total**2 - sum(margin**2 for margin in margins)
    observed = total - sum(row[k] for k, row in enumerate(table))
    return 1 - (total - 1) * observed / expected if expected > 1e-9 else None


def resampled_interval(
    clusters: Sequence[Table], statistic: Callable[[Table], float | None], how: Resampling
) -> Interval | None:
    """The percentile bootstrap interval of a statistic of a sum of tables, one for each cluster; clusters are drawn with
    replacement (Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapters 13 and 8). Resamples in which the statistic
    is not defined are left out. None below two clusters, and where more than a tenth
    of the resamples say nothing."""
    if len(clusters) < 2:
        return None
    rng = random.Random(how.seed)
    size = len(clusters[0])
    flat = [[(k, v) for k, v in enumerate(v for row in table for v in row) if v] for table in clusters]
    values: list[float] = []
    for _ in range(how.resamples):
        total = [0.0] * (size * size)
        for cells in rng.choices(flat, k=len(flat)):
            for place, value in cells:
                total[place] += value
        found = statistic([total[row * size : (row + 1) * size] for row in range(size)])
        if found is not None:
            values.append(found)
    if len(values) < _LEAST_DEFINED * how.resamples:
        return None
    values.sort()
    low, high = quantile(values, (1 - how.level) / 2), quantile(values, (1 + how.level) / 2)
    return Interval(low, high, how.level, how.resamples, how.seed, len(clusters))


def _beyond(observed: float, chance: float) -> float | None:
    return (observed - chance) / (1 - chance) if 1 - chance > 1e-12 else None
