"""Core and values as Python source: the one encoder through which text of a spec reaches a program."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from clawc.compiler.emit.lean import lean
from clawc.compiler.emit.shake import library
from clawc.compiler.forms import PARSED_BY
from clawc.spec import core
from clawc.spec.core import Const, Core
from clawc.spec.types import FileType
from clawc.stdlib.checks.compare import OneOf, Percent
from clawc.stdlib.checks.kinds import plain
from clawc.stdlib.checks.sets import Files
from clawc.stdlib.checks.values import MISSING, Cell, File, No, Range, Table, Unordered

WIDTH = 108


class Shape(NamedTuple):
    """A piece of source that can be laid out on one line or, bracketed, on several."""

    head: str
    parts: list[Any]  # Shape or str
    tail: str

    def flat(self) -> str:
        return self.head + ", ".join(p if isinstance(p, str) else p.flat() for p in self.parts) + self.tail


def layout(shape: Shape | str, indent: int, used: int, after: int = 0) -> str:
    """Source text of a shape; `used` columns are taken on its first line, `after` are needed behind it."""
    if isinstance(shape, str):
        return shape
    flat = shape.flat()
    if "\n" not in flat and used + len(flat) + after <= WIDTH:
        return flat
    if not shape.parts:
        return flat
    inner = indent + 4
    pad = " " * inner
    lines = [pad + layout(part, inner, inner, 1) + "," for part in shape.parts]
    return shape.head + "\n" + "\n".join(lines) + "\n" + " " * indent + shape.tail


class Printer:
    """Prints the expressions of one checker; collects constants and the names of primitives."""

    def __init__(self, kinds: Mapping[str, str] | None = None) -> None:
        self.kinds = kinds or {}  # of the deliverables
        self.constants: dict[str, Any] = {}  # module-level names, in order of use
        self.primitives: set[str] = set()
        self.rows: dict[int, str] = {}
        self.locals: dict[int, str] = {}  # sealed LetRef values, by identity, to local names

    def expression(self, node: Core) -> Shape | str:
        """An expression of the language as one of Python."""
        if isinstance(node, Const):
            return self._constant(node)
        if isinstance(node, core.LetRef):
            return self.locals[id(node.value)] if id(node.value) in self.locals else self.expression(node.value)
        if isinstance(node, core.Call):
            return self._call(node)
        if isinstance(node, core.Deliverable):
            return self._deliverable(node)
        if isinstance(node, core.Workspace):
            return "ws"
        if isinstance(node, core.Run):
            self.primitives.add("job")
            return f'job(ws, "{job_id(node.number)}")'
        if isinstance(node, core.Col):
            row = self.rows[node.row]
            if node.sure:
                return f"{row}[{text(node.name)}]"
            self.primitives.add("get")
            return f"get({row}, {text(node.name)})"
        if isinstance(node, core.Var):
            return self.rows[node.id]
        if isinstance(node, core.Lambda):
            return self._lambda(node)
        if isinstance(node, core.Items):
            parts = [self.expression(i) for i in node.items]
            return Shape(
                "(" if node.tuple else "[",
                parts,
                ",)" if node.tuple and len(parts) == 1 else ")" if node.tuple else "]",
            )
        if isinstance(node, core.Record):
            return Shape("{", [_pair(self.expression(k), self.expression(v)) for k, v in node.entries], "}")
        return self._logic(node)

    def _deliverable(self, node: core.Deliverable) -> str:
        if node.shape != "file":
            self.primitives.add(f"file_{node.shape}")
            return f'file_{node.shape}(ws, "{node.name}")'
        if node.raw:
            return f'ws.raw("{node.name}")'
        if node.job < 0:
            return f'ws["{node.name}"]'
        self.primitives.add("made")
        parser = PARSED_BY.get(node.type.kind if isinstance(node.type, FileType) else "", "")
        parse = "" if parser in ("", "text_of") else f", {parser}"
        if parse:
            self.primitives.add(parser)
        return f'made(ws, "{node.name}", "{job_id(node.job)}"{parse})'

    def _call(self, node: core.Call) -> Shape:
        node = lean(node, self.kinds)
        self.primitives.add(node.function)
        parts: list[Shape | str] = [self.expression(a) for a in node.args]
        parts += [_pair(name, self.expression(v), "=") for name, v in node.kwargs]
        return Shape(f"{node.function}(", parts, ")")

    def _lambda(self, node: core.Lambda) -> Shape | str:
        name = "r" if not self.rows else f"r{len(self.rows) + 1}"
        self.rows[node.param] = name
        body = self.expression(node.body)
        del self.rows[node.param]
        return _prefixed(f"lambda {name}: ", body)

    def _logic(self, node: core.Logic) -> Shape | str:
        parts = [self.expression(o) for o in node.operands]
        flat = [p if isinstance(p, str) else p.flat() for p in parts]
        if node.op == "not":
            return _prefixed("not ", parts[0]) if not isinstance(node.operands[0], core.Logic) else f"not ({flat[0]})"
        if node.op == "if":
            return f"({flat[1]} if {flat[0]} else {flat[2]})"
        return f"({flat[0]} {node.op} {flat[1]})"

    def _constant(self, node: Const) -> Shape | str:
        value = node.value
        shape = self.value(value)
        flat = shape if isinstance(shape, str) else shape.flat()
        if not isinstance(value, (Table, File, Files)) and (len(flat) <= 60 or not node.name):
            return shape
        name = self._name(node, flat)
        return name

    def _name(self, node: Const, flat: str) -> str:
        known = node.value.name if isinstance(node.value, File) else node.name
        base = re.sub(r"[^A-Za-z0-9]+", "_", known).strip("_").upper() or "EXPECTED"
        name, number = base, 1
        taken = library().definitions
        while name in taken or (name in self.constants and self._flat(self.constants[name]) != flat):
            number += 1
            name = f"{base}_{number}"
        self.constants.setdefault(name, node.value)
        return name

    def _flat(self, value: Any) -> str:
        shape = self.value(value)
        return shape if isinstance(shape, str) else shape.flat()

    def value(self, value: Any) -> Shape | str:
        """A value as a Python expression that makes it again."""
        if value is None or isinstance(value, (bool, int)):
            return repr(value)
        if isinstance(value, bytes):
            return repr(value)
        if isinstance(value, Decimal):
            self.primitives.add("Decimal")
            return f'Decimal("{plain(value)}")'
        if isinstance(value, Cell):
            self.primitives.add("Cell")
            return f"Cell({text(str(value))})"
        if isinstance(value, str):
            return text(value)
        if isinstance(value, datetime):
            return self._datetime(value)
        if isinstance(value, date):
            self.primitives.add("datetime")
            return f"datetime.date({value.year}, {value.month}, {value.day})"
        if isinstance(value, timedelta):
            self.primitives.add("datetime")
            return f"datetime.timedelta(days={value.days}, seconds={value.seconds}, microseconds={value.microseconds})"
        if isinstance(value, re.Pattern):
            self.primitives.add("re")
            return f"re.compile({text(str(value.pattern))})"  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
        return self._compound(value)

    def _datetime(self, value: datetime) -> str:
        self.primitives.add("datetime")
        parts = [value.year, value.month, value.day, value.hour, value.minute, value.second]
        if value.microsecond:
            parts.append(value.microsecond)
        zone = ""
        if value.tzinfo is not None:
            offset = value.utcoffset() or timedelta(0)
            zone = ", tzinfo=datetime.timezone.utc" if offset == timedelta(0) else (
                f", tzinfo=datetime.timezone(datetime.timedelta(seconds={int(offset.total_seconds())}))")  # fmt: skip
        return f"datetime.datetime({', '.join(str(p) for p in parts)}{zone})"

    def _compound(self, value: Any) -> Shape | str:
        if isinstance(value, Files):
            self.primitives.add("Files")
            pairs = [_pair(text(path), self.value(file)) for path, file in value.files.items()]
            return Shape("Files(", [text(value.folder), Shape("{", pairs, "}")], ")")
        if isinstance(value, File):
            # An input that is read under a row of the agent's: its pristine bytes travel with the checker.
            self.primitives.add("File")
            return Shape("File(", [text(value.name), text(value.path), text(value.kind), repr(value.data)], ")")
        if isinstance(value, No):
            return "False"
        if value is MISSING:
            self.primitives.add("MISSING")
            return "MISSING"
        if isinstance(value, Range):
            self.primitives.add("Range")
            return Shape("Range(", [self.value(value.low), self.value(value.high)], ")")
        if isinstance(value, Percent):
            self.primitives.add("Percent")
            return Shape("Percent(", [self.value(value.value)], ")")
        if isinstance(value, OneOf):
            self.primitives.add("one_of")
            return Shape("one_of(", [self.value(v) for v in value.values], ")")
        if isinstance(value, Unordered):
            self.primitives.add("Unordered")
            return Shape("Unordered(", [Shape("[", [self.value(v) for v in value], "]")], ")")
        if isinstance(value, Table):
            return self._table(value)
        if isinstance(value, dict):
            pairs = [_pair(self.value(k), self.value(v)) for k, v in value.items()]  # pyright: ignore[reportUnknownVariableType]
            return Shape("{", pairs, "}")
        assert isinstance(value, (list, tuple)), f"no source for {type(value).__name__}"
        inner = [self.value(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
        if isinstance(value, tuple):
            return Shape("(", inner, ",)" if len(inner) == 1 else ")")
        return Shape("[", inner, "]")

    def _table(self, value: Table) -> Shape:
        self.primitives.add("Table")
        parts: list[Shape | str] = [self.value(value.columns), self._table_rows(value, value.rows)]
        if value.blocks is not None:
            blocks = f"[1] * {len(value.rows)}" if all(b == 1 for b in value.blocks) else repr(list(value.blocks))
            parts.append(f"blocks={blocks}")
        if value.spare:
            parts.append(_pair("spare", self._table_rows(value, value.spare), "="))
        return Shape("Table(", parts, ")")

    def _table_rows(self, value: Table, rows: list[dict[str, Any]]) -> Shape:
        lines = [Shape("(", [self.value(row.get(c)) for c in value.columns], ",)" if len(value.columns) == 1 else ")")
                 for row in rows]  # fmt: skip
        return Shape("[", list(lines), "]")


def _prefixed(prefix: str, shape: Shape | str) -> Shape | str:
    return prefix + shape if isinstance(shape, str) else Shape(prefix + shape.head, shape.parts, shape.tail)


def _pair(key: Shape | str, value: Shape | str, between: str = ": ") -> Shape | str:
    flat = key if isinstance(key, str) else key.flat()
    return _prefixed(flat + between, value)


def keyword_argument(name: str, value: Shape | str) -> Shape | str:
    """`name=value` of a call."""
    return _prefixed(name + "=", value)


def text(value: str) -> str:
    """A Python string literal; everything that is not plainly printable is escaped."""
    body = repr(value)
    return body if body.startswith('"') or '"' in body else '"' + body[1:-1].replace("\\'", "'") + '"'


def job_id(number: int) -> str:
    """The name of a job in the bundle."""
    return f"run_{number + 1}"
