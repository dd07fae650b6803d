"""Puts the blanks between tokens into the rules, so that a grammar needs no lexer that drops them.

Two tokens that would read as one when they touch are kept apart by a blank: words, a name and a text (`re"…"` is a
regex), a date and a sign (it could begin a zone). Where some pairs would and others would not, the blank is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

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
    parts,
    sequence,
)
from clawc.spec.export.patterns import inside, read_pattern

BLANK = "_WS"
COMMENT = "COMMENT"
LINE_END = "_NL"
# Their patterns take the blanks behind them.
ABSORBING = (LINE_END, "_COMMA")
GLUED = (("word", "word"), ("word", "quote"), ("quote", "quote"), ("date", "sign"))

Kinds = frozenset[str]
_NONE: Kinds = frozenset()


@dataclass(frozen=True, slots=True)
class _Edges:
    """The kinds of characters that something begins and ends with, and whether it may be empty."""

    first: Kinds
    last: Kinds
    empty: bool


def weave(grammar: Grammar) -> Grammar:
    """The grammar over characters: `start` also takes blanks at both ends and a comment on the last line."""
    edges = _edges_of_rules(grammar)
    weaver = partial(_woven, edges)
    rules = {name: weaver(body, _NONE) for name, body in grammar.rules.items()}
    terminals = {
        **grammar.terminals,
        BLANK: Terminal(read_pattern(r"[ \t]+")),
        COMMENT: Terminal(read_pattern(r"#[^\n]*")),
    }
    blank = optional(Ref(BLANK))
    rules[grammar.start] = sequence(blank, rules[grammar.start], blank, optional(Ref(COMMENT)))
    return Grammar(grammar.start, rules, terminals)


def _woven(edges: dict[str, _Edges], expr: Expr, before: Kinds) -> Expr:
    """The expression with blanks between its tokens, and before it what is needed behind `before`."""
    again = partial(_woven, edges)
    if isinstance(expr, Choice):
        return choice(*(again(item, before) for item in expr.items))
    if isinstance(expr, Repeat):
        if not expr.many:
            return optional(again(expr.item, before))
        last = _edges(edges, expr.item).last
        if expr.least == 0:
            return Repeat(again(expr.item, before | last), 0, True)
        return sequence(again(expr.item, before), Repeat(again(expr.item, last), 0, True))
    if isinstance(expr, Sequence):
        return _woven_sequence(edges, expr.items, before)
    return _behind(before, _edges(edges, expr).first, expr)


def _woven_sequence(edges: dict[str, _Edges], items: tuple[Expr, ...], before: Kinds) -> Expr:
    out: list[Expr] = []
    line_end = False
    for index, item in enumerate(items):
        known = _edges(edges, item)
        if item == optional(Ref(LINE_END)):
            line_end = True
            continue
        if line_end and known.empty:
            rest = items[index + 1 :]
            there = replace_least(item)
            both = [(optional(Ref(LINE_END)), there, *rest), (optional(Ref(LINE_END)), *rest)]
            return sequence(*out, choice(*(_woven_sequence(edges, each, before) for each in both)))
        if line_end:
            out += [*_line_end(before, known.first), _woven(edges, item, _NONE)]
        else:
            out.append(_woven(edges, item, before))
        before = known.last | (before if known.empty else _NONE)
        line_end = False
    if line_end:
        out.append(optional(_behind(before, _NONE, Ref(LINE_END))))
    return sequence(*out)


def replace_least(item: Expr) -> Expr:
    """What may be absent, as it is when it is there."""
    if isinstance(item, Repeat) and item.least == 0:
        return Repeat(item.item, 1, True) if item.many else item.item
    raise ValueError("only a repetition may be absent")


def _apart(before: Kinds, first: Kinds) -> bool:
    return any(a in before and b in first for a, b in GLUED)


def _behind(before: Kinds, first: Kinds, expr: Expr) -> Expr:
    if before <= {"blank"}:
        return expr
    return sequence(Ref(BLANK) if _apart(before, first) else optional(Ref(BLANK)), expr)


def _line_end(before: Kinds, first: Kinds) -> list[Expr]:
    """A line end that may stand here, or the blanks that stand in its place."""
    if before <= {"blank"}:
        return [optional(Ref(LINE_END))]
    ended = sequence(optional(Ref(BLANK)), Ref(LINE_END))
    return [choice(Ref(BLANK), ended)] if _apart(before, first) else [optional(Ref(BLANK)), optional(Ref(LINE_END))]


def _edges_of_rules(grammar: Grammar) -> dict[str, _Edges]:
    """Edges of every name, as the least fixed point over the rules."""
    found = {name: _terminal_edges(name, terminal) for name, terminal in grammar.terminals.items()}
    found |= {name: _Edges(_NONE, _NONE, False) for name in grammar.rules}
    changed = True
    while changed:
        changed = False
        for name, body in grammar.rules.items():
            edges = _edges(found, body)
            if edges.empty:
                raise ValueError(f"the rule `{name}` may be empty")
            if edges != found[name]:
                found[name] = edges
                changed = True
    return found


def _terminal_edges(name: str, terminal: Terminal) -> _Edges:
    edges = _edges({}, terminal.pattern)
    if name in ABSORBING:
        return _Edges(edges.first, frozenset({"blank"}), False)
    return _Edges(edges.first, edges.last | ({"date"} if name == "DATE" else _NONE), False)


def _edges(known: dict[str, _Edges], expr: Expr) -> _Edges:
    if isinstance(expr, Word):
        return _Edges(_kinds_of(expr.text[0]), _kinds_of(expr.text[-1]), False)
    if isinstance(expr, OneOf):
        kinds = frozenset(kind for sign in 'a0_"+' for kind in _kinds_of(sign) if inside(expr, ord(sign)))
        kinds |= (
            {"word"} if any(inside(expr, code) for code in (*range(48, 58), *range(65, 91), *range(97, 123))) else _NONE
        )
        return _Edges(kinds | {"other"}, kinds | {"other"}, False)
    if isinstance(expr, Ref):
        return known[expr.name]
    inner = [_edges(known, part) for part in parts(expr)]
    if isinstance(expr, Repeat):
        return _Edges(inner[0].first, inner[0].last, inner[0].empty or expr.least == 0)
    if isinstance(expr, Choice):
        joined = _Edges(_NONE, _NONE, False)
        for edges in inner:
            joined = _Edges(joined.first | edges.first, joined.last | edges.last, joined.empty or edges.empty)
        return joined
    return _Edges(_run(inner, "first"), _run(inner[::-1], "last"), all(edges.empty for edges in inner))


def _run(inner: list[_Edges], side: str) -> Kinds:
    found = _NONE
    for edges in inner:
        found |= edges.first if side == "first" else edges.last
        if not edges.empty:
            break
    return found


def _kinds_of(sign: str) -> Kinds:
    if sign.isascii() and (sign.isalnum() or sign == "_"):
        return frozenset({"word"})
    return frozenset({{'"': "quote", "+": "sign", "-": "sign"}.get(sign, "other")})
