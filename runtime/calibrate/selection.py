"""A balanced set of a given size out of a pool: quotas of strata, a window and a distribution of difficulty, and information.

The choice is greedy and then improved by exchanges; the same pool, wishes and seed give the same set, whatever the order of the pool.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import pairwise
from math import exp, inf, isfinite
from typing import NamedTuple, TypeAlias

_PASSES = 5
_INFORMATION = 1e-3  # of a squared item of a quota, so that it decides between items that fit equally


@dataclass(frozen=True, slots=True)
class Candidate:
    """`strata` are the item's value of each attribute, such as {"category": "office", "family": "invoices"}. `difficulty` in logits; `slope`
    and `error` as fitted."""

    item: str
    strata: Mapping[str, str] = field(default_factory=dict[str, str])
    difficulty: float = 0.0
    slope: float = 1.0
    error: float = 0.0


@dataclass(frozen=True, slots=True)
class Wishes:
    """`count` items. `quotas` gives counts by attribute and value; values that are not named there may fill up. `balanced` attributes are to
    have equally many of each value of the pool. `most` limits how many share a value of an attribute, such as {"family": 3}. Difficulties outside of
    `window` are not taken; `tiers` are rising edges in logits and the shares of the len(edges) + 1 tiers between them. `abilities`
    are those at which items should tell agents apart."""

    count: int
    quotas: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])
    balanced: Sequence[str] = ()
    most: Mapping[str, int] = field(default_factory=dict[str, int])
    window: tuple[float, float] | None = None
    edges: Sequence[float] = ()
    shares: Sequence[float] = ()
    abilities: Sequence[float] = (0.0,)


@dataclass(frozen=True, slots=True)
class Selection:
    """`items` by name. `counts` by attribute and value; `tiers` counts those of difficulty. `information` is the sum over items of Fisher's information at
    the given abilities, on average. `unmet` says which wishes could not be met, and by how much."""

    items: tuple[str, ...]
    counts: dict[str, dict[str, int]]
    tiers: tuple[int, ...]
    information: float
    unmet: tuple[str, ...]


def information(slope: float, difficulty: float, ability: float) -> float:
    """Fisher's information of one trial about ability: a^2 p (1 - p) (Lord 1980, "Applications of Item Response Theory", section 5.4)."""
    logit = slope * (ability - difficulty)
    p = 1 / (1 + exp(-max(-700.0, min(700.0, logit))))
    return slope * slope * p * (1 - p)


_Place: TypeAlias = tuple[str, str]  # an attribute and its value
_TIER = "\0tier"


class _Key(NamedTuple):
    """What wishes see of an item: its value of each attribute that they speak of, and its tier."""

    values: tuple[str, ...]
    tier: int


def choose(pool: Iterable[Candidate], wishes: Wishes, seed: int = 1) -> Selection:
    """Least squared distance from all quotas and tiers, each in items; among equal items those with more information, then by a hash of name and
    seed. Raises ValueError for wishes that contradict themselves and for a pool with an item twice."""
    candidates = list(pool)
    _refuse(candidates, wishes)
    attributes = sorted({*wishes.quotas, *wishes.balanced})
    eligible = [c for c in candidates if wishes.window is None or wishes.window[0] <= c.difficulty <= wishes.window[1]]
    told = {c.item: _information(c, wishes.abilities) for c in eligible}
    queues: defaultdict[_Key, list[Candidate]] = defaultdict(list)
    for c in sorted(eligible, key=lambda c: (-told[c.item], _lot(c.item, seed))):
        queues[_key(c, attributes, wishes.edges)].append(c)
    search = _Search(wishes, attributes, queues, _targets(eligible, wishes), told)
    search.fill()
    search.exchange()
    chosen = sorted((c for key in search.keys for c in search.taken[key]), key=lambda c: c.item)
    counts = {
        a: dict(sorted(Counter(c.strata.get(a, "") for c in chosen).items()))
        for a in sorted({*attributes, *wishes.most})
    }
    tiers = Counter(_tier(c.difficulty, wishes.edges) for c in chosen)
    return Selection(
        tuple(c.item for c in chosen),
        counts,
        tuple(tiers[t] for t in range(len(wishes.edges) + 1)),
        sum(told[c.item] for c in chosen),
        _unmet(wishes, search, len(chosen), len(eligible)),
    )


class _Search:
    """What is taken so far, and what taking one more or less would change."""

    def __init__(
        self,
        wishes: Wishes,
        attributes: Sequence[str],
        queues: Mapping[_Key, Sequence[Candidate]],
        targets: Mapping[_Place, float],
        told: Mapping[str, float],
    ) -> None:
        self.wishes, self.queues, self.targets = wishes, queues, targets
        self.keys = sorted(queues)
        self.places: dict[_Key, tuple[_Place, ...]] = {
            key: (*zip(attributes, key.values), (_TIER, str(key.tier))) for key in self.keys
        }
        best = max(told.values(), default=0.0) or 1.0
        self.gain = {item: _INFORMATION * value / best for item, value in told.items()}
        self.taken: dict[_Key, list[Candidate]] = {key: [] for key in self.keys}
        self.inside: set[str] = set()
        self.have: Counter[_Place] = Counter()
        self.limited: Counter[_Place] = Counter()

    def next_of(self, key: _Key) -> Candidate | None:
        """The best of a key that is left and breaks no limit."""
        most = self.wishes.most
        for c in self.queues[key]:
            if c.item not in self.inside and all(self.limited[a, c.strata.get(a, "")] < n for a, n in most.items()):
                return c
        return None

    def adding(self, key: _Key) -> float:
        """The change of the distance; infinite where nothing is left."""
        c = self.next_of(key)
        if c is None:
            return inf
        return self._step(key, 1) - self.gain[c.item]

    def _step(self, key: _Key, by: int) -> float:
        return sum(1 + 2 * by * (self.have[p] - self.targets[p]) for p in self.places[key] if p in self.targets)

    def take(self, key: _Key, c: Candidate) -> None:
        self.taken[key].append(c)
        self.inside.add(c.item)
        self._count(key, c, 1)

    def drop(self, key: _Key) -> tuple[Candidate, float]:
        """The last taken of a key goes out, with the change of the distance."""
        change = self._step(key, -1)
        c = self.taken[key].pop()
        self.inside.remove(c.item)
        self._count(key, c, -1)
        return c, change + self.gain[c.item]

    def _count(self, key: _Key, c: Candidate, by: int) -> None:
        for place in self.places[key]:
            self.have[place] += by
        for attribute in self.wishes.most:
            self.limited[attribute, c.strata.get(attribute, "")] += by

    def fill(self) -> None:
        for _ in range(self.wishes.count):
            change, key = min(((self.adding(key), key) for key in self.keys), default=(inf, None))
            c = None if key is None or change == inf else self.next_of(key)
            if key is None or c is None:
                return
            self.take(key, c)

    def exchange(self) -> None:
        """One item out and one in, as long as that lessens the distance."""
        for _ in range(_PASSES):
            still = True
            for key in self.keys:
                if not self.taken[key]:
                    continue
                old, lost = self.drop(key)
                change, other = min((self.adding(other), other) for other in self.keys)
                new = self.next_of(other) if lost + change < -1e-9 else None
                if new is None:
                    self.take(key, old)
                else:
                    still = False
                    self.take(other, new)
            if still:
                return


def _refuse(candidates: Sequence[Candidate], wishes: Wishes) -> None:
    if len({c.item for c in candidates}) != len(candidates):
        raise ValueError("an item is in the pool twice")
    if any(not (isfinite(c.difficulty) and isfinite(c.slope)) for c in candidates):
        raise ValueError("a difficulty or slope is not a finite number")
    if wishes.count < 0 or any(n < 0 for quota in wishes.quotas.values() for n in quota.values()):
        raise ValueError("counts are at least 0")
    for attribute, quota in wishes.quotas.items():
        if sum(quota.values()) > wishes.count:
            raise ValueError(
                f"the quotas of `{attribute}` sum up to {sum(quota.values())}, more than {wishes.count} items"
            )
        if attribute in wishes.balanced:
            raise ValueError(f"`{attribute}` has quotas and is balanced; choose one")
    if any(a >= b for a, b in pairwise(wishes.edges)):
        raise ValueError("edges of tiers rise")
    if wishes.shares and (
        len(wishes.shares) != len(wishes.edges) + 1 or abs(sum(wishes.shares) - 1) > 1e-9 or min(wishes.shares) < 0
    ):
        raise ValueError(f"{len(wishes.edges)} edges need {len(wishes.edges) + 1} shares that sum up to 1")
    if wishes.window is not None and not wishes.window[0] <= wishes.window[1]:
        raise ValueError("a window goes from low to high")


def _key(candidate: Candidate, attributes: Sequence[str], edges: Sequence[float]) -> _Key:
    return _Key(tuple(candidate.strata.get(a, "") for a in attributes), _tier(candidate.difficulty, edges))


def _tier(difficulty: float, edges: Sequence[float]) -> int:
    return sum(difficulty >= edge for edge in edges)


def _targets(eligible: Sequence[Candidate], wishes: Wishes) -> dict[_Place, float]:
    targets: dict[_Place, float] = {(a, v): float(n) for a, quota in wishes.quotas.items() for v, n in quota.items()}
    for attribute in wishes.balanced:
        values = sorted({c.strata.get(attribute, "") for c in eligible})
        targets |= {(attribute, value): wishes.count / len(values) for value in values}
    targets |= {(_TIER, str(t)): share * wishes.count for t, share in enumerate(wishes.shares)}
    return targets


def _unmet(wishes: Wishes, search: _Search, taken: int, eligible: int) -> tuple[str, ...]:
    said: list[str] = []
    if taken < wishes.count:
        why = (
            f", and the pool has {eligible} in the window" if eligible < wishes.count else ", without breaking a limit"
        )
        said.append(f"{taken} of {wishes.count} items could be taken{why}")
    for place, target in sorted(search.targets.items()):
        n = search.have[place]
        if abs(n - target) >= 1:
            name = f"tier {place[1]} of difficulty" if place[0] == _TIER else f"`{place[0]}` `{place[1]}`"
            there = sum(len(queue) for key, queue in search.queues.items() if place in search.places[key])
            said.append(f"{name} has {n} items instead of {target:g}; the pool has {there}")
    return tuple(said)


def _information(candidate: Candidate, abilities: Sequence[float]) -> float:
    points = abilities or (0.0,)
    return sum(information(candidate.slope, candidate.difficulty, at) for at in points) / len(points)


def _lot(item: str, seed: int) -> bytes:
    return blake2b(f"{seed}\0{item}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
