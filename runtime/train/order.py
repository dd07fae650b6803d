"""In which order rows are trained on: by chance, rows of like length in a batch, the same however many processes share a batch."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from math import floor

_ALMOST = 1e-6  # of an epoch: fractions are rounded
_MANY = 50  # batches that are sorted by length together


def rows_in_order(lengths: Sequence[int], batch: int, seed: int, epoch: int) -> list[int]:
    """The numbers of all rows, each once: whole batches by chance, the one with the longest row first, so that memory runs out at once or
    never; what is left of the rows is the last batch."""
    drawn = random.Random(f"{seed} {epoch}")
    numbers = list(range(len(lengths)))
    drawn.shuffle(numbers)
    alike: list[int] = []
    for some in _chunks(numbers, batch * _MANY):
        alike += sorted(some, key=lambda number: -lengths[number])
    batches = _chunks(alike, batch)
    rest = [batches.pop()] if batches and len(batches[-1]) < batch else []
    drawn.shuffle(batches)
    longest = max(range(len(batches)), key=lambda n: max(lengths[number] for number in batches[n]), default=0)
    if batches:
        batches[0], batches[longest] = batches[longest], batches[0]
    return [number for some in (*batches, *rest) for number in some]


def _chunks(numbers: Sequence[int], size: int) -> list[Sequence[int]]:
    return [numbers[start : start + size] for start in range(0, len(numbers), size)]


class RowOrder:
    """`rows_in_order` as the sampler of a loader of data. Loaders tell a sampler its epoch, but those of a training that goes on in several
    processes tell it the wrong one; so it asks, whenever it is begun with, how many epochs were trained."""

    def __init__(self, lengths: Sequence[int], batch: int, seed: int, trained: Callable[[], float]) -> None:
        self._lengths, self._batch, self._seed, self._trained = lengths, batch, seed, trained

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        return iter(rows_in_order(self._lengths, self._batch, self._seed, floor(self._trained() + _ALMOST)))
