"""A case of the suite: what a hostile program tries, what must come out, and the code that plays it.

Cases know the protocols of a sandbox only, and what the host can see; they raise AssertionError when something gets
through.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from tests.sandbox.bench import Bench

Play: TypeAlias = Callable[[Bench], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Case:
    """`needs` names what the case is about, where a backend may not hold it yet."""

    name: str
    tries: str
    expects: str
    play: Play
    needs: str = ""
    nightly: bool = False


class Table:
    """The cases of one file, in the order in which they are written."""

    def __init__(self, needs: str = "") -> None:
        self.cases: list[Case] = []
        self._needs = needs

    def case(
        self, tries: str, expects: str, *, name: str = "", needs: str | None = None, nightly: bool = False
    ) -> Callable[[Play], Play]:
        """Enter a function, under its own name if no other is given."""

        def enter(play: Play) -> Play:
            self.add(
                Case(
                    name or getattr(play, "__name__", ""),
                    tries,
                    expects,
                    play,
                    self._needs if needs is None else needs,
                    nightly,
                )
            )
            return play

        return enter

    def add(self, case: Case) -> None:
        if any(other.name == case.name for other in self.cases):
            raise ValueError(f"two cases are called {case.name}")
        self.cases.append(case)
