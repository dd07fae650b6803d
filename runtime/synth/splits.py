"""Tasks to train, validate and test on, parted by family: no family is in two splits.

Which split a family goes to follows from its name and the seed; only as many are moved from there as the shares need, so that a family
that is added moves few others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b

from clawc.runtime.synth.rows import SPLITS, Split

SHARES: Mapping[Split, float] = {"train": 0.9, "validation": 0.05, "test": 0.05}
TOLERANCE = 0.005  # of a share, below which nothing is moved any more


def splits(families: Sequence[str], shares: Mapping[Split, float] = SHARES, seed: int = 1) -> list[Split]:
    """The split of each task, given its family, in the same order. Shares are met within one point where families are small: a family
    that is larger than a share cannot be parted. Raises ValueError for shares that do not sum up to 1."""
    if any(share < 0 for share in shares.values()) or abs(sum(shares.values()) - 1) > 1e-9:
        raise ValueError("the shares of splits are at least 0 and sum up to 1")
    sizes = Counter(families)
    chosen: dict[str, Split] = {family: _drawn(family, shares, seed) for family in sizes}
    _corrected(chosen, sizes, shares, seed)
    return [chosen[family] for family in families]


def _drawn(family: str, shares: Mapping[Split, float], seed: int) -> Split:
    """Where a number that belongs to family and seed falls among the shares."""
    at = _number(family, seed)
    for split in SPLITS:
        at -= shares.get(split, 0.0)
        if at < 0:
            return split
    return next(split for split in reversed(SPLITS) if shares.get(split, 0.0) > 0)


def _number(family: str, seed: int) -> float:
    """Evenly in [0, 1)."""
    digest = blake2b(f"{seed}\0{family}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / (1 << 53)


def _corrected(chosen: dict[str, Split], sizes: Mapping[str, int], shares: Mapping[Split, float], seed: int) -> None:
    """Moves families, each time the one after which the squared surpluses are least, until all shares are met or nothing helps."""
    whole = sum(sizes.values())
    surplus = {split: -shares.get(split, 0.0) * whole for split in SPLITS}
    for family, split in chosen.items():
        surplus[split] += sizes[family]
    while any(abs(n) > TOLERANCE * whole for n in surplus.values()):
        best: tuple[float, float, str, Split] | None = None
        for family in chosen:
            size, source = sizes[family], chosen[family]
            for target in SPLITS:
                # (a - s)^2 + (b + s)^2 - a^2 - b^2, of surpluses a and b, and a family of size s.
                gain = 2.0 * size * (size - surplus[source] + surplus[target])
                if target != source and shares.get(target, 0.0) > 0 and gain < -1e-9:
                    found = (gain, _number(family, seed), family, target)
                    best = found if best is None or found < best else best
        if best is None:
            return
        _, _, family, target = best
        surplus[chosen[family]] -= sizes[family]
        surplus[target] += sizes[family]
        chosen[family] = target
