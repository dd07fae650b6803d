"""Means of values that stand in clusters: tasks made from one template say less than as many independent tasks.

A cluster is the sequence of its values; every value has the same weight, whatever the size of its cluster.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import fsum, sqrt
from statistics import NormalDist

Clusters = Sequence[Sequence[float]]
# Below this an interval from resampled clusters is too narrow too often.
FEW_CLUSTERS = 10


def clusters_of(values: Iterable[tuple[str, float]]) -> tuple[tuple[float, ...], ...]:
    """Pairs of a cluster's name and a value, gathered; clusters are ordered by name, values as they come."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for name, value in values:
        found[name].append(value)
    return tuple(tuple(found[name]) for name in sorted(found))


def clustered_mean(clusters: Clusters) -> float:
    """The mean of all values. Raises ZeroDivisionError without values."""
    return fsum(value for cluster in clusters for value in cluster) / sum(map(len, clusters))


def clustered_standard_error(clusters: Clusters) -> float | None:
    """The standard error of the mean where values of one cluster are not independent; None below two clusters.

    sqrt(G / (G - 1) * sum over clusters of (sum of the cluster's deviations)^2) / N: Liang and Zeger 1986, "Longitudinal
    Data Analysis using Generalized Linear Models", for the mean; as in Miller 2024, "Adding Error Bars to Evals",
    section 2.2, with the correction for few clusters. With one value a cluster it is s / sqrt(N)."""
    groups = len(clusters)
    if groups < 2:
        return None
    mean = clustered_mean(clusters)
    squares = fsum(fsum(value - mean for value in cluster) ** 2 for cluster in clusters)
    return sqrt(groups / (groups - 1) * squares) / sum(map(len, clusters))


def detectable_effect(standard_error: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """The smallest true effect that a two-sided test at level `alpha` finds with the chance `power`, in the unit of the
    standard error: (z(1 - alpha/2) + z(power)) * SE. Bloom 1995, "Minimum Detectable Effects", for the normal
    distribution."""
    normal = NormalDist()
    return (normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(power)) * standard_error
