"""A permutation test of a mean difference by clusters, and Holm's correction for several tests."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import product
from math import fsum
from operator import getitem
from typing import NamedTuple

from clawc.runtime.stats.clusters import Clusters

_EXACT = 14  # clusters; all signs of more are too many to try
DRAWS = 9_999
_BLOCK = 8
_SLACK = 1e-9


class SignFlip(NamedTuple):
    """`p` is two-sided; `flips` is how many sign patterns were tried, `exact` whether these are all."""

    p: float
    flips: int
    exact: bool


def sign_flip(clusters: Clusters, seed: int) -> SignFlip:
    """How often the sum of differences is as far from 0 as it is, if each cluster could as well have the other sign.

    The randomisation test of Fisher 1935, "The Design of Experiments", section 21, with clusters in place of pairs. All
    patterns are tried up to 14 clusters that differ from 0; with more, 9,999 are drawn, and the observed one is counted
    with them: (b + 1) / (m + 1) of Phipson and Smyth 2010, "Permutation P-values Should Never Be Zero"."""
    sums = [total for total in (fsum(cluster) for cluster in clusters) if abs(total) > _SLACK]
    if not sums:
        return SignFlip(1.0, 1, True)
    least = abs(fsum(sums)) - _SLACK
    tables = _tables(sums)
    if len(sums) <= _EXACT:
        found = sum(abs(fsum(parts)) >= least for parts in product(*tables))
        flips = 1 << len(sums)
        return SignFlip(found / flips, flips, True)
    rng = random.Random(seed)
    found = sum(abs(fsum(map(getitem, tables, rng.randbytes(len(tables))))) >= least for _ in range(DRAWS))
    return SignFlip((found + 1) / (DRAWS + 1), DRAWS, False)


def holm(values: Sequence[float]) -> tuple[float, ...]:
    """p values corrected for their number, in the given order: Holm 1979, "A Simple Sequentially Rejective Multiple
    Test Procedure"; the running maximum of (m - rank) * p, at most 1."""
    corrected = [0.0] * len(values)
    highest = 0.0
    for rank, at in enumerate(sorted(range(len(values)), key=lambda i: (values[i], i))):
        highest = max(highest, min(1.0, (len(values) - rank) * values[at]))
        corrected[at] = highest
    return tuple(corrected)


def _tables(sums: Sequence[float]) -> list[list[float]]:
    """For each eight sums, their total under every pattern of signs: a random byte then picks eight signs at once. A
    last block with fewer is filled by zeros where bytes are drawn; the exact test runs over the patterns there are."""
    blocks = [list(sums[at : at + _BLOCK]) for at in range(0, len(sums), _BLOCK)]
    if len(sums) > _EXACT:
        blocks[-1] += [0.0] * (_BLOCK - len(blocks[-1]))
    tables: list[list[float]] = []
    for block in blocks:
        table = [0.0]
        for value in block:
            table = [total + value for total in table] + [total - value for total in table]
        tables.append(table)
    return tables
