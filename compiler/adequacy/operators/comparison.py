"""A limit that belongs to the other side, and a limit one unit further: `>=` and `>`, `<=` and `<`; `==` and `!=`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from clawc.compiler.adequacy.mutant import Hint, Neighbour, Site, Vary
from clawc.compiler.adequacy.sources import literal
from clawc.compiler.adequacy.units import moved, step_of, written
from clawc.spec import ast, core
from clawc.spec.core import Const, Core
from clawc.spec.types import DURATION
from clawc.stdlib.checks.values import MISSING

OPPOSITE = {"at_least": "more", "more": "at_least", "at_most": "less", "less": "at_most"}
NEGATED = {"equal": "differs", "differs": "equal"}
SIGNS = {"at_least": ">=", "more": ">", "at_most": "<=", "less": "<", "equal": "==", "differs": "!="}
MIRRORED = {"at_least": "at_most", "at_most": "at_least", "more": "less", "less": "more"}


def comparisons(site: Site) -> Iterator[Neighbour]:
    """The limit itself on the other side."""
    node, at = site.node, site.written
    if not isinstance(node, core.Call) or not isinstance(at, ast.Compare) or at.op != SIGNS[node.function]:
        return
    other = OPPOSITE.get(node.function) or NEGATED[node.function]
    if node.kwargs or (node.function in NEGATED and not node.free):
        return
    value, bound, _ = sides(node)
    limit = site.settled(bound)
    after = site.with_part(at.span, at.op_span, SIGNS[other])
    hint = Hint((Vary(value, () if limit is MISSING else (limit,)), Vary(bound)))
    yield Neighbour(replace(node, function=other), at.span, site.shown(at.span), after, hint)


def bounds(site: Site) -> Iterator[Neighbour]:
    """The limit moved by one unit, to the side on which the limit itself does not lie."""
    node, at = site.node, site.written
    if not isinstance(node, core.Call) or not isinstance(at, ast.Compare) or at.op != SIGNS[node.function]:
        return
    value, bound, mirrored = sides(node)
    limit = site.settled(bound)
    if bound.free or not value.free or limit is MISSING or limit is None:
        return
    step = step_of(site.sample(value), limit)
    if step is None:
        return
    function = MIRRORED[node.function] if mirrored else node.function
    times = -1 if function in ("at_least", "less") else 1
    further = moved(limit, step, times)
    if further is None:
        return
    made = Const(further, bound.type, bound.span)
    args = (made, node.args[1]) if mirrored else (node.args[0], made)
    side = at.left if mirrored else at.right
    text = literal(further) if isinstance(side, ast.Literal) and bound.type is not DURATION else (
        f"{site.shown(side.span)} {'+' if times > 0 else '-'} {written(step)}")  # fmt: skip
    after = site.with_part(at.span, side.span, text)
    yield Neighbour(replace(node, args=args), at.span, site.shown(at.span), after, Hint((Vary(value, (further,)),)))


def sides(node: core.Call) -> tuple[Core, Core, bool]:
    """The side that is compared and the limit; True where the limit stands left."""
    left, right = node.args
    mirrored = not left.free and bool(right.free)
    return (right, left, True) if mirrored else (left, right, False)
