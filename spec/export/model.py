"""A grammar as data: rules and terminals of one small kind of expressions. Readers make it, printers write it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Union

MAX_CODE = 0x10FFFF


@dataclass(frozen=True, slots=True)
class Word:
    """This text."""

    text: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """One character out of ranges of code points, both ends included; `negated`: any other one."""

    ranges: tuple[tuple[int, int], ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Ref:
    """A rule or terminal by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`least` is 0 or 1; `many`: without an upper bound, else at most once."""

    item: Expr
    least: int
    many: bool


Expr = Union[Word, OneOf, Ref, Sequence, Choice, Repeat]


@dataclass(frozen=True, slots=True)
class Terminal:
    """A pattern over characters; `without` are words that match it and are none of its tokens."""

    pattern: Expr
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grammar:
    """Names in rules are rules or terminals; in patterns of terminals there are none. `start` is a rule."""

    start: str
    rules: Mapping[str, Expr]
    terminals: Mapping[str, Terminal]

    def with_rules(self, rules: Mapping[str, Expr]) -> Grammar:
        return replace(self, rules=rules)


def sequence(*items: Expr) -> Expr:
    """Items one after the other, nested sequences opened."""
    flat: list[Expr] = []
    for item in items:
        flat.extend(item.items if isinstance(item, Sequence) else (item,))
    return flat[0] if len(flat) == 1 else Sequence(tuple(flat))


def choice(*items: Expr) -> Expr:
    """Alternatives, nested ones opened, repeated ones once."""
    flat: list[Expr] = []
    for item in items:
        flat.extend(item.items if isinstance(item, Choice) else (item,))
    flat = list(dict.fromkeys(flat))
    return flat[0] if len(flat) == 1 else Choice(tuple(flat))


def optional(item: Expr) -> Expr:
    return Repeat(item, 0, False)


def words(texts: tuple[str, ...] | list[str]) -> Expr:
    """One of these texts."""
    return choice(*(Word(text) for text in texts))


def parts(expr: Expr) -> tuple[Expr, ...]:
    """The expressions directly inside."""
    if isinstance(expr, (Sequence, Choice)):
        return expr.items
    return (expr.item,) if isinstance(expr, Repeat) else ()


def references(expr: Expr) -> Iterator[str]:
    """Every name in an expression, in order, repeated ones too."""
    if isinstance(expr, Ref):
        yield expr.name
    for part in parts(expr):
        yield from references(part)


def rebuilt(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The expression with `change` applied to every part of it, innermost first."""
    if isinstance(expr, Sequence):
        expr = sequence(*(rebuilt(item, change) for item in expr.items))
    elif isinstance(expr, Choice):
        expr = choice(*(rebuilt(item, change) for item in expr.items))
    elif isinstance(expr, Repeat):
        expr = replace(expr, item=rebuilt(expr.item, change))
    return change(expr)


def reachable(grammar: Grammar) -> Grammar:
    """Only the rules and terminals that the start leads to, in the order in which they are met."""
    seen: dict[str, None] = {grammar.start: None}
    queue = [grammar.start]
    while queue:
        for name in references(grammar.rules[queue.pop(0)]):
            if name not in seen:
                seen[name] = None
                if name in grammar.rules:
                    queue.append(name)
    rules = {name: grammar.rules[name] for name in seen if name in grammar.rules}
    return Grammar(grammar.start, rules, {n: grammar.terminals[n] for n in seen if n in grammar.terminals})
