"""Reference solvers, written from instructions alone: what they deliver is compared with the compiler's own answer.

They know nothing of queries, parts or checks. Where the two answers differ, an instruction is ambiguous or a query is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clawc.stdlib.archetypes.brief import Step
from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.does import DOES
from clawc.stdlib.archetypes.solvers.programs import in_turn
from clawc.stdlib.archetypes.solvers.values import Unsolvable
from clawc.stdlib.archetypes.solvers.work import Work

__all__ = ["Unsolvable", "solve"]


def solve(brief: Sequence[Step], files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files to be delivered, by path."""
    asked = [Asked(step) for step in brief]
    unknown = sorted({step.do for step in asked} - set(DOES))
    if unknown:
        raise Unsolvable(f"no solver for: {', '.join(unknown)}")
    work = Work(files, asked)
    for step in in_turn(asked):
        DOES[step.do](work, step)
    return work.made
