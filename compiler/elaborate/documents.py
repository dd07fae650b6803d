"""Readers of markup, office files and archives: what they give, and the writers under the same names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clawc.compiler.deferred import deferred
from clawc.compiler.elaborate.context import Context, broken
from clawc.compiler.elaborate.reading import TYPE_OF, infer, type_of, value_of
from clawc.compiler.passes.evaluate import EvaluationFault, evaluate, report
from clawc.compiler.paths import kind_of
from clawc.spec import core
from clawc.spec.ast import Span
from clawc.spec.core import Const, Core
from clawc.spec.functions import Function
from clawc.spec.types import (
    ANY,
    ANY_LIST,
    ANY_RECORD,
    ANY_TABLE,
    BYTES,
    DATETIME,
    DURATION,
    NUMBER,
    TEXT,
    FileType,
    ListType,
    RecordType,
    TableType,
    Type,
)
from clawc.stdlib.checks.kinds import tag_of
from clawc.stdlib.checks.values import Cell, Table, Unmet

_INNER = RecordType((("tag", TEXT), ("attr", ANY_RECORD), ("text", TEXT), ("children", ANY_LIST)))
ELEMENT = RecordType((("tag", TEXT), ("attr", ANY_RECORD), ("text", TEXT), ("children", ListType(_INNER))))
ELEMENTS = TableType((("tag", TEXT), ("text", TEXT), ("attr", ANY_RECORD)))
MESSAGE = RecordType((
    ("from", TEXT), ("to", ListType(TEXT)), ("cc", ListType(TEXT)), ("subject", TEXT), ("date", DATETIME),
    ("headers", ANY_RECORD), ("body", TEXT),
    ("attachments", TableType((("name", TEXT), ("type", TEXT), ("size", NUMBER), ("text", TEXT)))),
))  # fmt: skip
MEMBERS = TableType((("path", TEXT), ("size", NUMBER), ("text", TEXT)))
EVENTS = TableType((
    ("uid", TEXT), ("summary", TEXT), ("start", ANY), ("end", ANY), ("location", TEXT), ("description", TEXT),
    ("status", TEXT), ("organizer", TEXT), ("attendees", ListType(TEXT)), ("rrule", TEXT),
))  # fmt: skip
LOG = TableType((("at", DATETIME), ("level", TEXT), ("source", TEXT), ("message", TEXT), ("extra", ANY_RECORD)))

# What each reader gives from a file of the agent.
TYPES: dict[str, Type] = {
    "xml": ELEMENT, "xml_select": ELEMENTS, "html": ELEMENT, "html_select": ELEMENTS, "html_table": ANY_TABLE,
    "email": MESSAGE, "ics": EVENTS, "log": LOG, "sqlite": ANY_TABLE, "sqlite_tables": ListType(TEXT),
    "xlsx": ANY_TABLE, "xlsx_sheets": ListType(TEXT), "zip": MEMBERS, "zip_file": FileType("", "text", "run"),
}  # fmt: skip
# What is written for a value instead of a file, by the same name.
WRITTEN: dict[str, Type] = {
    "xml": TEXT, "html": TEXT, "email": TEXT, "ics": TEXT, "xlsx": BYTES, "sqlite": BYTES, "zip": BYTES,
}  # fmt: skip

KIND_OF = {
    "number": "number",
    "truth": "bool",
    "date": "date",
    "datetime": "datetime",
    "duration": "duration",
    "cell": "text",
}
COLUMN_TYPES: dict[str, Type] = {**TYPE_OF, "duration": DURATION, "mixed": ANY}
# Arguments with a grammar of their own, parsed where they are written.
_PARSED: dict[str, Callable[[Any], Any]] = {
    "html_select": deferred("clawc.stdlib.checks.css", "css_selector"),
    "html_table": deferred("clawc.stdlib.checks.css", "css_selector"),
    "xml_select": deferred("clawc.stdlib.checks.xml_documents", "xml_path"),
}


def reader(cx: Context, row: Function, arguments: tuple[list[Core], dict[str, Core]], span: Span) -> Core:
    """A call of a reader with the type of what it reads, or of the writer that has its name."""
    args, kwargs = arguments
    if row.name in WRITTEN and isinstance(args[0].type, (TableType, RecordType, ListType)):
        return _written(cx, row, args[0], span)
    if row.name == "sqlite" and "title" not in kwargs:
        return cx.error("E0401", span, "`sqlite` lacks its argument `table`", row.signature)
    if row.name == "zip_file":
        path = str(args[1].value) if isinstance(args[1], Const) else ""
        return core.call(row.python, args, FileType(path, kind_of(path), "run"), span)
    for argument in [*args[1:], *kwargs.values()]:
        if not _parses(cx, row, argument):
            return broken(span)
    call = core.call(row.python, args, TYPES[row.name], span, **kwargs)
    if call.dynamic or call.free:
        return call
    value = value_of(cx, call)
    if value is None:
        return broken(span)
    found = value[0]
    if isinstance(found, Table) and any(isinstance(v, Cell) for r in found.rows for v in r.values()):
        return _typed(call, found, span)
    return core.call(row.python, args, _refined(TYPES[row.name], type_of(found)), span, **kwargs)


def _written(cx: Context, row: Function, value: Core, span: Span) -> Core:
    """A value as the content of a file."""
    if value.dynamic:
        return cx.error("E0502", value.span, f"`{row.name}` writes only what is known at compile time")
    return core.call(f"render_{row.name}", [value], WRITTEN[row.name], span)


def _refined(known: Type, found: Type) -> Type:
    """What is always so, and where that leaves something open, what was found in an input."""
    if known in (ANY, ANY_RECORD, ANY_TABLE):
        return found
    if isinstance(known, RecordType) and isinstance(found, RecordType):
        return RecordType(tuple((key, _refined(type, found.get(key) or type)) for key, type in known.fields))
    if isinstance(known, TableType) and isinstance(found, TableType):
        return TableType(tuple((key, _refined(type, found.get(key) or type)) for key, type in known.columns))
    return known


def _typed(call: Core, table: Table, span: Span) -> Core:
    """A table of cells from an input: the type of each column is inferred from all rows."""
    types = {c: _column_kind([r[c] for r in table.rows]) for c in table.columns}
    columns = TableType(tuple((c, COLUMN_TYPES[types[c]]) for c in table.columns))
    # A duration is typed already; as with a number, an empty cell beside it is null.
    kinds = {c: "number" if kind == "duration" else kind for c, kind in types.items()}
    return core.call("typed_table", [call, Const(kinds, ANY, span)], columns, span)


def _column_kind(values: list[Any]) -> str:
    """The kind of a column: that of the texts in it, or where no cell is text, that of the values."""
    filled = [v for v in values if not (isinstance(v, Cell) and not v.strip())]
    if all(isinstance(v, Cell) for v in filled):
        return infer([str(v) for v in filled])
    kinds = {KIND_OF.get(tag_of(v), "") for v in filled}
    return kinds.pop() if len(kinds) == 1 else "mixed"


def _parses(cx: Context, row: Function, argument: Core) -> bool:
    """Is an argument that is known by now well formed? A selector that is not would fail in every checker."""
    if row.name not in _PARSED or argument.dynamic or argument.free:
        return True
    try:
        _PARSED[row.name](evaluate(argument, cx.task))
    except Unmet as problem:
        cx.error("E0401", argument.span, str(problem))
        return False
    except EvaluationFault as fault:
        report(cx, fault)
        return False
    return True
