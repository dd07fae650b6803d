"""Where keys and values of tokens are kept: one row of cells, of which each call has a range to itself.

A call reserves as many cells as it may need, so that it never waits once it has begun. What an answered call leaves stays until its cells
are needed: a call that begins with the same tokens goes on in its range, or takes over a copy of them.
"""

from __future__ import annotations

from dataclasses import dataclass

_IDLE = 512  # ranges that are kept: all of them are looked through


@dataclass(eq=False, slots=True)
class Range:
    """Cells from `start` on; the first ones hold what was computed of `tokens`. It belongs to a call while it is `busy`."""

    start: int
    size: int
    tokens: list[int]
    busy: bool = True
    used: int = 0

    @property
    def end(self) -> int:
        return self.start + self.size


@dataclass(frozen=True, slots=True)
class Place:
    """A range for a call. The first `known` of its tokens are computed; they are to be copied from the cells at `source` first, unless that
    is None."""

    range: Range
    known: int
    source: int | None


class Arena:
    """`size` cells."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._ranges: list[Range] = []  # by their starts
        self._turn = 0

    @property
    def ranges(self) -> tuple[Range, ...]:
        return tuple(self._ranges)

    def take(self, prompt: list[int], size: int) -> Place | None:
        """A range of `size` cells for a call, at least one of whose tokens is still to be computed; None until others have given theirs
        back. Raises ValueError if there never can be one."""
        if not 0 < len(prompt) <= size <= self.size:
            raise ValueError(f"a call of {size} tokens has no place among {self.size}")
        best, known = self._like(prompt[:-1])
        if best is not None and not best.busy and known == len(best.tokens) and self._room_after(best) >= size:
            return self._given(best, best.start, size, prompt[:known], None)
        start = self._hole(size)
        while start is None:
            idle = sorted((each for each in self._ranges if not each.busy), key=lambda each: (each is best, each.used))
            if not idle:
                return None
            if best is not None and idle[0] is best:
                if self._room_after(best) >= size:
                    return self._given(best, best.start, size, prompt[:known], None)
                best, known = None, 0
            self._ranges.remove(idle[0])
            start = self._hole(size)
        source = best.start if best is not None and known else None
        return self._given(Range(start, size, []), start, size, prompt[:known], source)

    def give_back(self, range: Range) -> None:
        """What it holds stays until the cells are needed."""
        self._turn += 1
        range.busy, range.used = False, self._turn
        idle = [each for each in self._ranges if not each.busy]
        if not range.tokens:
            self._ranges.remove(range)
        elif len(idle) > _IDLE:
            self._ranges.remove(min(idle, key=lambda each: each.used))

    def _given(self, range: Range, start: int, size: int, known: list[int], source: int | None) -> Place:
        range.start, range.size, range.tokens, range.busy = start, size, known, True
        if range not in self._ranges:
            self._ranges.append(range)
            self._ranges.sort(key=lambda each: each.start)
        return Place(range, len(known), source)

    def _like(self, prompt: list[int]) -> tuple[Range | None, int]:
        """The range that has most tokens of the beginning of a prompt, and how many; of several one that nobody has."""
        best: Range | None = None
        known = 0
        for each in self._ranges:
            # To have more than the best, or as many and be free, it must have these; most ranges have not.
            free = best is not None and best.busy and not each.busy
            least = known if free else known + 1
            tokens = each.tokens
            if least and len(tokens) >= least <= len(prompt) and tokens[least - 1] == prompt[least - 1]:
                same = _same(tokens, prompt)
                if same >= least:
                    best, known = each, same
        return best, known

    def _room_after(self, range: Range) -> int:
        """Cells from its start to those of the next one."""
        following = next((each.start for each in self._ranges if each.start > range.start), self.size)
        return following - range.start

    def _hole(self, size: int) -> int | None:
        at = 0
        for each in self._ranges:
            if each.start - at >= size:
                return at
            at = each.end
        return at if self.size - at >= size else None


def _same(one: list[int], other: list[int]) -> int:
    """How many tokens both begin with."""
    least, most = 0, min(len(one), len(other))
    while least < most:  # the first `least` are the same, of the first `most` that is not known
        middle = (least + most + 1) // 2
        if one[least:middle] == other[least:middle]:
            least = middle
        else:
            most = middle - 1
    return least
