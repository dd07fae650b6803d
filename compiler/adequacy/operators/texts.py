"""Texts as they are, where `lower`, `upper` or `trim` made them alike; a part anywhere, where it must stand at an end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from clawc.compiler.adequacy.mutant import Hint, Neighbour, Site, Vary
from clawc.spec import ast, core

ALIKE = {"lower": "lower_of", "upper": "upper_of", "trim": "trim_of"}
ENDS = ("starts_with", "ends_with")
MAX_VALUES = 3


def spellings(site: Site) -> Iterator[Neighbour]:
    """A function that makes spellings alike left out."""
    node, at = site.node, site.written
    if not isinstance(node, core.Call) or not isinstance(at, ast.CallOf) or len(at.args) != 1:
        return
    if ALIKE.get(at.function.text) != node.function:
        return
    found = [v for v in site.sample(node.args[0]) if isinstance(v, str) and v][:MAX_VALUES]
    other = [
        f" {v} " if node.function == "trim_of" else v.upper() if node.function == "lower_of" else v.lower()
        for v in found
    ]
    hint = Hint((Vary(node.args[0], tuple(other)),))
    yield Neighbour(node.args[0], at.span, site.shown(at.span), site.shown(at.args[0].span), hint)


def ends(site: Site) -> Iterator[Neighbour]:
    """`contains` in place of `starts_with` and `ends_with`."""
    node, at = site.node, site.written
    if not isinstance(node, core.Call) or not isinstance(at, ast.CallOf) or at.function.text not in ENDS:
        return
    part = site.settled(node.args[1])
    text = (f"x{part}", f"{part}x", f"x{part}x") if isinstance(part, str) else ()
    after = site.with_part(at.span, at.function.span, "contains")
    yield Neighbour(replace(node, function="contains"), at.span, site.shown(at.span), after,
                    Hint((Vary(node.args[0], text),)))  # fmt: skip
