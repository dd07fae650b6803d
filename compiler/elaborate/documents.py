"""Readers of markup, office files and archives: what they give, and the writers under the same names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clawc.compiler.elaborate.context import Context, broken
from clawc.compiler.elaborate.reading import TYPE_OF, infer, type_of, value_of
from clawc.compiler.passes.evaluate import EvaluationFault, evaluate
from clawc.spec import core
from clawc.spec.ast import Span
from clawc.spec.core import Const, Core
from clawc.spec.functions import Function
from clawc.spec.types import (
    ANY,
    ANY_LIST,
    ANY_RECORD,
    ANY_TABLE,
    DATETIME,
    NUMBER,
    TEXT,
    ListType,
    RecordType,
    TableType,
    Type,
)
from clawc.stdlib.checks.css import css_selector
from clawc.stdlib.checks.values import Cell, Table, Unmet
from clawc.stdlib.checks.xml_documents import xml_path

_INNER = RecordType((("tag", TEXT), ("attr", ANY_RECORD), ("text", TEXT), ("children", ANY_LIST)))
ELEMENT = RecordType((("tag", TEXT), ("attr", ANY_RECORD), ("text", TEXT), ("children", ListType(_INNER))))
ELEMENTS = TableType((("tag", TEXT), ("text", TEXT), ("attr", ANY_RECORD)))
MESSAGE = RecordType((
    ("from", TEXT), ("to", ListType(TEXT)), ("cc", ListType(TEXT)), ("subject", TEXT), ("date", DATETIME),
    ("headers", ANY_RECORD), ("body", TEXT),
    ("attachments", TableType((("name", TEXT), ("type", TEXT), ("size", NUMBER), ("text", TEXT)))),
))  # fmt: skip

# What each reader gives from a file of the agent.
TYPES: dict[str, Type] = {
    "xml": ELEMENT, "xml_select": ELEMENTS, "html": ELEMENT, "html_select": ELEMENTS, "html_table": ANY_TABLE,
    "email": MESSAGE,
}  # fmt: skip
# What is written for a value instead of a file, by the same name.
WRITTEN: dict[str, Type] = {}
# Arguments with a grammar of their own, parsed where they are written.
_PARSED: dict[str, Callable[[Any], Any]] = {
    "html_select": css_selector, "html_table": css_selector, "xml_select": xml_path,
}  # fmt: skip


def reader(cx: Context, row: Function, arguments: tuple[list[Core], dict[str, Core]], span: Span) -> Core:
    """A call of a reader with the type of what it reads, or of the writer that has its name."""
    args, kwargs = arguments
    if row.name in WRITTEN and isinstance(args[0].type, (TableType, RecordType, ListType)):
        return core.call(f"render_{row.name}", args[:1], WRITTEN[row.name], span)
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
    types = {c: infer([str(r[c]) for r in table.rows]) for c in table.columns}
    columns = TableType(tuple((c, TYPE_OF[types[c]]) for c in table.columns))
    return core.call("typed_table", [call, Const(types, ANY, span)], columns, span)


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
        if fault.message:
            cx.error("E0501", fault.span, fault.message)
        return False
    return True
