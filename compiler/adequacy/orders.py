"""Whether the order of a table can matter to anything that is compared."""

from __future__ import annotations

from clawc.compiler.adequacy.graph import Graph, Root
from clawc.compiler.adequacy.judging import QUANTIFIERS, SETS
from clawc.spec import core
from clawc.spec.core import Core
from clawc.spec.types import TableType

FREE = frozenset((
    "unordered", "count_all", "count_values", "count_if", "total", "mean", "median", "smallest", "largest", "set_of", "stddev",
    "stddev_pop", "quantile", "share_of", "union", "join", "left_join", "cross_join", "all_rows", "any_row", "none_row",
    "subset", "unique", "record_of",
))  # fmt: skip
PLACED = frozenset(
    ("first", "last", "all_of", "item", "join_text", "lagged", "row_numbers", "running_sums", "numbered", "take")
)


def is_free(graph: Graph, roots: list[Root], node: Core) -> bool:
    """Is nothing that is built on the node of an order? Where that is not sure, no."""
    ends = {id(root.node): root for root in roots}
    stack, seen = [node], set[int]()
    while stack:
        at = stack.pop()
        if id(at) in seen:
            continue
        seen.add(id(at))
        root = ends.get(id(at))
        if root is not None:
            if not _used_without(root):
                return False
            continue
        for parent in graph.parents.get(id(at), ()):
            if not _forgets(parent, at):
                stack.append(parent)
    return True


def _used_without(root: Root) -> bool:
    parent = root.parent
    if isinstance(parent, core.Call) and parent.function in (*QUANTIFIERS, *SETS):
        return True
    compared = isinstance(parent, core.Call) and parent.function == "equal"
    return compared and isinstance(root.node.type, TableType) and not root.node.type.ordered and not root.node.type.open


def _forgets(parent: Core, of: Core) -> bool:
    """Does the value of the parent not depend on the order of the child?"""
    if not isinstance(parent, core.Call):
        return False
    if parent.function in FREE:
        return True
    if parent.function in ("semi_join", "anti_join", "except_rows", "intersect"):
        return any(arg is of for arg in parent.args[1:])
    if parent.function == "distinct":
        return len(parent.args) == 1
    if parent.function == "group":
        return not any(isinstance(n, core.Call) and n.function in PLACED for n in core.walk(parent.args[2]))
    return False
