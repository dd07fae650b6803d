"""What a part is: a step of a chain, with the state that it needs and the state that it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clawc.stdlib.archetypes.draft import Draft
from clawc.stdlib.archetypes.state import State

Needs = Callable[[State], bool]
Apply = Callable[[Draft, State], State]


@dataclass(frozen=True, slots=True)
class Part:
    """A step by name. `slot` says what sort of step it is; in a chain no two parts of one `family` follow each other."""

    name: str
    slot: str
    family: str
    needs: Needs
    apply: Apply
    keeps: int = 100  # of a hundred rows, at the least


class Unfit(Exception):
    """The draw does not come to a task; another one is drawn."""


PARTS: dict[str, Part] = {}


def part(slot: str, needs: Needs, family: str = "", keeps: int = 100) -> Callable[[Apply], Apply]:
    """Enters a function into `PARTS` under its name."""

    def enter(apply: Apply) -> Apply:
        name = apply.__name__
        PARTS[name] = Part(name, slot, family or name, needs, apply, keeps)
        return apply

    return enter


def holds(*roles: str, level: str = "rows") -> Needs:
    """A state of this level that has a column of each role."""
    return lambda state: state.level == level and state.has(*roles)  # type: ignore[arg-type]
