"""A key of `sort` left out, or in the other direction. What is not sorted stands in the order of the input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from clawc.compiler.adequacy.mutant import Hint, Neighbour, Site, Vary
from clawc.spec import ast, core
from clawc.spec.core import Const, Core
from clawc.spec.types import BOOL


def keys(site: Site) -> Iterator[Neighbour]:
    """Each key left out, and each one turned over."""
    node, at = site.node, site.written
    if not isinstance(node, core.Call) or not isinstance(at, ast.Stage) or at.verb.text != "sort":
        return
    listed = node.args[1]
    if not isinstance(listed, core.Items) or len(listed.items) != len(at.args):
        return
    before = site.shown(at.span)
    for place, pair in enumerate(listed.items):
        if not isinstance(pair, core.Items) or not isinstance(pair.items[0], core.Lambda):
            continue
        key, descending = pair.items
        rest = (*listed.items[:place], *listed.items[place + 1 :])
        sorted_so: Core = replace(node, args=(node.args[0], replace(listed, items=rest))) if rest else node.args[0]
        texts = [site.shown(a.span) for a in at.args]
        hint = Hint(tuple(Vary(k) for k in (pair.items[0].body, *_earlier(listed, place))))
        left = ", ".join(texts[:place] + texts[place + 1 :])
        span = at.args[place].span if rest else at.span
        yield Neighbour(core.call("ordered", [sorted_so], node.type, node.span), span, before,
                        f"sort {left}" if left else "", hint)  # fmt: skip
        turned = isinstance(descending, Const) and not descending.value
        other = replace(pair, items=(key, Const(turned, BOOL, pair.span)))
        flipped = replace(listed, items=(*listed.items[:place], other, *listed.items[place + 1 :]))
        texts[place] = "-" + texts[place] if turned else texts[place].removeprefix("-").strip()
        yield Neighbour(replace(node, args=(node.args[0], flipped)), span, before, f"sort {', '.join(texts)}", hint)


def _earlier(listed: core.Items, place: int) -> Iterator[Core]:
    for pair in listed.items[:place]:
        if isinstance(pair, core.Items) and isinstance(pair.items[0], core.Lambda):
            yield pair.items[0].body
