"""`distinct` left out, or with fewer keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from clawc.compiler.adequacy.mutant import Hint, Neighbour, Site, Vary
from clawc.spec import ast, core


def distincts(site: Site) -> Iterator[Neighbour]:
    """All of it left out, and each of several keys."""
    node, at = site.node, site.written
    name = at.verb.text if isinstance(at, ast.Stage) else at.function.text if isinstance(at, ast.CallOf) else ""
    if not isinstance(node, core.Call) or name != "distinct":
        return
    before = site.shown(at.span)
    yield Neighbour(node.args[0], at.span, before, "", Hint(duplicate=True))
    if len(node.args) < 2 or not isinstance(at, ast.Stage):
        return
    listed = node.args[1]
    if not isinstance(listed, core.Items) or len(listed.items) < 2 or len(listed.items) != len(at.args):
        return
    texts = [site.shown(a.span) for a in at.args]
    for place, key in enumerate(listed.items):
        rest = replace(listed, items=(*listed.items[:place], *listed.items[place + 1 :]))
        vary = (Vary(key.body),) if isinstance(key, core.Lambda) else ()
        after = f"distinct {', '.join(texts[:place] + texts[place + 1 :])}"
        yield Neighbour(replace(node, args=(node.args[0], rest)), at.args[place].span, before, after, Hint(vary))
