"""Items parted into splits by family, with the strata of the whole in each: no family is in two splits unless it is told to be.

Where a family goes follows from its name and the seed; from there families are moved only as far as sizes and strata need, so a
family that is added moves few others.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from math import isfinite

SHARES: Mapping[str, float] = {"train": 0.8, "dev": 0.1, "test": 0.1}


@dataclass(frozen=True, slots=True)
class Member:
    """`family` is what items share when one of them gives others away: a template, a seed, a source."""

    item: str
    family: str
    stratum: str = ""


@dataclass(frozen=True, slots=True)
class Splits:
    """`of` is the split of each item, by name. `sizes` counts items; `deviation` is the largest difference, in items, of a stratum's count in a
    split from its share, and `unmet` says where it is above one and a family's size explains it or nothing does."""

    of: dict[str, str]
    sizes: dict[str, int]
    deviation: float
    unmet: tuple[str, ...]


def split_families(
    members: Iterable[Member], shares: Mapping[str, float] = SHARES, seed: int = 1, *, straddle: bool = False
) -> Splits:
    """`straddle` lets families be parted, for items that give nothing away. Raises ValueError for shares that do not sum up to 1, and for an
    item given twice."""
    known = sorted(members, key=lambda m: m.item)
    if any(not isfinite(share) or share < 0 for share in shares.values()) or abs(sum(shares.values()) - 1) > 1e-9:
        raise ValueError("the shares of splits are at least 0 and sum up to 1")
    if len({m.item for m in known}) != len(known):
        raise ValueError("an item is given twice")
    names = list(shares)
    groups: defaultdict[str, list[Member]] = defaultdict(list)
    for member in known:
        groups[member.item if straddle else member.family].append(member)
    contents = {group: Counter(m.stratum for m in inside) for group, inside in groups.items()}
    chosen = {group: _drawn(group, shares, names, seed) for group in sorted(groups)}
    surplus = _surpluses(contents, chosen, shares)
    _moved(contents, chosen, shares, surplus, seed)
    of = {m.item: chosen[group] for group, inside in groups.items() for m in inside}
    sizes = Counter(of.values())
    worst = max((abs(n) for by_stratum in surplus.values() for n in by_stratum.values()), default=0.0)
    unmet = tuple(
        f"`{split}` has {n:+.1f} items{f' of `{stratum}`' if stratum else ''} against its share of {shares[split]:g}"
        for split, by_stratum in surplus.items()
        for stratum, n in sorted(by_stratum.items())
        if abs(n) > 1
    )
    return Splits({item: of[item] for item in sorted(of)}, {split: sizes[split] for split in names}, worst, unmet)


def _number(name: str, seed: int) -> float:
    """Evenly in [0, 1)."""
    digest = blake2b(f"{seed}\0{name}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / (1 << 53)


def _drawn(name: str, shares: Mapping[str, float], names: list[str], seed: int) -> str:
    at = _number(name, seed)
    for split in names:
        at -= shares[split]
        if at < 0:
            return split
    return next(split for split in reversed(names) if shares[split] > 0)


def _surpluses(
    contents: Mapping[str, Counter[str]], chosen: Mapping[str, str], shares: Mapping[str, float]
) -> dict[str, defaultdict[str, float]]:
    """By split and stratum: items that are there, less those that its share asks for."""
    whole = Counter(stratum for counts in contents.values() for stratum in counts.elements())
    surplus = {split: defaultdict(float, {s: -share * n for s, n in whole.items()}) for split, share in shares.items()}
    for group, counts in contents.items():
        for stratum, n in counts.items():
            surplus[chosen[group]][stratum] += n
    return surplus


def _moved(
    contents: Mapping[str, Counter[str]],
    chosen: dict[str, str],
    shares: Mapping[str, float],
    surplus: Mapping[str, defaultdict[str, float]],
    seed: int,
) -> None:
    """Moves one family after the other, where that lessens the squared surpluses of strata and of whole splits, until none does."""
    order = sorted(contents, key=lambda group: (_number(group, seed + 1), group))
    targets = [split for split in shares if shares[split] > 0]
    total = {split: sum(by_stratum.values()) for split, by_stratum in surplus.items()}
    for _ in range(20):
        still = True
        for group in order:
            source, counts = chosen[group], contents[group]
            size = sum(counts.values())
            best, where = -1e-9, source
            for target in targets:
                if target == source:
                    continue
                # (a - s)^2 + (b + s)^2 - a^2 - b^2 of surpluses a and b, for the strata and for the whole.
                gain = 2.0 * size * (size - total[source] + total[target])
                for stratum, n in counts.items():
                    gain += 2.0 * n * (n - surplus[source][stratum] + surplus[target][stratum])
                if gain < best:
                    best, where = gain, target
            if where != source:
                still = False
                chosen[group] = where
                total[source] -= size
                total[where] += size
                for stratum, n in counts.items():
                    surplus[source][stratum] -= n
                    surplus[where][stratum] += n
        if still:
            return
