"""Values of changed trees: what they share with the original is taken from its memo, the rest is counted against a budget."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clawc.compiler.elaborate.context import TaskState
from clawc.compiler.passes.evaluate import MAX_STEPS, EvaluationFault, evaluate
from clawc.spec.core import Core
from clawc.stdlib.checks.values import Table

# All mutants of a task together, and all rows that are tried for them: steps of evaluation, and the cells and elements of
# the values that are made, of which so many are as dear as a step.
MAX_COST = 1_500_000
MAX_COST_OF_ROWS = 1_000_000
CELLS = 4
# One evaluation of one mutant.
MAX_STEPS_EACH = 300_000


class Exhausted(Exception):
    """The budget of the task is used up."""


class TooLong(EvaluationFault):
    """One evaluation takes more steps than it may."""


@dataclass(slots=True)
class Budget:
    """What evaluation may still cost."""

    left: int = field(default=MAX_COST)

    def take(self, cost: int) -> None:
        self.left -= cost


def memo_of(state: TaskState) -> dict[int, Any]:
    """The values that are known, without row functions: these count their steps where they were made."""
    return {key: value for key, value in state.values.items() if not _is_code(value)}


def _is_code(value: Any) -> bool:
    """Is it a row function, or a list or record of such?"""
    if isinstance(value, (list, tuple, dict)):
        parts = value.values() if isinstance(value, dict) else value  # pyright: ignore[reportUnknownVariableType]
        return any(_is_code(part) for part in itertools.islice(parts, 1))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return callable(value)


class Values:
    """One world in which nodes have values: a memo that can be laid over, and never changes what it was made from."""

    def __init__(self, known: Mapping[int, Any], budget: Budget) -> None:
        if budget.left <= 0:
            raise Exhausted
        self._budget = budget
        self.state = TaskState(values=dict(known))

    def of(self, node: Core) -> Any:
        """The value of a node without free rows. Raises EvaluationFault, also where it takes too many steps."""
        state = self.state
        before = len(state.values)
        state.steps = start = MAX_STEPS - min(MAX_STEPS_EACH, max(self._budget.left, 0))
        try:
            return evaluate(node, state)
        except EvaluationFault as fault:
            if state.steps > MAX_STEPS:
                raise TooLong(fault.message, fault.span) from None
            raise
        except RecursionError:
            raise EvaluationFault("this is nested too deeply to evaluate", node.span) from None
        finally:
            made = len(state.values) - before
            sizes = sum(map(_size, list(state.values.values())[-made:])) if made else 0
            self._budget.take(state.steps - start + sizes // CELLS)


def _size(value: Any) -> int:
    if isinstance(value, Table):
        return len(value.rows) * max(1, len(value.columns))
    return len(value) if isinstance(value, (list, dict)) else len(value) // 100 if isinstance(value, str) else 0  # pyright: ignore[reportUnknownArgumentType]
