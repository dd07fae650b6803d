"""Writes a grammar for llguidance: Lark's notation, names of terminals in capitals, `start` as the first rule."""

from __future__ import annotations

import json
from collections.abc import Callable

from clawc.spec.export.model import Choice, Expr, Grammar, OneOf, Ref, Sequence, Terminal, Word
from clawc.spec.export.patterns import show_pattern


def llguidance_text(grammar: Grammar) -> str:
    """The grammar as text; its rules hold their blanks, so nothing is ignored between tokens."""
    lines = [f"start: {grammar.start}"] if grammar.start != "start" else []
    lines += [f"{name}: {show_rule(body)}" for name, body in grammar.rules.items()]
    lines += [f"{name}: {_terminal(terminal)}" for name, terminal in grammar.terminals.items()]
    return "\n".join(lines) + "\n"


def _terminal(terminal: Terminal) -> str:
    pattern = f"/{show_pattern(terminal.pattern)}/"
    return f"{pattern} & ~/{'|'.join(terminal.without)}/" if terminal.without else pattern


def show_rule(expr: Expr, named: Callable[[str], str] = str) -> str:
    """The right side of a rule over tokens; `named` gives the name that a rule or token has in the text."""
    if isinstance(expr, Word):
        return json.dumps(expr.text)
    if isinstance(expr, Ref):
        return named(expr.name)
    if isinstance(expr, Sequence):
        return " ".join(
            _grouped(item, named) if isinstance(item, Choice) else show_rule(item, named) for item in expr.items
        )
    if isinstance(expr, Choice):
        return " | ".join(show_rule(item, named) for item in expr.items)
    if isinstance(expr, OneOf):
        raise ValueError("a rule is made of tokens")
    inner = show_rule(expr.item, named) if isinstance(expr.item, (Ref, Word)) else _grouped(expr.item, named)
    return inner + (("+" if expr.least else "*") if expr.many else "?")


def _grouped(expr: Expr, named: Callable[[str], str]) -> str:
    return f"({show_rule(expr, named)})"
