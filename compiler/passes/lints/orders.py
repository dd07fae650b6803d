"""Orders: rows that tie, `take` through a tie; and what the instruction asks for against what the checks compare."""

from __future__ import annotations

import re

from clawc.compiler.model import Task
from clawc.compiler.passes.evaluate import EvaluationFault
from clawc.compiler.passes.lints.facts import Facts, home, through
from clawc.compiler.passes.lints.told import span_of
from clawc.compiler.passes.seal import Sealer
from clawc.spec import core
from clawc.spec.core import Core
from clawc.spec.types import ANY, ListType, RecordType, TableType
from clawc.stdlib.checks.values import Table

# An order that is asked for, so that a check has to compare it.
_ASKED = re.compile(
    r"\b(?:sort(?:ed|s)? (?:\w+ ){0,4}?(?:by|in|from|alphabetically|ascending|descending)|sort (?:it|them|rows|the)\b"
    r"|order(?:ed)? by|rank(?:ed)? by|in (?:ascending|descending|alphabetical|chronological|numerical|lexicographic(?:al)?) order"
    r"|(?:highest|lowest|newest|oldest|latest|earliest|largest|smallest|longest|shortest|biggest) (?:\w+ )?first)\b",
    re.I,
)
# Anything that may mean an order.
_HINTED = re.compile(
    r"\b(?:sort\w*|order\w*|rank\w*|first|last|top|ascending|descending|alphabet\w*|chronolog\w*|highest|lowest|newest|oldest|latest|"
    r"earliest|largest|smallest|longest|shortest|biggest|then|sequence|position|line by line|one per line|as they|by (?:date|name|time))\b",
    re.I,
)
_ORDERING = ("mentions_in_order", "in_order", "is_sorted", "contains_lines", "is_top", "matches", "lines_of", "sort", "first",
             "last", "item", "row_numbers", "headings", "member", "run_result", "call_value", "code_holds", "take")  # fmt: skip


def asked_and_compared(task: Task, facts: list[Facts]) -> None:
    """An order that the instruction asks for and no check compares, and the reverse."""
    if not task.instruction or task.stated:
        return
    compared = [
        (fact, call, side) for fact in facts for call in fact.calls if call.function == "equal" for side in call.args
    ]
    ordered = [(fact, call) for fact, call, side in compared if _ordered(side)]
    asked = _ASKED.search(task.told)
    if asked is not None and not ordered and not _may_compare(facts):
        task.context.diagnostics.add(
            "W0604", task.source, span_of(task, asked.start(), asked.end()),
            f"the instruction asks for an order (`{' '.join(asked.group().split())} …`) that no check compares",
            "compare with a table that ends in `sort`, or do not ask for an order",
        )  # fmt: skip
    if ordered and asked is None and not _HINTED.search(task.told):
        fact, call = ordered[0]
        task.context.diagnostics.add(
            "W0605", home(task, fact.check), call.span, f"`{fact.check.name}` compares an order that the instruction does not ask for",
            "say in the instruction how to sort, or write `unordered(…)` around the expected rows",
        )  # fmt: skip


def _ordered(side: Core) -> bool:
    """Is this an expected table whose order counts?"""
    side = through(side)
    if isinstance(side, core.Call) and side.function == "unordered":
        return False
    return isinstance(side.type, TableType) and side.type.ordered and not side.type.guess


def _may_compare(facts: list[Facts]) -> bool:
    """May a condition compare an order in another way: lists, records with lists, places, programs?"""
    for fact in facts:
        if fact.runs or any(call.function in _ORDERING for call in fact.calls):
            return True
        for call in fact.calls:
            if call.function == "equal" and any(_listed(side) for side in call.args):
                return True
    return False


def _listed(side: Core) -> bool:
    """Is this static side a list, or does it hold one?"""
    if side.dynamic:
        return False
    side = through(side)
    if isinstance(side, core.Call) and side.function in ("unordered", "set_of"):
        return False
    if isinstance(side.type, RecordType):
        return any(isinstance(t, (ListType, TableType)) or t is ANY for _, t in side.type.fields)
    return isinstance(side.type, ListType) or side.type is ANY


def order_lints(task: Task, sealer: Sealer) -> None:
    """Orders that leave rows free, and `take` through a tie: the author should know."""
    seen: set[int] = set()
    for check in task.checks:
        for expect in check.expects:
            for node in core.walk(expect.core):
                if not isinstance(node, core.LetRef) or node.dynamic or id(node.value) in seen:
                    continue
                seen.add(id(node.value))
                _table_order(task, node, sealer)


def _table_order(task: Task, node: core.LetRef, sealer: Sealer) -> None:
    if not isinstance(node.type, TableType):
        return
    try:
        value = sealer.seal(node)
    except EvaluationFault:
        return
    if not isinstance(value, core.Const) or not isinstance(value.value, Table):
        return
    table = value.value
    report = task.context.diagnostics.add
    if table.spare:
        report("W0402", task.source, node.value.span, f"`take` cuts through rows of `{node.name}` that tie",
               "add a key to `sort`; until then any of the tied rows is accepted")  # fmt: skip
    elif table.blocks is not None and any(b > 1 for b in table.blocks):
        report("W0403", task.source, node.value.span, f"the order of `{node.name}` leaves rows that tie",
               "add a key to `sort`; until then the tied rows may stand in any order")  # fmt: skip
