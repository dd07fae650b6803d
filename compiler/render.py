"""Values to the text of files: what a workspace, a job or a derived solution writes. Compile time only."""

from __future__ import annotations

import csv
import io
from typing import Any

from clawc.compiler.render_json import render_json
from clawc.stdlib.checks.readers import typed
from clawc.stdlib.checks.tables import table
from clawc.stdlib.checks.text import as_text
from clawc.stdlib.checks.values import MISSING, Table


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
