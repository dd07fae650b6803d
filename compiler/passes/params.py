"""`param` blocks: values that differ between instances, each drawn from a seed of its own when it is first read."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from clawc.compiler.elaborate import expressions
from clawc.compiler.elaborate.context import (
    BrokenBinding,
    Context,
    ParamBinding,
    broken,
    is_error,
    is_unsound,
    meant_by,
    nearest,
    nearest_fix,
)
from clawc.compiler.generate import Source, any_of_range, pick_one
from clawc.compiler.passes.evaluate import EvaluationFault, evaluate, report
from clawc.spec import ast, core
from clawc.spec.blocks import BY_KIND
from clawc.spec.core import Const, Core
from clawc.spec.types import ANY, DATE, ERROR, NUMBER, TEXT, ListType, RangeType, RecordType, TableType, Type, phrase
from clawc.stdlib.checks.text import as_text
from clawc.stdlib.checks.values import No, Range, Unmet

KINDS = ("choice", "int", "number", "date", "value")
MAX_DECIMALS = 12
MAX_CHOICES = 10_000
MAX_DEPTH = 8
_ENDS = {"int": "whole numbers: `int = 3..9`", "number": "numbers: `number = 0.5..2`",
         "date": "dates: `date = @2026-01-01..@2026-12-31`"}  # fmt: skip


def bind_params(cx: Context, blocks: list[ast.Block]) -> None:
    """Gives the parameters of a task their names; their values are worked out when they are read."""
    for block in blocks:
        name = block.labels[0] if len(block.labels) == 1 else None
        if not isinstance(name, ast.Ident):
            continue
        if name.text in cx.task.params:
            cx.error("E0303", name.span, f"the parameter `{name.text}` is defined twice", "choose another name")
            continue
        cx.task.params[name.text] = ParamBinding(name.text, block, cx, name.span)


def settle_params(cx: Context) -> None:
    """Works out what nothing has read yet, so that what is wrong in it is said."""
    for binding in cx.task.params.values():
        _value(binding)


def report_unused_params(cx: Context) -> None:
    """Parameters that change nothing. Where something is wrong it may have been meant to read them."""
    for binding in cx.task.params.values():
        if not binding.used and not cx.diagnostics.has_errors:
            cx.error("W0304", binding.span, f"nothing reads the parameter `{binding.name}`, so all its instances are alike",
                     f"write `param.{binding.name}` where it counts, or remove it")  # fmt: skip


def parameter(cx: Context, node: ast.Attr) -> Core:
    """`param.NAME`: a value that is known."""
    binding = cx.task.params.get(node.name.text)
    if binding is None:
        if isinstance(cx.find(node.name.text), BrokenBinding):
            return broken(node.span)  # its block was reported
        known = list(cx.task.params)
        failed = cx.error("E0301", node.name.span, f"`param.{node.name.text}`: the task has no such parameter"
                          + nearest(node.name.text, known), "" if known else f"declare it: `param {node.name.text} {{ choice = […] }}`",
                          nearest_fix(node.name.text, known, node.name.span))  # fmt: skip
        meant = cx.task.params.get(meant_by(node.name.text, known))
        if meant is None:
            return failed
        meant.used = True
        value = _value(meant)
        return failed if is_error(value) else core.mistaken(value, value.type, node.span)
    binding.used = True
    if binding.busy:
        return cx.error("E0304", node.span, f"the parameter `{binding.name}` is worked out from itself")
    value = _value(binding)
    return broken(node.span) if is_error(value) else Const(value.value, value.type, node.span)


def drawn_params(cx: Context) -> list[tuple[str, str]]:
    """The values of all parameters as text, in the order of the source."""
    return [(name, shown(b.value.value)) for name, b in cx.task.params.items() if b.value is not None]


def shown(value: Any) -> str:
    """A drawn value on one line."""
    if isinstance(value, list):
        return "[" + ", ".join(shown(v) for v in value) + "]"  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {shown(v)}" for k, v in value.items()) + "}"  # pyright: ignore[reportUnknownVariableType]
    return as_text(value) if _is_plain(value) else type(value).__name__


def _is_plain(value: Any, depth: int = 0) -> bool:
    """Is it a value that can be said: no table, file or pattern, nor one inside?"""
    if isinstance(value, (list, dict)):
        parts: list[Any] = list(value.values() if isinstance(value, dict) else value)  # pyright: ignore[reportUnknownArgumentType]
        return depth < MAX_DEPTH and all(_is_plain(part, depth + 1) for part in parts)
    if isinstance(value, Range):
        return _is_plain(value.low, MAX_DEPTH) and _is_plain(value.high, MAX_DEPTH)
    return isinstance(value, (str, int, Decimal, date, timedelta, No))


def _value(binding: ParamBinding) -> Const:
    if binding.value is None:
        binding.busy = True
        with binding.home.outside_rows():  # it may be read in a row expression, it does not stand there
            found = _draw(binding.home, binding)
            if found is not None and not _is_plain(found.value):
                binding.home.error("E0214", binding.span, f"the parameter `{binding.name}` is {phrase(found.type)}",
                                   "it is a text, number, date, duration or condition, or a list or record of these")  # fmt: skip
                found = None
        binding.busy = False
        binding.value = found or Const(None, ERROR, binding.span)
    return binding.value


def _draw(cx: Context, binding: ParamBinding) -> Const | None:
    """The value of a parameter; None after a diagnostic."""
    block = binding.block
    given = [i for i in block.items if isinstance(i, ast.Attribute) and i.name.text in KINDS]
    known = BY_KIND["param"].attributes or {}
    if not given:
        unread = any(not isinstance(i, ast.Attribute) or i.name.text not in known for i in block.items)
        if not unread:  # else it was reported, and may be what is missing here
            cx.error("E0208", block.head, f"`param {binding.name}` does not say what it is drawn from",
                     "write `choice = […]`, `int = 3..9`, `number = 0..1`, `date = @2026-01-01..@2026-12-31` or `value = …`")  # fmt: skip
        return None
    kind, *others = dict.fromkeys(i.name.text for i in given)
    if others:
        extra = next(i for i in given if i.name.text == others[0])
        cx.error("E0206", extra.name.span, f"`param {binding.name}` has `{kind}` already; `{others[0]}` excludes it", "keep one")  # fmt: skip
        return None
    decimals = next((i for i in block.items if isinstance(i, ast.Attribute) and i.name.text == "decimals"), None)
    if decimals is not None and kind != "number":
        cx.error("E0214", decimals.name.span, "`decimals` belongs to `number`", f"`{kind}` has none")
        return None
    source = Source(cx.task.name, f"param.{binding.name}", cx.task.seed, cx.task.draw)
    if kind == "value":
        return _worked_out(cx, given[0].value, source)
    value = expressions.expression(cx, given[0].value)
    known_value = None if is_unsound(value) else _static(cx, value)
    if known_value is None:
        return None
    try:
        if kind == "choice":
            return _choice(cx, binding, value, known_value[0], source)
        return _of_range(cx, binding, kind, value, known_value[0], _decimals(cx, decimals), source)
    except Unmet as problem:
        cx.error("E0214", given[0].value.span, f"`param {binding.name}` cannot be drawn: {problem}")
        return None


def _static(cx: Context, node: Core) -> tuple[Any] | None:
    if node.dynamic:
        cx.error("E0502", node.span, "a parameter cannot depend on what the agent leaves")
        return None
    try:
        return (evaluate(node, cx.task),)
    except EvaluationFault as fault:
        report(cx, fault)
        return None


def _worked_out(cx: Context, node: ast.Expr, source: Source) -> Const | None:
    with cx.row(TableType(())) as scope:
        before, cx.generator = cx.generator, scope
        body = expressions.expression(cx, node)
        cx.generator = before
    if is_unsound(body):
        return None
    found = _static(cx, core.row_lambda(scope.id, body))
    if found is None:
        return None
    try:
        return Const(found[0]({"__source": source}), body.type, node.span)
    except EvaluationFault as fault:
        report(cx, fault)
        return None


def _choice(cx: Context, binding: ParamBinding, node: Core, value: Any, source: Source) -> Const | None:
    t = node.type
    if isinstance(value, dict):
        element: Type = TEXT
    elif isinstance(value, list):
        element = t.element if isinstance(t, ListType) else ANY
    else:
        help = "write `int = …`, `number = …` or `date = …` for a range" if isinstance(t, RangeType) else ""
        cx.error("E0203", node.span, f"`choice` is a list of values, or a record of weights, not {phrase(t)}", help)
        return None
    size = len(value)  # pyright: ignore[reportUnknownArgumentType]
    if not size:
        cx.error("E0214", node.span, f"`choice` of `param {binding.name}` is empty", "give it at least one value")
        return None
    if size > MAX_CHOICES:
        cx.error("E0214", node.span, f"`choice` holds more than {MAX_CHOICES} values")
        return None
    if element is ANY and isinstance(node, core.Items) and size > 1:
        cx.error("E0214", node.span, f"the values of `param {binding.name}` are of different types",
                 "a parameter is of one type in all instances")  # fmt: skip
        return None
    return Const(pick_one(source, value), element if not isinstance(t, RecordType) else TEXT, node.span)


def _of_range(
    cx: Context, binding: ParamBinding, kind: str, node: Core, value: Any, decimals: int, source: Source
) -> Const | None:
    ends: list[Any] = [value.low, value.high] if isinstance(value, Range) else []
    if not ends or not all(_is_end(kind, end) for end in ends):
        cx.error("E0203", node.span, f"`{kind}` is a range of {_ENDS[kind]}")
        return None
    if ends[0] > ends[1]:
        cx.error("E0414", node.span, f"nothing lies in the range of `param {binding.name}`: {as_text(ends[0])}..{as_text(ends[1])}")  # fmt: skip
        return None
    found = any_of_range(source, kind, value, decimals)
    return Const(found, DATE if kind == "date" else NUMBER, node.span)


def _is_end(kind: str, end: Any) -> bool:
    if kind == "date":
        return isinstance(end, date) and not isinstance(end, datetime)
    number = isinstance(end, (int, Decimal)) and not isinstance(end, bool)
    return number and (kind != "int" or int(end) == end)


def _decimals(cx: Context, attribute: ast.Attribute | None) -> int:
    if attribute is None:
        return 2
    node = expressions.expression(cx, attribute.value)
    found = None if is_unsound(node) else _static(cx, node)
    if found is None:
        return 2
    value = found[0]
    if not isinstance(value, (int, Decimal)) or int(value) != value or not 0 <= value <= MAX_DECIMALS:
        cx.error("E0203", attribute.value.span, f"`decimals` is a whole number from 0 to {MAX_DECIMALS}")
        return 2
    return int(value)
