"""Trees with some nodes replaced: only the way from these up to the top is made anew, all else is shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from clawc.spec import core
from clawc.spec.core import Core


def rebuilt(node: Core, parts: Callable[[Core], Core]) -> Core:
    """The same node over other children, each given by `parts`."""
    if isinstance(node, core.LetRef):
        return core.LetRef(node.name, parts(node.value), node.type, node.span, node.dynamic, node.free)
    if isinstance(node, core.Call):
        args = tuple(map(parts, node.args))
        kwargs = tuple((name, parts(value)) for name, value in node.kwargs)
        return core.Call(node.function, args, kwargs, node.type, node.span, node.dynamic, node.free)
    if isinstance(node, core.Lambda):
        return core.Lambda(node.param, parts(node.body), node.type, node.span, node.dynamic, node.free)
    if isinstance(node, core.Items):
        return core.Items(tuple(map(parts, node.items)), node.tuple, node.type, node.span, node.dynamic, node.free)
    if isinstance(node, core.Record):
        entries = tuple((parts(k), parts(v)) for k, v in node.entries)
        return core.Record(entries, node.type, node.span, node.dynamic, node.free)
    if isinstance(node, core.Logic):
        return core.Logic(node.op, tuple(map(parts, node.operands)), node.type, node.span, node.dynamic, node.free)
    return node


class Substitution:
    """Replaces nodes, given by identity; `above` are those that have one of them below, `known` all nodes of the original.

    What is replaced may stand below another that is: a definition that is applied to its own result.
    """

    def __init__(self, replaced: Mapping[int, Core], above: Mapping[int, Core], known: Mapping[int, Core]) -> None:
        self._replaced = replaced
        self._made: dict[int, Core] = {}
        self._above = above
        self._known = known

    def __call__(self, node: Core) -> Core:
        made = self._made.get(id(node))
        if made is not None:
            return made
        other = self._replaced.get(id(node))
        if other is not None:
            made = other if len(self._replaced) == 1 else self._inside(other)
        elif id(node) in self._above:
            made = rebuilt(node, self)
        else:
            return node
        self._made[id(node)] = made
        return made

    def _inside(self, node: Core) -> Core:
        """A replacement, with what it keeps of the original replaced too."""
        return self(node) if id(node) in self._known else rebuilt(node, self._inside)
