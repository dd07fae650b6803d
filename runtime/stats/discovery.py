"""Control of the false discovery rate over many tests."""

from __future__ import annotations

from collections.abc import Sequence


def benjamini_hochberg(values: Sequence[float]) -> tuple[float, ...]:
    """q values in the given order: the running minimum, from the largest p on, of m * p / rank, at most 1 (Benjamini and Hochberg 1995,
    "Controlling the False Discovery Rate"). Those with q <= x hold at most the share x of false discoveries on average, if the tests are
    independent or positively dependent."""
    count = len(values)
    corrected = [1.0] * count
    lowest = 1.0
    for rank, at in enumerate(sorted(range(count), key=lambda i: (-values[i], i))):
        lowest = min(lowest, count * values[at] / (count - rank))
        corrected[at] = lowest
    return tuple(corrected)
