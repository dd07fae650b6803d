"""The grammar of the language made ready for engines: the file as it is read here, then cut to what each engine takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Literal

from clawc.spec.blocks import EDITIONS
from clawc.spec.export.lark_text import read_grammar, read_rule, without_left_recursion
from clawc.spec.export.model import (
    Choice,
    Expr,
    Grammar,
    Ref,
    Sequence,
    Terminal,
    Word,
    choice,
    reachable,
    rebuilt,
    references,
)
from clawc.spec.export.patterns import read_pattern
from clawc.spec.export.weave import weave
from clawc.spec.grammar import grammar_text

Start = Literal["file", "expression"]
# Words of the grammar that are no names.
RESERVED = ("let", "def", "use", "expect", "if", "then", "else", "and", "or", "not", "in", "true", "false", "null")
STARTS: Mapping[Start, str] = {"file": "start", "expression": "pipe"}
# A lexer without backtracking has read `1.` as the beginning of a number when it meets the second point.
_DOTS = "INT_DOTS"
_RANGE = "INT_RANGE"
_OPERATOR = "cmp_op"
# The same language by alternatives that differ in their first token. An engine that keeps one stack for each way to read
# a text would else keep twice as many for each bracket.
_FACTORED: Mapping[str, tuple[str, str]] = {
    "pipe": ("expr | pipeline", "expr (_PIPE stage)*"),
    "cmp": ("range | comparison", "range [within_clause | cmp_op _NL? range [within_clause]]"),
    "range": (
        'sum | sum ".." sum | INT_RANGE | "-" INT_RANGE',
        'sum [".." sum] | INT_RANGE | "-" INT_RANGE',
    ),
    "args": (
        "arg (_COMMA arg)* _COMMA? | [arg (_COMMA arg)* _COMMA] last_pipe",
        'NAME "=" _NL? expr [_COMMA [args]] | expr [(_PIPE stage)+ | _COMMA [args]]',
    ),
}


def full_grammar(start: Start = "file") -> Grammar:
    """The grammar of the language: editions that there are, names without the reserved words, no left recursion."""
    grammar = _operators_apart(_factored(without_left_recursion(read_grammar(grammar_text(), STARTS[start]))))
    name = grammar.terminals["NAME"]
    terminals = {**grammar.terminals, "NAME": Terminal(name.pattern, RESERVED)}
    if "EDITION" in terminals:
        terminals["EDITION"] = Terminal(read_pattern("claw (" + "|".join(map(str, EDITIONS)) + ")"))
    return replace(grammar, terminals=terminals)


def _factored(grammar: Grammar) -> Grammar:
    """Rules whose alternatives begin alike, rewritten. Raises ValueError where the file has others than are known."""
    rules = dict(grammar.rules)
    for name, (known, better) in _FACTORED.items():
        if rules[name] != read_rule(known):
            raise ValueError(f"the rule `{name}` of the grammar has changed, and its other form not")
        rules[name] = read_rule(better)
    return grammar.with_rules(rules)


def _operators_apart(grammar: Grammar) -> Grammar:
    """Comparisons by signs and by words in alternatives of their own: only words need blanks around them."""
    signs, worded = (
        choice(*(o for o in _alternatives(grammar.rules[_OPERATOR]) if _is_sign(o) == sign)) for sign in (True, False)
    )

    def apart(expr: Expr) -> Expr:
        found: list[Expr] = []
        for way in expr.items if isinstance(expr, Choice) else ():
            both = (signs, worded) if _OPERATOR in references(way) else (None,)
            found += [way if kind is None else rebuilt(way, partial(_replaced, kind)) for kind in both]
        return choice(*found) if found else expr

    return grammar.with_rules({name: rebuilt(body, apart) for name, body in grammar.rules.items()})


def _is_sign(operator: Expr) -> bool:
    return isinstance(operator, Word) and not operator.text.isalpha()


def _replaced(kind: Expr, expr: Expr) -> Expr:
    return kind if expr == Ref(_OPERATOR) else expr


def for_lexer(grammar: Grammar) -> Grammar:
    """For an engine with tokens, longest match and no way back: ranges of whole numbers are tokens of their own."""
    dotted = {name: _with_dots(body) for name, body in grammar.rules.items()}
    terminals = {**grammar.terminals, _DOTS: Terminal(read_pattern(r"[0-9]+\.\."))}
    return reachable(weave(_words_as_tokens(replace(grammar, rules=dotted, terminals=terminals))))


def _words_as_tokens(grammar: Grammar) -> Grammar:
    """Words that stand for each other as one token: an engine then follows one alternative, not a hundred."""
    made: dict[tuple[Expr, ...], str] = {}

    def joined(expr: Expr) -> Expr:
        found = expr.items if isinstance(expr, Choice) else ()
        worded = tuple(item for item in found if isinstance(item, Word) and item.text[0].isalpha())
        if len(worded) < 2:
            return expr
        token = Ref(made.setdefault(worded, f"WORDS_{len(made) + 1}"))
        return choice(token, *(item for item in found if item not in worded))

    rules = {name: rebuilt(body, joined) for name, body in grammar.rules.items()}
    terminals = {name: Terminal(choice(*worded)) for worded, name in made.items()}
    return replace(grammar, rules=rules, terminals={**grammar.terminals, **terminals})


def for_characters(grammar: Grammar) -> Grammar:
    """For an engine that reads characters: no two ways to read a range."""
    return reachable(weave(without_ranges(grammar)))


def without_ranges(grammar: Grammar) -> Grammar:
    """Without the token for ranges of whole numbers, which a sum on both sides of the dots covers."""
    return reachable(grammar.with_rules({name: _without_range(body) for name, body in grammar.rules.items()}))


def _alternatives(body: Expr) -> tuple[Expr, ...]:
    return body.items if isinstance(body, Choice) else (body,)


def _ends_in_range(body: Expr) -> bool:
    return body == Ref(_RANGE) or (isinstance(body, Sequence) and body.items[-1] == Ref(_RANGE))


def _without_range(body: Expr) -> Expr:
    return choice(*(a for a in _alternatives(body) if not _ends_in_range(a)))


def _with_dots(body: Expr) -> Expr:
    """Beside each `1..5` also `1..n`; the rule around has a `sum` on both sides of its dots."""
    found = _alternatives(body)
    if not any(map(_ends_in_range, found)):
        return body
    right = next(a.items[0] for a in found if isinstance(a, Sequence) and not _ends_in_range(a))
    signed = [a.items[0] for a in found if isinstance(a, Sequence) and _ends_in_range(a)]
    return choice(*found, Sequence((Ref(_DOTS), right)), *(Sequence((s, Ref(_DOTS), right)) for s in signed))
