"""Values to the text of files: what a workspace, a job or a derived solution writes. Compile time only."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from clawc.stdlib.checks.kinds import plain
from clawc.stdlib.checks.readers import typed
from clawc.stdlib.checks.tables import table
from clawc.stdlib.checks.text import as_text
from clawc.stdlib.checks.values import MISSING, Range, Table


def render_csv(value: Any) -> str:
    """RFC 4180 with `\\n` line ends; numbers as short as they go, null as an empty cell."""
    return _separated(value, ",")


def render_tsv(value: Any) -> str:
    return _separated(value, "\t")


def _separated(value: Any, delimiter: str) -> str:
    rows = table(value)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(rows.columns)
    for row in rows.rows:
        writer.writerow([as_text(row.get(c)) if row.get(c) is not MISSING else "" for c in rows.columns])
    return out.getvalue()


def render_json(value: Any, compact: bool = False) -> str:
    """Two spaces of indent, or all on one line; keys in order, numbers exact."""
    return _json_line(value) if compact else _json(value, 0) + "\n"


def render_jsonl(value: Any) -> str:
    rows = table(value)
    return "".join(_json_line({c: row.get(c) for c in rows.columns}) + "\n" for row in rows.rows)


def jsonable(value: Any) -> Any:
    """A value as JSON knows it; dates as ISO text, tables as lists of records."""
    if isinstance(value, Table):
        return [{c: jsonable(row.get(c)) for c in value.columns if row.get(c) is not MISSING} for row in value.rows]
    if isinstance(value, dict):
        return {str(k): jsonable(v) for k, v in value.items()}  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, (list, tuple)):
        return [jsonable(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, Range):
        return [jsonable(value.low), jsonable(value.high)]
    if isinstance(value, (date, datetime, timedelta)):
        return as_text(value)
    return value


def _json(value: Any, indent: int) -> str:
    value = jsonable(value)
    pad, inner = "  " * indent, "  " * (indent + 1)
    if isinstance(value, dict) and value:
        parts = [f"{inner}{_json_scalar(k)}: {_json(v, indent + 1)}" for k, v in value.items()]  # pyright: ignore
        return "{\n" + ",\n".join(parts) + f"\n{pad}}}"
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(inner + _json(v, indent + 1) for v in value) + f"\n{pad}]"  # pyright: ignore
    return _json_scalar(value)


def _json_line(value: Any) -> str:
    value = jsonable(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_json_scalar(k)}: {_json_line(v)}" for k, v in value.items()) + "}"  # pyright: ignore
    if isinstance(value, list):
        return "[" + ", ".join(_json_line(v) for v in value) + "]"  # pyright: ignore
    return _json_scalar(value)


def _json_scalar(value: Any) -> str:
    if value is None or value is MISSING:
        return "null"
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return plain(value)
    if value == {}:
        return "{}"
    if value == []:
        return "[]"
    return json.dumps(value if isinstance(value, (str, bool)) else as_text(value), ensure_ascii=False)


def render_md_table(value: Any) -> str:
    """A pipe table."""
    rows = table(value)
    lines = ["| " + " | ".join(rows.columns) + " |", "|" + " --- |" * len(rows.columns)]
    for row in rows.rows:
        cells = [as_text(row.get(c)).replace("|", "\\|").replace("\n", " ") for c in rows.columns]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def bytes_of(value: Any) -> bytes:
    """What is written for a value used as a file: text as UTF-8, tables as csv, other values as JSON."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8")
    if isinstance(value, Table):
        return render_csv(value).encode("utf-8")
    return render_json(value).encode("utf-8")


def typed_table(value: Table, types: dict[str, str]) -> Table:
    """Cells of a table by the types of their columns."""
    rows = [{c: typed(row[c], types[c]) for c in value.columns} for row in value.rows]
    return Table(value.columns, rows, value.blocks)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "render_csv": render_csv, "render_tsv": render_tsv, "render_json": render_json, "render_jsonl": render_jsonl,
    "typed_table": typed_table,
}  # fmt: skip

# Writers of whole files by format; those of documents write one table.
WRITERS: dict[str, Callable[[Any], Any]] = {
    "csv": render_csv, "tsv": render_tsv, "json": render_json, "jsonl": render_jsonl, "markdown": render_md_table,
}  # fmt: skip


def spelled(kind: str, value: Any) -> bytes | None:
    """A value as the content of a file of this format; text is written as it is, null is no file."""
    if value is None:
        return None
    if isinstance(value, (str, bytes)) or kind not in WRITERS:
        return bytes_of(value)
    made = WRITERS[kind](value)
    return made if isinstance(made, bytes) else made.encode("utf-8")
