"""Where the columns of a query come from: back through its verbs to the columns of the tables that are read."""

from __future__ import annotations

from typing import NamedTuple

from clawc.compiler.adequacy.graph import Graph
from clawc.compiler.adequacy.sources import Input
from clawc.compiler.adequacy.substitute import rebuilt
from clawc.spec import core
from clawc.spec.core import Const, Core
from clawc.spec.types import TableType

MAX_DEPTH = 60
KEEPING = ("where", "sort", "take", "distinct", "semi_join", "anti_join", "unordered", "ordered", "except_rows", "intersect",
           "table", "drop", "unpivot", "pivot", "only", "first", "last")  # fmt: skip


class Origin(NamedTuple):
    """A column of a table that is read."""

    input: Input
    column: str


class Lineage:
    """Traces the columns of one task; `inputs` are its tables by the nodes that read them."""

    def __init__(self, graph: Graph, inputs: dict[int, Input]) -> None:
        self.graph = graph
        self.inputs = inputs

    def leaves(self, expression: Core) -> list[Origin]:
        """The columns of inputs that an expression of a row depends on, in the order in which it reads them."""
        found: dict[tuple[str, str], Origin] = {}
        self._leaves(expression, found, 0)
        return list(found.values())

    def inlined(self, expression: Core) -> Core | None:
        """The expression over rows of inputs alone; None where it depends on more than one row of a table."""
        try:
            return self._inlined(expression, 0)
        except LookupError:
            return None

    def column(self, col: core.Col) -> Origin | Core | None:
        """Where a column comes from: an input, or the expression that computes it."""
        table = self.graph.table_of(col.row)
        return None if table is None else self._resolve(table, col.name, 0)

    def _leaves(self, node: Core, found: dict[tuple[str, str], Origin], depth: int) -> None:
        if depth > MAX_DEPTH:
            return
        for part in core.walk(node):
            if isinstance(part, core.Col):
                at = self.column(part)
                if isinstance(at, Origin):
                    found.setdefault((at.input.key, at.column), at)
                elif at is not None:
                    self._leaves(at, found, depth + 1)

    def _inlined(self, node: Core, depth: int) -> Core:
        if depth > MAX_DEPTH or isinstance(node, (core.Var, core.Lambda)):
            raise LookupError
        if not isinstance(node, core.Col):
            return node if not node.free else rebuilt(node, lambda part: self._inlined(part, depth + 1))
        at = self.column(node)
        if at is None:
            raise LookupError
        return node if isinstance(at, Origin) else self._inlined(at, depth + 1)

    def _resolve(self, table: Core, name: str, depth: int) -> Origin | Core | None:
        while depth < MAX_DEPTH:
            depth += 1
            while isinstance(table, core.LetRef):
                table = table.value
            read = self.inputs.get(id(table))
            if read is not None:
                return Origin(read, name) if name in read.columns else None
            if not isinstance(table, core.Call) or not table.args:
                return None
            made = _made(table, name)
            if made is not None:
                return made.body
            if table.function in ("join", "left_join", "cross_join"):
                table = table.args[0] if self._has(table.args[0], name) else table.args[1]
            elif table.function == "nest_join":
                if isinstance(table.args[1], Const) and table.args[1].value == name:
                    return None
                table = table.args[0]
            elif table.function == "union":
                found = (self._resolve(part, name, depth) for part in table.args)
                return next((f for f in found if f is not None), None)
            elif table.function == "rename":
                names = table.args[1]
                name = str(names.value.get(name, name)) if isinstance(names, Const) else name
                table = table.args[0]
            elif table.function in (*KEEPING, "derive", "window", "unnest", "typed_table"):
                table = table.args[0]
            else:
                return None
        return None

    def _has(self, table: Core, name: str) -> bool:
        while isinstance(table, core.LetRef):
            table = table.value
        if isinstance(table.type, TableType) and not table.type.open:
            return table.type.get(name) is not None
        return name in getattr(self.graph.value(table), "columns", ())


def _made(table: core.Call, name: str) -> core.Lambda | None:
    """The row expression by which a verb makes a column."""
    if table.function == "unnest" and isinstance(table.args[1], Const) and table.args[1].value == name:
        return table.args[2] if isinstance(table.args[2], core.Lambda) else None
    if table.function not in ("select", "derive", "group", "window"):
        return None
    for part in table.args[1:]:
        if isinstance(part, core.Record):
            for key, value in part.entries:
                if isinstance(key, Const) and key.value == name and isinstance(value, core.Lambda):
                    return value
    return None
