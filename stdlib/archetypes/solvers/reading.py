"""Rows from each of the ten formats, and single values from a list. Column names and texts are as in the file, never tidied."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from html.parser import HTMLParser
from typing import cast
from xml.etree import ElementTree

import yaml  # type: ignore[import-untyped]  # pyright: ignore[reportMissingModuleSource]

from clawc.stdlib.archetypes.solvers.sheets import cells
from clawc.stdlib.archetypes.solvers.values import Row, Rows, Unsolvable, Value, typed, value_of


def rows_of(data: bytes, form: str) -> Rows:
    reader = _READERS.get(form)
    if reader is None:
        raise Unsolvable(f"read: unknown format {form!r}")
    return reader(data)


def listed(data: bytes, form: str, column: str) -> set[Value]:
    """The values that a short list names: one a line, a JSON array, or a table (its column of that name, or its only one)."""
    if form == "lines":
        return {line.strip() for line in data.decode("utf-8").splitlines() if line.strip()}
    if form == "json":
        loaded = _json(data.decode("utf-8"))
        if isinstance(loaded, list) and not any(isinstance(entry, dict) for entry in cast(list[object], loaded)):
            return {value_of(entry) for entry in cast(list[object], loaded)}
    rows = rows_of(data, form)
    names = list(rows[0]) if rows else [column]
    if column not in names and len(names) > 1:
        raise Unsolvable(f"listed: which of {names} is meant by {column}?")
    return {row[column if column in names else names[0]] for row in rows}


def _csv(data: bytes, delimiter: str = ",") -> Rows:
    reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter)
    return _headed([row for row in reader if row])


def _tsv(data: bytes) -> Rows:
    return _csv(data, "\t")


def _headed(grid: Sequence[Sequence[str]]) -> Rows:
    if not grid:
        return []
    head, *body = grid
    return typed([dict(zip(head, row)) for row in body])


def _json(text: str) -> object:
    return cast(object, json.loads(text, parse_float=Decimal, parse_int=Decimal))


def _records(loaded: object) -> Rows:
    """A list of mappings, or the only list in a mapping."""
    if isinstance(loaded, dict):
        lists: list[object] = [part for part in cast(dict[str, object], loaded).values() if isinstance(part, list)]
        return _records(lists[0] if len(lists) == 1 else None)
    if not isinstance(loaded, list):
        raise Unsolvable("read: no list of rows in the file")
    rows: list[Row] = []
    for entry in cast(list[object], loaded):
        if not isinstance(entry, dict):
            raise Unsolvable(f"read: {entry!r} is no row")
        rows.append({name: value_of(cell) for name, cell in cast(dict[str, object], entry).items()})
    return rows


def _json_rows(data: bytes) -> Rows:
    return _records(_json(data.decode("utf-8")))


def _jsonl(data: bytes) -> Rows:
    return _records([_json(line) for line in data.decode("utf-8").splitlines() if line.strip()])


def _yaml(data: bytes) -> Rows:
    return _records(cast(object, yaml.safe_load(data.decode("utf-8"))))


def _markdown(data: bytes) -> Rows:
    """The first table of the page."""
    grid: list[list[str]] = []
    for line in data.decode("utf-8").splitlines():
        if line.strip().startswith("|"):
            parts = re.split(r"(?<!\\)\|", line.strip().strip("|"))
            grid.append([part.strip().replace("\\|", "|") for part in parts])
        elif grid:
            break
    return _headed([row for at, row in enumerate(grid) if at != 1])


def _xml(data: bytes) -> Rows:
    """Each child of the root is a row; its attributes and its own children are the cells."""
    rows = [{**row.attrib, **{cell.tag: cell.text or "" for cell in row}} for row in ElementTree.fromstring(data)]
    return typed(rows)


class _FirstTable(HTMLParser):
    """Collects the cells of the first table."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.grid: list[list[str]] = []
        self._cell: list[str] | None = None
        self._tables = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tables += tag == "table"
        if self._tables != 1:
            return
        if tag == "tr":
            self.grid.append([])
        elif tag in ("td", "th"):
            self._cell = []

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None:
            self.grid[-1].append("".join(self._cell).strip())
            self._cell = None


def _html(data: bytes) -> Rows:
    page = _FirstTable()
    page.feed(data.decode("utf-8"))
    page.close()
    return _headed([row for row in page.grid if row])


def _sqlite(data: bytes) -> Rows:
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(data)
        listed_tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        names = [str(name) for (name,) in cast(list[tuple[str]], listed_tables.fetchall())]
        if len(names) != 1:
            raise Unsolvable(f"read: which of the tables {names} is meant?")
        quoted = names[0].replace('"', '""')
        found = connection.execute(f'SELECT * FROM "{quoted}" ORDER BY rowid')
        head = [str(column[0]) for column in found.description]
        body = cast(list[tuple[object, ...]], found.fetchall())
    finally:
        connection.close()
    return [dict(zip(head, map(value_of, row))) for row in body]


def _xlsx(data: bytes) -> Rows:
    grid = [row for row in cells(data) if any(value is not None for value in row)]
    if not grid:
        return []
    head, *body = grid
    return [{str(name): row[at] if at < len(row) else None for at, name in enumerate(head)} for row in body]


_READERS: Mapping[str, Callable[[bytes], Rows]] = {
    "csv": _csv,
    "tsv": _tsv,
    "json": _json_rows,
    "jsonl": _jsonl,
    "yaml": _yaml,
    "markdown": _markdown,
    "html": _html,
    "xml": _xml,
    "sqlite": _sqlite,
    "xlsx": _xlsx,
}
