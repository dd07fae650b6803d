"""The value for what is absent left out: `a ?? b`."""

from __future__ import annotations

from collections.abc import Iterator

from clawc.compiler.adequacy.mutant import Hint, Neighbour, Site, Vary
from clawc.spec import ast, core


def defaults(site: Site) -> Iterator[Neighbour]:
    """The first operand alone."""
    node, at = site.node, site.written
    if isinstance(node, core.Call) and isinstance(at, ast.Binary) and at.op == "??":
        hint = Hint((Vary(node.args[0], (None,)),), empty=True)
        yield Neighbour(node.args[0], at.span, site.shown(at.span), site.shown(at.left.span), hint)
