"""Binding time made real: static parts of dynamic expressions become constants, evaluated on the pristine inputs."""

from __future__ import annotations

from dataclasses import replace

from clawc.compiler.elaborate.context import TaskState
from clawc.compiler.passes.evaluate import PARTS, evaluate, null_for_missing
from clawc.spec import core
from clawc.spec.core import Const, Core
from clawc.spec.types import NULL
from clawc.stdlib.checks.values import MISSING, Table


class Sealer:
    """Seals the expressions of one task; a node that is shared is sealed once. Raises EvaluationFault."""

    def __init__(self, task: TaskState) -> None:
        self.task = task
        self._done: dict[int, Core] = {}
        self._keep: list[Core] = []

    def seal(self, node: Core) -> Core:
        """The same expression with every closed static part as a Const."""
        if id(node) in self._done:
            return self._done[id(node)]
        made = self._seal(node)
        self._done[id(node)] = made
        self._keep.append(node)
        return made

    def _seal(self, node: Core) -> Core:
        if isinstance(node, Const):
            return node
        if not node.dynamic and not node.free and not _is_code(node):
            name = node.name if isinstance(node, core.LetRef) else ""
            return Const(evaluate(node, self.task), node.type, node.span, name)
        if isinstance(node, core.LetRef):
            value = self.seal(node.value)
            return core.LetRef(node.name, value, node.type, node.span, node.dynamic, node.free)
        if isinstance(node, core.Call):
            kwargs = {name: self.seal(value) for name, value in node.kwargs}
            args = [self.seal(a) for a in node.args]
            if args and isinstance(args[0], Const):
                return self._of_constant(node, args, kwargs)
            return core.call(node.function, args, node.type, node.span, **kwargs)
        if isinstance(node, core.Lambda):
            return core.row_lambda(node.param, self.seal(node.body))
        if isinstance(node, core.Items):
            return core.items([self.seal(i) for i in node.items], node.type, node.span, as_tuple=node.tuple)
        if isinstance(node, core.Record):
            return core.record([(self.seal(k), self.seal(v)) for k, v in node.entries], node.type, node.span)
        if isinstance(node, core.Logic):
            return core.logic(node.op, [self.seal(o) for o in node.operands], node.type, node.span)
        return node

    def _of_constant(self, node: core.Call, args: list[Core], kwargs: dict[str, Core]) -> Core:
        """A call over a sealed value, of which a key that is absent is null: as a part, and in a row expression."""
        whole = args[0]
        if isinstance(whole, Const) and isinstance(whole.value, Table) and any(_is_code(a) for a in node.args):
            args[0] = replace(whole, value=_with_nulls(whole.value))
        made = core.call(node.function, args, node.type, node.span, **kwargs)
        if node.function not in PARTS:
            return made
        return core.call("coalesce", [made, Const(None, NULL, node.span)], node.type, node.span)


def _with_nulls(t: Table) -> Table:
    """A table with null in the cells that it lacks; the same table where it lacks none."""
    if not any(value is MISSING for row in [*t.rows, *t.spare] for value in row.values()):
        return t
    rows, spare = ([{k: null_for_missing(v) for k, v in row.items()} for row in part] for part in (t.rows, t.spare))
    return Table(t.columns, rows, t.blocks, spare)


def _is_code(node: Core) -> bool:
    """Row expressions, and the lists and records that hold them, are arguments of primitives and no values."""
    if isinstance(node, (core.Items, core.Record)):
        return any(_is_code(child) for child in core.children(node))
    return isinstance(node, core.Lambda)
