"""Exported grammars read back, and random texts that they derive."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from clawc.compiler.passes.parse import parse
from clawc.compiler.source import Diagnostics, Source
from clawc.spec.export.bnf_text import Dialect
from clawc.spec.export.decoding import decoding_grammar
from clawc.spec.export.scope import scope_of

NAMES = {"gbnf": r"[a-zA-Z][a-zA-Z0-9-]*", "ebnf": r"[a-zA-Z_][a-zA-Z0-9_]*"}

_SIGN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|\[(?:[^\]\\]|\\.)*\]|[a-zA-Z_][\w-]*|[|()*+?])')


class Node(NamedTuple):
    """`kind` is text, class, rule, sequence, choice or one of `* + ?`."""

    kind: str
    text: str = ""
    parts: tuple[Node, ...] = ()


@cache
def read(dialect: Dialect, cut: bool = False, path: Path | None = None) -> dict[str, Node]:
    scope = None
    if path is not None:
        scope = scope_of(parse(Source.of(path.name, path.read_text(encoding="utf-8")), Diagnostics()).file)
    return rules_of(decoding_grammar(dialect, cut=cut, scope=scope), NAMES[dialect])


def rules_of(text: str, name: str) -> dict[str, Node]:
    rules: dict[str, Node] = {}
    for line in text.splitlines():
        found = re.fullmatch(rf"({name}) ::= (.+)", line)
        assert found, line
        assert found.group(1) not in rules, line
        signs = re.findall(_SIGN, found.group(2))
        assert "".join(signs) == re.sub(r"\s+", "", _without_blanks(found.group(2))).replace("\0", " "), line
        node, at = _choice(signs, 0)
        assert at == len(signs), line
        rules[found.group(1)] = node
    return rules


def _without_blanks(body: str) -> str:
    """Blanks inside of texts and classes are kept, as a sign that nothing else uses."""
    return re.sub(r'"(?:[^"\\]|\\.)*"|\[(?:[^\]\\]|\\.)*\]', lambda m: m.group().replace(" ", "\0"), body)


def _choice(signs: list[str], at: int) -> tuple[Node, int]:
    ways: list[Node] = []
    while True:
        items: list[Node] = []
        while at < len(signs) and signs[at] not in ("|", ")"):
            item, at = _item(signs, at)
            items.append(item)
        assert items, "an empty alternative"
        ways.append(Node("sequence", "", tuple(items)))
        if at == len(signs) or signs[at] == ")":
            return Node("choice", "", tuple(ways)), at
        at += 1


def _item(signs: list[str], at: int) -> tuple[Node, int]:
    sign = signs[at]
    if sign == "(":
        node, at = _choice(signs, at + 1)
        assert signs[at] == ")"
    elif sign.startswith('"'):
        node = Node("text", _escaped(sign[1:-1]))
    elif sign.startswith("["):
        node = Node("class", sign)
    else:
        node = Node("rule", sign)
    at += 1
    while at < len(signs) and signs[at] in "*+?":
        node = Node(signs[at], "", (node,))
        at += 1
    return node, at


def _escaped(text: str) -> str:
    """llama.cpp knows these escapes and no others that are written here."""
    assert not re.search(r"\\(?!\\)[^ntr\"\\\[\]x]", text.replace("\\\\", "")), text
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "r": "\r", "t": "\t"}.get(m[1], m[1]), text)


class Writer:
    """Random texts of a grammar: any alternative at first, the shortest ones when the text has grown."""

    def __init__(self, rules: dict[str, Node], heights: dict[str, int], seed: str, room: int) -> None:
        self.rules = rules
        self.heights = heights
        self.rng = random.Random(seed)
        self.room = room

    def text(self, node: Node) -> str:
        small = self.room <= 0
        if node.kind == "text":
            self.room -= 1
            return node.text
        if node.kind == "class":
            return self.rng.choice(_characters(node.text))
        if node.kind == "rule":
            return self.text(self.rules[node.text])
        if node.kind == "choice":
            return self.text(self.rng.choice(self._shortest(node) if small else node.parts))
        if node.kind == "sequence":
            return "".join(self.text(part) for part in node.parts)
        times = int(node.kind == "+") + (0 if small else self.rng.randint(0, 1 if node.kind == "?" else 2))
        return "".join(self.text(node.parts[0]) for _ in range(times))

    def _shortest(self, node: Node) -> list[Node]:
        heights = [_height(self.heights, part) for part in node.parts]
        return [part for part, height in zip(node.parts, heights) if height == min(heights)]


# Classes that say what may not stand get letters, marks and what is special in texts.
CHARACTERS = 'aeinortx_TZ059 \t\n\r"\\`#.,;:=+-*/<>|{}()[]@%é'


@cache
def _characters(sign: str) -> list[str]:
    return [c for c in CHARACTERS if re.fullmatch(sign, c)]


def heights_of(rules: dict[str, Node]) -> dict[str, int]:
    heights = dict.fromkeys(rules, 10_000)
    changed = True
    while changed:
        changed = False
        for name, node in rules.items():
            height = 1 + _height(heights, node)
            if height < heights[name]:
                heights[name], changed = height, True
    return heights


def _height(heights: dict[str, int], node: Node) -> int:
    if node.kind == "rule":
        return heights[node.text]
    if node.kind in "*?":
        return 0
    inner = [_height(heights, part) for part in node.parts]
    return min(inner) if node.kind == "choice" else max(inner, default=0)
