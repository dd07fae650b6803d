"""An end of a range that does not belong to it, or lies one unit further out: `a..b`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from clawc.compiler.adequacy.mutant import Hint, Neighbour, Site, Vary
from clawc.compiler.adequacy.sources import literal
from clawc.compiler.adequacy.units import moved, step_of, written
from clawc.spec import ast, core
from clawc.spec.core import Const, Core
from clawc.spec.types import BOOL, DURATION
from clawc.stdlib.checks.values import MISSING


def ends(site: Site) -> Iterator[Neighbour]:
    """Each end left out, and each end moved outwards."""
    node, at = site.node, site.written
    if not isinstance(node, core.Call) or not isinstance(at, ast.Compare) or not isinstance(at.right, ast.RangeOf):
        return
    value, given = node.args
    if not isinstance(given, core.Call) or given.function != "Range" or not value.free:
        return
    span, before = at.span, site.shown(at.span)
    texts = site.shown(at.left.span), site.shown(at.right.low.span), site.shown(at.right.high.span)
    for low in (True, False):
        end = given.args[0 if low else 1]
        limit = site.settled(end)
        if limit is MISSING or limit is None:
            continue
        inner = core.call("more" if low else "at_least", [value, given.args[0]], BOOL, node.span)
        outer = core.call("at_most" if low else "less", [value, given.args[1]], BOOL, node.span)
        both: Core = core.logic("and", [inner, outer], BOOL, node.span)
        after = f"{texts[0]} {'>' if low else '>='} {texts[1]} and {texts[0]} {'<=' if low else '<'} {texts[2]}"
        if node.function == "not_in":
            both, after = core.logic("not", [both], BOOL, node.span), f"not ({after})"
        yield Neighbour(both, span, before, after, Hint((Vary(value, (limit,)),)))
        yield from _further(site, node, given, low, limit)


def _further(site: Site, node: core.Call, given: core.Call, low: bool, limit: Any) -> Iterator[Neighbour]:
    at = site.written
    assert isinstance(at, ast.Compare) and isinstance(at.right, ast.RangeOf)
    step = step_of(site.sample(node.args[0]), limit)
    end = None if step is None else moved(limit, step, -1 if low else 1)
    if step is None or end is None:
        return
    args = list(given.args)
    args[0 if low else 1] = Const(end, args[0].type, given.span)
    side = at.right.low if low else at.right.high
    plainly = isinstance(side, ast.Literal) and args[0].type is not DURATION
    text = literal(end) if plainly else f"{site.shown(side.span)} {'-' if low else '+'} {written(step)}"
    made = replace(node, args=(node.args[0], replace(given, args=tuple(args))))
    after = site.with_part(at.span, side.span, text)
    yield Neighbour(made, at.span, site.shown(at.span), after, Hint((Vary(node.args[0], (end,)),)))
