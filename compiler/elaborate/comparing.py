"""Comparisons: which sides go together, and what was meant where they do not."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from clawc.compiler.elaborate import expressions
from clawc.compiler.elaborate.context import (
    Context,
    broken,
    column,
    is_error,
    is_unsound,
    nearest,
)
from clawc.compiler.elaborate.unlike import column_help, comparable, named_columns, short, unlike
from clawc.compiler.passes.evaluate import EvaluationFault, evaluate
from clawc.compiler.source import Fix
from clawc.spec import ast, core
from clawc.spec.core import Const, Core
from clawc.spec.types import (
    ANY,
    BOOL,
    BYTES,
    DATE,
    DATETIME,
    DURATION,
    NUMBER,
    PERCENT,
    REGEX,
    TEXT,
    TREE,
    FileType,
    ListType,
    RangeType,
    RecordType,
    TableType,
    Type,
    phrase,
)
from clawc.stdlib.checks.compare import Percent, more

COMPARISONS = {
    "==": "equal", "!=": "differs", "<": "less", "<=": "at_most", ">": "more", ">=": "at_least",
    "in": "is_in", "not in": "not_in",
}  # fmt: skip
ROW_READERS = ("rows", "csv_table", "tsv_table", "xlsx_table", "md_table")
TABLE_READERS = {"csv": "csv", "tsv": "tsv", "jsonl": "jsonl", "xlsx": "xlsx"}


def reader_of(file: FileType) -> str:
    """The reader of a file of which a part is wanted."""
    return file.kind if file.kind in ("yaml", "toml", "ini", "email", "xml", "html") else "json"


def wrapped(node: ast.Expr, reader: str) -> Fix | None:
    """The edit that reads the file that a name stands for."""
    return Fix(node.span, f"{reader}({node.text})", f"read it by `{reader}`") if isinstance(node, ast.Ident) else None


def _read_fix(node: ast.Expr, file: FileType, other: Type) -> Fix | None:
    """How a file has to be read to be compared with the other side."""
    if other is TEXT:
        return wrapped(node, "text")
    if isinstance(other, TableType) and file.kind in TABLE_READERS:
        return wrapped(node, "rows" if file.role == "deliverable" else TABLE_READERS[file.kind])
    return wrapped(node, "json") if isinstance(other, RecordType) and file.kind == "json" else None


def compare(cx: Context, node: ast.Compare) -> Core:
    if node.op == "within":
        return cx.error("E0407", node.span, "`within` belongs behind a comparison", "write `a == b within 0.01`")
    left, right = expressions.expression(cx, node.left), expressions.expression(cx, node.right)
    within = expressions.expression(cx, node.within) if node.within is not None else None
    for side in (left, right):
        if isinstance(side.type, FileType):
            at, other = (node.left, right) if side is left else (node.right, left)
            return cx.error("E0404", side.span, f"`{side.type.name}` is a file; read it before comparing",
                            f"for example `text({side.type.name})`, `rows({side.type.name})` or `json({side.type.name})`",
                            _read_fix(at, side.type, other.type))  # fmt: skip
    if is_error(left) or is_error(right):
        return broken(node.span)
    if within is not None and node.op != "==":
        return cx.error("E0407", within.span, f"`within` belongs to `==`, not to `{node.op}`")
    if node.op in ("in", "not in"):
        return _membership(cx, node, left, right)
    if _is_range(node.left, right) or _is_range(node.right, left):
        return _range_compared(cx, node)
    if not comparable(left.type, right.type):
        fix = _comparison_fix(cx, node, left, right)
        return cx.error("E0403", node.op_span, f"{phrase(left.type)} compared with {phrase(right.type)}",
                        f"{fix.title}" if fix is not None else _comparison_help(cx, node, left, right), fix)  # fmt: skip
    if node.op not in ("==", "!="):
        problem = _without_order(node, left, right)
        if problem:
            return cx.error("E0403", node.op_span, *problem)
    kwargs: dict[str, Core] = {}
    if within is not None and not is_error(within):
        if within.type not in (NUMBER, PERCENT, DURATION, ANY):
            return cx.error("E0407", within.span, f"a tolerance is a number or a percentage, not {phrase(within.type)}")
        if left.type in (TEXT, BOOL) or right.type in (TEXT, BOOL):
            at, kind = (node.left, left.type) if left.type in (TEXT, BOOL) else (node.right, right.type)
            return cx.error("E0407", within.span, f"a tolerance applies to numbers; `{cx.source.slice(at.span)}` is "
                            + phrase(kind))  # fmt: skip
        kwargs["within"] = within
    if node.op == "==":
        left, right = _declared_columns(cx, left, right), _declared_columns(cx, right, left)
        if is_error(left) or is_error(right):
            return broken(node.span)
    if node.op in ("==", "!=") and not (cx.unsound(left) or cx.unsound(right)):
        never = unlike(left, right, (_shown(cx, node.left), _shown(cx, node.right)))
        if never is not None:
            return cx.error("E0403", node.op_span, never.message, never.help)
    return core.call(COMPARISONS[node.op], [left, right], BOOL, node.span, **kwargs)


def _shown(cx: Context, node: ast.Expr) -> str:
    return short(cx.source.slice(node.span), node)


def _is_range(node: ast.Expr, other: Core) -> bool:
    """Is one side a range as it is written, and the other none?"""
    return isinstance(node, ast.RangeOf) and not isinstance(other.type, RangeType)


def _range_compared(cx: Context, node: ast.Compare) -> Core:
    """A value compared with a range by anything but `in`."""
    word = {"==": "in", "!=": "not in"}.get(node.op) if isinstance(node.right, ast.RangeOf) else None
    return cx.error("E0403", node.op_span, f"`{node.op}` between a value and a range, which is no value",
                    "whether a value lies in a range is asked by `in`",
                    Fix(node.op_span, word, f"write `{word}`") if word else None)  # fmt: skip


def _is_null(node: ast.Expr) -> bool:
    return isinstance(node, ast.Literal) and node.kind == "NULL"


def _without_order(node: ast.Compare, left: Core, right: Core) -> tuple[str, str] | None:
    """Why `<` and its like never hold between two sides, with help; None where they may."""
    if _is_null(node.left) or _is_null(node.right):
        return f"`{node.op}` with `null` never holds", "whether a value is there is asked by `== null` or `!= null`"
    for side in (left, right):
        parts = isinstance(side.type, (TableType, ListType, RecordType, RangeType))
        if parts or side.type in (BOOL, REGEX, TREE, BYTES):
            return f"{phrase(side.type)} has no order; `{node.op}` wants numbers, dates or text", ""
    return None


DURATIONS = ("durations are added and subtracted, and multiplied or divided by a number behind them: `1d * 3`; "
             "as numbers they are `days(x)`, `hours(x)` and `minutes(x)`")  # fmt: skip


def factors_fix(cx: Context, node: ast.Binary, left: Core, right: Core) -> Fix | None:
    """The edit that puts the number behind the duration that it multiplies."""
    simple = all(isinstance(n, (ast.Literal, ast.Ident, ast.Attr, ast.CallOf)) for n in (node.left, node.right))
    if node.op != "*" or not simple or left.type is not NUMBER or right.type is not DURATION:
        return None
    swapped = f"{cx.source.slice(node.right.span)} * {cx.source.slice(node.left.span)}"
    return Fix(node.span, swapped, f"write `{swapped}`: the number stands behind the duration")


def range_of(cx: Context, node: ast.RangeOf) -> Core:
    """`low..high`, both included; one without values is reported where its ends depend on no input."""
    low, high = expressions.expression(cx, node.low), expressions.expression(cx, node.high)
    if not is_error(low) and not is_error(high) and not comparable(low.type, high.type):
        return cx.error("E0403", node.span, f"a range from {phrase(low.type)} to {phrase(high.type)}")
    made = core.call("Range", [low, high], RangeType(low.type), node.span)
    ends = [_settled(cx, end) for end in (low, high)]
    if None in ends or not more(*ends):
        return made
    written = [cx.source.slice(end.span) for end in (node.low, node.high)]
    plain = isinstance(node.low, ast.Literal) and isinstance(node.high, ast.Literal)
    swapped = f"{written[1]}..{written[0]}"
    cx.error("E0414", node.span, "this range is empty: its lower end is above its upper one",
             f"write `{swapped}`" if plain else "", Fix(node.span, swapped, f"write `{swapped}`") if plain else None)  # fmt: skip
    return core.mistaken(made, made.type, node.span)


def _settled(cx: Context, node: Core) -> Any:
    """The value of an end of a range that is written in the source and read from nothing; else None."""
    if is_unsound(node) or node.dynamic or node.free or any(_is_input(n) for n in core.walk(node)):
        return None
    try:
        return evaluate(node, cx.task)
    except EvaluationFault:
        return None


def _is_input(node: Core) -> bool:
    return isinstance(node, Const) and (isinstance(node.type, FileType) or node.type is TREE)


def _declared_columns(cx: Context, side: Core, other: Core) -> Core:
    """Where `other` are the rows of a deliverable with declared columns: exactly these of `side`, and each must be there."""
    free = False
    while isinstance(other, core.LetRef) or (
        isinstance(other, core.Call) and other.function in ("unordered", "ordered")
    ):
        free = free or not isinstance(other, core.LetRef)
        other = other.value if isinstance(other, core.LetRef) else other.args[0]
    if not (isinstance(other, core.Call) and other.function in ROW_READERS and isinstance(other.type, TableType)):
        return side
    t = side.type
    if not isinstance(t, TableType) or t.open or other.type.open or not other.dynamic:
        return side
    wanted = other.type.names
    for name_ in wanted:
        if t.get(name_) is None:
            return cx.error("E0402", side.span, f"the deliverable's column `{name_}` is no column of this table"
                            + nearest(name_, t.names), "columns: " + ", ".join(t.names[:12]))  # fmt: skip
    if wanted == t.names or free:
        return side
    with cx.row(t) as scope:
        picked = [
            (
                Const(n, TEXT, side.span),
                core.row_lambda(scope.id, column(scope, n, t.get(n) or ANY, side.span, sure=True)),
            )
            for n in wanted
        ]
    columns = tuple((n, t.get(n) or ANY) for n in wanted)
    return core.call(
        "select", [side, core.record(picked, ANY, side.span)], TableType(columns, False, t.ordered), side.span
    )


def _comparison_help(cx: Context, node: ast.Compare, left: Core, right: Core) -> str:
    for side, other, at in ((left, right, node.left), (right, left, node.right)):
        if side.type is TEXT and other.type is NUMBER and not isinstance(side, Const):
            return f"write `number({cx.source.slice(at.span)})` if it spells a number"
        if side.type is TEXT and other.type in (DATE, DATETIME):
            return "dates are written `@2026-01-31`"
        if isinstance(side.type, (ListType, TableType)) and other.type is NUMBER:
            return f"for how many there are write `count({cx.source.slice(at.span)})`" if _short(cx, at) else ""
    return ""


def _short(cx: Context, node: ast.Expr) -> bool:
    shown = cx.source.slice(node.span)
    return len(shown) <= 60 and "\n" not in shown


_PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_PLAIN_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?Z?)?")


def _comparison_fix(cx: Context, node: ast.Compare, left: Core, right: Core) -> Fix | None:
    """The edit that makes one side of the type of the other, where it is sure."""
    for side, other, at in ((left, right, node.left), (right, left, node.right)):
        if side.type is not TEXT:
            continue
        plain = str(side.value) if isinstance(side, Const) else ""
        if other.type is NUMBER and _PLAIN_NUMBER.fullmatch(plain):
            return Fix(at.span, plain, f"write `{plain}` without quotes")
        if other.type in (DATE, DATETIME) and _PLAIN_DATE.fullmatch(plain):
            return Fix(at.span, f"@{plain}", f"dates are written `@{plain}`")
        if other.type is BOOL and plain in ("true", "false"):
            return Fix(at.span, plain, f"write `{plain}` without quotes")
        if other.type in (DATE, DATETIME) and not isinstance(side, Const) and _short(cx, at):
            return Fix(at.span, f"date({cx.source.slice(at.span)})", f"write `date({cx.source.slice(at.span)})`")
    for side, other, at in ((left, right, node.left), (right, left, node.right)):
        if isinstance(side, Const) and isinstance(side.value, Percent) and other.type is NUMBER:
            plain = format(Decimal(side.value.value) / 100, "f")
            return Fix(at.span, plain, f"write `{plain}`: a percentage is a tolerance, no number")
        if isinstance(side, Const) and side.type is NUMBER and other.type is TEXT:
            return Fix(at.span, f'"{side.value}"', f'write `"{side.value}"`, as the other side is text')
    return None


def _membership(cx: Context, node: ast.Compare, left: Core, right: Core) -> Core:
    t = right.type
    if t is TEXT:
        return cx.error("E0403", node.op_span, "`in` wants a list or a range, not text",
                        f"to look inside a text write `contains({cx.source.slice(node.right.span)}, …)`")  # fmt: skip
    if not isinstance(t, (ListType, RangeType, TableType)) and t is not ANY:
        return cx.error("E0403", node.op_span, f"`in` wants a list or a range, not {phrase(t)}")
    if isinstance(t, RangeType) and _is_null(node.left):
        return cx.error(
            "E0403", node.op_span, "`null` lies in no range", "whether a value is there is asked by `== null`"
        )
    element = t.element if isinstance(t, (ListType, RangeType)) else ANY
    if isinstance(t, TableType) and t.columns and not t.open:
        if len(t.columns) > 1:
            return cx.error("E0403", node.op_span, f"`in` wants a list, not a table of the columns {named_columns(t)}",
                            column_help(t, _shown(cx, node.right)))  # fmt: skip
        element = t.get(t.names[0]) or ANY
    if not comparable(left.type, element):
        return cx.error("E0403", node.op_span, f"{phrase(left.type)} looked for among {phrase(element)}")
    return core.call(COMPARISONS[node.op], [left, right], BOOL, node.span)
