"""Orders: rows that tie, `take` through a tie; and what the instruction asks for against what the checks compare."""

from __future__ import annotations

import re

from clawc.compiler.model import Task
from clawc.compiler.passes.evaluate import EvaluationFault
from clawc.compiler.passes.lints.facts import Facts, home, through, whole_file
from clawc.compiler.passes.lints.told import Sentence, asking, span_of
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
_PATHS = re.compile(r"\S*[/\\]\S*")
_ORDERING = ("mentions_in_order", "in_order", "is_sorted", "contains_lines", "is_top", "matches", "lines_of", "sort", "first",
             "last", "item", "row_numbers", "headings", "member", "run_result", "call_value", "code_holds", "take")  # fmt: skip


def order_not_compared(task: Task, facts: list[Facts]) -> None:
    """An order that the instruction asks for and no check compares: of one deliverable, or of all that there are."""
    if not task.instruction or task.stated:
        return
    told = asking(task)
    reported: set[str] = set()
    for asked in _ASKED.finditer(task.told):
        name = _subject(told, asked.start())
        if name and name not in reported and _loosely_compared(task, facts, name):
            reported.add(name)
            _not_compared(task, asked, f" of `{name}`")
    first = _ASKED.search(task.told)
    ordered = any(
        _ordered(side) for fact in facts for call in fact.calls if call.function == "equal" for side in call.args
    )
    if first is not None and not reported and not ordered and not _may_compare(facts):
        _not_compared(task, first, "")


def _not_compared(task: Task, asked: re.Match[str], of: str) -> None:
    task.context.diagnostics.add(
        "W0604", task.source, span_of(task, asked.start(), asked.end()),
        f"the instruction asks for an order{of} (`{' '.join(asked.group().split())} …`) that no check compares",
        "compare with a table that ends in `sort`, or do not ask for an order",
    )  # fmt: skip


def _subject(told: list[tuple[Sentence, tuple[tuple[int, str], ...]]], at: int) -> str:
    """The deliverable that a place of the instruction speaks of: the last one named before it in the sentence, else the only one
    of the sentence, or of the one before that; "" where none is sure.
    """
    for index, (sentence, named) in enumerate(told):
        if not sentence.start <= at < sentence.end:
            continue
        before = [name for place, name in named if place < at]
        if before:
            return before[-1]
        names = {name for _, name in named or (told[index - 1][1] if index else ())}
        return names.pop() if len(names) == 1 else ""
    return ""


def _loosely_compared(task: Task, facts: list[Facts], name: str) -> bool:
    """Is a deliverable compared with rows in any order, and in no other way that may tell an order?"""
    reading = [f for f in facts if name in f.reads]
    if _may_compare(reading) or any(name in r.reads for r in task.rubrics):
        return False
    sides = [_facing(call, name) for f in reading for call in f.calls if call.function == "equal"]
    tables = [s for s in sides if s is not None and isinstance(through(s).type, TableType)]
    return bool(tables) and not any(_ordered(s) for s in tables)


def _facing(call: core.Call, name: str) -> Core | None:
    """What the rows of a deliverable are compared with."""
    left, right = call.args
    return right if whole_file(left) == name else left if whole_file(right) == name else None


def order_not_asked(task: Task, facts: list[Facts]) -> None:
    """An order that a check compares, of a deliverable about which the instruction says nothing that may mean one."""
    if not task.instruction or task.stated:
        return
    told = asking(task)
    programs = {
        d.name for d in task.delivers if d.kind == "program"
    }  # what they shall write may be another deliverable
    reported: set[str] = set()
    for fact in facts:
        for call in fact.calls:
            if call.function != "equal" or not any(_ordered(side) for side in call.args):
                continue
            names = {n.name for n in core.walk(call) if isinstance(n, core.Deliverable)}
            about = [
                _PATHS.sub(" ", s.text) for s, named in told if not named or (names | programs) & {n for _, n in named}
            ]
            if names <= reported or any(_HINTED.search(text) for text in about):
                continue
            reported |= names
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
