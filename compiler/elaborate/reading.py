"""Readers: what a file holds, and for inputs which columns of which types."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from clawc.compiler.elaborate.context import Context, broken
from clawc.compiler.passes.evaluate import EvaluationFault, evaluate, report
from clawc.spec import core
from clawc.spec.ast import Span
from clawc.spec.core import Const, Core
from clawc.spec.functions import Function
from clawc.spec.types import (
    ANY,
    ANY_LIST,
    ANY_RECORD,
    ANY_TABLE,
    BOOL,
    DATE,
    DATETIME,
    NULL,
    NUMBER,
    TEXT,
    FileType,
    ListType,
    RecordType,
    TableType,
    Type,
)
from clawc.stdlib.checks.values import Cell, Table

PROGRAM = RecordType((
    ("functions", TableType((("name", TEXT), ("args", ListType(TEXT)), ("line", NUMBER), ("doc", TEXT)))),
    ("classes", ListType(TEXT)), ("imports", ListType(TEXT)), ("calls", ListType(TEXT)), ("strings", ListType(TEXT)),
))  # fmt: skip
DIFF = TableType((("path", TEXT), ("kind", TEXT), ("line", NUMBER), ("text", TEXT)))
# Of a deliverable only this much is known: what is in it is not.
DYNAMIC: dict[str, Type] = {
    "jsonl": ANY_TABLE,
    "yaml_all": ANY_LIST,
    "ini": ANY_RECORD,
    "python": PROGRAM,
    "diff": DIFF,
}
# Readers that, given a value instead of a file, write it.
WRITERS = ("csv", "tsv", "json", "jsonl", "yaml", "toml", "ini")
TYPE_OF = {"number": NUMBER, "date": DATE, "datetime": DATETIME, "bool": BOOL, "text": TEXT}
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?\Z")
_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z")
_DATETIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?\Z")


def asset(cx: Context, path: Core, span: Span) -> Core:
    """`from("x")`: the text of a file beside the source."""
    if not isinstance(path, Const) or not isinstance(path.value, str):
        return cx.error("E0203", path.span, "`from` wants a path in quotes")
    data = cx.task.assets.read(cx, path.value, path.span)
    if data is None:
        return broken(span)
    try:
        return Const(data.decode("utf-8-sig").replace("\r\n", "\n"), TEXT, span)
    except UnicodeDecodeError as error:
        return cx.error("E0702", path.span, f"`{path.value}` is not UTF-8 text (byte {error.start})")


def reader(cx: Context, row: Function, named: dict[str, Core], span: Span) -> Core:
    """A call of a reader, with the type of what it reads."""
    file = named.get("file", named.get("of"))
    assert file is not None
    t = file.type
    if row.name == "text":
        if isinstance(t, FileType):
            return core.call("text_of", [file], TEXT, span)
        return file if t is TEXT else core.call("as_text", [file], TEXT, span)
    if row.name in WRITERS and isinstance(t, (TableType, RecordType, ListType)):
        return core.call(f"render_{row.name}", [file], TEXT, span)
    if row.name == "exists":
        return _exists(cx, file, span)
    if row.name == "lines":
        return core.call("lines_of", [file], ListType(TEXT), span)
    if row.name == "rows":
        return _rows(cx, file, span)
    call = core.call(row.python, [file], ANY, span)
    static = not call.dynamic and not call.free
    if row.name in ("csv", "tsv", "md_table"):
        if not static:
            return core.call(row.python, [file], _declared(cx, file), span)
        return _typed_table(cx, row, named, call, file, span)
    if not static:
        return core.call(row.python, [file], _declared_keys(cx, row, file) or DYNAMIC.get(row.name, ANY), span)
    value = value_of(cx, call)
    if value is None:
        return broken(span)
    if row.name in ("python", "diff"):
        return core.call(row.python, [file], DYNAMIC[row.name], span)
    return core.call(row.python, [file], type_of(value[0]), span)


def _exists(cx: Context, file: Core, span: Span) -> Core:
    if isinstance(file, core.Deliverable):
        file = replace(file, raw=True)
    elif isinstance(file, core.Call) and file.function == "member":
        file = core.call("member", file.args, file.type, file.span, raw=Const(True, BOOL, file.span))
    elif not isinstance(file.type, FileType) and file.type is not ANY:
        return cx.error("E0401", file.span, "`exists` wants a file")
    return core.call("exists", [file], BOOL, span)


def _rows(cx: Context, file: Core, span: Span) -> Core:
    member = isinstance(file, core.Call) and file.function in ("member", "file_at")
    if not isinstance(file, core.Deliverable) and not (member and file.dynamic):
        return cx.error("E0401", file.span, "`rows` reads a deliverable; inputs are read by `csv`, `json` and so on")
    kind = file.type.kind if isinstance(file.type, FileType) else ""
    if kind == "xlsx":
        return core.call("xlsx_table", [file], _declared(cx, file), span)
    if kind == "markdown":
        return core.call("md_table", [file], _declared(cx, file), span)
    if kind not in ("csv", "tsv", "json", "jsonl"):
        return cx.error("E0401", file.span, f"`rows` cannot read `{cx.source.slice(file.span)}`, a file of format {kind}",
                        "it reads csv, tsv, json, jsonl, xlsx and the first table of markdown")  # fmt: skip
    return core.call("rows", [file], _declared(cx, file), span)


def _declared(cx: Context, file: Core) -> TableType:
    """Columns that a deliverable declares; of no type, as the agent's cells take the type of what they meet."""
    if isinstance(file, core.Call) and file.function in ("member", "file_at"):
        file = file.args[0]
    if isinstance(file, core.Deliverable):
        binding = cx.task.delivered.get(file.name)
        if binding is not None and binding.columns is not None:
            return TableType(tuple((c, ANY) for c in binding.columns))
    return ANY_TABLE


def _declared_keys(cx: Context, row: Function, file: Core) -> Type | None:
    """A record with the keys that a deliverable declares; others may be there too."""
    binding = cx.task.delivered.get(file.name) if isinstance(file, core.Deliverable) else None
    if binding is None or binding.keys is None or row.name not in ("json", "yaml", "toml"):
        return None
    return RecordType(tuple((key, ANY) for key in binding.keys), open=True)


def value_of(cx: Context, call: Core) -> tuple[Any] | None:
    try:
        return (evaluate(call, cx.task),)
    except EvaluationFault as fault:
        # A file that cannot be read is one mistake, however often it is read.
        report(cx, fault)
        if _reads_file(call):
            cx.task.unreadable.add(fault.message)
        return None


def _reads_file(call: Core) -> bool:
    return isinstance(call, core.Call) and any(isinstance(a.type, FileType) for a in call.args)


def _typed_table(cx: Context, row: Function, named: dict[str, Core], call: Core, file: Core, span: Span) -> Core:
    """A table file of the inputs: column types are inferred from all rows, unless they are given."""
    value = value_of(cx, call)
    if value is None:
        return broken(span)
    table = value[0]
    assert isinstance(table, Table)
    types = {c: infer([str(r[c]) for r in table.rows]) for c in table.columns}
    given = named.get("types")
    if isinstance(given, core.Record):
        for key, kind in given.entries:
            if not isinstance(key, Const) or key.value not in types:
                cx.error(
                    "E0402",
                    key.span,
                    "this is no column of the file",
                    "columns: " + ", ".join(table.columns[:12]),
                )
            elif isinstance(kind, Const) and kind.value in TYPE_OF:
                types[str(key.value)] = str(kind.value)
            else:
                cx.error("E0401", kind.span, "a type is one of " + ", ".join(f'"{t}"' for t in TYPE_OF))
    columns = tuple((c, TYPE_OF[types[c]]) for c in table.columns)
    if row.name == "md_table":
        return core.call("typed_table", [call, Const(types, ANY, span)], TableType(columns), span)
    typed = {c: t for c, t in types.items() if t != "text"}
    return core.call(row.python, [file], TableType(columns), span, types=Const({**types, **typed}, ANY, span))


def infer(cells: list[str]) -> str:
    """The type that all cells of a column share; text when they differ, or when digits must not be lost."""
    filled = [c.strip() for c in cells if c.strip()]
    if not filled:
        return "text"
    if all(_NUMBER.match(c) and len(c.replace("-", "").replace(".", "")) < 16 for c in filled):
        return "number"
    if all(_DATE.match(c) and _is(date.fromisoformat, c) for c in filled):
        return "date"
    if all(_DATETIME.match(c) and _is(datetime.fromisoformat, c) for c in filled):
        return "datetime"
    if all(c.lower() in ("true", "false") for c in filled):
        return "bool"
    return "text"


def _is(parse: Any, text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def type_of(value: Any, depth: int = 0) -> Type:
    """The type of a value that was read from an input."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, (int, Decimal)):
        return NUMBER
    if isinstance(value, Cell):
        return ANY  # it takes the type of what it meets
    if isinstance(value, str):
        return TEXT
    if isinstance(value, datetime):
        return DATETIME
    if isinstance(value, date):
        return DATE
    if isinstance(value, Table):
        return TableType(tuple((c, _merged([type_of(r[c], depth + 1) for r in value.rows])) for c in value.columns))
    if isinstance(value, list) and depth < 20:
        return ListType(_merged([type_of(item, depth + 1) for item in value]))  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, dict) and depth < 20:
        return RecordType(tuple((str(k), type_of(v, depth + 1)) for k, v in value.items()))  # pyright: ignore
    return ANY


def _merged(types: list[Type]) -> Type:
    known = [t for t in types if t is not NULL]
    if not known:
        return ANY
    first = known[0]
    if all(t == first for t in known):
        return first
    if all(isinstance(t, RecordType) for t in known):
        fields: dict[str, list[Type]] = {}
        for t in known:
            assert isinstance(t, RecordType)
            for name, inner in t.fields:
                fields.setdefault(name, []).append(inner)
        return RecordType(tuple((n, _merged(ts)) for n, ts in fields.items()))
    return ANY
