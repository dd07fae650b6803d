"""Another number of decimals, numbers cut off instead of rounded, and, where the agent is told a rule for ties, another rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from typing import Any

from clawc.compiler.adequacy.mutant import Hint, Neighbour, Site, Vary
from clawc.spec import ast, core
from clawc.spec.core import Const, Core
from clawc.spec.types import NUMBER, TEXT
from clawc.stdlib.checks.numbers import WIDE_NUMBERS

MAX_DECIMALS = 12
MAX_TARGETS = 3
_RULE = re.compile(r"half[ -]?(?:up|even|down|away|to)|banker|commercial(?:ly)?|away from zero", re.I)


def roundings(site: Site) -> Iterator[Neighbour]:
    """Other ways to round what `round` rounds."""
    node, at = site.node, site.written
    if not isinstance(node, core.Call) or not _is_call(at, "round"):
        return
    span, before = at.span, site.shown(at.span)
    given = dict(node.kwargs)
    digits = given.get("n", Const(0, NUMBER, node.span))
    places = site.settled(digits)
    if not isinstance(places, int) or isinstance(places, bool) or not -MAX_DECIMALS <= places <= MAX_DECIMALS:
        return
    hint = _ties(site, node.args[0], places)
    for other in (places + 1, places - 1):
        made = _with(node, "n", Const(other, NUMBER, node.span))
        yield Neighbour(made, span, before, f"{before} to {other} decimals", hint)
    inner = node.args[0]
    yield Neighbour(core.call("truncated", [inner, digits], NUMBER, node.span), span, before, f"{before} cut off", hint)
    reason = "" if _RULE.search(site.told) else "the agent is told no rule for ties"
    even = site.settled(given["half"]) == "even" if "half" in given else False
    half = Const("up" if even else "even", TEXT, node.span)
    word = "half up" if even else "half to even"
    yield Neighbour(_with(node, "half", half), span, before, f"{before} {word}", hint, reason)
    floats = core.call("rounded_as_float", [inner, digits], NUMBER, node.span)
    yield Neighbour(floats, span, before, f"{before} of binary floats", hint, reason)


def formats(site: Site) -> Iterator[Neighbour]:
    """A decimal more or less by `format_number`."""
    node, at = site.node, site.written
    if not isinstance(node, core.Call) or not _is_call(at, "format_number") or len(node.args) < 2:
        return
    places = site.settled(node.args[1])
    if not isinstance(places, int) or isinstance(places, bool):
        return
    for other in (places + 1, places - 1):
        if 0 <= other <= MAX_DECIMALS:
            args = (node.args[0], Const(other, NUMBER, node.span), *node.args[2:])
            before = site.shown(at.span)
            yield Neighbour(replace(node, args=args), at.span, before, f"{before} with {other} decimals")


def wholes(site: Site) -> Iterator[Neighbour]:
    """`floor` in place of `ceil`, and the other way round."""
    node, at = site.node, site.written
    other = {"floor": "ceil", "ceil": "floor"}
    if not isinstance(node, core.Call) or not isinstance(at, ast.CallOf) or at.function.text not in other:
        return
    made = replace(node, function=f"{other[at.function.text]}_of")
    after = site.with_part(at.span, at.function.span, other[at.function.text])
    yield Neighbour(made, at.span, site.shown(at.span), after, Hint((Vary(node.args[0]),)))


def _is_call(at: ast.Expr | ast.Stage, name: str) -> bool:
    return (isinstance(at, ast.CallOf) and at.function.text == name) or (
        isinstance(at, ast.Stage) and at.verb.text == name
    )


def _with(node: core.Call, name: str, value: Core) -> core.Call:
    kwargs = {**dict(node.kwargs), name: value}
    return replace(node, kwargs=tuple(kwargs.items()))


def _ties(site: Site, inner: Core, places: int) -> Hint:
    """Values half way between two that remain, both above an even and above an odd digit."""
    targets: dict[Any, None] = {}
    unit = Decimal(1).scaleb(-places)
    for value in [v for v in site.sample(inner) if isinstance(v, (int, Decimal)) and not isinstance(v, bool)]:
        low = Decimal(value).quantize(unit, ROUND_DOWN, WIDE_NUMBERS)
        low -= unit if int(low.scaleb(places, WIDE_NUMBERS)) % 2 else 0
        targets.update(dict.fromkeys((low + unit / 2, low + unit + unit / 2)))
        if len(targets) > MAX_TARGETS:
            break
    return Hint((Vary(inner, tuple(targets)),))
