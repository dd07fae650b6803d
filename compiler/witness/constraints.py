"""What the checks ask of each deliverable, read backwards out of their sealed conditions."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from clawc.compiler.elaborate.context import TaskState
from clawc.compiler.passes.seal import Sealer
from clawc.spec import core
from clawc.spec.core import Const, Core
from clawc.stdlib.checks.compare import OneOf
from clawc.stdlib.checks.values import Range, Table

MAX_ROWS = 2000


class Place(NamedTuple):
    """A part of a document: the whole (section ""), or the text under a heading."""

    deliverable: str
    section: str = ""


class Mention(NamedTuple):
    """Something that must be said; `near` words stand in the same sentence; `decimals` fixes the spelling."""

    values: tuple[Any, ...]
    near: str = ""
    decimals: int | None = None


class Demand(NamedTuple):
    """One thing that a check asks of a place; `kind` says what `value` is."""

    kind: str
    place: Place
    value: Any
    check: str


@dataclass(slots=True)
class Demands:
    """All demands of a task, and the deliverables of conditions that could not be read backwards."""

    found: list[Demand] = field(default_factory=list[Demand])
    opaque: dict[str, set[str]] = field(default_factory=dict[str, set[str]])  # check: deliverables

    def add(self, kind: str, place: Place, value: Any, check: str) -> None:
        self.found.append(Demand(kind, place, value, check))


def demands_of(conditions: list[tuple[str, bool, Core]], task: TaskState) -> Demands:
    """`conditions`: check, whether it must hold (False for `forbid`), sealed condition."""
    reader = _Reader(task)
    for check, wanted, node in conditions:
        reader.check = check
        if not reader.read(node, wanted):
            names = {n.name for n in core.walk(node) if isinstance(n, core.Deliverable)}
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
        node = _through(node)
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
            left, right = _through(node.args[0]), _through(node.args[1])
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
        rows, test = _through(node.args[0]), node.args[1]
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
        if node.function == "any_row" and wanted:
            return self._one_block(rows, test)
        return False

    def _with_row(self, test: core.Lambda, row: Any) -> Core:
        """The body of a row expression for one row."""
        return self.sealer.seal(_substitute(test.body, test.param, row))

    def _one_block(self, rows: Core, test: core.Lambda) -> bool:
        """`any(paragraphs(d), mentions_all(value, […]))`: one block of text says all of it."""
        if not isinstance(rows, core.Call) or rows.function not in ("paragraphs", "bullets", "sentences"):
            return False
        place = _place(rows.args[0])
        mentions = _block_mentions(_through(test.body))
        if place is None or mentions is None:
            return False
        self.demands.add("bullet" if rows.function == "bullets" else "block", place, mentions, self.check)
        return True

    def _banned(self, node: core.Call) -> bool:
        if node.function in ("mentions", "mentions_any", "contains") and node.args[1:]:
            place, value = _place(node.args[0]), _through(node.args[1])
            if place is not None and isinstance(value, Const):
                self.demands.add("banned", place, value.value, self.check)
                return True
        return node.function in ("exists", "equal", "matches")

    def _equal(self, left: Core, value: Any) -> bool:
        if isinstance(value, OneOf):
            value = value.values[0]
        if not isinstance(left, core.Call):
            return False
        name, args = left.function, left.args
        inner = _through(args[0]) if args else None
        if isinstance(inner, core.Deliverable) and name == "sqlite_table":
            title = _through(left.kwargs[0][1])
            if isinstance(title, Const):
                self.demands.add("table of database", Place(inner.name), (str(title.value), value), self.check)
                return True
        elif isinstance(inner, core.Deliverable) and not left.kwargs:
            kind = {"rows": "rows", "csv_table": "rows", "tsv_table": "rows", "xlsx_table": "rows",
                    "html_table": "rows", "ics_table": "rows", "jsonl_table": "rows", "json_value": "json",
                    "text_of": "text", "lines_of": "lines"}.get(name)  # fmt: skip
            if kind is not None:
                self.demands.add(kind, Place(inner.name), ((), value) if kind == "json" else value, self.check)
                return True
        path = _json_path(left)
        if path is not None:
            self.demands.add("json", Place(path[0]), (path[1], value), self.check)
            return True
        place = _place(args[0]) if args else None
        if place is not None and name == "md_table":
            self.demands.add("table", place, value, self.check)
            return True
        if place is not None and name == "field" and isinstance(args[1], Const):
            self.demands.add("field", place, (args[1].value, value), self.check)
            return True
        return self._counted(left, Range(value, value))

    def _bounded(self, node: core.Call) -> bool:
        bound = _through(node.args[1])
        if not isinstance(bound, Const):
            return False
        value = bound.value
        if node.function != "is_in":
            if not _is_number(value):
                return False
            step = 1 if isinstance(value, int) else 0
            value = {
                "at_most": Range(None, value), "at_least": Range(value, None),
                "less": Range(None, value - step), "more": Range(value + step, None),
            }[node.function]  # fmt: skip
        elif isinstance(value, list) and value:
            return self._equal(_through(node.args[0]), value[0])
        return isinstance(value, Range) and self._counted(_through(node.args[0]), value)

    def _counted(self, node: Core, bounds: Range) -> bool:
        if not isinstance(node, core.Call):
            return False
        if not all(end is None or _is_number(end) for end in (bounds.low, bounds.high)):
            return False
        if node.function == "words":
            place = _place(node.args[0])
            if place is not None:
                self.demands.add("words", place, bounds, self.check)
                return True
        inner = _through(node.args[0]) if node.args else None
        if node.function == "count_all" and isinstance(inner, core.Call) and inner.args:
            place = _place(inner.args[0])
            if place is not None and inner.function in ("bullets", "paragraphs", "sentences"):
                self.demands.add(inner.function, place, bounds, self.check)
                return True
        return False

    def _said(self, node: core.Call) -> bool:
        place = _place(node.args[0]) if node.args else None
        if place is None:
            return False
        what = _through(node.args[1]) if len(node.args) > 1 else None
        if not isinstance(what, Const):
            return False
        if node.function in ("mentions", "mentions_all", "mentions_any", "mentions_in_order"):
            mention = _mention(node, what.value)
            if mention is None:
                return False
            for value in mention.values:
                self.demands.add("mention", place, mention._replace(values=(value,)), self.check)
            return True
        if node.function in ("contains", "starts_with", "ends_with", "contains_lines"):
            self.demands.add(node.function, place, what.value, self.check)
            return True
        return False


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def _mention(node: core.Call, what: Any) -> Mention | None:
    extra: dict[str, Any] = {}
    for name, node_ in node.kwargs:
        constant = _through(node_)
        if not isinstance(constant, Const):
            return None
        extra[name] = constant.value
    nears: Any = extra.get("near") or ""
    near = str(nears[0]) if isinstance(nears, list) else str(nears)  # pyright: ignore[reportUnknownArgumentType]
    decimals = extra.get("decimals")
    if isinstance(decimals, Range):
        decimals = None
    values: tuple[Any, ...] = (what,)
    if isinstance(what, list):
        values = tuple(what)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if node.function == "mentions_any":
        values = values[:1]
    return Mention(values, near, None if decimals is None else int(decimals))


def _block_mentions(body: Core) -> tuple[Mention, ...] | None:
    """The mentions that one block must hold."""
    if isinstance(body, core.Logic) and body.op == "and":
        parts = [_block_mentions(_through(o)) for o in body.operands]
        return None if any(p is None for p in parts) else tuple(m for p in parts if p is not None for m in p)
    if not isinstance(body, core.Call) or body.function not in ("mentions", "mentions_all"):
        return None
    if not isinstance(body.args[0], core.Col) or not isinstance(_through(body.args[1]), Const):
        return None
    what = _through(body.args[1])
    assert isinstance(what, Const)
    mention = _mention(body, what.value)
    return None if mention is None else (mention,)


def _through(node: Core) -> Core:
    while isinstance(node, core.LetRef):
        node = node.value
    return node


def _place(node: Core) -> Place | None:
    """The part of a document that a node reads."""
    node = _through(node)
    if isinstance(node, core.Deliverable):
        return Place(node.name)
    if isinstance(node, core.Call) and node.function in ("text_of", "normalise", "trim_of"):
        return _place(node.args[0])
    if isinstance(node, core.Call) and node.function == "section":
        outer, name = _place(node.args[0]), _through(node.args[1])
        if outer is not None and not outer.section and isinstance(name, Const):
            return Place(outer.deliverable, str(name.value))
    return None


def _json_path(node: Core) -> tuple[str, tuple[str, ...]] | None:
    """Deliverable and keys of `json(d).a.b`, or of a table made of it."""
    node = _through(node)
    if not isinstance(node, core.Call) or not node.args:
        return None
    inner = _through(node.args[0])
    if node.function == "json_value" and isinstance(inner, core.Deliverable):
        return inner.name, ()
    if node.function in ("table", "record_of"):
        return _json_path(inner)
    key = _through(node.args[1]) if len(node.args) > 1 else None
    if node.function in ("get", "item", "get_path") and isinstance(key, Const) and isinstance(key.value, str):
        outer = _json_path(inner)
        keys = tuple(key.value.split(".")) if node.function == "get_path" else (key.value,)
        return None if outer is None else (outer[0], (*outer[1], *keys))
    return None


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
