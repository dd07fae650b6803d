"""An inner join for a left one and the other way round, and a key of a join left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from clawc.compiler.adequacy.mutant import Hint, Neighbour, Site, Vary
from clawc.spec import ast, core
from clawc.spec.core import Const, Core
from clawc.spec.types import ANY, TEXT, ListType
from clawc.stdlib.checks.kinds import list_in

OTHER = {"join": "left_join", "left_join": "join"}


def kinds(site: Site) -> Iterator[Neighbour]:
    """Rows without a partner kept or lost."""
    node, at = site.node, site.written
    if not isinstance(node, core.Call) or not isinstance(at, ast.Stage) or at.verb.text != node.function or not at.on:
        return
    vary = tuple(Vary(site.column(node.args[0], key.left.text)) for key in at.on)
    other = OTHER[node.function]
    after = site.with_part(at.span, at.verb.span, other)
    yield Neighbour(replace(node, function=other), at.span, site.shown(at.span), after, Hint(vary))


def keys(site: Site) -> Iterator[Neighbour]:
    """Each of several keys left out."""
    node, at = site.node, site.written
    if not isinstance(node, core.Call) or not isinstance(at, ast.Stage) or at.verb.text != node.function:
        return
    on = node.args[-1]
    pairs: list[tuple[str, str]] = list_in(on.value) or [] if isinstance(on, Const) else []
    if len(pairs) < 2 or len(pairs) != len(at.on):
        return
    partner = len(node.args) - 2
    texts = [site.shown(key.span) for key in at.on]
    for place, (left, right) in enumerate(pairs):
        rest = Const(pairs[:place] + pairs[place + 1 :], ANY, on.span)
        other: Core = node.args[partner]
        if left == right and node.function in OTHER:  # it would come twice
            other = core.call("drop", [other, Const([right], ListType(TEXT), on.span)], other.type, other.span)
        args = (*node.args[:partner], other, rest)
        head = site.slice(at.span.start, at.on[0].span.start)
        after = f"{head} {', '.join(texts[:place] + texts[place + 1 :])}"
        vary = (Vary(site.column(node.args[0], left)), Vary(site.column(node.args[partner], right)))
        yield Neighbour(replace(node, args=args), at.on[place].span, site.shown(at.span), after, Hint(vary))
