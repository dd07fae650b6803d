"""Comparisons: which sides go together, and what was meant where they do not."""

from __future__ import annotations

import re

from clawc.compiler.elaborate import expressions
from clawc.compiler.elaborate.context import (
    Context,
    broken,
    column,
    is_error,
    nearest,
)
from clawc.compiler.source import Fix
from clawc.spec import ast, core
from clawc.spec.core import Const, Core
from clawc.spec.types import (
    ANY,
    BOOL,
    DATE,
    DATETIME,
    DURATION,
    ERROR,
    NULL,
    NUMBER,
    PERCENT,
    REGEX,
    SIZE,
    TEXT,
    FileType,
    ListType,
    RangeType,
    RecordType,
    TableType,
    Type,
    phrase,
)

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


def comparable(a: Type, b: Type) -> bool:
    if a in (ANY, NULL, ERROR) or b in (ANY, NULL, ERROR):
        return True
    if a in (NUMBER, SIZE) and b in (NUMBER, SIZE):
        return True
    if isinstance(a, (TableType, ListType)) and isinstance(b, (TableType, ListType)):
        return True
    if isinstance(a, RecordType) and isinstance(b, RecordType):
        return True
    if isinstance(a, RangeType) and isinstance(b, RangeType):
        return True
    return a == b or {a, b} <= {DATE, DATETIME}


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
    if not comparable(left.type, right.type):
        fix = _comparison_fix(cx, node, left, right)
        return cx.error("E0403", node.op_span, f"{phrase(left.type)} compared with {phrase(right.type)}",
                        f"{fix.title}" if fix is not None else _comparison_help(cx, node, left, right), fix)  # fmt: skip
    if node.op not in ("==", "!="):
        for side in (left, right):
            if isinstance(side.type, (TableType, ListType, RecordType, RangeType)) or side.type in (
                BOOL,
                REGEX,
            ):
                return cx.error(
                    "E0403",
                    node.op_span,
                    f"{phrase(side.type)} has no order; `{node.op}` wants numbers, dates or text",
                )
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
    return core.call(COMPARISONS[node.op], [left, right], BOOL, node.span, **kwargs)


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
        if isinstance(side, Const) and side.type is NUMBER and other.type is TEXT:
            return Fix(at.span, f'"{side.value}"', f'write `"{side.value}"`, as the other side is text')
    return None


def _membership(cx: Context, node: ast.Compare, left: Core, right: Core) -> Core:
    t = right.type
    if t is TEXT:
        return cx.error("E0403", node.op_span, "`in` wants a list or a range, not text",
                        f"to look inside a text write `contains({cx.source.slice(node.right.span)}, …)`")  # fmt: skip
    if not isinstance(t, (ListType, RangeType, TableType)) and t not in (ANY, NULL):
        return cx.error("E0403", node.op_span, f"`in` wants a list or a range, not {phrase(t)}")
    element = t.element if isinstance(t, (ListType, RangeType)) else ANY
    if not comparable(left.type, element):
        return cx.error("E0403", node.op_span, f"{phrase(left.type)} looked for among {phrase(element)}")
    return core.call(COMPARISONS[node.op], [left, right], BOOL, node.span)
