"""Writes a grammar over characters for engines without a lexer: GBNF of llama.cpp, and EBNF as xgrammar reads it.

Both have one notation for bodies; they differ in how rules are named. Words that are no names are kept out of names by
spelling out what else a name may be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from clawc.spec.export.model import (
    Choice,
    Expr,
    Grammar,
    OneOf,
    Ref,
    Repeat,
    Sequence,
    Terminal,
    Word,
    choice,
    optional,
    sequence,
)
from clawc.spec.export.patterns import minus

Dialect = Literal["gbnf", "ebnf"]
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


def bnf_text(grammar: Grammar, dialect: Dialect) -> str:
    """The grammar as text; its first rule is `root`."""
    named: Callable[[str], str] = _gbnf_name if dialect == "gbnf" else _ebnf_name
    rules: dict[str, Expr] = dict(grammar.rules)
    for name, terminal in grammar.terminals.items():
        rules[name] = _spelled(terminal)
    lines = [f"root ::= {named(grammar.start)}"]
    lines += [f"{named(name)} ::= {_shown(body, named)}" for name, body in rules.items()]
    return "\n".join(lines) + "\n"


def _gbnf_name(name: str) -> str:
    """Rules of llama.cpp have letters, digits and dashes; terminals keep their capitals, so no two names meet."""
    return name.strip("_").replace("_", "-")


def _ebnf_name(name: str) -> str:
    return name.strip("_")


def _shown(expr: Expr, named: Callable[[str], str]) -> str:
    if isinstance(expr, Word):
        return '"' + "".join(_ESCAPES.get(sign, sign) for sign in expr.text) + '"'
    if isinstance(expr, OneOf):
        return f"[{'^' if expr.negated else ''}{''.join(_range(*pair) for pair in _dash_last(expr.ranges))}]"
    if isinstance(expr, Ref):
        return named(expr.name)
    if isinstance(expr, Sequence):
        return " ".join(f"({_shown(i, named)})" if isinstance(i, Choice) else _shown(i, named) for i in expr.items)
    if isinstance(expr, Choice):
        return " | ".join(_shown(item, named) for item in expr.items)
    inner = _shown(expr.item, named)
    single = isinstance(expr.item, (Ref, Word, OneOf))
    return f"{inner if single else f'({inner})'}{('+' if expr.least else '*') if expr.many else '?'}"


def _dash_last(ranges: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    """A dash that stands last is no range in any dialect."""
    return sorted(ranges, key=lambda pair: (pair[0] == 45, pair))


def _range(low: int, high: int) -> str:
    named = {10: "\\n", 13: "\\r", 9: "\\t", 92: "\\\\", 93: "\\]", 94: "\\x5E"}
    first, last = named.get(low, chr(low)), named.get(high, chr(high))
    return first if low == high else f"{first}-{last}"


def _spelled(terminal: Terminal) -> Expr:
    """The pattern of a terminal; where words are taken out of it, all other ways to go on."""
    if not terminal.without:
        return terminal.pattern
    pattern = terminal.pattern
    if not isinstance(pattern, Sequence) or len(pattern.items) != 2:
        raise ValueError("words are taken out of names only")
    first, rest = pattern.items
    if not isinstance(first, OneOf) or not isinstance(rest, Repeat) or not isinstance(rest.item, OneOf):
        raise ValueError("words are taken out of names only")
    return _other_than(_tree(terminal.without), first, rest.item)


_Tree = Mapping[str, "_Tree"]


def _tree(words: tuple[str, ...]) -> _Tree:
    """Words letter by letter; an empty key marks the end of one."""
    tree: dict[str, _Tree] = {}
    for letter in sorted({word[:1] for word in words}):
        tree[letter] = _tree(tuple(w[1:] for w in words if w[:1] == letter)) if letter else {}
    return tree


def _other_than(tree: _Tree, signs: OneOf, rest: OneOf) -> Expr:
    """What begins with one of `signs`, goes on with `rest`, and is no word of the tree."""
    letters = [letter for letter in tree if letter]
    ways: list[Expr] = [sequence(minus(signs, "".join(letters)), Repeat(rest, 0, True))]
    for letter in letters:
        inner = tree[letter]
        after = _other_than(inner, rest, rest)
        ways.append(sequence(Word(letter), after if "" in inner else optional(after)))
    return choice(*ways)
