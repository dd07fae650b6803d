"""A value left out of the list in which something is looked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from clawc.compiler.adequacy.mutant import Hint, Neighbour, Site, Vary
from clawc.spec import ast, core
from clawc.stdlib.checks.values import MISSING

MAX_VALUES = 6


def values(site: Site) -> Iterator[Neighbour]:
    """Each value of a short list left out."""
    node, at = site.node, site.written
    if not isinstance(node, core.Call) or not isinstance(at, ast.Compare) or not isinstance(at.right, ast.ListOf):
        return
    listed = node.args[1]
    if not isinstance(listed, core.Items) or not node.args[0].free:
        return
    if not 2 <= len(listed.items) <= MAX_VALUES or len(at.right.items) != len(listed.items):
        return
    texts = [site.shown(item.span) for item in at.right.items]
    for place, item in enumerate(listed.items):
        rest = replace(listed, items=(*listed.items[:place], *listed.items[place + 1 :]))
        after = site.with_part(at.span, at.right.span, f"[{', '.join(texts[:place] + texts[place + 1 :])}]")
        value = site.settled(item)
        hint = Hint((Vary(node.args[0], () if value is MISSING else (value,)),))
        yield Neighbour(
            replace(node, args=(node.args[0], rest)), at.right.items[place].span, site.shown(at.span), after, hint
        )
