"""Near-duplicates of texts by their 3-grams of words: MinHash finds candidates, the exact Jaccard similarity decides.

What is reported is always as similar as it says. What is missed: with 128 permutations in 32 bands of 4, a pair of similarity s is
brought together with probability 1 - (1 - s^4)^32: 0.87 at 0.5, 0.9998 at 0.7 (Broder 1997; Leskovec, Rajaraman, Ullman, Mining of
Massive Datasets, 3.4). Texts with the same 3-grams always are.
"""

from __future__ import annotations

import re
from array import array
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from clawc.runtime.synth.untyped import need, rensa

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PERMUTATIONS = 128
BANDS = 32
THRESHOLD = 0.5
_SEED = 42
_ROOM = 1_024  # texts, at first
# The share of equal hashes estimates the similarity with a standard deviation of at most 0.044; candidates further below the
# threshold than this are not compared word by word.
_SLACK = 0.18
_WORD = re.compile(r"\w+")


class Near(NamedTuple):
    """The nearest of the earlier texts, and how similar it is, in [0, 1]."""

    id: str
    similarity: float


def words(text: str) -> list[str]:
    """Runs of letters and digits, without upper case."""
    return _WORD.findall(text.casefold())


def normal(text: str) -> str:
    """The text in which only words count: equal for texts that differ in blanks, case and marks."""
    return " ".join(words(text))


def trigrams(text: str) -> frozenset[str]:
    """All three words in a row; of a shorter text the whole."""
    found = words(text)
    return frozenset(map(" ".join, zip(found, found[1:], found[2:]))) or frozenset([" ".join(found)])


def jaccard(one: frozenset[str] | frozenset[int], other: frozenset[str] | frozenset[int]) -> float:
    """Shared to all."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if shared else 0.0


class Lexical:
    """The texts that were kept, of which a further one is compared with all. Of each, 8 bytes for a 3-gram are held. Raises
    SynthUnavailable without rensa."""

    def __init__(self, threshold: float = THRESHOLD) -> None:
        if not 0 < threshold <= 1:
            raise ValueError("a threshold is above 0 and at most 1")
        need("numpy")
        import numpy as np

        self.threshold = threshold
        self._rensa = rensa()
        self._bands = self._rensa.RMinHashLSH(threshold, PERMUTATIONS, BANDS)
        self._ids: list[str] = []
        self._grams: list[array[int]] = []
        self._hashes: NDArray[np.uint32] = np.empty((_ROOM, PERMUTATIONS), np.uint32)

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, id: str, text: str) -> Near | None:
        """The nearest earlier text at or above the threshold, the earliest of equals; if there is none, this one is kept."""
        import numpy as np

        grams = trigrams(text)
        hashes = self._rensa.RMinHash(PERMUTATIONS, _SEED)
        hashes.update(sorted(grams))
        digests = frozenset(map(_digest, grams))
        row = np.array(hashes.digest(), np.uint32)
        near = self._nearest(self._bands.query(hashes), row, digests)
        if near is None:
            self._bands.insert(len(self), hashes)
            if len(self) == len(self._hashes):
                self._hashes = np.concatenate((self._hashes, np.empty_like(self._hashes)))
            self._hashes[len(self)] = row
            self._ids.append(id)
            self._grams.append(array("Q", digests))
        return near

    def _nearest(self, candidates: list[int], row: NDArray[np.uint32], digests: frozenset[int]) -> Near | None:
        best: Near | None = None
        if not candidates:
            return best
        places = sorted(candidates)
        alike = (self._hashes[places] == row).mean(axis=1)
        for at in (place for place, share in zip(places, alike.tolist()) if share >= self.threshold - _SLACK):
            similarity = jaccard(digests, frozenset(self._grams[at]))
            if similarity >= self.threshold and (best is None or similarity > best.similarity):
                best = Near(self._ids[at], similarity)
        return best


def _digest(gram: str) -> int:
    """64 bits; that two 3-grams of a text have the same is less likely than a fault of the machine."""
    return int.from_bytes(blake2b(gram.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
