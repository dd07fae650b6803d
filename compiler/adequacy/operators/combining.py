"""What `except` and `intersect` compare with left out, and each table of a `union`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from clawc.compiler.adequacy.mutant import Hint, Neighbour, Site, Vary
from clawc.spec import ast, core
from clawc.spec.core import Core
from clawc.spec.types import TableType
from clawc.stdlib.checks.values import Table

MAX_VALUES = 3
MAX_COLUMNS = 4
NAMES = {"except_rows": "except", "intersect": "intersect", "union": "union"}


def operands(site: Site) -> Iterator[Neighbour]:
    """One of the operands left out; `except` and `intersect` keep the distinct rows of the first."""
    node, at = site.node, site.written
    name = at.verb.text if isinstance(at, ast.Stage) else at.function.text if isinstance(at, ast.CallOf) else ""
    if not isinstance(node, core.Call) or name != NAMES[node.function] or not isinstance(at, (ast.CallOf, ast.Stage)):
        return
    before = site.shown(at.span)
    if node.function != "union":
        made = core.call("distinct", [node.args[0]], node.type, node.span)
        yield Neighbour(made, at.span, before, "", Hint(tuple(_columns(site, node.args[0], node.args[1]))))
        return
    piped = len(node.args) - len(at.args)
    for place in range(len(node.args)):
        if len(node.args) > 1 and place >= piped:
            rest = (*node.args[:place], *node.args[place + 1 :])
            arg = at.args[place - piped]
            yield Neighbour(replace(node, args=rest), arg.span, f"{name} with {site.shown(arg.span)}", "", Hint())


def _columns(site: Site, of: Core, other: Core) -> Iterator[Vary]:
    """The columns of the first, with the values that the second has there."""
    value = site.settled(other)
    while isinstance(of, core.LetRef):
        of = of.value
    if isinstance(of, core.Call) and of.function == "column" and isinstance(of.args[1], core.Const):
        values = tuple(value[:MAX_VALUES]) if isinstance(value, list) else ()  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        yield Vary(site.column(of.args[0], str(of.args[1].value)), values)
    elif isinstance(of.type, TableType):
        for name in of.type.names[:MAX_COLUMNS]:
            rows = value.rows if isinstance(value, Table) else []
            yield Vary(site.column(of, name), tuple(row.get(name) for row in rows[:MAX_VALUES]))
