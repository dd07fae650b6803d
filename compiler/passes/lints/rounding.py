"""Rounding that the instruction leaves open: ties that round otherwise by another rule, a number of decimals never named."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from clawc.compiler.model import Task
from clawc.compiler.passes.evaluate import EvaluationFault, evaluate
from clawc.compiler.passes.lints.facts import Facts
from clawc.compiler.passes.lints.told import span_of
from clawc.spec import core
from clawc.spec.core import Const, Core
from clawc.spec.types import NUMBER
from clawc.stdlib.checks.compare import OneOf
from clawc.stdlib.checks.values import Range, Table

_EXACT = ("equal", "differs", "is_in", "contains", "contains_lines", "mentions", "mentions_all", "mentions_any",
          "mentions_in_order")  # fmt: skip
_ROUNDS = ("round_to", "format_number")
_RULE = re.compile(r"half[ -]?(?:up|(?:to[ -])?even|down|away)|banker|commercial(?:ly)?|away from zero", re.I)
_DECIMALS = re.compile(
    r"decimal|round|cents?\b|digits?\b|places?\b|whole|integer|nearest|precision|\d\.\d|%|percent", re.I
)


def rounding(task: Task, facts: list[Facts]) -> None:
    """Static roundings of what is compared exactly, or looked for in a text."""
    seen: set[int] = set()
    ruled: bool | None = None
    for fact in facts:
        for call in fact.calls:
            if call.function not in _EXACT or any(name in ("within", "decimals") for name, _ in call.kwargs):
                continue
            for side in call.args:
                if side.dynamic or id(side) in seen:
                    continue
                seen.add(id(side))
                found = [n for n in core.walk(side) if isinstance(n, core.Call) and n.function in _ROUNDS]
                if not found or task.stated or not task.instruction:
                    continue
                if not _DECIMALS.search(task.told):
                    task.context.diagnostics.add(
                        "W0606", task.source, found[0].span, "the instruction does not say how this is rounded",
                        "name the number of decimals, or compare with `within`",
                    )  # fmt: skip
                    return
                ruled = _RULE.search(task.told) is not None if ruled is None else ruled
                if not ruled and _ties(task, side):
                    match = re.search(r"round\w*|decimals?", task.told, re.I)
                    where = found[0].span if match is None else span_of(task, match.start(), match.end())
                    task.context.diagnostics.add(
                        "W0606", task.source, where, f"a tie in `{_short(task, found[0])}` is rounded otherwise by another rule",
                        "say `half up` or `half to even` in the instruction, or compare with `within`",
                    )  # fmt: skip
                    return


def _short(task: Task, node: Core) -> str:
    shown = " ".join(task.source.slice(node.span).split())
    return shown if len(shown) <= 60 else shown[:59] + "…"


def _ties(task: Task, side: Core) -> bool:
    """Does the value change when ties are rounded down instead of up?"""
    if side.free:
        return False
    other = _half_down(side, {})
    try:
        return bool(_content(evaluate(side, task.context.task)) != _content(evaluate(other, task.context.task)))
    except EvaluationFault:
        return False


def _content(value: Any) -> Any:
    """A value in lists and records alone: tables and their like are compared by what they hold."""
    if isinstance(value, list):
        return [_content(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, dict):
        return {key: _content(v) for key, v in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, Table):
        return (value.columns, _content(value.rows))
    return _content(vars(value)) if isinstance(value, (OneOf, Range)) else value


def _half_down(node: Core, made: dict[int, Core]) -> Core:
    """The node with each rounding half up replaced by one half down: ceil(x · 10ⁿ − ½) / 10ⁿ."""
    if id(node) not in made:
        made[id(node)] = _changed(node, made)
    return made[id(node)]


def _changed(node: Core, made: dict[int, Core]) -> Core:
    if isinstance(node, core.LetRef):
        return core.LetRef(node.name, _half_down(node.value, made), node.type, node.span, node.dynamic, node.free)
    if isinstance(node, core.Call):
        args = [_half_down(a, made) for a in node.args]
        kwargs = {name: _half_down(v, made) for name, v in node.kwargs}
        digits = kwargs.get("n", Const(0, NUMBER, node.span))
        if node.function == "round_to" and "half" not in kwargs and isinstance(digits, Const):
            scale = Const(Decimal(10) ** int(digits.value), NUMBER, node.span)
            half = Const(Decimal("0.5"), NUMBER, node.span)
            scaled = core.call("sub", [core.call("mul", [args[0], scale], NUMBER, node.span), half], NUMBER, node.span)
            return core.call("div", [core.call("ceil_of", [scaled], NUMBER, node.span), scale], NUMBER, node.span)
        return core.call(node.function, args, node.type, node.span, **kwargs)
    if isinstance(node, core.Lambda):
        return core.row_lambda(node.param, _half_down(node.body, made))
    if isinstance(node, core.Items):
        return core.items([_half_down(i, made) for i in node.items], node.type, node.span, as_tuple=node.tuple)
    if isinstance(node, core.Record):
        return core.record([(_half_down(k, made), _half_down(v, made)) for k, v in node.entries], node.type, node.span)
    if isinstance(node, core.Logic):
        return core.logic(node.op, [_half_down(o, made) for o in node.operands], node.type, node.span)
    return node
