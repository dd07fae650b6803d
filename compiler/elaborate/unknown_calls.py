"""Calls of what does not exist: reported once, with the name that is meant, and read as that where it is sure."""

from __future__ import annotations

from clawc.compiler.elaborate import calls, expressions
from clawc.compiler.elaborate.context import Context, DefBinding, broken, is_error, likeness, nearest, nearest_fix
from clawc.compiler.elaborate.elsewhere import function_called, otherwise, write_instead
from clawc.compiler.source import Diagnostics, Fix
from clawc.spec import ast, core
from clawc.spec.ast import Span
from clawc.spec.core import Core
from clawc.spec.functions import BY_NAME, Function

GOOD_LIKENESS = 0.8  # of a name that is read as another one
# Mistakes of a call that is only guessed: it may be meant otherwise.
UNSURE = ("E0401", "E0406", "E0413")
_PLAIN = (ast.Ident, ast.Literal, ast.Text, ast.Attr, ast.Index, ast.CallOf)


def unknown(cx: Context, function: ast.Ident, args: tuple[ast.Arg, ...], span: Span, piped: list[Core]) -> Core:
    """An unknown function: reported, then read as the one that is meant, so that its arguments are checked."""
    name = function.text
    other = function_called(name, bool(piped))
    help = "" if other else otherwise(name)
    if help:
        cx.error(
            "E0302", function.span, f"unknown function `{name}`", help, _rewritten(cx, name, args, span, bool(piped))
        )
        return _arguments_alone(cx, args, span, piped)
    known = [*BY_NAME, *(n for n in cx.all_names() if isinstance(cx.find(n), DefBinding))]
    fix = write_instead(other, function.span) if other else nearest_fix(name, known, function.span)
    hint = f"; did you mean `{other}`?" if other else nearest(name, known)
    if fix is not None and not other and likeness(name, fix.replacement) < GOOD_LIKENESS:
        fix = None
    cx.error("E0302", function.span, f"unknown function `{name}`{hint}", "", fix)
    if fix is None or fix.replacement in ("pick", "from"):
        return _arguments_alone(cx, args, span, piped)
    return _read_as(cx, fix.replacement, function, args, span, piped)


def verb_meant(
    cx: Context, row: Function, function: ast.Ident, verb: str, args: tuple[ast.Arg, ...], span: Span, piped: list[Core]
) -> Core:
    """A function in the place of the verb of a like name: reported, then read as the verb."""
    cx.error("E0401", function.span, f"`{row.name}` is a function of a list; did you mean the verb `{verb}`?", "",
             write_instead(verb, function.span))  # fmt: skip
    return _read_as(cx, verb, function, args, span, piped)


def _arguments_alone(cx: Context, args: tuple[ast.Arg, ...], span: Span, piped: list[Core]) -> Core:
    for arg in args if not piped else ():  # behind a table they may be row expressions
        if isinstance(arg.value, ast.Ident) and cx.find(arg.value.text) is None:
            continue  # the function may have taken a column
        expressions.expression(cx, arg.value)
    return broken(span)


def _read_as(
    cx: Context, name: str, function: ast.Ident, args: tuple[ast.Arg, ...], span: Span, piped: list[Core]
) -> Core:
    outer, cx.diagnostics = cx.diagnostics, Diagnostics()
    try:
        made = calls.call_function(cx, ast.Ident(name, function.span), args, span, piped)
        found = cx.diagnostics.sorted()
    finally:
        cx.diagnostics = outer
    for d in found:
        if d.code not in UNSURE:
            outer.add(d.code, d.source, d.span, d.message, d.help, d.fix)
    return made if is_error(made) else core.mistaken(made, made.type, span)


def _rewritten(cx: Context, name: str, args: tuple[ast.Arg, ...], span: Span, piped: bool) -> Fix | None:
    """The edit that writes a call of another language as the operator that it is here."""
    parts = [cx.source.slice(a.value.span) for a in args]
    if piped or not all(a.name is None and isinstance(a.value, _PLAIN) for a in args):
        return None
    shapes = {
        ("write `x ?? default`", 2): "({} ?? {})",
        ("write `x in list`", 2): "({} in {})",
        ("write `a == b`", 2): "({} == {})",
        ("write `a != b`", 2): "({} != {})",
        ("write `x in low..high`", 3): "({} in {}..{})",
    }  # fmt: skip
    shape = shapes.get((otherwise(name), len(args)))
    return Fix(span, shape.format(*parts), otherwise(name)) if shape is not None else None
