"""Verbs of pipelines: each takes a table, and most take row expressions, which become lambdas over one row."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from clawc.compiler.elaborate import calls, expressions
from clawc.compiler.elaborate.context import (
    Context,
    GroupScope,
    argument_meant,
    broken,
    is_error,
    meant_by,
)
from clawc.compiler.elaborate.joins import JOINS, join, nest_join
from clawc.compiler.elaborate.stage import (
    Input,
    as_table,
    column_lambda,
    column_names,
    condition,
    key_const,
    names_const,
    one,
    quoted,
    row_expression,
    without_brackets,
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


def pipeline(cx: Context, node: ast.Pipeline) -> Core:
    """`head | verb … | verb …`, from left to right."""
    value = expressions.expression(cx, node.head)
    if len(node.stages) > MAX_STAGES:
        return cx.error("E0108", node.stages[MAX_STAGES].span, f"a pipeline has at most {MAX_STAGES} stages",
                        "name the first part with `let`")  # fmt: skip
    for place, stage in enumerate(node.stages):
        span = Span(node.span.start, stage.span.end)
        if stage.verb.text in VERB_NAMES:
            if is_error(value):  # what follows has mistakes of its own
                value = core.mistaken(value, GUESSED_TABLE, value.span)
            at = stage.verb.span if place else node.head.span
            value = verb(cx, stage.verb, stage.args, stage.on, span, value, at)
        else:
            value = calls.call_function(cx, stage.verb, stage.args, span, [value])
    return value


def verb(
    cx: Context,
    name: ast.Ident,
    args: tuple[ast.Arg, ...],
    on: tuple[ast.Key, ...],
    span: Span,
    rows: Core,
    at: Span | None = None,
) -> Core:
    """One verb over `rows`; what is wrong with these is told at `at`."""
    at = at or rows.span
    if cx.task.observer is not None:
        cx.task.observer.staged(cx, name, rows)
    if is_error(rows):
        return rows
    group, cx.group = cx.group, None
    try:
        if isinstance(rows.type, FileType):
            return cx.error("E0401", at, f"`{name.text}` wants a table; `{rows.type.name}` is a file",
                            f"read it first, for example `csv({rows.type.name})`", calls.reading_rows(rows, at))  # fmt: skip
        if not isinstance(rows.type, (TableType, ListType)) and rows.type is not ANY:
            help = "texts are joined by `join_text(parts, by)`" if name.text == "join" else ""
            return cx.error("E0401", at, f"`{name.text}` wants a table, not {phrase(rows.type)}", help)
        if on and name.text not in JOINS and name.text not in ("nest_join", "window"):
            return cx.error("E0401", on[0].span, f"`{name.text}` takes no `on`")
        given = Input(cx, name, args, on, span, rows)
        stage = without_brackets(given) if name.text in ("select", "sort", "group", "distinct") else given
        made = VERBS[name.text](stage)
        if stage is not given and not is_error(made):
            made = core.mistaken(rows, made.type, span)
        made = _typed_anyway(name.text, rows, span) if is_error(made) else made
        if isinstance(made.type, TableType) and made.type.open and isinstance(rows.type, TableType) and rows.type.guess:
            made = replace(made, type=replace(made.type, guess=True, ordered=True))
        return made
    finally:
        cx.group = group


def _typed_anyway(name: str, rows: Core, span: Span) -> Core:
    """After a mistake in a verb, what follows is still checked with as much as is known of its columns."""
    _, table = as_table(rows)
    made: Type = TableType(table.columns, open=True, guess=True)
    if name in ("all", "any", "none"):
        made = BOOL
    elif name in ("where", "take", "distinct", "semi_join", "anti_join") and rows.type is not ANY:
        made = rows.type
    elif name == "sort":
        made = TableType(table.columns, table.open, True)
    return core.mistaken(rows, made, span)


def _where(it: Input) -> Core:
    node = one(it, "one condition")
    test = condition(it, it.rows.type, node) if node is not None else None
    if test is None or (node is not None and _text_compared(it, node)):
        return broken(it.span)
    return core.call("where", [it.rows, test], it.rows.type if it.rows.type is not ANY else ANY_TABLE, it.span)


def _text_compared(it: Input, node: ast.Expr) -> bool:
    """Is a text in quotes compared with a constant, where the column of this name is meant? It is reported then."""
    if not isinstance(node, ast.Compare) or not isinstance(node.right, (ast.Text, ast.Literal)):
        return False
    _, table = as_table(it.rows)
    return quoted(it, node.left, table) is not None


def _quantifier(it: Input) -> Core:
    node = one(it, "one condition")
    test = condition(it, it.rows.type, node) if node is not None else None
    if test is None or (node is not None and _text_compared(it, node)):
        return broken(it.span)
    return core.call(
        {"all": "all_rows", "any": "any_row", "none": "none_row"}[it.verb.text],
        [it.rows, test],
        BOOL,
        it.span,
    )


def _derive(it: Input) -> Core:
    rows, table = as_table(it.rows)
    columns = dict(table.columns)
    made: list[tuple[Core, Core]] = []
    good, open_ = True, table.open
    for arg in it.args:
        if arg.name is None:
            it.fail("a derived column needs a name: `derive name = …`", arg.span)
            good, open_ = False, True
            continue
        inner = row_expression(it, TableType(tuple(columns.items()), table.open), arg.value)
        columns[arg.name.text] = ANY if inner is None else inner.body.type
        good = good and inner is not None
        if inner is not None:
            made.append((key_const(arg.name.text, arg.name.span), inner))
    if not it.args:
        return it.fail("`derive` needs at least one `name = …`")
    result = TableType(tuple(columns.items()), open_, table.ordered)
    if not good:
        return core.mistaken(rows, result, it.span)
    return core.call("derive", [rows, core.record(made, ANY, it.span)], result, it.span)


def _select(it: Input) -> Core:
    rows, table = as_table(it.rows)
    columns: dict[str, Type] = {}
    made: list[tuple[Core, Core]] = []
    good, open_ = True, False
    for arg in it.args:
        name = arg.name or (arg.value if isinstance(arg.value, ast.Ident) else None)
        if name is None and (meant := quoted(it, arg.value, table)) is not None:
            columns[meant.text] = table.get(meant.text) or ANY
            good = False
            continue
        if name is None:
            if isinstance(arg.value, (ast.Compare, ast.Binary)):
                it.fail("a computed column needs a name", arg.span, "to compare the pipeline, put it in parentheses")
                return core.mistaken(rows, ANY, it.span)  # meant as a comparison, most likely
            it.fail("a computed column needs a name: `select name = …`", arg.span)
            good, open_ = False, True
            continue
        inner = row_expression(it, table, arg.value) if arg.name is not None else column_lambda(it, table, name)
        if name.text in columns:
            it.cx.error("E0303", name.span, f"the column `{name.text}` is selected twice",
                        "name one of them otherwise, or leave it out")  # fmt: skip
            good = False
        columns[name.text] = ANY if inner is None else inner.body.type
        if inner is None:  # a misspelt column may be meant by any name that follows
            good, open_ = False, open_ or arg.name is None
            continue
        made.append((key_const(name.text, name.span), inner))
    if not it.args:
        return it.fail("`select` needs at least one column")
    result = TableType(tuple(columns.items()), open_, table.ordered)
    if not good:
        return core.mistaken(rows, result, it.span)
    return core.call("select", [rows, core.record(made, ANY, it.span)], result, it.span)


def _drop(it: Input) -> Core:
    rows, table = as_table(it.rows)
    names = column_names(it, table)
    if names is None:
        return broken(it.span)
    left = tuple((n, t) for n, t in table.columns if n not in names)
    return core.call("drop", [rows, names_const(names, it.span)], TableType(left, table.open, table.ordered), it.span)


def _rename(it: Input) -> Core:
    rows, table = as_table(it.rows)
    pairs: dict[str, str] = {}
    good = True
    for arg in it.args:
        if arg.name is None or not isinstance(arg.value, ast.Ident):
            return it.fail("`rename` takes `new = old`", arg.span)
        new, old = arg.name, arg.value
        known = table.get(old.text) is not None or table.open or meant_by(old.text, table.names)
        if not known and table.get(new.text) is not None:
            it.cx.error("E0402", arg.span, f"`rename` takes `new = old`; no column is `{old.text}`", f"write `{old.text} = {new.text}`",
                        Fix(arg.span, f"{old.text} = {new.text}", "swap them"))  # fmt: skip
            new, old, good = old, new, False
        if column_lambda(it, table, old) is None:
            return broken(it.span)
        pairs[old.text] = new.text
    renamed = tuple((pairs.get(n, n), t) for n, t in table.columns)
    names = [n for n, _ in renamed]
    twice = next((a for a in it.args if a.name is not None and names.count(a.name.text) > 1), None)
    if twice is not None and twice.name is not None and good:
        return it.cx.error("E0303", twice.name.span, f"after `rename` there are two columns `{twice.name.text}`")
    if not it.args:
        return it.fail("`rename` needs at least one `new = old`")
    result = TableType(renamed, table.open, table.ordered)
    if not good:
        return core.mistaken(rows, result, it.span)
    named = {new: old for old, new in pairs.items()}
    return core.call("rename", [rows, Const(named, ANY, it.span)], result, it.span)


def _sort(it: Input) -> Core:
    rows, table = (it.rows, it.rows.type) if isinstance(it.rows.type, ListType) else as_table(it.rows)
    if isinstance(table, ListType):
        rows, table = as_table(it.rows)
    keys: list[Core] = []
    for arg in it.args:
        descending = isinstance(arg.value, ast.Unary) and arg.value.op == "-"
        node = arg.value.operand if isinstance(arg.value, ast.Unary) and descending else arg.value
        key = None if quoted(it, node, table) is not None else row_expression(it, table, node)
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
    node = one(it, "one number")
    if node is None:
        return broken(it.span)
    count = expressions.expression(it.cx, node)
    if is_error(count):
        return broken(it.span)
    if count.type not in (NUMBER, ANY):
        return it.fail(f"`take` wants a number, not {phrase(count.type)}", node.span)
    if isinstance(node, ast.Unary) and node.op == "-":
        return it.fail("`take` counts from the first row, so its number is not below 0", node.span,
                       "for the last rows sort the other way round")  # fmt: skip
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
    rows, table = as_table(it.rows)
    keys = [
        None if quoted(it, arg.value, table) is not None else row_expression(it, table, arg.value) for arg in it.args
    ]
    if any(k is None for k in keys):
        return broken(it.span)
    listed = core.items([k for k in keys if k is not None], ANY, it.span)
    return core.call("distinct", [rows, listed], TableType(table.columns, table.open), it.span)


def _group(it: Input) -> Core:
    rows, table = as_table(it.rows)
    keys: list[tuple[Core, Core]] = []
    results: list[tuple[Core, Core]] = []
    columns: dict[str, Type] = {}
    good, open_ = True, False
    for arg in it.args:
        name = arg.name or (arg.value if isinstance(arg.value, ast.Ident) else None)
        if name is None and (meant := quoted(it, arg.value, table)) is not None:
            columns[meant.text] = table.get(meant.text) or ANY
            good = False
            continue
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
            made = column_lambda(it, table, name)
        else:
            made = row_expression(it, table, arg.value)
        columns[name.text] = ANY if made is None else made.body.type
        if made is None:
            good, open_ = False, open_ or arg.name is None
            continue
        target = results if expressions.contains_aggregate(arg.value) else keys
        target.append((key_const(name.text, name.span), made))
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
    rows, table = as_table(it.rows)
    keys = [key.left for key in it.on]
    lambdas = [column_lambda(it, table, key) for key in keys]
    columns = dict(table.columns)
    results: list[tuple[Core, Core]] = []
    good = all(of is not None for of in lambdas)
    for arg in it.args:
        made = _window_column(it, table, arg) if arg.name is not None else None
        if arg.name is None:
            it.fail("a column of a window needs a name: `window name = …`", arg.span)
        elif made is not None:
            columns[arg.name.text] = made[1]
            results.append((key_const(arg.name.text, arg.name.span), made[0]))
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
    args = [rows, names_const([key.text for key in keys], it.span), core.record(results, ANY, it.span)]
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


def _unnest(it: Input) -> Core:
    if len(it.args) != 1 or it.args[0].name is None:
        name = it.args[0].value if it.args else None
        fix = Fix(name.span, f"{name.text} = {name.text}", "give it a name") if isinstance(name, ast.Ident) else None
        return it.fail(
            "`unnest` takes `name = list`", it.args[0].span if it.args else None, "", fix if len(it.args) == 1 else None
        )
    arg = it.args[0]
    assert arg.name is not None
    rows, table = as_table(it.rows)
    inner = row_expression(it, table, arg.value)
    if inner is None:
        return broken(it.span)
    element = inner.body.type.element if isinstance(inner.body.type, ListType) else ANY
    columns = dict(table.columns) | {arg.name.text: element}
    result = TableType(tuple(columns.items()), table.open)
    return core.call("unnest", [rows, key_const(arg.name.text, arg.name.span), inner], result, it.span)


def _pivot(it: Input) -> Core:
    rows, table = as_table(it.rows)
    shape = "`pivot` takes key columns, `keys = …` and `values = aggregate`"
    named: dict[str, ast.Expr] = {}
    names: list[str] = []
    good = True
    for arg in it.args:
        if arg.name is not None:
            meant = arg.name.text
            if meant not in _PIVOTED:
                hint, fix, meant = argument_meant(arg.name, [n for n in _PIVOTED if n not in named])
                it.fail(f"`pivot` has no argument `{arg.name.text}`{hint}", arg.name.span, shape, fix)
                good = False
            elif meant in named:
                it.fail(f"`{meant}` is given twice", arg.span)
                good = False
            named.setdefault(meant, arg.value)
        elif (column := quoted(it, arg.value, table)) is not None:
            names.append(column.text)
            good = False
        elif not isinstance(arg.value, ast.Ident):
            it.fail(shape, arg.span)
            good = False
        else:
            good = column_lambda(it, table, arg.value) is not None and good
            names.append(arg.value.text)
    lacking = [n for n in _PIVOTED if n not in named]
    if lacking and "" not in named:
        it.fail(f"`pivot` lacks `{lacking[0]} = …`", None, shape)
    keys = row_expression(it, table, named["keys"]) if "keys" in named else None
    values = _aggregate(it, table, named["values"]) if "values" in named else None
    if keys is None or values is None or not good:
        return broken(it.span)
    result = TableType(tuple((n, table.get(n) or ANY) for n in names), open=True)
    return core.call("pivot", [rows, names_const(names, it.span), keys, values], result, it.span)


_PIVOTED = ("keys", "values")


def _unpivot(it: Input) -> Core:
    rows, table = as_table(it.rows)
    names = column_names(it, table)
    if names is None:
        return broken(it.span)
    rest = tuple((n, t) for n, t in table.columns if n not in names)
    types = {table.get(n) or ANY for n in names}
    value = types.pop() if len(types) == 1 else ANY
    result = TableType((*rest, ("name", TEXT), ("value", value)), table.open)
    return core.call("unpivot", [rows, names_const(names, it.span)], result, it.span)


def _parse(it: Input) -> Core:
    node = one(it, "one regex with named groups")
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
    "take": _take, "distinct": _distinct, "group": _group, "nest_join": nest_join, "unnest": _unnest,
    "pivot": _pivot, "unpivot": _unpivot, "window": _window, "parse": _parse, "all": _quantifier, "any": _quantifier,
    "none": _quantifier, **dict.fromkeys(JOINS, join),
}  # fmt: skip
