"""Random choices of synthesis: the same key gives the same choices on every machine and in every version of Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """A stream of choices that belongs to a key; streams of different keys have nothing to do with each other."""

    def __init__(self, *key: object) -> None:
        self._key = "\x1f".join(map(str, key)).encode()
        self._pool, self._bits, self._block = 0, 0, 0

    def below(self, n: int) -> int:
        """An integer from 0 to n - 1, each as likely."""
        if n < 1:
            raise ValueError(f"nothing lies below {n}")
        bits = n.bit_length()
        while True:
            while self._bits < bits:
                block = blake2b(self._key, digest_size=64, salt=self._block.to_bytes(16, "big")).digest()
                self._pool |= int.from_bytes(block, "big") << self._bits
                self._bits += 512
                self._block += 1
            found = self._pool & ((1 << bits) - 1)
            self._pool >>= bits
            self._bits -= bits
            if found < n:
                return found

    def between(self, low: int, high: int) -> int:
        """An integer from low to high, both included."""
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        """True in so many of a hundred draws."""
        return self.below(100) < percent

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, each as likely."""
        return options[self.below(len(options))]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """All options, in any order (Fisher and Yates)."""
        left = list(options)
        for last in range(len(left) - 1, 0, -1):
            other = self.below(last + 1)
            left[last], left[other] = left[other], left[last]
        return left

    def sample(self, options: Sequence[T], count: int) -> list[T]:
        """So many of the options, in any order; all where there are not so many."""
        return self.shuffled(options)[:count]

    def weighted(self, options: Sequence[T], weights: Sequence[int]) -> T:
        """One of the options, each as likely as its weight says."""
        at = self.below(sum(weights))
        for option, weight in zip(options, weights, strict=True):
            at -= weight
            if at < 0:
                return option
        raise AssertionError("weights are not negative")


class Balance:
    """How often each choice was taken so far; what was taken seldom is drawn more often (inverse frequency).

    Only what `count` is given moves it, so a batch that is continued draws what one in a single go would have drawn. `picks`
    are the choices since `begin`.
    """

    _ONE = 1 << 20

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self.picks: list[tuple[str, str]] = []

    def begin(self) -> None:
        """Forgets the choices of the task before."""
        self.picks = []

    def pick(self, draw: Draw, dimension: str, options: Sequence[T], of: Mapping[T, object] | None = None) -> T:
        """One of the options, with weights of one part in 1 + its count; `of` says as what each is counted."""
        keys = [str(option if of is None else of[option]) for option in options]
        weights = [self._ONE // (1 + self._counts[dimension, key]) + 1 for key in keys]
        place = draw.weighted(range(len(options)), weights)
        self.picks.append((dimension, keys[place]))
        return options[place]

    def count(self, picks: Iterable[tuple[str, str]]) -> None:
        """One more of each of these was taken."""
        self._counts.update(picks)
