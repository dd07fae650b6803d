"""Aggregates: over the rows of a group inside `group`, over a list everywhere else."""

from __future__ import annotations

from clawc.compiler.elaborate import expressions
from clawc.compiler.elaborate.context import Context, broken, is_error
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
    if given > wanted or (given < wanted and not (name == "count" and given == 0)):
        return cx.error("E0401", span, f"`{name}` takes {wanted} argument{'s' if wanted > 1 else ''}", row.signature)
    if given == 0:
        if cx.group is None:
            return cx.error("E0413", span, "`count()` without an argument belongs into `group`",
                            "write `count(t)` for the number of rows of `t`")  # fmt: skip
        return core.call("count_all", [cx.group.rows], NUMBER, span)
    listed, element = _listed(cx, name, piped[0], span) if piped else _argument(cx, name, args[0], span)
    if is_error(listed):
        return broken(span)
    if name in NUMERIC and element not in (NUMBER, ANY) and not (name == "sum" and phrase(element) == "a duration"):
        return cx.error("E0401", listed.span, f"`{name}` wants numbers, not {phrase(element)}")
    if name in CONDITIONS and element not in (BOOL, ANY):
        return cx.error("E0406", listed.span, f"`{name}` wants a condition, not {phrase(element)}")
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
    each, element = _argument(cx, row.name, args[0], span)
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


def _listed(cx: Context, name: str, value: Core, span: Span) -> tuple[Core, Type]:
    """A value as what an aggregate runs over, with the type of its elements."""
    t = value.type
    if isinstance(t, ListType):
        return value, t.element
    if isinstance(t, TableType):
        if name in ("count", "first", "last"):
            return value, ANY
        return cx.error("E0401", value.span, f"`{name}` wants a list, not a table",
                        f"name the column: `{name}(t.column)`"), ANY  # fmt: skip
    if t is ANY or is_error(value):
        return value, ANY
    if isinstance(t, FileType):
        return cx.error("E0401", value.span, f"`{name}` wants a list; `{t.name}` is a file",
                        f"read it first, for example `{name}(lines({t.name}))`"), ANY  # fmt: skip
    return cx.error("E0401", value.span, f"`{name}` wants a list, not {phrase(t)}"), ANY


def _argument(cx: Context, name: str, arg: ast.Arg, span: Span) -> tuple[Core, Type]:
    group = cx.group
    if group is None:
        return _listed(cx, name, expressions.expression(cx, arg.value), span)
    with cx.row(group.table) as scope:
        cx.group = None
        value = expressions.expression(cx, arg.value)
        cx.group = group
    if isinstance(value.type, (ListType, TableType)) and scope.id not in value.free:
        return _listed(cx, name, value, span)
    if is_error(value):
        return value, ANY
    each = core.call("each", [group.rows, core.row_lambda(scope.id, value)], ListType(value.type), arg.span)
    return each, value.type
