"""A criterion that the evidence cannot meet, beside those of the rubric: who calls it met does what the evidence says instead of judging it,
whatever the words were.

It looks like the others, stands among them by lot, and is another one in each vote. A reply may leave it out, as replies do that were
written for the rubric alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

_WORDS = (
    "summary", "wording", "detail", "figures", "structure", "sources", "dates", "names", "tone", "length", "headings", "closing",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Control:
    """`item` is how the prompt words it, at the place `place` among the criteria, from 0."""

    name: str
    item: str
    place: int

    def among(self, items: Sequence[str]) -> list[str]:
        """The criteria with this one in its place."""
        return [*items[: self.place], self.item, *items[self.place :]]


def control_of(criteria: Collection[str], vote: int, digest: str) -> Control:
    """The control of a vote. `digest` is the hash of the evidence, in which no text with a hash over it can stand."""
    lot = hashlib.sha256(f"control:{vote}:{digest}".encode()).hexdigest()
    place = int(lot[:8], 16) % (len(criteria) + 1)
    start = int(lot[8:16], 16)
    names = [_WORDS[(start + step) % len(_WORDS)] for step in range(len(_WORDS))]
    name = next((name for name in names if name not in criteria), f"c{lot[16:28]}")
    word = lot[28:44]
    return Control(name, f"`{name}` (1 point): The reference `{word}` is given", place)
