"""Equality of values whose types go together and that can never be equal: columns, keys and elements that differ.

Tables and lists without rows are left out of account: who compares them means those that have some.
"""

from __future__ import annotations

from typing import NamedTuple

from clawc.spec import ast, core
from clawc.spec.core import Core
from clawc.spec.types import (
    ANY,
    DATE,
    DATETIME,
    DURATION,
    ERROR,
    NULL,
    NUMBER,
    SIZE,
    FileType,
    ListType,
    RangeType,
    RecordType,
    TableType,
    Type,
    phrase,
)

# Files whose cells are single values.
CELLS = ("csv", "tsv", "xlsx", "markdown")
WITHOUT_DURATIONS = ("csv", "tsv", "markdown", "jsonl")
SAME_VALUES = ("where", "sort", "take", "distinct", "unordered", "ordered")


class Unlike(NamedTuple):
    """Why two sides are never equal, and what may be meant."""

    message: str
    help: str = ""


def comparable(a: Type, b: Type) -> bool:
    """Do two types go together? Of tables, lists and records only that they are such is looked at."""
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


def unlike(found: Core, expected: Core, written: tuple[str, str]) -> Unlike | None:
    """Why the sides of an equality cannot be equal, or None; `written` is how they stand in the source."""
    a, b = found.type, expected.type
    for side, other, shown in ((found, expected, written[1]), (expected, found, written[0])):
        if isinstance(side.type, ListType) and isinstance(other.type, TableType) and _single_values(side):
            problem = _values_and_table(side, side.type, other.type, shown)
            if problem is not None:
                return problem
    if isinstance(a, TableType) and isinstance(b, TableType):
        return _durations(found, b) or _durations(expected, a) or _tables(a, b)
    if isinstance(a, RecordType) and isinstance(b, RecordType):
        return _records(found, expected) or _records(expected, found)
    reason = _never(a, b)
    whole = "the elements of the lists" if isinstance(a, ListType) else "the ends of the ranges"
    return Unlike(f"{whole} are of different types: {reason}") if reason else None


def named_columns(t: TableType) -> str:
    """The columns of a table for a message."""
    shown = ", ".join(f"`{name}`" for name in t.names[:6])
    return f"{shown}, …" if len(t.names) > 6 else shown


def column_help(t: TableType, shown: str, wanted: str = "") -> str:
    """How to name one column of a table that is written as `shown`."""
    name = wanted if wanted in t.names else t.names[0]
    return f"write `{shown}.{name}`" if shown else f"name the column that is meant, such as `t.{name}`"


def short(source: str, node: ast.Expr) -> str:
    """How an expression stands in the source if `.key` may follow it there, else ""."""
    good = isinstance(node, (ast.Ident, ast.Attr, ast.CallOf)) and len(source) <= 60 and "\n" not in source
    return source if good else ""


def _values_and_table(values: Core, listed: ListType, t: TableType, shown: str) -> Unlike | None:
    if t.open or not t.columns:
        return None
    if len(t.columns) > 1:
        return Unlike(f"a list compared with a table of the columns {named_columns(t)}",
                      column_help(t, shown, _column_of(values)))  # fmt: skip
    reason = _never(listed.element, t.get(t.names[0]) or ANY)
    whole = f"the values of the list and of the column `{t.names[0]}`"
    return Unlike(f"{whole} are of different types: {reason}") if reason else None


def _single_values(node: Core) -> bool:
    """Are the elements of a list surely no records?"""
    node = _through(node)
    if isinstance(node.type, ListType) and not (
        node.type.element in (ANY, ERROR) or isinstance(node.type.element, (RecordType, TableType, FileType))
    ):
        return True
    if not isinstance(node, core.Call) or node.function != "column":
        return False
    rows = _through(node.args[0])
    if not isinstance(rows, core.Call) or not rows.args:
        return False
    if rows.function in ("csv_table", "tsv_table", "xlsx_table", "md_table"):
        return True
    file = rows.args[0].type
    return rows.function == "rows" and isinstance(file, FileType) and file.kind in CELLS


def _column_of(node: Core) -> str:
    """The name of the column that a list is, else ""."""
    node = _through(node)
    name = node.args[1] if isinstance(node, core.Call) and node.function == "column" else None
    return str(name.value) if isinstance(name, core.Const) else ""


def _through(node: Core) -> Core:
    """What stands behind names, and behind verbs that keep the values."""
    while isinstance(node, core.LetRef) or (isinstance(node, core.Call) and node.function in SAME_VALUES):
        node = node.value if isinstance(node, core.LetRef) else node.args[0]
    return node


def _durations(side: Core, other: TableType) -> Unlike | None:
    """A column of durations beside what the agent wrote as text, in which no cell is read as a duration."""
    node = _through(side)
    kind = _cells_of(node) if node.dynamic else ""
    name = next((name for name, type in other.columns if type is DURATION), None) if kind in WITHOUT_DURATIONS else None
    if name is None:
        return None
    return Unlike(f"the column `{name}` holds durations, and a cell of a file of format {kind} is never one",
                  f"write them as numbers, such as `{name} = days(…)` or `hours(…)`")  # fmt: skip


def _cells_of(node: Core) -> str:
    """The format of the file of which these are the rows, else ""."""
    file = node.args[0].type if isinstance(node, core.Call) and node.args else None
    readers = ("rows", "csv_table", "tsv_table", "md_table", "jsonl_table")
    return file.kind if isinstance(file, FileType) and isinstance(node, core.Call) and node.function in readers else ""


def _tables(found: TableType, expected: TableType) -> Unlike | None:
    for name, type in expected.columns:
        other = found.get(name)
        if other is None and not (found.open or expected.open or found.guess or expected.guess):
            return Unlike(f"a table of the columns {named_columns(found)} compared with one that has `{name}`",
                          "compare the same columns: write `| select …` on one side")  # fmt: skip
        reason = "" if other is None else _never(other, type)
        if reason:
            return Unlike(f"the columns `{name}` are of different types: {reason}")
    return None


def _records(side: Core, literal: Core) -> Unlike | None:
    """Of a record that is written out all keys are known; of what is read from an input, some may be absent."""
    written, t = _through(literal), side.type
    if (
        not isinstance(written, core.Record)
        or not isinstance(t, RecordType)
        or not isinstance(written.type, RecordType)
    ):
        return None
    names = [name for name, _ in written.type.fields]
    for name, type in written.type.fields:
        known = t.get(name)
        if known is None and not t.open:
            return Unlike(f"a record that has no key `{name}` compared with one that has it",
                          "keys: " + ", ".join(n for n, _ in t.fields[:12]))  # fmt: skip
        reason = "" if known is None else _never(known, type)
        if reason:
            return Unlike(f"the values of `{name}` are of different types: {reason}")
    lacking = [name for name, _ in t.fields if name not in names]
    if lacking and side.dynamic and not t.open and not written.type.open:
        return Unlike(f"a record that has the key `{lacking[0]}` compared with one that lacks it",
                      "records are equal if all their keys are; else compare each key that counts")  # fmt: skip
    return None


def _never(a: Type, b: Type) -> str:
    """Why values of two types are never equal, or "". Records may lack keys that their type has."""
    if not comparable(a, b):
        return f"{phrase(a)} compared with {phrase(b)}"
    if isinstance(a, ListType) and isinstance(b, ListType):
        return _never(a.element, b.element)
    if isinstance(a, RangeType) and isinstance(b, RangeType):
        return _never(a.element, b.element)
    return ""
