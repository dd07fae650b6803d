"""Verbs of pipelines: each takes a table, and most take row expressions, which become lambdas over one row."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from clawc.compiler.elaborate import calls, comparing, expressions
from clawc.compiler.elaborate.context import (
    Context,
    GroupScope,
    broken,
    column,
    is_error,
    nearest,
    nearest_fix,
    row_scope,
    written_as,
)
from clawc.compiler.source import Fix
from clawc.spec import ast, core
from clawc.spec.ast import Span
from clawc.spec.core import Const, Core
from clawc.spec.functions import VERB_NAMES, WINDOW_NAMES
from clawc.spec.types import (
    ANY,
    ANY_TABLE,
    BOOL,
    GUESSED_TABLE,
    NUMBER,
    REGEX,
    TEXT,
    FileType,
    ListType,
    RecordType,
    TableType,
    Type,
    phrase,
)

MAX_STAGES = 100


class Input(NamedTuple):
    """What a verb works on: the place, the verb's own span, its input and its arguments."""

    cx: Context
    verb: ast.Ident
    args: tuple[ast.Arg, ...]
    on: tuple[ast.Key, ...]
    span: Span
    rows: Core

    def fail(self, message: str, span: Span | None = None, help: str = "") -> Const:
        return self.cx.error("E0401", span or self.span, message, help)


def pipeline(cx: Context, node: ast.Pipeline) -> Core:
    """`head | verb … | verb …`, from left to right."""
    value = expressions.expression(cx, node.head)
    if len(node.stages) > MAX_STAGES:
        return cx.error("E0108", node.stages[MAX_STAGES].span, f"a pipeline has at most {MAX_STAGES} stages",
                        "name the first part with `let`")  # fmt: skip
    for stage in node.stages:
        span = Span(node.span.start, stage.span.end)
        if stage.verb.text in VERB_NAMES:
            if is_error(value):  # what follows has mistakes of its own
                value = core.mistaken(value, GUESSED_TABLE, value.span)
            value = verb(cx, stage.verb, stage.args, stage.on, span, value)
        else:
            value = calls.call_function(cx, stage.verb, stage.args, span, [value])
    return value


def verb(
    cx: Context, name: ast.Ident, args: tuple[ast.Arg, ...], on: tuple[ast.Key, ...], span: Span, rows: Core
) -> Core:
    """One verb over `rows`."""
    if is_error(rows):
        return rows
    group, cx.group = cx.group, None
    try:
        if isinstance(rows.type, FileType):
            return cx.error("E0401", rows.span, f"`{name.text}` wants a table; `{rows.type.name}` is a file",
                            f"read it first, for example `csv({rows.type.name})`")  # fmt: skip
        if not isinstance(rows.type, (TableType, ListType)) and rows.type is not ANY:
            return cx.error("E0401", rows.span, f"`{name.text}` wants a table, not {phrase(rows.type)}")
        if on and name.text not in _JOINS and name.text not in ("nest_join", "window"):
            return cx.error("E0401", on[0].span, f"`{name.text}` takes no `on`")
        made = VERBS[name.text](Input(cx, name, args, on, span, rows))
        made = _typed_anyway(name.text, rows, span) if is_error(made) else made
        if isinstance(made.type, TableType) and made.type.open and isinstance(rows.type, TableType) and rows.type.guess:
            made = replace(made, type=replace(made.type, guess=True, ordered=True))
        return made
    finally:
        cx.group = group


def _typed_anyway(name: str, rows: Core, span: Span) -> Core:
    """After a mistake in a verb, what follows is still checked with as much as is known of its columns."""
    _, table = _as_table(rows)
    made: Type = TableType(table.columns, open=True, guess=True)
    if name in ("all", "any", "none"):
        made = BOOL
    elif name in ("where", "take", "distinct", "semi_join", "anti_join") and rows.type is not ANY:
        made = rows.type
    elif name == "sort":
        made = TableType(table.columns, table.open, True)
    return core.mistaken(rows, made, span)


def _as_table(rows: Core) -> tuple[Core, TableType]:
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


def _row(it: Input, table: Type, node: ast.Expr) -> core.Lambda | None:
    """A row expression as a lambda; None after a mistake."""
    with it.cx.row(table, written_as(it.rows)) as scope:
        body = expressions.expression(it.cx, node)
    return None if is_error(body) else core.row_lambda(scope.id, body)


def _condition(it: Input, table: Type, node: ast.Expr) -> core.Lambda | None:
    made = _row(it, table, node)
    if made is not None and is_error(expressions.condition(it.cx, made.body)):
        return None
    return made


def _one(it: Input, what: str) -> ast.Expr | None:
    if len(it.args) == 1 and it.args[0].name is not None and "condition" in what:
        arg = it.args[0]
        end = arg.value.span.start
        gap = it.cx.source.text[arg.span.start : end]
        at = arg.span.start + gap.rindex("=") if "=" in gap else arg.span.start
        sign = Span(at, at + 1)
        it.cx.error("E0401", sign, f"`{it.verb.text}` takes {what}; `=` gives a name", "write `==` to compare",
                    Fix(sign, "==", "compare"))  # fmt: skip
        return None
    if len(it.args) != 1 or it.args[0].name is not None:
        help = "join conditions by `and`" if len(it.args) > 1 and "condition" in what else ""
        it.fail(f"`{it.verb.text}` takes {what}", None, help)
        return None
    return it.args[0].value


def _where(it: Input) -> Core:
    node = _one(it, "one condition")
    test = _condition(it, it.rows.type, node) if node is not None else None
    if test is None:
        return broken(it.span)
    return core.call("where", [it.rows, test], it.rows.type if it.rows.type is not ANY else ANY_TABLE, it.span)


def _quantifier(it: Input) -> Core:
    node = _one(it, "one condition")
    test = _condition(it, it.rows.type, node) if node is not None else None
    if test is None:
        return broken(it.span)
    return core.call(
        {"all": "all_rows", "any": "any_row", "none": "none_row"}[it.verb.text],
        [it.rows, test],
        BOOL,
        it.span,
    )


def _key(name: str, span: Span) -> Const:
    return Const(name, TEXT, span)


def _derive(it: Input) -> Core:
    rows, table = _as_table(it.rows)
    columns = dict(table.columns)
    made: list[tuple[Core, Core]] = []
    good, open_ = True, table.open
    for arg in it.args:
        if arg.name is None:
            it.fail("a derived column needs a name: `derive name = …`", arg.span)
            good, open_ = False, True
            continue
        inner = _row(it, TableType(tuple(columns.items()), table.open), arg.value)
        columns[arg.name.text] = ANY if inner is None else inner.body.type
        good = good and inner is not None
        if inner is not None:
            made.append((_key(arg.name.text, arg.name.span), inner))
    if not it.args:
        return it.fail("`derive` needs at least one `name = …`")
    result = TableType(tuple(columns.items()), open_, table.ordered)
    if not good:
        return core.mistaken(rows, result, it.span)
    return core.call("derive", [rows, core.record(made, ANY, it.span)], result, it.span)


def _select(it: Input) -> Core:
    rows, table = _as_table(it.rows)
    columns: dict[str, Type] = {}
    made: list[tuple[Core, Core]] = []
    good, open_ = True, False
    for arg in it.args:
        name = arg.name or (arg.value if isinstance(arg.value, ast.Ident) else None)
        if name is None:
            if isinstance(arg.value, (ast.Compare, ast.Binary)):
                it.fail("a computed column needs a name", arg.span, "to compare the pipeline, put it in parentheses")
                return core.mistaken(rows, ANY, it.span)  # meant as a comparison, most likely
            it.fail("a computed column needs a name: `select name = …`", arg.span)
            good, open_ = False, True
            continue
        inner = _row(it, table, arg.value) if arg.name is not None else _column_lambda(it, table, name)
        if name.text in columns:
            it.cx.error("E0303", name.span, f"the column `{name.text}` is selected twice",
                        "name one of them otherwise, or leave it out")  # fmt: skip
            good = False
        columns[name.text] = ANY if inner is None else inner.body.type
        if inner is None:  # a misspelt column may be meant by any name that follows
            good, open_ = False, open_ or arg.name is None
            continue
        made.append((_key(name.text, name.span), inner))
    if not it.args:
        return it.fail("`select` needs at least one column")
    result = TableType(tuple(columns.items()), open_, table.ordered)
    if not good:
        return core.mistaken(rows, result, it.span)
    return core.call("select", [rows, core.record(made, ANY, it.span)], result, it.span)


def _column_lambda(it: Input, table: TableType, name: ast.Ident) -> core.Lambda | None:
    """A bare column name: it is one of the table's, never an outer name."""
    type = table.get(name.text)
    if type is None and not table.open:
        known = table.names
        meant = nearest_fix(name.text, known, name.span)
        it.cx.error("E0402", name.span, f"unknown column `{name.text}`{written_as(it.rows)}{nearest(name.text, known)}",
                    "columns: " + ", ".join(known[:12]), meant)  # fmt: skip
        return None
    scope = row_scope(it.cx.task.fresh.take(), table)
    return core.row_lambda(scope.id, column(scope, name.text, type or ANY, name.span, sure=type is not None))


def _column_names(it: Input, table: TableType) -> list[str] | None:
    found: list[str] = []
    for arg in it.args:
        if arg.name is not None or not isinstance(arg.value, ast.Ident):
            it.fail(f"`{it.verb.text}` takes names of columns", arg.span)
            return None
        if _column_lambda(it, table, arg.value) is None:
            return None
        found.append(arg.value.text)
    return found


def _drop(it: Input) -> Core:
    rows, table = _as_table(it.rows)
    names = _column_names(it, table)
    if names is None:
        return broken(it.span)
    left = tuple((n, t) for n, t in table.columns if n not in names)
    return core.call("drop", [rows, _names(names, it.span)], TableType(left, table.open, table.ordered), it.span)


def _names(names: list[str], span: Span) -> Const:
    return Const(names, ListType(TEXT), span)


def _rename(it: Input) -> Core:
    rows, table = _as_table(it.rows)
    pairs: dict[str, str] = {}
    for arg in it.args:
        if arg.name is None or not isinstance(arg.value, ast.Ident):
            return it.fail("`rename` takes `new = old`", arg.span)
        if _column_lambda(it, table, arg.value) is None:
            return broken(it.span)
        pairs[arg.value.text] = arg.name.text
    renamed = tuple((pairs.get(n, n), t) for n, t in table.columns)
    names = [n for n, _ in renamed]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        return it.cx.error("E0303", it.span, f"after `rename` there are two columns `{twice}`")
    new = {new: old for old, new in pairs.items()}
    result = TableType(renamed, table.open, table.ordered)
    return core.call("rename", [rows, Const(new, ANY, it.span)], result, it.span)


def _sort(it: Input) -> Core:
    rows, table = (it.rows, it.rows.type) if isinstance(it.rows.type, ListType) else _as_table(it.rows)
    if isinstance(table, ListType):
        rows, table = _as_table(it.rows)
    keys: list[Core] = []
    for arg in it.args:
        descending = isinstance(arg.value, ast.Unary) and arg.value.op == "-"
        node = arg.value.operand if isinstance(arg.value, ast.Unary) and descending else arg.value
        key = _row(it, table, node)
        if key is None:
            return broken(it.span)
        if isinstance(key.body.type, (TableType, ListType, RecordType)):
            return it.fail(f"{phrase(key.body.type)} has no order", arg.span)
        keys.append(core.items([key, Const(descending, BOOL, arg.span)], ANY, arg.span, as_tuple=True))
    if not keys:
        return it.fail("`sort` needs at least one key")
    result = TableType(table.columns, table.open, True)
    return core.call("sort", [rows, core.items(keys, ANY, it.span)], result, it.span)


def _take(it: Input) -> Core:
    node = _one(it, "one number")
    if node is None:
        return broken(it.span)
    count = expressions.expression(it.cx, node)
    if is_error(count):
        return broken(it.span)
    if count.type not in (NUMBER, ANY):
        return it.fail(f"`take` wants a number, not {phrase(count.type)}", node.span)
    rows = it.rows
    if isinstance(rows.type, TableType) and not rows.type.ordered and not rows.dynamic:
        it.cx.diagnostics.add("W0401", it.cx.source, it.verb.span, "`take` from rows that have no order",
                              "put a `sort` before it")  # fmt: skip
    return core.call("take", [rows, count], rows.type if rows.type is not ANY else ANY_TABLE, it.span)


def _distinct(it: Input) -> Core:
    if not it.args:
        t = it.rows.type
        kept = TableType(t.columns, t.open) if isinstance(t, TableType) else t
        return core.call("distinct", [it.rows], kept, it.span)
    rows, table = _as_table(it.rows)
    keys = [_row(it, table, arg.value) for arg in it.args]
    if any(k is None for k in keys):
        return broken(it.span)
    listed = core.items([k for k in keys if k is not None], ANY, it.span)
    return core.call("distinct", [rows, listed], TableType(table.columns, table.open), it.span)


def _group(it: Input) -> Core:
    rows, table = _as_table(it.rows)
    keys: list[tuple[Core, Core]] = []
    results: list[tuple[Core, Core]] = []
    columns: dict[str, Type] = {}
    good, open_ = True, False
    for arg in it.args:
        name = arg.name or (arg.value if isinstance(arg.value, ast.Ident) else None)
        if name is None:
            it.fail("a computed key or result needs a name: `name = …`", arg.span)
            good, open_ = False, True
            continue
        if name.text in columns:
            it.cx.error("E0303", name.span, f"the column `{name.text}` is made twice")
            good = False
        if expressions.contains_aggregate(arg.value):
            made = _aggregate(it, table, arg.value)
        elif arg.name is None:
            made = _column_lambda(it, table, name)
        else:
            made = _row(it, table, arg.value)
        columns[name.text] = ANY if made is None else made.body.type
        if made is None:
            good, open_ = False, open_ or arg.name is None
            continue
        target = results if expressions.contains_aggregate(arg.value) else keys
        target.append((_key(name.text, name.span), made))
    if not it.args:
        return it.fail("`group` needs a key or an aggregate")
    if not good:
        return core.mistaken(rows, TableType(tuple(columns.items()), open_), it.span)
    types = {n.value: t for n, t in ((k, v.type) for k, v in [*keys, *results]) if isinstance(n, Const)}
    result = TableType(tuple((str(n), t) for n, t in types.items()))
    made_keys, made_results = core.record(keys, ANY, it.span), core.record(results, ANY, it.span)
    return core.call("group", [rows, made_keys, made_results], result, it.span)


def _aggregate(it: Input, table: TableType, node: ast.Expr, window: bool = False) -> core.Lambda | None:
    """A result of `group` as a lambda over the rows of one group."""
    id = it.cx.task.fresh.take()
    rows = core.Var(id, table, node.span, frozenset({id}))
    it.cx.group = GroupScope(rows, table, window)
    value = expressions.expression(it.cx, node)
    it.cx.group = None
    return None if is_error(value) else core.row_lambda(id, value)


def _window(it: Input) -> Core:
    rows, table = _as_table(it.rows)
    keys = [key.left for key in it.on]
    lambdas = [_column_lambda(it, table, key) for key in keys]
    columns = dict(table.columns)
    results: list[tuple[Core, Core]] = []
    good = all(of is not None for of in lambdas)
    for arg in it.args:
        made = _window_column(it, table, arg) if arg.name is not None else None
        if arg.name is None:
            it.fail("a column of a window needs a name: `window name = …`", arg.span)
        elif made is not None:
            columns[arg.name.text] = made[1]
            results.append((_key(arg.name.text, arg.name.span), made[0]))
        good = good and made is not None
    if not it.args:
        return it.fail("`window` needs at least one `name = …`")
    ordered = any(isinstance(a.value, ast.CallOf) and a.value.function.text in WINDOW_NAMES for a in it.args)
    if ordered and not table.ordered and not rows.dynamic:
        it.cx.diagnostics.add("W0401", it.cx.source, it.verb.span, "places in rows that have no order",
                              "put a `sort` before it")  # fmt: skip
    result = TableType(tuple(columns.items()), table.open or not good, table.ordered)
    if not good:
        return core.mistaken(rows, result, it.span)
    args = [rows, _names([key.text for key in keys], it.span), core.record(results, ANY, it.span)]
    return core.call("window", args, result, it.span)


def _window_column(it: Input, table: TableType, arg: ast.Arg) -> tuple[core.Lambda, Type] | None:
    """A column of `window`, as a lambda from the rows of one window to a list of values, and its type."""
    placed = isinstance(arg.value, ast.CallOf) and arg.value.function.text in WINDOW_NAMES
    if not placed and not expressions.contains_aggregate(arg.value):
        it.fail("this looks at one row alone", arg.span,
                "`window` takes aggregates, `row_number()`, `lag(x)` and `running_sum(x)`; for the rest there is `derive`")  # fmt: skip
        return None
    made = _aggregate(it, table, arg.value, window=placed)
    if made is None:
        return None
    if placed:
        return made, made.body.type.element if isinstance(made.body.type, ListType) else ANY
    rows = core.Var(made.param, table, arg.span, frozenset({made.param}))
    repeated = core.call("repeated", [made.body, rows], ListType(made.body.type), arg.span)
    return core.row_lambda(made.param, repeated), made.body.type


_JOINS = {
    "join": "join", "left_join": "left_join", "semi_join": "semi_join", "anti_join": "anti_join",
    "cross_join": "cross_join",
}  # fmt: skip


def _join(it: Input) -> Core:
    node = _one(it, "one other table")
    if node is None:
        return broken(it.span)
    name = it.verb.text
    other = _other(it, node)
    if name != "cross_join" and not it.on:
        return it.fail(f"`{name}` needs its keys", None, f"write `{name} t on key`")
    rows, left = _as_table(it.rows)
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
        it.cx.error("E0303", it.span, f"both tables have a column `{clash[0]}`",
                    f"before the join write `| rename other_{clash[0]} = {clash[0]}` on one side")  # fmt: skip
        return core.mistaken(rows, result, it.span)
    args = [rows, partner] if name == "cross_join" else [rows, partner, on]
    return core.call(name, args, result, it.span)


def _other(it: Input, node: ast.Expr) -> tuple[Core, TableType] | None:
    value = expressions.expression(it.cx, node)
    if is_error(value):
        return None
    if not isinstance(value.type, (TableType, ListType)) and value.type is not ANY:
        help = f"for example `csv({value.type.name})`" if isinstance(value.type, FileType) else ""
        it.fail(f"`{it.verb.text}` wants a table, not {phrase(value.type)}", node.span, help)
        return None
    return _as_table(value)


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
        if a is not None and b is not None and not comparing.comparable(a, b):
            it.cx.error("E0403", key.span, f"{phrase(a)} joined with {phrase(b)}")
            return None
        pairs.append((key.left.text, key.right.text))
    return pairs


def _nest_join(it: Input) -> Core:
    if len(it.args) != 1 or it.args[0].name is None:
        return it.fail("`nest_join` takes `name = t on key`")
    arg = it.args[0]
    assert arg.name is not None
    other = _other(it, arg.value)
    if other is None:
        return broken(it.span)
    rows, left = _as_table(it.rows)
    partner, right = other
    if not it.on:
        return it.fail("`nest_join` needs its keys", None, "write `nest_join name = t on key`")
    pairs = _keys(it, left, right)
    if pairs is None:
        return broken(it.span)
    result = TableType((*left.columns, (arg.name.text, TableType(right.columns, right.open))), left.open, left.ordered)
    on = Const([tuple(p) for p in pairs], ANY, it.span)
    return core.call("nest_join", [rows, _key(arg.name.text, arg.name.span), partner, on], result, it.span)


def _unnest(it: Input) -> Core:
    if len(it.args) != 1 or it.args[0].name is None:
        return it.fail("`unnest` takes `name = list`")
    arg = it.args[0]
    assert arg.name is not None
    rows, table = _as_table(it.rows)
    inner = _row(it, table, arg.value)
    if inner is None:
        return broken(it.span)
    element = inner.body.type.element if isinstance(inner.body.type, ListType) else ANY
    columns = dict(table.columns) | {arg.name.text: element}
    result = TableType(tuple(columns.items()), table.open)
    return core.call("unnest", [rows, _key(arg.name.text, arg.name.span), inner], result, it.span)


def _pivot(it: Input) -> Core:
    rows, table = _as_table(it.rows)
    named = {arg.name.text: arg for arg in it.args if arg.name is not None}
    plain = [arg.value for arg in it.args if arg.name is None]
    if set(named) != {"keys", "values"} or not all(isinstance(p, ast.Ident) for p in plain):
        return it.fail("`pivot` takes key columns, `keys = …` and `values = aggregate`")
    names = [p.text for p in plain if isinstance(p, ast.Ident)]
    for p in plain:
        if isinstance(p, ast.Ident) and _column_lambda(it, table, p) is None:
            return broken(it.span)
    keys = _row(it, table, named["keys"].value)
    values = _aggregate(it, table, named["values"].value)
    if keys is None or values is None:
        return broken(it.span)
    result = TableType(tuple((n, table.get(n) or ANY) for n in names), open=True)
    return core.call("pivot", [rows, _names(names, it.span), keys, values], result, it.span)


def _unpivot(it: Input) -> Core:
    rows, table = _as_table(it.rows)
    names = _column_names(it, table)
    if names is None:
        return broken(it.span)
    rest = tuple((n, t) for n, t in table.columns if n not in names)
    types = {table.get(n) or ANY for n in names}
    value = types.pop() if len(types) == 1 else ANY
    result = TableType((*rest, ("name", TEXT), ("value", value)), table.open)
    return core.call("unpivot", [rows, _names(names, it.span)], result, it.span)


def _parse(it: Input) -> Core:
    node = _one(it, "one regex with named groups")
    pattern = expressions.expression(it.cx, node) if node is not None else None
    if pattern is None or is_error(pattern):
        return broken(it.span)
    if pattern.type is not REGEX or not isinstance(pattern, Const):
        return it.fail(f"`parse` wants a regex, not {phrase(pattern.type)}", pattern.span, 'write re"(?P<name>…)"')
    compiled = pattern.value
    assert isinstance(compiled, re.Pattern)
    groups = sorted(compiled.groupindex.items(), key=lambda g: g[1])
    if not groups:
        return it.fail("this regex has no named group, so there would be no column", pattern.span,
                       'name what is wanted: re"(?P<name>…)"')  # fmt: skip
    result = TableType(tuple((name, TEXT) for name, _ in groups))
    parsed = core.call("parse", [it.rows, pattern], result, it.span)
    if parsed.dynamic:
        return parsed  # cells of the agent's file take the type of what they are compared with
    types = Const({name: "text" for name, _ in groups}, ANY, it.span)
    return core.call("typed_table", [parsed, types], result, it.span)


VERBS: dict[str, Callable[[Input], Core]] = {
    "where": _where, "derive": _derive, "select": _select, "drop": _drop, "rename": _rename, "sort": _sort,
    "take": _take, "distinct": _distinct, "group": _group, "nest_join": _nest_join, "unnest": _unnest,
    "pivot": _pivot, "unpivot": _unpivot, "window": _window, "parse": _parse, "all": _quantifier, "any": _quantifier,
    "none": _quantifier, **dict.fromkeys(_JOINS, _join),
}  # fmt: skip
