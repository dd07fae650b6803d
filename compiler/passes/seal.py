"""Binding time made real: static parts of dynamic expressions become constants, evaluated on the pristine inputs."""

from __future__ import annotations

from clawc.compiler.elaborate.context import TaskState
from clawc.compiler.passes.evaluate import evaluate
from clawc.spec import core
from clawc.spec.core import Const, Core


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
            return core.call(node.function, [self.seal(a) for a in node.args], node.type, node.span, **kwargs)
        if isinstance(node, core.Lambda):
            return core.row_lambda(node.param, self.seal(node.body))
        if isinstance(node, core.Items):
            return core.items([self.seal(i) for i in node.items], node.type, node.span, as_tuple=node.tuple)
        if isinstance(node, core.Record):
            return core.record([(self.seal(k), self.seal(v)) for k, v in node.entries], node.type, node.span)
        if isinstance(node, core.Logic):
            return core.logic(node.op, [self.seal(o) for o in node.operands], node.type, node.span)
        return node


def _is_code(node: Core) -> bool:
    """Row expressions, and the lists and records that hold them, are arguments of primitives and no values."""
    if isinstance(node, (core.Items, core.Record)):
        return any(_is_code(child) for child in core.children(node))
    return isinstance(node, core.Lambda)
