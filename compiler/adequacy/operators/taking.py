"""One row more or less by `take`, one character by `left` and `right`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from clawc.compiler.adequacy.mutant import Hint, Neighbour, Site, Vary
from clawc.spec import ast, core
from clawc.spec.core import Const
from clawc.spec.types import NUMBER


def counts(site: Site) -> Iterator[Neighbour]:
    """The number that is taken, plus and minus 1."""
    node, at = site.node, site.written
    name = at.verb.text if isinstance(at, ast.Stage) else at.function.text if isinstance(at, ast.CallOf) else ""
    if not isinstance(node, core.Call) or not isinstance(at, (ast.Stage, ast.CallOf)) or not at.args:
        return
    if {"take": "take", "left": "left_of", "right": "right_of"}.get(name) != node.function or len(node.args) != 2:
        return
    count = site.settled(node.args[1])
    if node.args[1].free or not isinstance(count, int) or isinstance(count, bool):
        return
    part = at.args[-1].value
    for other in (count + 1, count - 1):
        if other < 1:
            continue
        text = (
            str(other)
            if isinstance(part, ast.Literal)
            else f"{site.shown(part.span)} {'+' if other > count else '-'} 1"
        )
        hint = Hint(rows=max(count, other))
        if node.function != "take":
            hint = Hint((Vary(node.args[0], ("abcdefghij"[: other + 1], "x" * (count + 2))),))
        made = replace(node, args=(node.args[0], Const(other, NUMBER, node.span)))
        yield Neighbour(made, at.span, site.shown(at.span), site.with_part(at.span, part.span, text), hint)
