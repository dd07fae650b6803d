"""A key of `group` or `window` left out. Of several keys one often goes with another, as a name with a number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from clawc.compiler.adequacy.mutant import Hint, Neighbour, Site, Vary
from clawc.spec import ast, core
from clawc.spec.core import Const
from clawc.spec.types import ListType


def groups(site: Site) -> Iterator[Neighbour]:
    """Each of several keys left out; the first value of each group stands in its column."""
    node, at = site.node, site.written
    if not isinstance(node, core.Call) or not isinstance(at, ast.Stage) or at.verb.text != "group":
        return
    keys, results = node.args[1], node.args[2]
    if not isinstance(keys, core.Record) or not isinstance(results, core.Record) or len(keys.entries) < 2:
        return
    for place, (name, key) in enumerate(keys.entries):
        arg = next((a for a in at.args if isinstance(name, Const) and _name(a) == name.value), None)
        if arg is None or not isinstance(key, core.Lambda):
            continue
        row = site.fresh.take()
        rows = core.Var(row, node.args[0].type, node.span, frozenset({row}))
        each = core.call("each", [rows, key], ListType(key.type), node.span)
        first = core.row_lambda(row, core.call("first", [each], key.type, node.span))
        rest = replace(keys, entries=(*keys.entries[:place], *keys.entries[place + 1 :]))
        made = replace(node, args=(node.args[0], rest, replace(results, entries=(*results.entries, (name, first)))))
        kept = [site.shown(a.span) for a in at.args if a is not arg]
        yield Neighbour(
            made, arg.span, site.shown(at.span), f"group {', '.join(kept)}", Hint((Vary(key.body),)), "", False
        )


def windows(site: Site) -> Iterator[Neighbour]:
    """Each key left out."""
    node, at = site.node, site.written
    if not isinstance(node, core.Call) or not isinstance(at, ast.Stage) or at.verb.text != "window":
        return
    names = node.args[1]
    if not isinstance(names, Const) or len(names.value) != len(at.on):
        return
    for place, key in enumerate(at.on):
        rest = [k.left.text for n, k in enumerate(at.on) if n != place]
        made = replace(node, args=(node.args[0], replace(names, value=rest), node.args[2]))
        on = f" on {', '.join(rest)}" if rest else ""
        args = ", ".join(site.shown(a.span) for a in at.args)
        hint = Hint((Vary(site.column(node.args[0], key.left.text)),))
        yield Neighbour(made, key.span, site.shown(at.span), f"window {args}{on}", hint, "", len(at.on) == 1)


def _name(arg: ast.Arg) -> str:
    if arg.name is not None:
        return arg.name.text
    return arg.value.text if isinstance(arg.value, ast.Ident) else ""
