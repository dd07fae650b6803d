"""The page about the grammar: its rules in EBNF as tokens, and how grammars for decoding differ from it."""

from __future__ import annotations

from clawc.spec.export.llguidance_text import show_rule
from clawc.spec.export.model import Expr
from clawc.spec.export.patterns import show_pattern
from clawc.spec.export.prepare import RESERVED, full_grammar, without_ranges

_TEXT = """\
`clawc grammar` prints the grammar for an engine of constrained decoding, and `--start expression` the part of it that
stands in `{{ … }}`.

| `--for` | engine |
|---|---|
| `llguidance` | llguidance, vLLM's guidance backend: Lark's notation, tokens by longest match |
| `gbnf` | llama.cpp: characters |
| `ebnf` | xgrammar: characters |
| `lark` | the file as the parser has it, for Lark |

The first three hold their own blanks and accept a part of the language, in which nothing needs to be looked ahead for: word
operators have a blank or line end on both sides, and a binary `+` or `-` has a blank before it; in ranges such as `1..n` a
whole number at the left stands alone. `--specialised` leaves only what the tables have: block kinds where they may stand,
attributes with values of their type, functions by name. With `--scope FILE` the names that the file gives are the only
ones that stand for values; where rows are read, any name may be a column. Without a scope, `def` and `use` are left out.
What is given twice, needed or of a wrong type is for `clawc check` to say."""


def grammar_page(made: str) -> str:
    """The page; `made` says what it is made from."""
    grammar = without_ranges(full_grammar())
    rules = [f"{name.strip('_')} ::= {_shown(body)}" for name, body in grammar.rules.items()]
    terminals = [f"{n.strip('_')} ::= /{show_pattern(t.pattern)}/" for n, t in grammar.terminals.items()]
    return "\n\n".join([
        "# Grammar",
        made,
        "Tokens are in capitals, their patterns below. `?` may be left out, `*` any number of times, `+` at least once. Blanks and "
        "comments stand between tokens; NL is one or more line ends. Which block kinds, attributes and functions there are is said by "
        "[blocks](blocks.md) and [functions](functions.md).",
        "```ebnf\n" + "\n".join(rules) + "\n```",
        "```ebnf\n" + "\n".join(terminals) + "\n```",
        f"Words that are no NAME: `{' '.join(RESERVED)}`. `on` and `within` are words of the grammar only where an operator may stand.",
        "## For decoding",
        _TEXT,
    ]) + "\n"  # fmt: skip


def _shown(body: Expr) -> str:
    return show_rule(body, lambda name: name.strip("_"))
