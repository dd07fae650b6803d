"""GBNF and EBNF: every rule is defined, none is left recursive, and a reader that works as llama.cpp does accepts the sources."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from clawc.compiler.passes.lex import KEYWORDS
from clawc.compiler.passes.parse import parse
from clawc.compiler.source import Diagnostics, Source
from clawc.spec.export.bnf_text import Dialect
from clawc.spec.export.decoding import decoding_grammar
from clawc.spec.export.prepare import RESERVED
from tests.compiler.derived_texts import NAMES, Node, Writer, heights_of, read, rules_of

ROOT = Path(__file__).parents[2]
VALID = sorted([*(ROOT / "examples").rglob("*.claw"), *(ROOT / "tests" / "conformance" / "valid").glob("*.claw")])
SMALL = sorted(VALID, key=lambda p: p.stat().st_size)[:4]
DIALECTS: tuple[Dialect, ...] = ("gbnf", "ebnf")


def names_in(node: Node) -> Iterator[str]:
    if node.kind == "rule":
        yield node.text
    for part in node.parts:
        yield from names_in(part)


def empty(rules: dict[str, Node], node: Node, seen: frozenset[str] = frozenset()) -> bool:
    if node.kind in "*?":
        return True
    if node.kind == "rule":
        return node.text not in seen and empty(rules, rules[node.text], seen | {node.text})
    if node.kind == "choice":
        return any(empty(rules, part, seen) for part in node.parts)
    return node.kind in ("sequence", "+") and all(empty(rules, part, seen) for part in node.parts)


def leftmost(rules: dict[str, Node], node: Node) -> Iterator[str]:
    """Rules that may stand first."""
    if node.kind == "rule":
        yield node.text
    for part in node.parts:
        yield from leftmost(rules, part)
        if node.kind == "sequence" and not empty(rules, part):
            return


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("cut", [False, True])
def test_every_rule_is_defined_and_used(dialect: Dialect, cut: bool) -> None:
    rules = read(dialect, cut)
    used = {name for node in rules.values() for name in names_in(node)}
    assert used | {"root"} == set(rules)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("cut", [False, True])
def test_no_rule_begins_with_itself_and_no_loop_is_empty(dialect: Dialect, cut: bool) -> None:
    rules = read(dialect, cut)
    first = {name: set(leftmost(rules, node)) for name, node in rules.items()}
    for name in rules:
        reached, queue = set[str](), list(first[name])
        while queue:
            inner = queue.pop()
            if inner not in reached:
                reached.add(inner)
                queue.extend(first[inner])
        assert name not in reached, name
    for node in rules.values():
        _no_empty_loop(rules, node)


def _no_empty_loop(rules: dict[str, Node], node: Node) -> None:
    assert not (node.kind in "*+" and empty(rules, node.parts[0])), node
    for part in node.parts:
        _no_empty_loop(rules, part)


Symbol = tuple[str, str]  # a kind of node, and its text
Stack = tuple[Symbol, "Stack"] | None
Productions = dict[str, list[tuple[Symbol, ...]]]


def productions(rules: dict[str, Node]) -> Productions:
    """Rules as lists of sequences; what is repeated or grouped gets a rule of its own."""
    made: Productions = {}

    def sequences(node: Node) -> list[tuple[Symbol, ...]]:
        if node.kind == "choice":
            return [found for part in node.parts for found in sequences(part)]
        parts = node.parts if node.kind == "sequence" else (node,)
        return [tuple(symbol for part in parts for symbol in symbols(part))]

    def symbols(node: Node) -> list[Symbol]:
        if node.kind == "text":
            return [("text", sign) for sign in node.text]
        if node.kind in ("class", "rule"):
            return [(node.kind, node.text)]
        own: Symbol = ("rule", f" {len(made)}")
        made[own[1]] = []
        if node.kind == "choice":
            made[own[1]] = sequences(node)
        else:
            once = tuple(symbols(node.parts[0]))
            last: list[tuple[Symbol, ...]] = [once] if node.kind == "+" else [()]
            made[own[1]] = [once if node.kind == "?" else (*once, own), *last]
        return [own]

    return {**{name: sequences(node) for name, node in rules.items()}, **made}


def advance(grammar: Productions, stack: Stack, found: dict[Stack, None], seen: set[Stack]) -> None:
    """Opens the rule on top until a character is there; each way to do so is a stack."""
    if stack in seen:
        return
    seen.add(stack)
    if stack is None or stack[0][0] != "rule":
        found[stack] = None
        return
    (_, name), rest = stack
    for way in grammar[name]:
        inner = rest
        for symbol in reversed(way):
            inner = (symbol, inner)
        advance(grammar, inner, found, seen)


@cache
def fits(symbol: Symbol, sign: str) -> bool:
    return symbol[1] == sign if symbol[0] == "text" else re.fullmatch(symbol[1], sign) is not None


class Read(NamedTuple):
    accepted: bool
    most: int  # stacks that were kept at once


def read_by_stacks(rules: dict[str, Node], text: str, start: str = "root") -> Read:
    """Reads as llama.cpp does: a set of stacks, each one way to read what has been seen so far."""
    grammar = productions(rules)
    stacks: dict[Stack, None] = {}
    advance(grammar, (("rule", start), None), stacks, set())
    most = len(stacks)
    for sign in text:
        after: dict[Stack, None] = {}
        seen: set[Stack] = set()
        for stack in stacks:
            if stack is not None and fits(stack[0], sign):
                advance(grammar, stack[1], after, seen)
        stacks = after
        most = max(most, len(stacks))
    return Read(None in stacks, most)


def accepted(rules: dict[str, Node], text: str, start: str = "root") -> bool:
    return read_by_stacks(rules, text, start).accepted


@pytest.mark.sampled(6)
@pytest.mark.parametrize("path", VALID, ids=lambda p: p.parent.name + "_" + p.stem)
def test_sources_are_accepted(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    whole = read_by_stacks(read("gbnf"), text)
    assert whole.accepted and whole.most < 200
    if path in SMALL:
        assert accepted(read("ebnf"), text)
        cut = read_by_stacks(read("gbnf", True, path), text)
        assert cut.accepted and cut.most < 1_000


@pytest.mark.parametrize("cut", [False, True])
def test_what_is_nested_does_not_multiply_the_ways_to_read_it(cut: bool) -> None:
    def most(depth: int) -> int:
        text = "claw 1\nlet x = " + "round([{a: (" * depth + "1" + ")}])" * depth
        found = read_by_stacks(read("gbnf", cut), text)
        assert found.accepted
        return found.most

    assert most(6) == most(3)


REFUSED = (
    "claw 1\nletx", "claw 1\nexpectx", "claw 1\nlet let = 1", "claw 1\nlet true = 1", "claw 1\nlet x = a orb", "claw 1\nlet x = 5dor b",
    'claw 1\nfile re"x"', "let x = 1", "claw 1\nlet x = 1 let y = 2", "claw 1\nlet x = ( 1",
)  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("text", REFUSED)
def test_what_the_parser_refuses_is_refused(dialect: Dialect, text: str) -> None:
    diagnostics = Diagnostics()
    parse(Source.of("t.claw", text), diagnostics)
    assert diagnostics.has_errors
    assert not accepted(read(dialect), text)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_names_are_all_words_but_the_reserved_ones(dialect: Dialect) -> None:
    rules = read(dialect)
    near = (
        {w[:n] for w in RESERVED for n in range(1, len(w))} | {w + "_" for w in RESERVED} | {w + "s" for w in RESERVED}
    )
    near |= {w[:-1] + "Z" for w in RESERVED} | {"_", "x", "let1", "Let", "on", "within"}
    for word in sorted(near | set(RESERVED)):
        assert accepted(rules, word, "NAME") == (word not in RESERVED), word


def test_the_reserved_words_are_those_of_the_lexer() -> None:
    assert set(RESERVED) == set(KEYWORDS)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_expression_may_be_the_start(dialect: Dialect) -> None:
    rules = rules_of(decoding_grammar(dialect, "expression"), NAMES[dialect])
    assert accepted(rules, "csv(orders) | where amount >= 3 | sort -amount")
    assert not accepted(rules, "claw 1")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("cut", [False, True])
def test_what_the_grammar_writes_is_read(dialect: Dialect, cut: bool) -> None:
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 50_000))
    rules = read(dialect, cut)
    heights = heights_of(rules)
    lengths: list[int] = []
    for number in range(int(os.environ.get("CLAWC_WALKS", "1000")) // 4):
        text = Writer(rules, heights, f"{dialect}/{number}", 10 + number % 60).text(rules["root"])
        diagnostics = Diagnostics()
        parse(Source.of("t.claw", text), diagnostics)
        assert not diagnostics.has_errors, (text, [d.message for d in diagnostics.sorted()])
        lengths.append(len(text))
    assert sorted(lengths)[len(lengths) // 2] > 40
