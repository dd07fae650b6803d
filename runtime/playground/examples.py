"""Texts to begin with: what `clawc new` writes, and tasks that the archetypes of `clawc synth` draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

_NUMBERS = 1_000_000


class Example(NamedTuple):
    """`text` gives it for a number; another number may be another text."""

    key: str
    title: str
    text: Callable[[int], str]


def examples(starters: Sequence[tuple[str, str]]) -> tuple[Example, ...]:
    """Titles with texts first, then an example for each archetype."""
    from clawc.stdlib.archetypes.catalogue import ARCHETYPES

    fixed = [Example(f"starter-{n}", title, partial(_same, text)) for n, (title, text) in enumerate(starters)]
    drawn = [Example(a.name, "Drawn: " + a.name.replace("_", " "), partial(_drawn, a.name)) for a in ARCHETYPES]
    return (*fixed, *drawn)


def _same(text: str, _: int) -> str:
    return text


def _drawn(name: str, number: int) -> str:
    from clawc.stdlib.archetypes.catalogue import ARCHETYPES
    from clawc.stdlib.archetypes.draw import Balance
    from clawc.stdlib.archetypes.propose import propose

    return propose(number % _NUMBERS, 1, Balance(), [a for a in ARCHETYPES if a.name == name]).source
