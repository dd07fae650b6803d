"""Confidence intervals of clustered means by resampling; the same values in the same order give the same interval."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import fsum, sqrt
from statistics import NormalDist
from typing import NamedTuple

from clawc.runtime.stats.clusters import Clusters, clustered_mean
from clawc.runtime.stats.quantile import Bounds, quantile

RESAMPLES = 2_000
SEED = 20_240_607
_LEAST = 200
_SAME = 1e-12


@dataclass(frozen=True, slots=True)
class Resampling:
    """`level` is the confidence, `seed` that of the generator."""

    level: float = 0.95
    resamples: int = RESAMPLES
    seed: int = SEED

    def within(self, draws: int, clusters: Clusters) -> Resampling:
        """As many resamples as `draws` drawn values allow, but at least 200, or as many as were asked for if that is
        less: with thousands of clusters a resampled mean varies little."""
        most = draws // max(1, _width(clusters))
        return replace(self, resamples=min(self.resamples, max(_LEAST, most)))


class Interval(NamedTuple):
    """`low` to `high` holds the mean with confidence `level`, from `resamples` draws of `clusters` clusters."""

    low: float
    high: float
    level: float
    resamples: int
    seed: int
    clusters: int


def bootstrap_interval(clusters: Clusters, how: Resampling) -> Interval | None:
    """The BCa bootstrap interval of the mean of all values; None below two clusters, where nothing can be resampled.

    Clusters are drawn with replacement, then the values within each drawn cluster (Davison and Hinkley 1997, "Bootstrap
    Methods", section 3.8, strategy 2), which errs towards wide intervals where values of a cluster are independent. The
    ends are corrected for bias and acceleration, the latter by leaving out one cluster at a time (Efron 1987, "Better
    Bootstrap Confidence Intervals"): plain percentiles hold a mean near 0 or 1 too rarely."""
    if len(clusters) < 2:
        return None
    means = sorted(_resampled(clusters, how))
    low, high = _corrected(means, clusters, how.level)
    return Interval(low, high, how.level, how.resamples, how.seed, len(clusters))


def _width(clusters: Clusters) -> int:
    """How many values one resample draws."""
    return sum(len(cluster) for cluster in clusters if len(cluster) > 1) + len(clusters)


def _resampled(clusters: Clusters, how: Resampling) -> list[float]:
    rng = random.Random(how.seed)
    if all(len(cluster) == 1 for cluster in clusters):
        values = [cluster[0] for cluster in clusters]
        return [fsum(rng.choices(values, k=len(values))) / len(values) for _ in range(how.resamples)]
    # One flat list and one comprehension a resample: a call for each drawn cluster would take most of the time.
    values = [value for cluster in clusters for value in cluster]
    starts = [0, *accumulate(map(len, clusters))]
    blocks = [(start, range(len(cluster)), len(cluster)) for start, cluster in zip(starts, clusters)]
    uniform = rng.random
    means: list[float] = []
    for _ in range(how.resamples):
        drawn = rng.choices(blocks, k=len(blocks))
        picked = [values[start + int(uniform() * size)] for start, places, size in drawn for _ in places]
        means.append(fsum(picked) / len(picked))
    return means


def _corrected(means: Sequence[float], clusters: Clusters, level: float) -> Bounds:
    mean = clustered_mean(clusters)
    below = sum(m < mean - _SAME for m in means)
    ties = sum(abs(m - mean) <= _SAME for m in means)
    share = (below + ties / 2) / len(means)
    ends = ((1 - level) / 2, (1 + level) / 2)
    if 0 < share < 1:
        normal = NormalDist()
        bias, acceleration = normal.inv_cdf(share), _acceleration(clusters)

        def moved(end: float) -> float:
            z = bias + normal.inv_cdf(end)
            stretch = 1 - acceleration * z
            return normal.cdf(bias + z / stretch) if stretch > 0 else end

        ends = (moved(ends[0]), moved(ends[1]))
    return Bounds(quantile(means, ends[0]), quantile(means, ends[1]))


def _acceleration(clusters: Clusters) -> float:
    """A sixth of the skewness of the means without one cluster, Efron 1987, equation 6.6 with clusters as units."""
    sums, sizes = [fsum(cluster) for cluster in clusters], [len(cluster) for cluster in clusters]
    total, count = fsum(sums), sum(sizes)
    without = [(total - s) / (count - n) for s, n in zip(sums, sizes)]
    middle = fsum(without) / len(without)
    deviations = [middle - w for w in without]
    squares = fsum(d * d for d in deviations)
    # Rounding alone leaves such differences between equal means.
    if squares <= _SAME * _SAME:
        return 0.0
    return fsum(d * d * d for d in deviations) / (6 * squares * sqrt(squares))
