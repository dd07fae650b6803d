"""The static query of a task as a graph: the sealed parts of its checks, the nodes below them, and what reads what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from clawc.compiler.model import Task
from clawc.spec import core
from clawc.spec.core import Core
from clawc.stdlib.checks.kinds import list_in
from clawc.stdlib.checks.tables import row_of
from clawc.stdlib.checks.values import MISSING, Table

MAX_NODES = 20_000
MAX_SAMPLE = 200


@dataclass(frozen=True, slots=True)
class Root:
    """A closed static node whose value is sealed into a condition; `parent` is the dynamic call that uses it.

    `demanded`: the condition is that call, or holds only if it does.
    """

    check: str
    expect: int
    node: Core
    parent: Core
    demanded: bool


@dataclass(slots=True)
class Graph:
    """`nodes` are all static ones, in the order of the source; `rows` says over which table a row or group runs."""

    roots: list[Root] = field(default_factory=list[Root])
    nodes: dict[int, Core] = field(default_factory=dict[int, Core])
    parents: dict[int, list[Core]] = field(default_factory=dict[int, list[Core]])
    rows: dict[int, Core] = field(default_factory=dict[int, Core])
    values: dict[int, Any] = field(default_factory=dict[int, Any])
    known: dict[int, Core] = field(default_factory=dict[int, Core])  # static and dynamic ones

    def above(self, nodes: Iterable[Core]) -> dict[int, Core]:
        """The nodes themselves and all that are built on them."""
        found: dict[int, Core] = {}
        stack = list(nodes)
        while stack:
            at = stack.pop()
            if id(at) not in found:
                found[id(at)] = at
                stack.extend(self.parents.get(id(at), ()))
        return found

    def closed(self, nodes: Iterable[Core]) -> list[Core]:
        """The lowest nodes above these, or these themselves, that have a value of their own."""
        found: dict[int, Core] = {}
        seen: set[int] = set()
        stack = list(nodes)
        while stack:
            at = stack.pop()
            if id(at) in seen:
                continue
            seen.add(id(at))
            if at.free or at.dynamic or is_code(at):
                stack.extend(self.parents.get(id(at), ()))
            else:
                found[id(at)] = at
        return list(found.values())

    def value(self, node: Core) -> Any:
        """The value of a closed node on the inputs as they are; MISSING where it is not known."""
        while isinstance(node, core.LetRef):
            node = node.value
        return node.value if isinstance(node, core.Const) else self.values.get(id(node), MISSING)

    def table_of(self, row: int) -> Core | None:
        """The node whose rows a row, or the rows of a group, are taken from."""
        node = self.rows.get(row)
        while isinstance(node, (core.LetRef, core.Var)):
            node = node.value if isinstance(node, core.LetRef) else self.rows.get(node.id)
        return node

    def rows_of(self, row: int) -> list[dict[str, Any]]:
        """The first rows that a row stands for."""
        node = self.table_of(row)
        value = MISSING if node is None else self.value(node)
        listed = value.rows if isinstance(value, Table) else list_in(value) or []
        return [r for r in map(row_of, listed[:MAX_SAMPLE]) if isinstance(r, dict)]


def graph_of(task: Task) -> Graph:
    """The graph of all checks; an empty one where it would be too large."""
    graph = Graph()
    for check in task.checks:
        for place, expect in enumerate(check.expects):
            _enter(graph, check.name, place, expect.core, check.kind != "forbid")
            if len(graph.parents) > MAX_NODES:
                return Graph()
    return graph


def is_code(node: Core) -> bool:
    """Row expressions, and the lists and records that hold them, are no values."""
    if isinstance(node, (core.Items, core.Record)):
        return any(is_code(child) for child in core.children(node))
    return isinstance(node, core.Lambda)


def _enter(graph: Graph, check: str, place: int, top: Core, wanted: bool) -> None:
    """Enters one condition; parts that other conditions have too are entered once, their roots each time."""
    demanded = {id(node) for node in _conjuncts(top)} if wanted else set[int]()
    seen: set[int] = set()
    stack: list[tuple[Core, Core, bool]] = [(top, top, False)]
    while stack:
        node, parent, static = stack.pop()
        if node is not parent:
            known = graph.parents.setdefault(id(node), [])
            if not any(p is parent for p in known):
                known.append(parent)
        if not static and not node.dynamic and not node.free and not is_code(node):
            static = True
            if not isinstance(node, core.Const):
                graph.roots.append(Root(check, place, node, parent, id(parent) in demanded))
        if id(node) in seen:
            continue
        seen.add(id(node))
        graph.known[id(node)] = node
        if static:
            if id(node) in graph.nodes:
                continue
            graph.nodes[id(node)] = node
        if isinstance(node, core.Call) and node.args:
            for part in core.children(node)[1:]:
                for made in _lambdas(part):
                    graph.rows.setdefault(made.param, node.args[0])
        stack.extend((child, node, static) for child in reversed(core.children(node)))


def _conjuncts(top: Core) -> list[Core]:
    """The conditions that must all hold for the whole to hold."""
    found: list[Core] = []
    stack = [top]
    while stack:
        at = stack.pop()
        if isinstance(at, core.LetRef):
            stack.append(at.value)
        elif isinstance(at, core.Logic) and at.op == "and":
            stack.extend(at.operands)
        else:
            found.append(at)
    return found


def _lambdas(node: Core) -> list[core.Lambda]:
    """The row expressions of an argument."""
    if isinstance(node, core.Lambda):
        return [node]
    if isinstance(node, (core.Items, core.Record)):
        return [made for child in core.children(node) for made in _lambdas(child)]
    return []
