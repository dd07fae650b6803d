"""Functions that draw: in `data` and `param` only, and those of modules only where the file takes them."""

from __future__ import annotations

from clawc.compiler.elaborate import calls, expressions
from clawc.compiler.elaborate.context import Context, DefBinding, ProviderBinding, nearest, nearest_fix
from clawc.compiler.source import Fix
from clawc.spec import ast, core
from clawc.spec.ast import Span
from clawc.spec.core import Const, Core
from clawc.spec.functions import BY_NAME, LOCALES, PROVIDED, Function
from clawc.spec.types import ANY, TEXT, ListType, RecordType, TableType


def row_of(cx: Context, name: str) -> Function | None:
    """The function of a name: one that was taken from a module, where values are generated or no other has the name."""
    binding = cx.find(name)
    if isinstance(binding, ProviderBinding) and (cx.generator is not None or name not in BY_NAME):
        binding.used = True
        return binding.row
    return None if cx.generator is not None and name in PROVIDED else BY_NAME.get(name)


def not_taken(cx: Context, function: ast.Ident, args: tuple[ast.Arg, ...]) -> Core:
    """A function of a module that the file does not take from it."""
    module = f"std.{PROVIDED[function.text].group}"
    written = f"use {module} ({function.text})"
    start = cx.source.text.find("\n") + 1
    known = bool(start) and not isinstance(cx.find(function.text), DefBinding)
    failed = cx.error("E0302", function.span, f"`{function.text}` is a function of `{module}`", f"write `{written}` below the first line",
                      Fix(Span(start, start), f"{written}\n", f"write `{written}`") if known else None)  # fmt: skip
    for arg in args:
        expressions.expression(cx, arg.value)
    return failed


def generated(cx: Context, row: Function, named: dict[str, Core], span: Span) -> Core:
    """A random value, in `data` only."""
    if cx.generator is None:
        return cx.error("E0306", span, f"`{row.name}` belongs into `data` or `param`, where values are generated")
    if row.name == "serial":
        return named["text"]
    locale = named.get("locale")
    if isinstance(locale, Const) and locale.value not in LOCALES:
        return cx.error("E0401", locale.span, f"there are no word lists for the locale `{locale.value}`{nearest(str(locale.value), LOCALES)}",
                        "locales: " + ", ".join(LOCALES), nearest_fix(str(locale.value), LOCALES, locale.span, '"{}"'))  # fmt: skip
    id = cx.generator.id
    source = core.Col(id, "__source", False, ANY, span, frozenset({id}))
    result = calls.RESULTS[row.result]
    first = named.get("of")
    if first is not None and isinstance(first.type, ListType):
        result = first.type.element
    elif first is not None and isinstance(first.type, RecordType):
        result = TEXT
    elif first is not None and isinstance(first.type, TableType):
        columns = first.type.columns
        result = columns[0][1] if len(columns) == 1 else RecordType(columns, first.type.open)
    args, kwargs = calls.python_arguments(row, calls.Bound(named, []))
    return core.call(row.python, [source, *args], result, span, **kwargs)
