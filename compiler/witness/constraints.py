"""What the checks ask of each deliverable, read backwards out of their sealed conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from clawc.compiler.elaborate.context import TaskState
from clawc.compiler.passes.seal import Sealer
from clawc.compiler.witness.places import (
    Place,
    block_mentions,
    constant,
    constants_of,
    equalities,
    file_place,
    is_number,
    mention_of,
    place_of,
    through,
    value_path,
)
from clawc.spec import core
from clawc.spec.core import Const, Core
from clawc.stdlib.checks.compare import OneOf, unordered
from clawc.stdlib.checks.text import as_text
from clawc.stdlib.checks.values import Range, Table

MAX_ROWS = 2000

# Readers of whole files, with the kind of demand that they make.
WHOLE = {
    "rows": "rows", "csv_table": "rows", "tsv_table": "rows", "jsonl_table": "rows", "json_rows": "rows",
    "xlsx_table": "rows", "html_table": "rows", "ics_table": "rows", "text_of": "text", "lines_of": "lines",
}  # fmt: skip
FREE_ORDER = ("unordered", "ordered", "is_sorted", "set_of", "distinct")


class Demand(NamedTuple):
    """One thing that a check asks of a place; `kind` says what `value` is. `others` would do as well."""

    kind: str
    place: Place
    value: Any
    check: str
    others: tuple[Any, ...] = ()


@dataclass(slots=True)
class Demands:
    """All demands of a task, and the deliverables of conditions that could not be read backwards."""

    found: list[Demand] = field(default_factory=list[Demand])
    opaque: dict[str, set[str]] = field(default_factory=dict[str, set[str]])  # check: deliverables

    def add(self, kind: str, place: Place, value: Any, check: str, others: Sequence[Any] = ()) -> None:
        self.found.append(Demand(kind, place, value, check, tuple(others)))


def demands_of(conditions: list[tuple[str, bool, Core]], task: TaskState) -> Demands:
    """`conditions`: check, whether it must hold (False for `forbid`), sealed condition."""
    reader = _Reader(task)
    for check, wanted, node in conditions:
        reader.check = check
        if not reader.read(node, wanted):
            names = {n.name for n in core.walk(node) if isinstance(n, core.Deliverable) and n.job < 0}
            reader.demands.opaque.setdefault(check, set()).update(names)
    return reader.demands


class _Reader:
    def __init__(self, task: TaskState) -> None:
        self.task = task
        self.sealer = Sealer(task)
        self.demands = Demands()
        self.check = ""

    def read(self, node: Core, wanted: bool) -> bool:
        """Reads a condition that must come out as `wanted`; False when nothing can be made of it."""
        node = through(node)
        if isinstance(node, Const):
            return bool(node.value) == wanted
        if isinstance(node, core.Logic):
            return self._logic(node, wanted)
        if not isinstance(node, core.Call):
            return False
        if node.function in ("unchanged", "only_changed", "only_under", "exists"):
            return wanted
        if node.function in ("all_rows", "any_row", "none_row"):
            return self._rows(node, wanted)
        if not wanted:
            return self._banned(node)
        if node.function == "equal":
            left, right = through(node.args[0]), through(node.args[1])
            if isinstance(left, Const):
                left, right = right, left
            return isinstance(right, Const) and self._equal(left, right.value)
        if node.function in ("is_in", "at_most", "at_least", "less", "more"):
            return self._bounded(node)
        return self._said(node)

    def _logic(self, node: core.Logic, wanted: bool) -> bool:
        if node.op == "not":
            return self.read(node.operands[0], not wanted)
        both = (node.op == "and") == wanted
        if node.op in ("and", "or") and both:
            results = [self.read(o, wanted) for o in node.operands]
            return all(results)
        if node.op in ("and", "or"):
            return any(self.read(o, wanted) for o in node.operands)
        return False

    def _rows(self, node: core.Call, wanted: bool) -> bool:
        rows, test = through(node.args[0]), node.args[1]
        if not isinstance(test, core.Lambda):
            return False
        if isinstance(rows, Const):
            every = {"all_rows": True, "none_row": False}.get(node.function)
            if not wanted:
                every = {"any_row": False}.get(node.function)
            if every is None:
                return False
            listed = _rows_of(rows.value)
            if len(listed) > MAX_ROWS:
                return False
            results = [self.read(self._with_row(test, row), every) for row in listed]
            return all(results)
        if node.function == "all_rows" and wanted:
            return self._each(rows, test)
        if node.function == "any_row" and wanted:
            return self._one_call(rows, test) or self._one_block(rows, test)
        return False

    def _with_row(self, test: core.Lambda, row: Any) -> Core:
        """The body of a row expression for one row."""
        return self.sealer.seal(_substitute(test.body, test.param, row))

    def _each(self, rows: Core, test: core.Lambda) -> bool:
        """`rows(d) | all source in […]`: a value that every row may have."""
        place = _rows_place(rows)
        if place is None:
            return False
        for column, value in equalities(test.body).items():
            self.demands.add("each", place, (column, value), self.check)
        return False  # it is verified on the whole

    def _one_call(self, rows: Core, test: core.Lambda) -> bool:
        """`transcript.calls | any tool == "read" and path == …`: a call that the solution has to make."""
        if not isinstance(rows, core.Call) or not any(
            isinstance(n, core.Call) and n.function in ("transcript_of", "tool_calls") for n in core.walk(rows)
        ):
            return False
        wanted = equalities(test.body)
        tool = wanted.get("tool", "exec" if "command" in wanted else "")
        what = wanted.get("command" if tool == "exec" else "path")
        if tool not in ("read", "exec") or not isinstance(what, str):
            return False
        self.demands.add("call", Place(""), (tool, what), self.check)
        return True

    def _one_block(self, rows: Core, test: core.Lambda) -> bool:
        """`any(paragraphs(d), mentions_all(value, […]))`: one block of text says all of it."""
        if not isinstance(rows, core.Call) or rows.function not in ("paragraphs", "bullets", "sentences"):
            return False
        place = place_of(rows.args[0])
        mentions = block_mentions(through(test.body))
        if place is None or mentions is None:
            return False
        self.demands.add("bullet" if rows.function == "bullets" else "block", place, mentions, self.check)
        return True

    def _banned(self, node: core.Call) -> bool:
        if node.function in ("mentions", "mentions_any", "contains") and node.args[1:]:
            place, value = place_of(node.args[0]), through(node.args[1])
            if place is not None and isinstance(value, Const):
                self.demands.add("banned", place, value.value, self.check)
                return True
        return node.function in ("exists", "equal", "matches")

    def _equal(self, left: Core, value: Any) -> bool:
        if isinstance(value, OneOf) and not value.values:
            return False
        if isinstance(value, OneOf):
            return self._choice(left, value.values)
        if not isinstance(left, core.Call):
            return False
        name, args = left.function, left.args
        if name in FREE_ORDER:
            if name in ("unordered", "set_of", "distinct") and isinstance(value, (Table, list)):
                value = unordered(value)
            return self._equal(through(args[0]), value)
        if name in ("trim_of", "number", "integer", "read_date", "datetime_of") and place_of(args[0]) is not None:
            self.demands.add("text", place_of(args[0]) or Place(""), as_text(value), self.check)
            return True
        inside = value_path(args[0]) if name == "trim_of" else None
        if inside is not None:
            self.demands.add("value", inside[0], (inside[1], as_text(value)), self.check)
            return True
        file = file_place(args[0]) if args else None
        named = constant(left.kwargs[0][1]) if left.kwargs else None
        if file is not None and name == "sqlite_table" and named is not None:
            self.demands.add("database", file, (str(named[0]), value), self.check)
            return True
        if file is not None and name in WHOLE and not (left.kwargs and name in ("xlsx_table", "html_table")):
            self.demands.add(WHOLE[name], file, value, self.check)
            return True
        path = value_path(left)
        if path is not None:
            self.demands.add("value", path[0], (path[1], value), self.check)
            return True
        if name == "select" and isinstance(value, Table):
            return self._columns(through(args[0]), args[1], value)
        if name == "file_names" and isinstance(through(args[0]), core.Deliverable):
            self.demands.add("names", Place(through(args[0]).name), value, self.check)  # type: ignore[union-attr]
            return True
        if name == "column" and isinstance(through(args[1]), Const):
            return self._column(through(args[0]), str(through(args[1]).value), value)  # type: ignore[union-attr]
        place = place_of(args[0]) if args else None
        if (place is not None and name in ("section", "text_of")) or (
            isinstance(left, core.Call) and name == "section"  # pyright: ignore[reportUnnecessaryIsInstance]
        ):
            whole = place_of(left)
            if whole is not None:
                self.demands.add("text", whole, value, self.check)
                return True
        if place is not None and name == "headings":
            level = next((through(v) for n, v in left.kwargs if n == "level"), None)
            self.demands.add("headings", place, (level.value if isinstance(level, Const) else 2, value), self.check)
            return True
        if place is not None and name == "md_table":
            self.demands.add("table", place, value, self.check)
            return True
        if place is not None and name == "field" and isinstance(args[1], Const):
            self.demands.add("field", place, (args[1].value, value), self.check)
            return True
        return self._counted(left, Range(value, value))

    def _choice(self, left: Core, values: Sequence[Any]) -> bool:
        """One of several values: the first is written."""
        first = len(self.demands.found)
        try:
            return self._equal(left, values[0])
        finally:
            found = self.demands.found
            found[first:] = [d._replace(others=tuple(values[1:])) for d in found[first:]]

    def _files(self, files: Core, made: core.Record, value: Table) -> bool:
        """`files(d) | select path, text` equal to a table: the files of a set, with their texts."""
        named = constants_of(made)
        if not isinstance(files, core.Deliverable) or named is None or "path" not in named.values():
            return False
        column = {of: name for name, of in named.items()}
        self.demands.add("names", Place(files.name), [str(row[column["path"]]) for row in value.rows], self.check)
        for row in value.rows if "text" in column else ():
            self.demands.add("text", Place(files.name, key=str(row[column["path"]])), row[column["text"]], self.check)
        return set(column) <= {"path", "text"}  # the others are verified on the whole

    def _columns(self, rows: Core, made: Core, value: Table) -> bool:
        """`rows(d) | select a, b` equal to a table: some columns of what is written."""
        if isinstance(rows, core.Call) and rows.function == "file_table" and isinstance(made, core.Record):
            return self._files(through(rows.args[0]), made, value)
        place = _rows_place(rows)
        named = constants_of(made) if isinstance(made, core.Record) else None
        if place is None or named is None:
            return False
        for name, column in named.items():
            self.demands.add("column", place, (column, [row.get(name) for row in value.rows]), self.check)
        return True

    def _column(self, rows: Core, column: str, value: Any) -> bool:
        """`rows(d).c == […]`: one column of a table."""
        if isinstance(rows, core.Call) and rows.function in FREE_ORDER:
            rows = through(rows.args[0])
        place = _rows_place(rows)
        if isinstance(value, Table) and len(value.columns) == 1:
            value = [row[value.columns[0]] for row in value.rows]
        if place is None or not isinstance(value, list):
            return False
        self.demands.add("column", place, (column, value), self.check)
        return True

    def _bounded(self, node: core.Call) -> bool:
        bound = through(node.args[1])
        if not isinstance(bound, Const):
            return False
        value = bound.value
        if node.function != "is_in":
            if not is_number(value):
                return False
            step = 1 if isinstance(value, int) else 0
            value = {
                "at_most": Range(None, value), "at_least": Range(value, None),
                "less": Range(None, value - step), "more": Range(value + step, None),
            }[node.function]  # fmt: skip
        elif isinstance(value, list) and value:
            return self._choice(through(node.args[0]), value)  # pyright: ignore[reportUnknownArgumentType]
        return isinstance(value, Range) and self._counted(through(node.args[0]), value)

    def _counted(self, node: Core, bounds: Range) -> bool:
        if not isinstance(node, core.Call):
            return False
        if not all(end is None or is_number(end) for end in (bounds.low, bounds.high)):
            return False
        if node.function == "words":
            place = place_of(node.args[0])
            if place is not None:
                self.demands.add("words", place, bounds, self.check)
                return True
        inner = through(node.args[0]) if node.args else None
        if node.function == "count_all" and isinstance(inner, core.Call) and inner.args:
            place = place_of(inner.args[0])
            if place is not None and inner.function in ("bullets", "paragraphs", "sentences"):
                self.demands.add(inner.function, place, bounds, self.check)
                return True
        return False

    def _said(self, node: core.Call) -> bool:
        place = place_of(node.args[0]) if node.args else None
        if place is None:
            return False
        what = through(node.args[1]) if len(node.args) > 1 else None
        if not isinstance(what, Const):
            return False
        if node.function in ("mentions", "mentions_all", "mentions_any", "mentions_in_order"):
            mention = mention_of(node, what.value)
            if mention is None:
                return False
            for value in mention.values:
                self.demands.add("mention", place, mention._replace(values=(value,)), self.check)
            return True
        if node.function == "matches":
            self.demands.add("matches", place, what.value, self.check)
            return True
        if node.function in ("contains", "starts_with", "ends_with", "contains_lines"):
            self.demands.add(node.function, place, what.value, self.check)
            return True
        return False


def _rows_place(rows: Core) -> Place | None:
    """The file whose rows are read, or the document or section whose first table is."""
    if not isinstance(rows, core.Call):
        return None
    if rows.function == "md_table":
        return place_of(rows.args[0])
    return file_place(rows.args[0]) if WHOLE.get(rows.function) == "rows" else None


def _rows_of(value: Any) -> list[Any]:
    if isinstance(value, Table):
        return list(value.rows)
    return [v if isinstance(v, dict) else {"value": v} for v in value] if isinstance(value, list) else []  # pyright: ignore


def _substitute(node: Core, param: int, row: dict[str, Any]) -> Core:
    """The node with the columns of one row in place."""
    if param not in node.free:
        return node
    if isinstance(node, core.Col):
        return Const(row.get(node.name), node.type, node.span) if node.row == param else node
    if isinstance(node, core.LetRef):
        return _substitute(node.value, param, row)
    if isinstance(node, core.Call):
        kwargs = {name: _substitute(v, param, row) for name, v in node.kwargs}
        args = [_substitute(a, param, row) for a in node.args]
        return core.call(node.function, args, node.type, node.span, **kwargs)
    if isinstance(node, core.Lambda):
        return core.row_lambda(node.param, _substitute(node.body, param, row))
    if isinstance(node, core.Items):
        parts = [_substitute(i, param, row) for i in node.items]
        return core.items(parts, node.type, node.span, as_tuple=node.tuple)
    if isinstance(node, core.Record):
        entries = [(_substitute(k, param, row), _substitute(v, param, row)) for k, v in node.entries]
        return core.record(entries, node.type, node.span)
    if isinstance(node, core.Logic):
        return core.logic(node.op, [_substitute(o, param, row) for o in node.operands], node.type, node.span)
    return node
