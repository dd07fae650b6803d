"""Quantiles of a sample and the Wilson interval of a share."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, sqrt
from statistics import NormalDist
from typing import NamedTuple


class Bounds(NamedTuple):
    low: float
    high: float


def quantile(ordered: Sequence[float], share: float) -> float:
    """The quantile of an ascending, not empty sample by linear interpolation: type 7 of Hyndman and Fan 1996, "Sample
    Quantiles in Statistical Packages". `share` is in [0, 1]."""
    at = (len(ordered) - 1) * share
    below = min(floor(at), len(ordered) - 1)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)


def wilson(mean: float, n: int, level: float = 0.95) -> Bounds:
    """An interval for the mean of n independent values in [0, 1]: Wilson 1927, "Probable Inference", with the mean as
    the share. The variance of such values is at most mean * (1 - mean), so for scores that are not only 0 and 1 the
    interval is wider than it has to be. Raises ValueError without values."""
    if n < 1:
        raise ValueError("no values")
    z = NormalDist().inv_cdf(0.5 + level / 2)
    middle = (mean + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(max(mean * (1 - mean), 0.0) / n + z * z / (4 * n * n))
    return Bounds(max(0.0, middle - half), min(1.0, middle + half))
