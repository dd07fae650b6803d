"""The grammar for tree-sitter and its queries for colours, from the grammar of the language and the tables.

Tiers of expressions are hidden rules, so that the tree has a node where something is written. Whether a line end ends an item is known only
by what follows it, a `|` or not, so that a scanner in C tells line ends (`editors/tree-sitter-claw/src/scanner.c`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import NamedTuple

from clawc.spec.export.lark_text import read_rule
from clawc.spec.export.model import Choice, Expr, Ref, Repeat, Sequence, Word
from clawc.spec.export.vocabulary import LANGUAGE_NAMES, vocabulary
from clawc.spec.grammar import grammar_text

_RULE = re.compile(r"^([?!]?)(_?[a-z][a-z_]*): (.*)$", re.M)
_ALIAS = re.compile(r"^(.*?)\s*->\s*(\w+)\s*$")
_SPLIT = re.compile(r'"(?:[^"\\]|\\.)*"|[\[(]|[\])]|\||[^"\[\]()|]+')
# Terminals by the names of their nodes; signs and line ends have none.
_NODES = {
    "EDITION": "edition", "TRIPLE": "text_block", "STRING": "string", "REGEX": "regex", "DATE": "date", "NUMBER": "number",
    "INT_RANGE": "whole_numbers", "QUOTED": "quoted_name", "NAME": "identifier",
}  # fmt: skip
_SIGNS = {"_PIPE": '"|"', "_COMMA": "$._comma", "_NL": "$._line_end"}
_RULES = {"start": "source_file"}


class _Alternative(NamedTuple):
    body: Expr
    alias: str


def tree_sitter_text() -> str:
    """`grammar.js`."""
    lines = [
        "// Made by `clawc grammar --for tree-sitter`.",
        "module.exports = grammar({",
        '  name: "claw",',
        "  externals: ($) => [$._newline],",
        "  extras: ($) => [/[ \\t\\r\\n\\ufeff]/, $.comment],",
        "  word: ($) => $.identifier,",
        "  rules: {",
        *(f"    {name}: ($) => {body}," for name, body in _rules()),
        "  },",
        "});",
    ]
    return "\n".join(lines) + "\n"


def _rules() -> Iterable[tuple[str, str]]:
    found = list(_RULE.finditer(grammar_text()))
    hidden = {m.group(2) for m in found if m.group(1) == "?"}
    for mark, name, text in (m.groups() for m in found):
        ways: list[str] = []
        parts: list[tuple[str, str]] = []
        for body, alias in _alternatives(text):
            way = _js(body, hidden)
            if alias:
                part = f"_{name.lstrip('_')}_{len(parts) + 1}"
                parts.append((part, way))
                way = f"alias($.{part}, $.{alias})"
            ways.append(way)
        yield _node(name, {name} if mark == "?" else set()), ways[0] if len(ways) == 1 else f"choice({', '.join(ways)})"
        yield from parts
    yield "_line_end", "prec.right(repeat1($._newline))"
    yield "_comma", 'prec.right(seq(",", repeat($._newline)))'
    yield "comment", "token(/#[^\\r\\n]*/)"
    patterns = vocabulary().patterns
    for terminal, node in _NODES.items():
        yield node, f"token(/{patterns[terminal]}/)"


def _alternatives(text: str) -> list[_Alternative]:
    """The alternatives of a rule with the names that the file gives to some."""
    depth = 0
    ways = [""]
    for part in _SPLIT.findall(text):
        depth += (part in ("[", "(")) - (part in ("]", ")"))
        if part == "|" and depth == 0:
            ways.append("")
        else:
            ways[-1] += part
    named = [_ALIAS.match(way) for way in ways]
    if not any(named):
        return [_Alternative(read_rule(text), "")]
    return [_Alternative(read_rule(m.group(1) if m else way), m.group(2) if m else "") for way, m in zip(ways, named)]


def _node(name: str, hidden: set[str]) -> str:
    return f"_{name}" if name in hidden else _RULES.get(name, name)


def _js(expr: Expr, hidden: set[str]) -> str:
    if isinstance(expr, Word):
        return json.dumps(expr.text)
    if isinstance(expr, Ref):
        return _SIGNS.get(expr.name) or f"$.{_NODES.get(expr.name) or _node(expr.name, hidden)}"
    if isinstance(expr, Sequence):
        return f"seq({', '.join(_js(item, hidden) for item in expr.items)})"
    if isinstance(expr, Choice):
        return f"choice({', '.join(_js(item, hidden) for item in expr.items)})"
    if isinstance(expr, Repeat):
        call = ("repeat1" if expr.least else "repeat") if expr.many else "optional"
        return f"{call}({_js(expr.item, hidden)})"
    raise ValueError(f"{expr} is no part of a rule")


# What a capture is called where the names of Helix differ.
_HELIX = {
    "boolean": "constant.builtin.boolean", "number": "constant.numeric", "property": "variable.other.member",
    "keyword.conditional": "keyword.control.conditional", "string.special": "constant.numeric", "module": "namespace",
    "type.definition": "type", "keyword.directive": "keyword.directive", "constant": "constant",
}  # fmt: skip


def highlights_text(helix: bool = False) -> str:
    """`highlights.scm`. No two patterns capture the same word, since editors differ in which one wins."""
    words = vocabulary()
    functions = dict.fromkeys((*words.functions, *words.verbs))
    conditional = [word for word in words.controls if word != "not"]
    operators = dict.fromkeys(words.operators)
    captures = [
        ("(comment)", "comment"),
        ("(edition)", "keyword.directive"),
        ("[(string) (text_block)]", "string"),
        ("(regex)", "string.regexp"),
        ("(date)", "string.special"),
        ("[(number) (whole_numbers)]", "number"),
        (_list(words.declarations), "keyword"),
        (_list(conditional), "keyword.conditional"),
        (_list(operators), "keyword.operator"),
        (_list(word for word in words.constants if word != "null"), "boolean"),
        ('"null"', "constant.builtin"),
        ('["==" "!=" "<=" ">=" "<" ">" "??" "+" "-" "*" "/" ".." "=" "|"]', "operator"),
        ('["{" "}" "(" ")" "[" "]"]', "punctuation.bracket"),
        ('["," ";" ":" "."]', "punctuation.delimiter"),
    ]
    lines = ["; Made by `clawc grammar --for tree-sitter`, with the grammar.", ""]
    lines += [f"{pattern} @{_capture(name, helix)}" for pattern, name in captures]

    def named(before: str, capture: str, condition: str = "", after: str = "") -> None:
        lines.append(f"({before.strip()} (identifier) @{_capture(capture, helix)}{after}{condition})")

    def among(capture: str, found: Iterable[str], negated: bool = False) -> str:
        name = _capture(capture, helix)
        if negated:  # readers differ in what `not-any-of?` means
            return f'\n  (#not-match? @{name} "^({"|".join(found)})$")'
        return f"\n  (#any-of? @{name} {' '.join(json.dumps(word) for word in found)})"

    lines.append("")
    named("block .", "keyword")
    lines.append(f"(block (label (identifier) @{_capture('type', helix)}))")
    named("attribute .", "property")
    named("labelled .", "keyword")
    named("labelled", "variable", after=' . "="')
    named('let_item "let" .', "variable")
    named('def_item "def" .', "function")
    named('def_item "("', "variable.parameter")
    named("source", "module")
    named("use_item", "function")
    named("key", "variable")
    named("stage .", "function.builtin", among("function.builtin", functions))
    named("stage .", "function", among("function", functions, True))
    named("call .", "function.builtin", among("function.builtin", functions))
    named("call .", "function", among("function", functions, True))
    lines.append(f'(arg . (identifier) @{_capture("variable.parameter", helix)} "=")')
    named("entry .", "property", after=' ":"')
    named('attr "."', "property")
    named("name", "variable.builtin", among("variable.builtin", LANGUAGE_NAMES))
    named("name", "variable", among("variable", LANGUAGE_NAMES, True))
    return "\n".join(lines) + "\n"


def injections_text(helix: bool = False) -> str:
    """`injections.scm`: the program of a `python` block without its quotation marks, which Helix cannot leave out: with them it is one text."""
    program = (
        '((block . (identifier) @_kind (label (text_block) @injection.content))\n  (#eq? @_kind "python")\n'
        '  (#offset! @injection.content 0 3 0 -3)\n  (#set! injection.language "python"))\n\n'
    )
    return (
        "; Made by `clawc grammar --for tree-sitter`, with the grammar.\n\n"
        f'{"" if helix else program}((comment) @injection.content\n  (#set! injection.language "comment"))\n'
    )


def _capture(name: str, helix: bool) -> str:
    return _HELIX.get(name, name) if helix else name


def _list(words: Iterable[str]) -> str:
    return f"[{' '.join(json.dumps(word) for word in words)}]"
