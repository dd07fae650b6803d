"""Aggregates: over the rows of a group inside `group`, over a list everywhere else."""

from __future__ import annotations

import re

from clawc.compiler.elaborate import expressions
from clawc.compiler.elaborate.context import Context, broken, is_error, plain_name
from clawc.compiler.elaborate.elsewhere import write_instead
from clawc.compiler.source import Fix
from clawc.spec import ast, core
from clawc.spec.ast import Span
from clawc.spec.core import Core
from clawc.spec.functions import BY_NAME
from clawc.spec.types import ANY, BOOL, NUMBER, FileType, ListType, RecordType, TableType, Type, phrase

CONDITIONS = ("count_if", "share")
NUMERIC = ("sum", "mean", "median", "stddev", "stddev_pop", "quantile")


def aggregate(cx: Context, function: ast.Ident, args: tuple[ast.Arg, ...], span: Span, piped: list[Core]) -> Core:
    """`count()`, `sum(x)` and so on."""
    name = function.text
    row = BY_NAME[name]
    given = len(piped) + len(args)
    wanted = 2 if name == "quantile" else 1
    if piped and given > wanted and isinstance(piped[0].type, TableType):
        return _as_a_verb(cx, function, args, span, piped[0].type)
    if given > wanted or (given < wanted and not (name == "count" and given == 0)):
        at = function.span if piped else span
        return cx.error("E0401", at, f"`{name}` takes {wanted} argument{'s' if wanted > 1 else ''}", row.signature)
    if given == 0:
        if cx.group is None:
            return cx.error("E0413", span, "`count()` without an argument belongs into `group`",
                            "write `count(t)` for the number of rows of `t`")  # fmt: skip
        return core.call("count_all", [cx.group.rows], NUMBER, span)
    listed, element = _listed(cx, name, piped[0], function.span) if piped else _argument(cx, name, args[0])
    if is_error(listed):
        return broken(span)
    at = function.span if piped else listed.span
    if name in NUMERIC and element not in (NUMBER, ANY) and not (name == "sum" and phrase(element) == "a duration"):
        return cx.error("E0401", at, f"`{name}` wants numbers, not {phrase(element)}")
    if name in CONDITIONS and element not in (BOOL, ANY):
        return cx.error("E0406", at, f"`{name}` wants a condition, not {phrase(element)}")
    extra = [expressions.expression(cx, args[-1].value)] if name == "quantile" else []
    return core.call(_primitive(cx, name, listed), [listed, *extra], _result(name, listed.type, element), span)


def of_window(cx: Context, function: ast.Ident, args: tuple[ast.Arg, ...], span: Span) -> Core:
    """`row_number()`, `lag(x)`, `running_sum(x)`: a value for each row of a window, as a list."""
    row, group = BY_NAME[function.text], cx.group
    if group is None or not group.window:
        return cx.error("E0413", span, f"`{row.name}` belongs into `window`, as all there is to a column",
                        f"write `| window name = {row.name}(…)`, and compute with `derive` after it")  # fmt: skip
    if len(args) != len(row.parameters):
        wanted = f"{len(row.parameters)} argument" if row.parameters else "no argument"
        return cx.error("E0401", span, f"`{row.name}` takes {wanted}", row.signature)
    if not args:
        return core.call(row.python, [group.rows], ListType(NUMBER), span)
    each, element = _argument(cx, row.name, args[0])
    if is_error(each):
        return broken(span)
    if row.name == "running_sum" and element not in (NUMBER, ANY):
        return cx.error("E0401", each.span, f"`{row.name}` wants numbers, not {phrase(element)}")
    return core.call(row.python, [each], ListType(element), span)


def _primitive(cx: Context, name: str, listed: Core) -> str:
    # count(x) over rows counts what is not null; over a list or table it is the length.
    if name == "count" and isinstance(listed, core.Call) and listed.function == "each":
        return "count_values"
    return BY_NAME[name].python


def _result(name: str, listed: Type, element: Type) -> Type:
    if name in ("min", "max", "sum"):
        return element if name != "sum" else (element if element is not ANY else NUMBER)
    if name in ("first", "last"):
        return RecordType(listed.columns, listed.open) if isinstance(listed, TableType) else element
    if name in ("list", "set"):
        return ListType(element)
    return NUMBER


def _as_a_verb(cx: Context, function: ast.Ident, args: tuple[ast.Arg, ...], span: Span, table: TableType) -> Core:
    """An aggregate behind a table, with a column: there it is written as a function of the column."""
    name, column = function.text, args[0].value
    if name == "first" and isinstance(column, ast.Literal) and column.kind == "NUMBER":
        return cx.error("E0401", function.span, "`first` gives the first value; the first rows are taken by `take`",
                        f"write `take {column.raw}`", Fix(function.span, "take", "write `take`"))  # fmt: skip
    head = cx.source.slice(Span(span.start, function.span.start)).rstrip().removesuffix("|").rstrip()
    if not isinstance(column, ast.Ident) or table.get(column.text) is None:
        return cx.error(
            "E0401", function.span, f"`{name}` is a function of a list and no verb", f"write `{name}(t.column)`"
        )
    short = re.fullmatch(r"\w+(\(\w+\))?", head) is not None
    others = "".join(", " + cx.source.slice(a.span) for a in args[1:])
    written = f"{name}({head if short else f'({head})'}.{column.text}{others})"
    help = f"write `{written if short else f'{name}(t.{column.text}{others})'}`"
    if name == "count":
        help += f", or `group {column.text}, n = count()`"
    return cx.error("E0401", function.span, f"`{name}` is a function of a list and no verb", help,
                    Fix(span, written, f"write `{written}`") if name != "count" and "\n" not in written else None)  # fmt: skip


def _of_one_row(cx: Context, name: str, value: Core, at: Span) -> Core:
    """A column of the row in scope as if it were all rows: what is meant is said with the name of the table, if it has one."""
    scope = cx.rows[-1]
    shown = cx.source.slice(at)
    column = shown if shown in scope.columns else ""
    free = column and not scope.columns.keys() & set(re.findall(r"\w+", scope.table))  # else its name is a column here
    whole = f"{scope.table}.{column}" if scope.table and free else ""
    message = f"`{name}` wants a list; in a row `{shown}` is {phrase(value.type)}" if column else (
        f"`{name}` wants a list; in a row this is {phrase(value.type)}")  # fmt: skip
    over = f"over all rows write `{name}({whole})`" if whole else (
        f"over all rows name them by `let t = …` and write `{name}(t.{column or 'column'})`")  # fmt: skip
    return cx.error("E0401", at, message, f"{over}; for each key there are `group` and `window`",
                    Fix(at, whole, f"write `{whole}`") if whole and scope.verb != "select" else None)  # fmt: skip


def _listed(cx: Context, name: str, value: Core, at: Span) -> tuple[Core, Type]:
    """A value as what an aggregate runs over, with the type of its elements; what is wrong with it is told at `at`."""
    t = value.type
    if isinstance(t, ListType):
        return value, t.element
    if isinstance(t, TableType):
        if name in ("count", "first", "last"):
            return value, ANY
        return cx.error("E0401", at, f"`{name}` wants a list, not a table",
                        f"name the column: `{name}(t.column)`"), ANY  # fmt: skip
    if t is ANY or is_error(value):
        return value, ANY
    if isinstance(t, FileType):
        return cx.error("E0401", at, f"`{name}` wants a list; `{t.name}` is a file",
                        f"read it first, for example `{name}(lines({t.name}))`"), ANY  # fmt: skip
    if cx.rows and value.free:
        return _of_one_row(cx, name, value, at), ANY
    return cx.error("E0401", at, f"`{name}` wants a list, not {phrase(t)}"), ANY


def _argument(cx: Context, name: str, arg: ast.Arg) -> tuple[Core, Type]:
    group = cx.group
    at = arg.value.span
    if group is None:
        return _listed(cx, name, expressions.expression(cx, arg.value), at)
    quoted = plain_name(arg.value)
    if quoted and group.table.get(quoted) is not None and name not in ("list", "set", "first", "last", "count"):
        return cx.error("E0401", at, f"`{name}` wants a column; in quotes it is a text", f"write `{quoted}`",
                        write_instead(quoted, at)), ANY  # fmt: skip
    with cx.row(group.table) as scope:
        cx.group = None
        value = expressions.expression(cx, arg.value)
        cx.group = group
    if isinstance(value.type, (ListType, TableType)) and scope.id not in value.free:
        return _listed(cx, name, value, at)
    if is_error(value):
        return value, ANY
    each = core.call("each", [group.rows, core.row_lambda(scope.id, value)], ListType(value.type), arg.span)
    return each, value.type
