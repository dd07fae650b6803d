"""Conditions that are left out: a term of `and` or `or`, a `not`, all of a `where`, a branch of `if`; `all` and `any`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from clawc.compiler.adequacy.mutant import Hint, Neighbour, Site, Vary
from clawc.compiler.adequacy.operators.comparison import sides
from clawc.compiler.adequacy.units import moved, step_of
from clawc.spec import ast, core
from clawc.spec.ast import Span
from clawc.spec.core import Core
from clawc.stdlib.checks.values import MISSING

LIMITS = ("at_least", "more", "at_most", "less")


def terms(site: Site) -> Iterator[Neighbour]:
    """Each operand of `and` and `or` left out; a chain is a tree to the left, so most of it is dropped further down."""
    node, at = site.node, site.written
    if not isinstance(node, core.Logic) or not isinstance(at, ast.Binary) or at.op != node.op:
        return
    left, right = node.operands
    yield _term(site, left, right, at.right.span)
    if not (isinstance(left, core.Logic) and left.op == node.op):
        yield _term(site, right, left, at.left.span)


def _term(site: Site, kept: Core, dropped: Core, span: Span) -> Neighbour:
    return Neighbour(kept, span, site.shown(span), "", Hint(tuple(atoms(site, dropped))))


def negations(site: Site) -> Iterator[Neighbour]:
    """A `not` left out."""
    node, at = site.node, site.written
    if isinstance(node, core.Logic) and node.op == "not" and isinstance(at, ast.Unary):
        hint = Hint(tuple(atoms(site, node.operands[0])))
        yield Neighbour(node.operands[0], at.span, site.shown(at.span), site.shown(at.operand.span), hint)


def filters(site: Site) -> Iterator[Neighbour]:
    """A whole `where`, `semi_join` or `anti_join` left out."""
    node, at = site.node, site.written
    if not isinstance(node, core.Call) or not isinstance(at, ast.Stage) or at.verb.text != node.function:
        return
    vary: tuple[Vary, ...] = ()
    if node.function == "where" and isinstance(node.args[1], core.Lambda):
        vary = tuple(atoms(site, node.args[1].body))
    elif at.on:
        vary = tuple(Vary(site.column(node.args[0], key.left.text)) for key in at.on)
    yield Neighbour(node.args[0], at.span, site.shown(at.span), "", Hint(vary))


def branches(site: Site) -> Iterator[Neighbour]:
    """An `if` that always takes one branch."""
    node, at = site.node, site.written
    if not isinstance(node, core.Logic) or node.op != "if" or not isinstance(at, ast.If):
        return
    hint = Hint(tuple(atoms(site, node.operands[0])))
    for kept, part in ((node.operands[1], at.then), (node.operands[2], at.otherwise)):
        yield Neighbour(kept, at.span, site.shown(at.span), site.shown(part.span), hint)


def quantifiers(site: Site) -> Iterator[Neighbour]:
    """`all` in place of `any`, and the other way round."""
    node, at = site.node, site.written
    other = {"all": "any", "any": "all"}
    if not isinstance(node, core.Call) or not isinstance(at, ast.Stage) or at.verb.text not in other:
        return
    made = replace(node, function="any_row" if node.function == "all_rows" else "all_rows")
    vary = tuple(atoms(site, node.args[1].body)) if isinstance(node.args[1], core.Lambda) else ()
    yield Neighbour(made, at.span, site.shown(at.span), site.with_part(at.span, at.verb.span, other[at.verb.text]),
                    Hint(vary))  # fmt: skip


def atoms(site: Site, node: Core) -> Iterator[Vary]:
    """The expressions that a condition compares, with values on both sides of what it asks."""
    while isinstance(node, core.LetRef):
        node = node.value
    if isinstance(node, core.Logic):
        for part in node.operands:
            yield from atoms(site, part)
    elif isinstance(node, core.Call) and node.function in (*LIMITS, "equal", "differs"):
        value, bound, _ = sides(node)
        limit = site.settled(bound)
        if limit is MISSING:
            yield from (Vary(value), Vary(bound))
            return
        step = step_of(site.sample(value), limit) if node.function in LIMITS and limit is not None else None
        beside = (limit,) if step is None else (moved(limit, step, -1), moved(limit, step, 1), limit)
        yield Vary(value, beside)
    elif isinstance(node, core.Call) and node.function in ("is_in", "not_in"):
        value, of = node.args
        ranged = isinstance(of, core.Call) and of.function == "Range"
        parts = of.items if isinstance(of, core.Items) else core.children(of) if ranged else ()
        found = [site.settled(part) for part in parts]
        yield Vary(value, tuple(v for v in found if v is not MISSING))
    else:
        yield Vary(node)
