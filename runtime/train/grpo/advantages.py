"""What an episode is worth beside the others of its group: one number for all its rows.

An episode that the infrastructure failed has no reward: it stays out of the group's mean, and is no zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, sqrt
from typing import Literal

Scale = Literal["group", "none"]
_SAME = 1e-8
_EPSILON = 1e-4  # as TRL adds it to the standard deviation


def group_advantages(rewards: Sequence[float | None], scale: Scale = "group") -> tuple[float | None, ...] | None:
    """Rewards minus their mean, over their standard deviation (with n - 1) unless `scale` is "none", which Liu et al. 2025, "Understanding
    R1-Zero-Like Training", section 3, hold against a bias towards easy and hard tasks. None for episodes without a reward; None for a whole
    group that teaches nothing: less than two rewards, or all the same."""
    known = [reward for reward in rewards if reward is not None]
    if len(known) < 2:
        return None
    mean = fsum(known) / len(known)
    deviation = sqrt(fsum((reward - mean) ** 2 for reward in known) / (len(known) - 1))
    if deviation < _SAME:
        return None
    by = deviation + _EPSILON if scale == "group" else 1.0
    return tuple(None if reward is None else (reward - mean) / by for reward in rewards)
