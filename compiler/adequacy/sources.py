"""The tables that a query reads: out of input files, and out of lists of records in the source. Rows can be added to them."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from clawc.compiler.adequacy.graph import Graph
from clawc.compiler.render_json import render_jsonl
from clawc.spec import core
from clawc.spec.core import Const, Core
from clawc.stdlib.checks.kinds import list_in, plain, shown
from clawc.stdlib.checks.values import MISSING, File, Table

READERS = ("csv_table", "tsv_table", "jsonl_table", "json_value", "yaml_value", "toml_value", "md_table", "xlsx_table",
           "sqlite_table", "html_table")  # fmt: skip
PARTS = ("get", "get_path", "item")
_KEY = re.compile(r"(^|_)(id|no|nr|number|code|key|sku|uuid|ref)$", re.I)
MAX_WIDTH = 60
MOSTLY = 0.8
MANY = 10


@dataclass(frozen=True)
class Column:
    """What the values of a column are like. `places`: decimals of its numbers, None where it has none."""

    kind: str
    places: int
    negative: bool
    key: bool
    values: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Input:
    """A table as it is read, by all `nodes` that read it; `form` is how its rows are written.

    A text of which a `pattern` reads the rows has `lines`.
    """

    key: str
    path: str
    form: str
    nodes: tuple[Core, ...]
    value: Table | list[Any]
    lines: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        listed: list[Any] = self.value.rows if isinstance(self.value, Table) else self.value
        return [row for row in listed if isinstance(row, dict)]

    @cached_property
    def columns(self) -> dict[str, Column]:
        names = dict.fromkeys(name for row in self.rows for name in row)
        return {name: _column(name, n == 0, [r.get(name) for r in self.rows]) for n, name in enumerate(names)}

    def with_rows(self, rows: list[dict[str, Any]]) -> Table | list[Any]:
        """The table with rows behind those that it has."""
        if isinstance(self.value, Table):
            return Table(self.value.columns, [*self.value.rows, *rows], self.value.blocks)
        return [*self.value, *rows]

    def without(self, start: int, end: int) -> Table | list[Any]:
        """The table without some of its rows."""
        rows = [*self.rows[:start], *self.rows[end:]]
        return Table(self.value.columns, rows) if isinstance(self.value, Table) else rows

    def written(self, row: dict[str, Any]) -> str:
        """A row as a line of its file."""
        if self.form in ("csv", "tsv"):
            out = io.StringIO()
            cells = [_cell(row.get(name)) for name in self.columns]
            csv.writer(out, delimiter="," if self.form == "csv" else "\t", lineterminator="").writerow(cells)
            return out.getvalue()
        if self.form == "line":
            return self.line(row) or ""
        if self.form == "markdown":
            return "| " + " | ".join(_cell(row.get(name)).replace("|", "\\|") for name in self.columns) + " |"
        present = {name: value for name, value in row.items() if value is not MISSING}
        if self.form == "record":
            return "{" + ", ".join(f"{name}: {literal(value)}" for name, value in present.items()) + "}"
        return render_jsonl(Table(list(present), [present])).strip()

    def line(self, row: dict[str, Any]) -> str | None:
        """The line that the pattern reads as a row, made from the one that it reads most alike; None where there is none."""
        if self.pattern is None:
            return None
        matches = [m for m in map(self.pattern.search, self.lines) if m is not None]
        best = max(matches, key=lambda m: sum(m[name] == row.get(name) for name in self.columns), default=None)
        if best is None:
            return None
        text = best.string
        for name in sorted(self.columns, key=lambda n: best.start(n), reverse=True):
            if best.start(name) >= 0 and best[name] != row.get(name):
                text = text[: best.start(name)] + str(row.get(name)) + text[best.end(name) :]
        again = self.pattern.search(text)
        return text if again is not None and again.groupdict() == {n: row.get(n) for n in self.columns} else None


def inputs_of(graph: Graph) -> dict[int, Input]:
    """The tables of a query by the nodes that read them."""
    found: dict[str, tuple[str, str, list[Core], Table | list[Any]]] = {}
    inner: set[int] = set()
    for node in graph.nodes.values():
        if not isinstance(node, core.Call) or node.free or not node.args:
            continue
        at = _read(node)
        if at is None:
            continue
        key, path, form = at
        value = graph.value(node)
        rows = value.rows if isinstance(value, Table) else value
        if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):  # pyright: ignore[reportUnknownVariableType]
            continue
        if node.function == "typed_table":
            inner.add(id(node.args[0]))
        # What reads the columns of a table anew comes before the table as it is in the file.
        if key not in found or node.function == "typed_table":
            found[key] = (path, form, found[key][2] if key in found else [], value)
        found[key][2].append(node)
    made: dict[int, Input] = {}
    for key, (path, form, nodes, value) in found.items():
        nodes = [n for n in nodes if id(n) not in inner]
        if nodes:
            lines, pattern = _lines_of(graph, nodes[0]) if form == "line" else ((), None)
            one = Input(key, path, form, tuple(nodes), value, lines, pattern)
            made.update((id(n), one) for n in nodes)
    return made


def _read(node: core.Call) -> tuple[str, str, str] | None:
    """A key, the path and the form of what a call reads, if it reads a file or a list in the source."""
    if node.function == "table" and isinstance(node.args[0], core.Items):
        items = node.args[0].items
        if items and all(isinstance(i, core.Record) for i in items):
            return f"list at {node.span.start}", "", "record"
        return None
    keys: list[str] = []
    at: Core = node
    while isinstance(at, core.Call) and at.function in PARTS:
        key = at.args[1]
        if not isinstance(key, Const):
            return None
        keys.insert(0, str(key.value))
        at = at.args[0]
        while isinstance(at, core.LetRef):
            at = at.value
    if isinstance(at, core.Call) and at.function == "typed_table":
        at = at.args[0]
    if isinstance(at, core.Call) and at.function == "parse" and not keys:
        file = _file_of_lines(at)
        return None if file is None else (f"parse\0{file.path}\0{at.args[1].span.start}", file.path, "line")
    if not isinstance(at, core.Call) or at.function not in READERS or not isinstance(at.args[0], Const):
        return None
    file = at.args[0].value
    if not isinstance(file, File):
        return None
    others = [
        shown(a.value) for a in (*at.args[1:], *(v for n, v in at.kwargs if n != "types")) if isinstance(a, Const)
    ]
    form = {"csv_table": "csv", "tsv_table": "tsv", "md_table": "markdown"}.get(at.function, "json")
    inside = ".".join(keys)
    return "\0".join((at.function, file.path, *others, inside)), file.path + (f": {inside}" if inside else ""), form


def _file_of_lines(node: core.Call) -> File | None:
    """The file whose lines are parsed."""
    lines = node.args[0]
    while isinstance(lines, core.LetRef):
        lines = lines.value
    file = lines.args[0] if isinstance(lines, core.Call) and lines.function == "lines_of" else None
    return file.value if isinstance(file, Const) and isinstance(file.value, File) else None


def _lines_of(graph: Graph, node: Core) -> tuple[tuple[str, ...], re.Pattern[str] | None]:
    if isinstance(node, core.Call) and node.function == "typed_table":
        node = node.args[0]
    if not isinstance(node, core.Call) or not isinstance(node.args[1], Const):
        return (), None
    lines = list_in(graph.value(node.args[0])) or []
    return tuple(line for line in lines if isinstance(line, str)), node.args[1].value


def _column(name: str, first: bool, values: list[Any]) -> Column:
    filled = [v for v in values if v is not None and v is not MISSING]
    numbers = [v for v in filled if isinstance(v, (int, Decimal)) and not isinstance(v, bool)]
    kind = "mixed"
    if filled and len(numbers) == len(filled):
        kind = "number"
    elif filled and all(isinstance(v, str) for v in filled):
        kind = "text"
    elif filled and all(isinstance(v, bool) for v in filled):
        kind = "bool"
    elif filled and all(isinstance(v, date) for v in filled):
        kind = "date"
    apart = len(set(filled)) / max(len(values), 1) if kind in ("text", "number") and len(values) > 1 else 0
    # A row or two may be there twice; of a few rows the first column may be no key.
    named = _KEY.search(name) is not None or (first and (apart == 1 or len(values) >= MANY))
    key = named and apart >= MOSTLY
    places = max((decimals(v) for v in numbers), default=0)
    return Column(kind, places, any(v < 0 for v in numbers), key, tuple(filled))


def decimals(value: Any) -> int:
    """How many decimals a number has as it is written."""
    exponent = value.as_tuple().exponent if isinstance(value, Decimal) and value.is_finite() else 0
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _cell(value: Any) -> str:
    if value is None or value is MISSING:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else str(value)


def literal(value: Any) -> str:
    """A value as the source writes it; long texts are cut."""
    if value is None or value is MISSING:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return plain(value)
    if isinstance(value, date):
        return "@" + value.isoformat()
    text = " ".join(str(value).split())
    quoted = (text if len(text) <= MAX_WIDTH else text[: MAX_WIDTH - 1] + "…").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'
