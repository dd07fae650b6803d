"""`admit`: which draw of a seed becomes the instance, by conditions on its data and inputs.

Draws are numbered from 0 and depend on seed and number alone, so the same seed gives the same instance everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from clawc.compiler.elaborate.context import BrokenBinding, Context, LetBinding, is_unsound
from clawc.compiler.elaborate.expressions import condition, expression
from clawc.compiler.model import Task
from clawc.compiler.passes.evaluate import EvaluationFault, evaluate
from clawc.compiler.passes.shape import known
from clawc.compiler.source import Diagnostics
from clawc.spec import ast
from clawc.spec.core import Core

MAX_DRAWS = 100
MAX_STEPS_OF_DRAWS = 600_000


class Admission(NamedTuple):
    """The admitted task, or None with how often each condition held in how many draws."""

    task: Task | None
    held: tuple[int, ...]
    draws: int


def conditions(block: ast.Block) -> list[ast.Expect]:
    """What a task expects of its instances."""
    admits = (i for i in block.items if isinstance(i, ast.Block) and i.kind.text == "admit" and known(i, "task"))
    return [item for admit in admits for item in admit.items if isinstance(item, ast.Expect)]


def draw_until_admitted(block: ast.Block, draw: Callable[[int], Task], repeat: bool) -> Admission | None:
    """Draws until all conditions hold; None where they cannot be asked, as something is mistaken: `report_conditions` says what.

    Without `repeat` there is one draw: nothing would differ.
    """
    wanted = conditions(block)
    held = [0] * len(wanted)
    steps = 0
    for number in range(MAX_DRAWS if repeat else 1):
        task = draw(number)
        if not wanted:
            return Admission(task, (), 1)
        answers = None if task.context.diagnostics.has_errors else _answers(task.context, block, wanted)
        if answers is None:
            return None
        if all(answers):
            return Admission(task, tuple(held), number + 1)
        held = [count + answer for count, answer in zip(held, answers)]
        steps += task.context.task.steps
        if steps > MAX_STEPS_OF_DRAWS:
            return Admission(None, tuple(held), number + 1)
    return Admission(None, tuple(held), MAX_DRAWS if repeat else 1)


def report_conditions(task: Task, block: ast.Block) -> None:
    """Says what is wrong in the conditions, once everything that they may name is known."""
    cx = task.context.child()
    for wanted in conditions(block):
        node = condition(cx, expression(cx, wanted.value))
        if not cx.unsound(node) and node.dynamic:
            cx.error("E0502", wanted.value.span, "an instance is admitted before an agent has it, but this reads what the agent leaves",
                     "what the agent leaves is judged by a `check`")  # fmt: skip


def report_not_admitted(task: Task, block: ast.Block, found: Admission) -> None:
    """No draw was admitted: said at the condition that held least often."""
    wanted = conditions(block)
    worst = min(range(len(wanted)), key=lambda at: (found.held[at], at))
    span = wanted[worst].value.span
    if found.draws == 1:
        task.context.error("E0619", span, "this does not hold, and no other instance can be drawn",
                           "only `param` and `data` make instances differ")  # fmt: skip
        return
    others = ", ".join(f"{count} of {found.draws}" for at, count in enumerate(found.held) if at != worst)
    rest = f"; the other conditions hold in {others}" if others else ""
    task.context.error("E0619", span, f"none of {found.draws} draws is admitted: this holds in {found.held[worst]} of them{rest}",
                       "make it hold more often by wider parameters or more rows, or ask for less")  # fmt: skip


def _answers(cx: Context, block: ast.Block, wanted: list[ast.Expect]) -> list[bool] | None:
    """Which conditions hold; one without a value does not. None where one is mistaken, or reads what is not known yet."""
    names = [_name(i) for i in block.items if isinstance(i, ast.Block) and i.kind.text == "deliver"]
    later = [n for n in names if n and n not in cx.names]
    cx.names.update((name, BrokenBinding()) for name in later)
    silent = Context(cx.source, Diagnostics(), cx.task, cx)
    nodes = [condition(silent, expression(silent, expect.value)) for expect in wanted]
    mistaken = silent.diagnostics.has_errors or cx.diagnostics.has_errors
    answers = None
    if not mistaken and not any(is_unsound(node) or node.dynamic for node in nodes):
        answers = [_holds(node, cx) for node in nodes]
    for name in later:
        del cx.names[name]
    for binding in cx.names.values():
        if isinstance(binding, LetBinding) and binding.value is not None and is_unsound(binding.value):
            binding.value = None  # it reads a deliverable, which is known later
    return answers


def _holds(node: Core, cx: Context) -> bool:
    try:
        return bool(evaluate(node, cx.task))
    except EvaluationFault:
        return False


def _name(block: ast.Block) -> str:
    return block.labels[0].text if block.labels and isinstance(block.labels[0], ast.Ident) else ""
