"""What a task is once names, constants and data are taken away, as one digest.

Two tasks that differ in words, values, paths and numbers of rows have the same; another verb, function, operator, order of a sort,
format, or one deliverable more gives another. Read from the typed core, so that a `let` or `def` is what it stands for.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import cast

from clawc.compiler.model import CheckDecl, DeliverDecl, InputFile, Task
from clawc.compiler.pipeline import Compiled
from clawc.spec import core
from clawc.spec.core import Core
from clawc.spec.functions import DIRT_NAMES
from clawc.spec.types import ListType, RangeType, RecordType, Simple, TableType, Type
from clawc.stdlib.checks.sets import Files
from clawc.stdlib.checks.values import File, Table

_CALLED = re.compile(r"\b([a-z_]+)\s*\(")
_PLAIN = re.compile(r"""\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|\b\d[\d_.]*""")
_MAX_SCRIPT = 1 << 20  # bytes
_VERSION = "1"  # of what goes into the digest; another one is not comparable


def structure(compiled: Compiled) -> str:
    """The digest, 64 hexadecimal digits. Takes well below 3 ms; nothing is evaluated or parsed again."""
    return hashlib.sha256("\n".join(described(compiled)).encode()).hexdigest()


def data_hash(compiled: Compiled) -> str:
    """The digest of the pristine bytes of all files that the task brings, hidden ones included; their names and order do not
    count."""
    task = compiled.task
    digests = sorted(hashlib.sha256(f.data).digest() for f in (*task.inputs, *task.placed, *task.hidden))
    return hashlib.sha256(b"".join(digests)).hexdigest()


def described(compiled: Compiled) -> list[str]:
    """What the digest is made of, line by line, to see why two tasks are or are not the same."""
    task = compiled.task
    walk = _Walk(
        {d.name: at for at, d in enumerate(task.delivers)}, {i.file.path: i for i in (*task.inputs, *task.hidden)}
    )
    lines = [_VERSION, f"turns {len(task.turns)}", f"links {len(task.links)}", f"repos {len(task.repos)}"]
    lines += [_deliverable(task, d) for d in task.delivers]
    for check in task.checks:
        lines += walk.check(check, [c.name for c in task.checks])
    for write in task.writes:
        lines.append(f"write {walk.deliverables.get(write.name, -1)} {walk.said(write.core)}")
    lines += [f"rubric {len(r.reads)} {len(r.criteria)} {len(r.after)}" for r in task.rubrics]
    for job in task.context.task.jobs:
        code = " ".join(sorted(_program(path, data) for path, data in job.files))
        lines.append(f"job {bool(job.stdin)} {len(job.without)} {job.alone} {job.whole} {job.transcript} {code}")
    # What no check reads is there all the same; in which order it is written does not matter.
    unread = [i for path, i in walk.inputs.items() if path not in walk.read]
    lines += sorted(f"input {_input(i, i.file in [h.file for h in task.hidden])}" for i in unread)
    lines += sorted(f"dirt {' '.join(_dirt(task, found.span))}" for found in task.context.task.dirt)
    return lines


def _deliverable(task: Task, d: DeliverDecl) -> str:
    edited = next((i.file.kind for i in task.inputs if i.file.path == d.edits), "tree") if d.edits else ""
    parts = (
        d.kind, d.shape, edited, _size(d.columns), _size(d.keys), _size(d.sections), d.extra_columns, d.column_order,
        bool(d.made_by), d.least > 0, d.most is None, d.only,
    )  # fmt: skip
    return "deliver " + " ".join(str(part) for part in parts)


def _size(names: tuple[str, ...] | None) -> int:
    return -1 if names is None else len(names)


def _input(item: InputFile, hidden: bool = False) -> str:
    data = item.data
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif data.startswith(b"\xef\xbb\xbf"):
        encoding = "bom"
    else:
        encoding = "utf-8" if _is_utf8(data) else "bytes"
    ends = "crlf" if encoding != "bytes" and b"\r\n" in data.replace(b"\0", b"") else "lf"
    return f"{item.file.kind} {encoding} {ends} {'hidden' if hidden else 'shown'} {item.mode & 0o111:o}"


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _program(path: str, data: bytes) -> str:
    """A file of a job: of a script what it does, without texts and numbers; of any other its ending."""
    ending = path.rsplit(".", 1)[-1] if "." in path else ""
    if ending not in ("py", "sh") or len(data) > _MAX_SCRIPT:
        return ending or "file"
    code = _PLAIN.sub("#", data.decode("utf-8", "replace"))
    return f"{ending}:{hashlib.sha256(' '.join(code.split()).encode()).hexdigest()[:16]}"


def _dirt(task: Task, span: tuple[int, int]) -> list[str]:
    """The kinds of dirt of one table, in their order: they are applied in it."""
    return [name for name in _CALLED.findall(task.source.text[span[0] : span[1]]) if name in DIRT_NAMES]


@dataclass(slots=True)
class _Walk:
    """Numbers names by their first use; what is shared is told once."""

    deliverables: dict[str, int]
    inputs: dict[str, InputFile]
    names: dict[str, int] = field(default_factory=dict[str, int])
    rows: dict[int, int] = field(default_factory=dict[int, int])
    shared: dict[int, int] = field(default_factory=dict[int, int])
    read: dict[str, int] = field(default_factory=dict[str, int])
    told: int = 0  # nodes so far: where one that is shared was told

    def check(self, check: CheckDecl, order: list[str]) -> list[str]:
        """One line for the check and one for each of its expects; weights are values."""
        after = sorted(order.index(name) for name in check.after if name in order)
        return [f"{check.kind} {check.partial} {after}", *(f"expect {self.said(e.core)}" for e in check.expects)]

    def said(self, node: Core) -> str:
        """The core as text."""
        parts: list[str] = []
        self._tell(node, parts)
        return " ".join(parts)

    def _tell(self, node: Core, to: list[str]) -> None:
        if isinstance(node, core.LetRef):
            value = node.value
            if id(value) in self.shared:
                to.append(f"as{self.shared[id(value)]}")
            else:
                self.shared[id(value)] = self.told
                self._tell(value, to)
            return
        self.told += 1
        if isinstance(node, core.Const):
            to.append(self._value(node.value, node.type))
        elif isinstance(node, core.Col):
            to.append(f"{self._row(node.row)}.{self._name(node.name)}")
        elif isinstance(node, core.Var):
            to.append(self._row(node.id))
        elif isinstance(node, core.Deliverable):
            to.append(f"deliverable{self.deliverables.get(node.name, -1)}{'!' if node.raw else ''}")
        elif isinstance(node, core.Workspace):
            to.append("workspace")
        elif isinstance(node, core.Run):
            to.append(f"run{node.number}")
        else:
            self._compound(node, to)

    def _compound(self, node: core.Call | core.Lambda | core.Items | core.Record | core.Logic, to: list[str]) -> None:
        if isinstance(node, core.Call):
            to.append(f"{node.function}(")
            for arg in node.args:
                self._tell(arg, to)
            for name, value in node.kwargs:
                if name != "types":  # follows from the type of what is read
                    to.append(f"{name}=")
                    self._tell(value, to)
            to.append(")")
            if node.args and isinstance(node.args[0], core.Const) and isinstance(node.args[0].value, File):
                to.append(f":{self._type(node.type)}")
        elif isinstance(node, core.Lambda):
            to.append(f"row {self._row(node.param)}:")
            self._tell(node.body, to)
        elif isinstance(node, core.Items):
            self._items(node, to)
        elif isinstance(node, core.Record):
            to.append("{")
            for key, value in node.entries:
                plain = isinstance(key, core.Const) and isinstance(key.value, str)
                to.append(
                    f"{self._name(str(key.value))}:"
                    if plain and isinstance(key, core.Const)
                    else f"[{self.said(key)}]:"
                )
                self._tell(value, to)
            to.append("}")
        else:
            to.append(f"{node.op}(")
            for operand in node.operands:
                self._tell(operand, to)
            to.append(")")

    def _items(self, node: core.Items, to: list[str]) -> None:
        """A list of plain values is its type; how many there are is data."""
        values = [
            self._value(i.value, i.type)
            for i in node.items
            if isinstance(i, core.Const) and not isinstance(i.value, (bool, File))
        ]
        if values and len(values) == len(node.items) and len(set(values)) == 1 and not node.tuple:
            to.append(f"list {values[0]}")
            return
        to.append("[")
        for item in node.items:
            self._tell(item, to)
        to.append("]")

    def _value(self, value: object, type: Type) -> str:
        if value is None or isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, File):
            return self._file(value)
        if isinstance(value, Files):
            return "tree " + " ".join(sorted({f.kind for f in value.files.values()}))
        if isinstance(value, Table):
            return f"rows {self._type(type)}"
        if isinstance(value, str):
            return "text"
        if isinstance(value, (int, float, Decimal)):
            return "number"
        if isinstance(value, datetime):
            return "time"
        if isinstance(value, date):
            return "date"
        if isinstance(value, (list, tuple)):
            # Pairs of names, as a join has them.
            parts = cast("list[object] | tuple[object, ...]", value)
            pairs = [cast("tuple[object, ...]", p) for p in parts if isinstance(p, tuple)]
            if pairs and len(pairs) == len(parts):
                return "on " + " ".join("=".join(self._name(str(n)) for n in pair) for pair in pairs)
            return "list " + " ".join(sorted({self._value(part, type) for part in parts}))
        return self._type(type)

    def _file(self, file: File) -> str:
        if file.path in self.read:
            return f"file{self.read[file.path]}"
        self.read[file.path] = len(self.read)
        item = self.inputs.get(file.path)
        return f"file{self.read[file.path]}<{file.kind if item is None else _input(item)}>"

    def _name(self, name: str) -> str:
        return f"n{self.names.setdefault(name, len(self.names))}"

    def _row(self, id: int) -> str:
        return f"r{self.rows.setdefault(id, len(self.rows))}"

    def _type(self, type: Type) -> str:
        """Types of columns in their order; names do not count."""
        if isinstance(type, Simple):
            return type.name
        if isinstance(type, TableType):
            return f"table({','.join(self._type(t) for _, t in type.columns)})"
        if isinstance(type, RecordType):
            return f"record({','.join(self._type(t) for _, t in type.fields)})"
        if isinstance(type, (ListType, RangeType)):
            return f"{'list' if isinstance(type, ListType) else 'range'}({self._type(type.element)})"
        return f"file({type.kind})"
