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
from clawc.stdlib.checks.kinds import plain, shown
from clawc.stdlib.checks.values import MISSING, File, Table

READERS = ("csv_table", "tsv_table", "jsonl_table", "json_value", "yaml_value", "toml_value", "md_table", "xlsx_table",
           "sqlite_table", "html_table")  # fmt: skip
PARTS = ("get", "get_path", "item")
_KEY = re.compile(r"(^|_)(id|no|nr|number|code|key|sku|uuid|ref)$", re.I)
MAX_WIDTH = 60


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
    """A table as it is read, by all `nodes` that read it; `form` is how its rows are written."""

    key: str
    path: str
    form: str
    nodes: tuple[Core, ...]
    value: Table | list[Any]

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

    def without(self, place: int) -> Table | list[Any]:
        """The table without one of its rows."""
        rows = [row for n, row in enumerate(self.rows) if n != place]
        return Table(self.value.columns, rows) if isinstance(self.value, Table) else rows

    def written(self, row: dict[str, Any]) -> str:
        """A row as a line of its file."""
        if self.form in ("csv", "tsv"):
            out = io.StringIO()
            cells = [_cell(row.get(name)) for name in self.columns]
            csv.writer(out, delimiter="," if self.form == "csv" else "\t", lineterminator="").writerow(cells)
            return out.getvalue()
        if self.form == "markdown":
            return "| " + " | ".join(_cell(row.get(name)).replace("|", "\\|") for name in self.columns) + " |"
        present = {name: value for name, value in row.items() if value is not MISSING}
        if self.form == "record":
            return "{" + ", ".join(f"{name}: {literal(value)}" for name, value in present.items()) + "}"
        return render_jsonl(Table(list(present), [present])).strip()


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
            one = Input(key, path, form, tuple(nodes), value)
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
    return "\0".join((at.function, file.path, *others, inside)), file.path + (f", `{inside}`" if inside else ""), form


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
    try:
        apart = len(set(filled)) == len(filled) == len(values) > 1
    except TypeError:
        apart = False
    key = apart and kind in ("text", "number") and (first or _KEY.search(name) is not None)
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
