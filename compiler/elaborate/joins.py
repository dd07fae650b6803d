"""Verbs over two tables: which keys go together, and what columns the result has."""

from __future__ import annotations

from clawc.compiler.elaborate import calls, expressions
from clawc.compiler.elaborate.context import broken, is_error, nearest, nearest_fix
from clawc.compiler.elaborate.stage import Input, as_table, key_const, one
from clawc.compiler.elaborate.unlike import comparable
from clawc.compiler.source import Fix
from clawc.spec import ast, core
from clawc.spec.ast import Span
from clawc.spec.core import Const, Core
from clawc.spec.types import ANY, GUESSED_TABLE, FileType, ListType, TableType, phrase

JOINS = {
    "join": "join", "left_join": "left_join", "semi_join": "semi_join", "anti_join": "anti_join",
    "cross_join": "cross_join",
}  # fmt: skip


def join(it: Input) -> Core:
    node = one(it, "one other table")
    if node is None:
        return broken(it.span)
    name = it.verb.text
    other = _other(it, node)
    if name != "cross_join" and not it.on:
        return _no_keys(it, other)
    rows, left = as_table(it.rows)
    partner, right = other or (it.rows, GUESSED_TABLE)
    pairs = _keys(it, left, right)
    if pairs is None or other is None:
        return broken(it.span)
    on = Const([tuple(p) for p in pairs], ANY, it.span)
    if name in ("semi_join", "anti_join"):
        return core.call(name, [rows, partner, on], left, it.span)
    shared = {a for a, b in pairs if a == b}
    clash = [n for n in left.names if n in right.names and n not in shared]
    extra = tuple((n, t) for n, t in right.columns if n not in shared and n not in clash)
    guess = bool(clash) or left.guess or right.guess  # the renaming that lacks, or is mistaken, makes other names
    result = TableType((*left.columns, *extra), left.open or right.open or guess, guess=guess)
    if clash and (left.guess or right.guess):
        return core.mistaken(rows, result, it.span)
    if clash:
        it.cx.error("E0303", node.span, f"both tables have a column `{clash[0]}`",
                    f"before the join write `| rename other_{clash[0]} = {clash[0]}` on one side")  # fmt: skip
        return core.mistaken(rows, result, it.span)
    args = [rows, partner] if name == "cross_join" else [rows, partner, on]
    return core.call(name, args, result, it.span)


def _no_keys(it: Input, other: tuple[Core, TableType] | None) -> Core:
    """A join without `on`: the one column that both tables have is meant, if there is one alone."""
    _, left = as_table(it.rows)
    shared = [n for n in left.names if other is not None and n in other[1].names]
    end = it.args[-1].span.end
    fix = Fix(Span(end, end), f" on {shared[0]}", f"join on `{shared[0]}`") if len(shared) == 1 else None
    help = f"both tables have {', '.join(f'`{n}`' for n in shared[:6])}: write `on {shared[0]}`" if shared else ""
    return it.fail(f"`{it.verb.text}` needs its keys", None, help or f"write `{it.verb.text} t on key`", fix)


def _other(it: Input, node: ast.Expr) -> tuple[Core, TableType] | None:
    value = expressions.expression(it.cx, node)
    if is_error(value):
        return None
    if not isinstance(value.type, (TableType, ListType)) and value.type is not ANY:
        help = f"for example `csv({value.type.name})`" if isinstance(value.type, FileType) else ""
        it.fail(
            f"`{it.verb.text}` wants a table, not {phrase(value.type)}",
            node.span,
            help,
            calls.reading_rows(value, node.span),
        )
        return None
    return as_table(value)


def _keys(it: Input, left: TableType, right: TableType) -> list[tuple[str, str]] | None:
    pairs: list[tuple[str, str]] = []
    for key in it.on:
        for side, ident in ((left, key.left), (right, key.right)):
            if side.get(ident.text) is None and not side.open:
                it.cx.error("E0402", ident.span, f"unknown column `{ident.text}`{nearest(ident.text, side.names)}",
                            "columns: " + ", ".join(side.names[:12]),
                            nearest_fix(ident.text, side.names, ident.span))  # fmt: skip
                return None
        a, b = left.get(key.left.text), right.get(key.right.text)
        if a is not None and b is not None and not comparable(a, b):
            it.cx.error("E0403", key.span, f"{phrase(a)} joined with {phrase(b)}")
            return None
        pairs.append((key.left.text, key.right.text))
    return pairs


def nest_join(it: Input) -> Core:
    if len(it.args) != 1 or it.args[0].name is None:
        return it.fail("`nest_join` takes `name = t on key`", it.args[0].span if it.args else None)
    arg = it.args[0]
    assert arg.name is not None
    other = _other(it, arg.value)
    if other is None:
        return broken(it.span)
    rows, left = as_table(it.rows)
    partner, right = other
    if not it.on:
        return _no_keys(it, other)
    pairs = _keys(it, left, right)
    if pairs is None:
        return broken(it.span)
    result = TableType((*left.columns, (arg.name.text, TableType(right.columns, right.open))), left.open, left.ordered)
    on = Const([tuple(p) for p in pairs], ANY, it.span)
    return core.call("nest_join", [rows, key_const(arg.name.text, arg.name.span), partner, on], result, it.span)
