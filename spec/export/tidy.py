"""The grammar for whoever only writes: blanks, line ends and indents in the amounts that people use, and no comments.

A model that may put any number of blanks or comments between two words spends its answer on them. Every text of this grammar is one of
the grammar that it is made from.
"""

from __future__ import annotations

from dataclasses import replace

from clawc.spec.export.model import Expr, Grammar, Ref, optional, reachable, rebuilt, sequence
from clawc.spec.export.patterns import read_pattern
from clawc.spec.export.weave import BLANK, COMMENT, LINE_END

_INDENT = "(  )?" * 6
_TIDY = {
    LINE_END: rf"(\n)?\n{_INDENT}",
    "_PIPE": rf"(\n{_INDENT})?\|",
    "_COMMA": rf",( |\n{_INDENT})?",
    BLANK: " ",
}


def tidied(grammar: Grammar) -> Grammar:
    """A woven grammar with these patterns. Raises KeyError where it has no such terminal."""
    terminals = dict(grammar.terminals)
    for name, pattern in _TIDY.items():
        terminals[name] = replace(terminals[name], pattern=read_pattern(pattern))
    rules = {name: rebuilt(body, _uncommented) for name, body in grammar.rules.items()}
    return reachable(replace(grammar, rules=rules, terminals=terminals))


def _uncommented(expr: Expr) -> Expr:
    return sequence() if expr == optional(Ref(COMMENT)) else expr
