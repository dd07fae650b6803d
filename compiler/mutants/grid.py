"""Tables inside files, as columns and rows of cells that can be changed and written back in the same format."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from clawc.compiler.model import DeliverDecl
from clawc.compiler.render import bytes_of
from clawc.compiler.writers import WRITERS
from clawc.stdlib.checks import primitive
from clawc.stdlib.checks.values import File, Table, Unmet

MAX_GRIDS = 8
Rows = list[list[Any]]


@dataclass(frozen=True, slots=True)
class Grid:
    """One table: `rows` of cells, texts in text formats, values in others. `write` gives the file with other columns and
    rows in its place. `title` tells tables of one file apart."""

    columns: list[str]
    rows: Rows
    write: Callable[[list[str], Rows], bytes]
    title: str = ""

    def place(self, column: str) -> str:
        return f"column `{column}`" + (f" of `{self.title}`" if self.title else "")

    def with_rows(self, rows: Rows) -> bytes:
        return self.write(self.columns, rows)

    def with_cell(self, row: int, column: int, value: Any) -> bytes:
        """The file with one cell changed."""
        rows = list(self.rows)
        rows[row] = [*rows[row][:column], value, *rows[row][column + 1 :]]
        return self.write(self.columns, rows)


def grids_of(deliver: DeliverDecl, data: bytes) -> list[Grid]:
    """The tables of a file of the format of a deliverable."""
    reader = _READERS.get(deliver.kind)
    try:
        return reader(deliver, data)[:MAX_GRIDS] if reader is not None else []
    except (Unmet, ValueError, RecursionError):
        return []


def _delimited(comma: str) -> Callable[[DeliverDecl, bytes], list[Grid]]:
    def read(_: DeliverDecl, data: bytes) -> list[Grid]:
        lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=comma, strict=True))
        if not lines or any(len(row) != len(lines[0]) for row in lines):
            return []
        return [Grid(lines[0], [list(row) for row in lines[1:]], write)]

    def write(columns: list[str], rows: Rows) -> bytes:
        out = io.StringIO()
        writer = csv.writer(out, delimiter=comma, lineterminator="\n")
        writer.writerows([columns, *rows])
        return out.getvalue().encode()

    return read


def _json_rows(_: DeliverDecl, data: bytes) -> list[Grid]:
    value = json.loads(data.decode("utf-8-sig"), parse_float=Decimal)
    grid = _of_records(value)
    return (
        [] if grid is None else [Grid(*grid, lambda columns, rows: bytes_of(WRITERS["json"](_records(columns, rows))))]
    )


def _jsonl(_: DeliverDecl, data: bytes) -> list[Grid]:
    lines = [json.loads(line, parse_float=Decimal) for line in data.decode("utf-8-sig").splitlines() if line.strip()]
    grid = _of_records(lines)
    return (
        [] if grid is None else [Grid(*grid, lambda columns, rows: bytes_of(WRITERS["jsonl"](_records(columns, rows))))]
    )


def _of_records(value: Any) -> tuple[list[str], Rows] | None:
    """Columns and rows of a list of objects that all have the same keys."""
    if not isinstance(value, list) or not value or not all(isinstance(v, dict) for v in value):  # pyright: ignore[reportUnknownVariableType]
        return None
    records: list[dict[str, Any]] = value  # pyright: ignore[reportUnknownVariableType]
    columns = list(records[0])
    if not columns or any(list(r) != columns for r in records):
        return None
    return columns, [list(r.values()) for r in records]


def _records(columns: list[str], rows: Rows) -> list[dict[str, Any]]:
    return [dict(zip(columns, row)) for row in rows]


def _sheet(deliver: DeliverDecl, data: bytes) -> list[Grid]:
    table: Table = primitive("xlsx_table")(File(deliver.name, deliver.path, "xlsx", data))
    return [Grid(table.columns, _cells(table), lambda columns, rows: bytes_of(WRITERS["xlsx"](Table(columns, rows))))]


def _database(deliver: DeliverDecl, data: bytes) -> list[Grid]:
    file = File(deliver.name, deliver.path, "sqlite", data)
    names: list[str] = list(primitive("sqlite_tables")(file))
    tables: dict[str, Table] = {name: primitive("sqlite_table")(file, name) for name in names}

    def writing(name: str) -> Callable[[list[str], Rows], bytes]:
        return lambda columns, rows: bytes_of(WRITERS["sqlite"]({**tables, name: Table(columns, rows)}))

    return [Grid(t.columns, _cells(t), writing(n), n) for n, t in tables.items()]


def _cells(table: Table) -> Rows:
    return [[row.get(c) for c in table.columns] for row in table.rows]


_BAR = re.compile(r"(?<!\\)\|")


def _markdown(_: DeliverDecl, data: bytes) -> list[Grid]:
    """The pipe tables of a document."""
    lines = data.decode("utf-8").split("\n")
    found: list[Grid] = []
    at = 0
    while at + 1 < len(lines):
        if lines[at].lstrip().startswith("|") and re.fullmatch(r"\s*\|[\s:|-]+\|\s*", lines[at + 1]):
            end = at + 2
            while end < len(lines) and lines[end].lstrip().startswith("|"):
                end += 1
            columns, *rows = [_bars(line) for line in (lines[at], *lines[at + 2 : end])]
            if all(len(row) == len(columns) for row in rows):
                found.append(
                    Grid(columns, rows, _rewriting(lines, at, end), f"table {len(found) + 1}" if found else "")
                )
            at = end
        at += 1
    return found


def _bars(line: str) -> list[str]:
    return [cell.strip() for cell in _BAR.split(line.strip().strip("|"))]


def _rewriting(lines: list[str], at: int, end: int) -> Callable[[list[str], Rows], bytes]:
    def write(columns: list[str], rows: Rows) -> bytes:
        body = [f"| {' | '.join(map(str, row))} |" for row in rows]
        made = [f"| {' | '.join(columns)} |", "|" + " --- |" * len(columns), *body]
        return "\n".join([*lines[:at], *made, *lines[end:]]).encode()

    return write


_READERS: dict[str, Callable[[DeliverDecl, bytes], list[Grid]]] = {
    "csv": _delimited(","), "tsv": _delimited("\t"), "json": _json_rows, "jsonl": _jsonl, "xlsx": _sheet, "sqlite": _database,
    "markdown": _markdown,
}  # fmt: skip
