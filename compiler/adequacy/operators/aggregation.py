"""Another aggregate: the sum and the greatest, mean and median, least and greatest, all and distinct."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from clawc.compiler.adequacy.mutant import Hint, Neighbour, Site, Vary
from clawc.spec import ast, core
from clawc.spec.core import Core
from clawc.spec.functions import AGGREGATES
from clawc.spec.types import ANY_LIST, NUMBER

EXCHANGED = {
    "total": "largest", "mean": "median", "median": "mean", "smallest": "largest", "largest": "smallest", "first": "last",
    "last": "first", "stddev": "stddev_pop", "stddev_pop": "stddev", "all_of": "set_of", "set_of": "all_of",
}  # fmt: skip
NAMES = {row.python: row.name for row in AGGREGATES}


def aggregates(site: Site) -> Iterator[Neighbour]:
    """The neighbour of one aggregate."""
    node, at = site.node, site.written
    if not isinstance(node, core.Call) or not isinstance(at, (ast.CallOf, ast.Stage)):
        return
    name = at.function if isinstance(at, ast.CallOf) else at.verb
    of = node.args[0]
    each = of.args[1] if isinstance(of, core.Call) and of.function == "each" else None
    vary = (Vary(each.body),) if isinstance(each, core.Lambda) else _column(site, of)
    hint = Hint(vary, twice=node.function in ("mean", "median"))
    if node.function == "count_values":
        if name.text != "count" or len(at.args) != 1:
            return
        made: Core = core.call("count_all", [core.call("set_of", [of], ANY_LIST, node.span)], NUMBER, node.span)
        inner = site.shown(at.args[0].span)
        yield Neighbour(made, at.span, site.shown(at.span), f"count(set({inner}))", hint)
    elif name.text == NAMES.get(node.function):
        other = EXCHANGED[node.function]
        after = site.with_part(at.span, name.span, NAMES[other])
        yield Neighbour(replace(node, function=other), at.span, site.shown(at.span), after, hint)


def _column(site: Site, of: Core) -> tuple[Vary, ...]:
    """The column that a list is."""
    while isinstance(of, core.LetRef):
        of = of.value
    if not isinstance(of, core.Call) or of.function != "column" or not isinstance(of.args[1], core.Const):
        return ()
    return (Vary(site.column(of.args[0], str(of.args[1].value))),)
