"""Reads the notation of the grammar file, and of rules that are made in it, into the model."""

from __future__ import annotations

import re

from clawc.spec.export.model import (
    Choice,
    Expr,
    Grammar,
    Ref,
    Repeat,
    Sequence,
    Terminal,
    Word,
    choice,
    optional,
    sequence,
)
from clawc.spec.export.patterns import read_pattern

_LINE = re.compile(r"[?!]?(_?[a-z][a-z_0-9]*|_?[A-Z][A-Z_0-9]*)\s*:\s*(.*)")
_SIGN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|([A-Za-z_]\w*)|(->\s*\w+)|([|()\[\]*+?]))')


def read_grammar(text: str, start: str = "start") -> Grammar:
    """Rules and terminals, one a line. What is ignored between tokens is not read: `weave` puts it there.

    Raises ValueError for a line that is none.
    """
    rules: dict[str, Expr] = {}
    terminals: dict[str, Terminal] = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith(("//", "%ignore")):
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            raise ValueError(f"no rule: `{line}`")
        name, body = found.groups()
        if name.lstrip("_").isupper():
            terminals[name] = Terminal(read_pattern(body.strip()[1:-1]))
        else:
            rules[name] = read_rule(body)
    return Grammar(start, rules, terminals)


def read_rule(body: str) -> Expr:
    """The right side of a rule. Raises ValueError when it is none."""
    signs = _signs(body)
    expr, at = _alternatives(signs, 0)
    if at != len(signs):
        raise ValueError(f"`{signs[at]}` in `{body}`")
    return expr


def _signs(body: str) -> list[str]:
    signs: list[str] = []
    at = 0
    body = body.rstrip()
    while at < len(body):
        found = _SIGN.match(body, at)
        if found is None:
            raise ValueError(f"`{body[at:]}` in `{body}`")
        if not found.group(3):  # names of alternatives are for the parser alone
            signs.append(found.group().strip())
        at = found.end()
    return signs


def _alternatives(signs: list[str], at: int) -> tuple[Expr, int]:
    found: list[Expr] = []
    while True:
        items: list[Expr] = []
        while at < len(signs) and signs[at] not in ("|", ")", "]"):
            item, at = _atom(signs, at)
            items.append(item)
        found.append(sequence(*items))
        if at == len(signs) or signs[at] != "|":
            return choice(*found), at
        at += 1


def _atom(signs: list[str], at: int) -> tuple[Expr, int]:
    sign = signs[at]
    item: Expr
    if sign in ("(", "["):
        item, at = _alternatives(signs, at + 1)
        if sign == "[":
            item = optional(item)
    elif sign.startswith('"'):
        item = Word(re.sub(r"\\(.)", r"\1", sign[1:-1]))
    else:
        item = Ref(sign)
    at += 1
    if at < len(signs) and signs[at] in ("*", "+", "?"):
        item = Repeat(item, int(signs[at] == "+"), signs[at] != "?")
        at += 1
    return item, at


def without_left_recursion(grammar: Grammar) -> Grammar:
    """Rules that begin with themselves, `x: y | x op y`, as `x: y (op y)*`."""
    return grammar.with_rules({name: _straight(name, body) for name, body in grammar.rules.items()})


def _straight(name: str, body: Expr) -> Expr:
    alternatives = body.items if isinstance(body, Choice) else (body,)
    again = [a for a in alternatives if isinstance(a, Sequence) and a.items[0] == Ref(name)]
    if not again:
        return body
    first = choice(*(a for a in alternatives if a not in again))
    return sequence(first, Repeat(choice(*(sequence(*a.items[1:]) for a in again)), 0, True))
