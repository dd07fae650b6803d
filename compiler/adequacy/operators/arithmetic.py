"""A term or factor left out, `+` for `-`, numbers with their sign, months of 30 days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from clawc.compiler.adequacy.mutant import Hint, Neighbour, Site, Vary
from clawc.spec import ast, core
from clawc.spec.ast import Span
from clawc.spec.core import Const
from clawc.spec.types import DATE, DATETIME, DURATION, NUMBER

SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
TURNED = {"add": "sub", "sub": "add"}
MAX_MONTHS = 1_200


def operands(site: Site) -> Iterator[Neighbour]:
    """Each operand left out, and a sum for a difference."""
    node, at = site.node, site.written
    if not isinstance(node, core.Call) or not isinstance(at, ast.Binary) or at.op != SIGNS[node.function]:
        return
    left, right = node.args
    if node.type not in (NUMBER, DURATION, DATE, DATETIME) or (node.type is DURATION and left.type is not DURATION):
        return
    span, before = at.span, site.shown(at.span)
    if left.type is node.type:
        cut = Span(at.op_span.start, at.right.span.end)
        yield Neighbour(left, cut, before, site.shown(at.left.span), Hint((Vary(right),)))
    chain = isinstance(left, core.Call) and left.function in SIGNS
    if node.function in ("add", "mul") and right.type is node.type and not chain:
        cut = Span(at.left.span.start, at.op_span.end)
        yield Neighbour(right, cut, before, site.shown(at.right.span), Hint((Vary(left),)))
    if node.function in TURNED:
        turned = TURNED[node.function]
        after = site.with_part(span, at.op_span, SIGNS[turned])
        yield Neighbour(replace(node, function=turned), at.op_span, before, after, Hint((Vary(right),)))


def signs(site: Site) -> Iterator[Neighbour]:
    """`abs` left out."""
    node, at = site.node, site.written
    if isinstance(node, core.Call) and isinstance(at, ast.CallOf) and at.function.text == "abs" and len(at.args) == 1:
        negative = tuple(
            -v for v in site.sample(node.args[0]) if isinstance(v, int) and not isinstance(v, bool) and v > 0
        )
        hint = Hint((Vary(node.args[0], (-1, *negative[:2])),), signed=True)
        yield Neighbour(node.args[0], at.span, site.shown(at.span), site.shown(at.args[0].span), hint)


def months(site: Site) -> Iterator[Neighbour]:
    """Months of 30 days each."""
    node, at = site.node, site.written
    if not isinstance(node, core.Call) or not isinstance(at, ast.CallOf) or at.function.text != "add_months":
        return
    count = site.settled(node.args[1]) if len(node.args) == 2 else None
    if not isinstance(count, int) or isinstance(count, bool) or abs(count) > MAX_MONTHS or len(at.args) != 2:
        return
    days = Const(timedelta(days=30 * count), DURATION, node.span)
    made = core.call("add", [node.args[0], days], node.type, node.span)
    after = f"{site.shown(at.args[0].span)} + {30 * count}d"
    yield Neighbour(made, at.span, site.shown(at.span), after, Hint((Vary(node.args[0]),)))
