"""One stage of a pipeline: its input and arguments, and what is common to verbs: conditions, row expressions, names of columns."""

from __future__ import annotations

from typing import NamedTuple

from clawc.compiler.elaborate import expressions
from clawc.compiler.elaborate.context import (
    Context,
    column,
    is_error,
    nearest,
    nearest_fix,
    plain_name,
    row_scope,
    written_as,
)
from clawc.compiler.source import Fix
from clawc.spec import ast, core
from clawc.spec.ast import Span
from clawc.spec.core import Const, Core
from clawc.spec.types import ANY, ANY_TABLE, TEXT, ListType, RecordType, TableType, Type


class Input(NamedTuple):
    """What a verb works on: the place, the verb, its input and its arguments; `span` is all of the pipeline up to it."""

    cx: Context
    verb: ast.Ident
    args: tuple[ast.Arg, ...]
    on: tuple[ast.Key, ...]
    span: Span
    rows: Core

    def fail(self, message: str, span: Span | None = None, help: str = "", fix: Fix | None = None) -> Const:
        """A mistake of the verb, told at an argument or else at the verb."""
        return self.cx.error("E0401", span or self.verb.span, message, help, fix)


def as_table(rows: Core) -> tuple[Core, TableType]:
    """Lists become tables: records by their keys, single values under `value`."""
    t = rows.type
    if isinstance(t, TableType):
        return rows, t
    made: TableType = ANY_TABLE
    if isinstance(t, ListType) and isinstance(t.element, RecordType):
        made = TableType(t.element.fields, t.element.open)
    elif isinstance(t, ListType) and t.element is not ANY:
        made = TableType((("value", t.element),))
    return core.call("table", [rows], made, rows.span), made


def row_expression(it: Input, table: Type, node: ast.Expr) -> core.Lambda | None:
    """A row expression as a lambda; None after a mistake."""
    with it.cx.row(table, written_as(it.rows), it.verb.text) as scope:
        body = expressions.expression(it.cx, node)
    return None if is_error(body) else core.row_lambda(scope.id, body)


def condition(it: Input, table: Type, node: ast.Expr) -> core.Lambda | None:
    made = row_expression(it, table, node)
    if made is not None and is_error(expressions.condition(it.cx, made.body)):
        return None
    return made


def one(it: Input, what: str) -> ast.Expr | None:
    asked = what.endswith("condition")
    if len(it.args) == 1 and it.args[0].name is not None and asked:
        arg = it.args[0]
        end = arg.value.span.start
        gap = it.cx.source.text[arg.span.start : end]
        at = arg.span.start + gap.rindex("=") if "=" in gap else arg.span.start
        sign = Span(at, at + 1)
        it.cx.error("E0401", sign, f"`{it.verb.text}` takes {what}; `=` gives a name", "write `==` to compare",
                    Fix(sign, "==", "compare"))  # fmt: skip
        return None
    if len(it.args) > 1:
        first, second = it.args[:2]
        plain = len(it.args) == 2 and not any(a.name or _loose(a.value) for a in it.args)
        fix = Fix(Span(first.span.end, second.span.start), " and ", "write `and`") if asked and plain else None
        it.fail(
            f"`{it.verb.text}` takes {what}, this is one more",
            second.span,
            "join conditions by `and`" if asked else "",
            fix,
        )
        return None
    if not it.args or it.args[0].name is not None:
        it.fail(f"`{it.verb.text}` takes {what}", it.args[0].span if it.args else None)
        return None
    return it.args[0].value


def _loose(node: ast.Expr) -> bool:
    """Would an `and` beside it take a part of it alone?"""
    return isinstance(node, (ast.If, ast.Pipeline)) or (isinstance(node, ast.Binary) and node.op == "or")


def quoted(it: Input, node: ast.Expr, table: TableType) -> ast.Ident | None:
    """The column that a text names which stands where a column does; it is reported, and meant."""
    name = plain_name(node)
    if not name or table.get(name) is None:
        return None
    it.fail(f"`{it.verb.text}` names columns without quotes", node.span, f"write `{name}`",
            Fix(node.span, name, f"write `{name}`"))  # fmt: skip
    return ast.Ident(name, node.span)


def without_brackets(it: Input) -> Input:
    """The stage with `[a, b]` read as `a, b`, which is reported."""
    args: list[ast.Arg] = []
    for arg in it.args:
        items = arg.value.items if arg.name is None and isinstance(arg.value, ast.ListOf) else ()
        if not items or not all(isinstance(_unsigned(i), ast.Ident) for i in items):
            args.append(arg)
            continue
        plain = ", ".join(it.cx.source.slice(i.span) for i in items)
        it.fail(f"`{it.verb.text}` names columns without brackets", arg.span, f"write `{it.verb.text} {plain}`",
                Fix(arg.span, plain, "without brackets"))  # fmt: skip
        args += [ast.Arg(None, i, i.span) for i in items]
    return it if args == list(it.args) else it._replace(args=tuple(args))


def _unsigned(node: ast.Expr) -> ast.Expr:
    return node.operand if isinstance(node, ast.Unary) and node.op == "-" else node


def key_const(name: str, span: Span) -> Const:
    return Const(name, TEXT, span)


def column_lambda(it: Input, table: TableType, name: ast.Ident) -> core.Lambda | None:
    """A bare column name: it is one of the table's, never an outer name."""
    type = table.get(name.text)
    if type is None and not table.open:
        known = table.names
        meant = nearest_fix(name.text, known, name.span)
        it.cx.error("E0402", name.span, f"unknown column `{name.text}`{written_as(it.rows)}{nearest(name.text, known)}",
                    "columns: " + ", ".join(known[:12]), meant)  # fmt: skip
        return None
    scope = row_scope(it.cx.task.fresh.take(), table)
    read = column(scope, name.text, type or ANY, name.span, sure=type is not None)
    if it.cx.task.observer is not None:
        it.cx.task.observer.typed(it.cx, name, read)
    return core.row_lambda(scope.id, read)


def column_names(it: Input, table: TableType) -> list[str] | None:
    found: list[str] = []
    good = True
    for arg in it.args:
        if arg.name is None and quoted(it, arg.value, table) is not None:
            good = False
            continue
        if arg.name is not None or not isinstance(arg.value, ast.Ident):
            it.fail(f"`{it.verb.text}` takes names of columns", arg.span)
            return None
        if column_lambda(it, table, arg.value) is None:
            return None
        found.append(arg.value.text)
    return found if good else None


def names_const(names: list[str], span: Span) -> Const:
    return Const(names, ListType(TEXT), span)
