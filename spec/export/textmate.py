"""The TextMate grammar that editors colour by, from the grammar and the tables.

Only strings and parentheses nest: a rule that cannot be left would colour the rest of a file that is being written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from clawc.spec.export.vocabulary import LANGUAGE_NAMES, Vocabulary, vocabulary

SCOPE = "source.claw"
_NAME = "[A-Za-z_][A-Za-z0-9_]*"
_START = r"(?<![A-Za-z0-9_])"
_END = r"(?![A-Za-z0-9_])"
_GAP = r"[ \t]*"
_EQUALS = r"(=)(?!=)"
Rule = dict[str, object]


def textmate_text() -> str:
    """The grammar as JSON."""
    return json.dumps(textmate(), indent=1, ensure_ascii=False) + "\n"


def textmate() -> Rule:
    """The grammar as a document."""
    words = vocabulary()
    return {
        "comment": "Made by `clawc grammar --for textmate`.",
        "name": "claw",
        "scopeName": SCOPE,
        "fileTypes": ["claw"],
        "patterns": _includes("comments", "edition", "texts", "literals", "heads", "words", "parentheses", "signs"),
        "repository": {
            "comments": _group(
                _match(r"(##).*$", "comment.line.documentation", "punctuation.definition.comment"),
                _match(r"(#).*$", "comment.line.number-sign", "punctuation.definition.comment"),
            ),
            "edition": _group(
                _match(rf"^\x{{FEFF}}?{_GAP}(claw) ([0-9]+)", "", "keyword.control.edition", "constant.numeric.edition")
            ),
            "texts": _group(*_texts(words)),
            "escapes": _group(
                _match(r"\\(?:u[0-9a-fA-F]{4}|.)", "constant.character.escape"),
            ),
            "holes": _group(
                _match(r"\{\{\{\{", "constant.character.escape.brace"),
                _hole(r'[^"\\\n{}]'),
            ),
            "holes_of_blocks": _group(
                _match(r"\{\{\{\{", "constant.character.escape.brace"),
                _hole(r'(?!""")[^\\\n{}]'),
            ),
            "regex": _group(
                _match(r"\\(?:u[0-9a-fA-F]{4}|.)", "constant.character.escape.regexp"),
                _match(r"\[\^?\]?(?:[^\]\\\n\"]|\\.)*\]", "constant.other.character-class.set.regexp"),
                _match(r"\(\?(?:P?<[A-Za-z_][A-Za-z0-9_]*>|[:=!]|<[=!])|[()]", "punctuation.definition.group.regexp"),
                _match(r"[*+?]\??|\{[0-9]+(?:,[0-9]*)?\}", "keyword.operator.quantifier.regexp"),
                _match(r"[|.^$]", "keyword.operator.regexp"),
            ),
            "literals": _group(*_literals(words)),
            "heads": _group(*_heads(words)),
            "arguments": _group(
                _match(rf"{_START}({_NAME}){_GAP}{_EQUALS}", "", "variable.parameter", "keyword.operator.assignment")
            ),
            "parentheses": _group({
                "begin": r"\(", "end": r"\)",
                "beginCaptures": {"0": _scope("punctuation.section.parens.begin")},
                "endCaptures": {"0": _scope("punctuation.section.parens.end")},
                "patterns": _includes(
                    "comments", "texts", "literals", "arguments", "stages", "words", "parentheses", "signs"
                ),
            }),
            "stages": _group(
                _match(rf"(\|){_GAP}{_any(words.verbs)}", "", "keyword.operator.pipe", "support.function.verb"),
                _match(rf"(\|){_GAP}({_NAME})", "", "keyword.operator.pipe", "entity.name.function"),
            ),
            "words": _group(*_words(words)),
            "signs": _group(
                _match(r"\?\?|==|!=|<=|>=|<|>", "keyword.operator.comparison"),
                _match(r"\.\.", "keyword.operator.range"),
                _match(r"[-+*/]", "keyword.operator.arithmetic"),
                _match(r"=", "keyword.operator.assignment"),
                _match(r"\|", "keyword.operator.pipe"),
                _match(r",", "punctuation.separator.comma"),
                _match(r";", "punctuation.terminator"),
                _match(r":", "punctuation.separator.key-value"),
                _match(r"\.", "punctuation.accessor"),
                _match(r"[{}]", "punctuation.section.braces"),
                _match(r"[\[\]]", "punctuation.section.brackets"),
            ),
        },
    }  # fmt: skip


def _texts(words: Vocabulary) -> list[Rule]:
    """Texts by what may stand in them: a program, nothing, a regex, holes."""
    block, line = (f"(?={quotes})" for quotes in ('"""', '"'))
    python = rf"{_START}(python){_GAP}{block}"
    raw = rf"(?:^{_GAP}|{_START}){_any(words.raw)}{_GAP}{_EQUALS}{_GAP}"  # no later than an attribute at the start of a line
    attribute = ("entity.other.attribute-name", "keyword.operator.assignment")
    program = _text('"""', '"""', "string.quoted.triple", ["escapes", "python"])
    return [
        _behind(python, program | {"contentName": "meta.embedded.block.python"}, "storage.type.block"),
        _behind(raw + block, _text('"""', '"""', "string.quoted.triple.raw", ["escapes"]), *attribute),
        _behind(raw + line, _text('"', '"|$', "string.quoted.double.raw", ["escapes"]), *attribute),
        _text('"""', '"""', "string.quoted.triple", ["escapes", "holes_of_blocks"]),
        _text(rf'{_START}re"', '"|$', "string.regexp", ["regex"]),
        _text('"', '"|$', "string.quoted.double", ["escapes", "holes"]),
    ]


def _behind(head: str, text: Rule, *scopes: str) -> Rule:
    """A text that only this head makes what it is. `\\G` is where the head ends: the rule is left where anything has been read."""
    return {
        "begin": head,
        "end": r"(?!\G)",
        "beginCaptures": {str(at): _scope(name) for at, name in enumerate(scopes, 1)},
        "patterns": [text],
    }


def _text(begin: str, end: str, scope: str, inside: list[str]) -> Rule:
    patterns = [{"include": "source.python"} if name == "python" else {"include": f"#{name}"} for name in inside]
    return {
        "name": f"{scope}.claw",
        "begin": begin,
        "end": end,
        "beginCaptures": {"0": _scope("punctuation.definition.string.begin")},
        "endCaptures": {"0": _scope("punctuation.definition.string.end")},
        "patterns": patterns,
    }


def _hole(sign: str) -> Rule:
    """A hole of an expression that ends on its line; `sign` is what stands for itself in it. One that does not end is text."""
    return {
        "name": "meta.embedded.line.claw",
        "begin": rf"\{{\{{(?=(?:{sign}|\\.|\{{(?!\{{)|\}}(?!\}}))*\}}\}})",
        "end": r"\}\}",
        "beginCaptures": {"0": _scope("punctuation.section.embedded.begin")},
        "endCaptures": {"0": _scope("punctuation.section.embedded.end")},
        "contentName": SCOPE,
        "patterns": [
            _match(r'"(?:[^"\\\n}]|\\.|\}(?!\}))*"', "string.quoted.double"),
            *_includes("literals", "arguments", "stages", "words", "signs"),
            _match(r"[()]", "punctuation.section.parens"),
        ],
    }


def _literals(words: Vocabulary) -> list[Rule]:
    number = re.sub(r"\(ms\|(.*)\|%\)\?", rf"(?:(ms|\1){_END}|(%))?", words.patterns["NUMBER"])
    return [
        _match(words.patterns["DATE"], "constant.numeric.date"),
        _match(_START + _quiet(number, keep=2), "constant.numeric", "keyword.other.unit", "keyword.other.unit.percent"),
        _match(words.patterns["QUOTED"], "variable.other.quoted"),
    ]


def _heads(words: Vocabulary) -> list[Rule]:
    """What begins an item."""
    reserved = "|".join(words.keywords)
    title = rf"(?={_GAP}(?:\{{|\"))"
    name = rf"[ \t]+(?!(?:{reserved}){_END})({_NAME})"
    return [
        _match(rf"{_START}(let){name}", "", "keyword.declaration", "variable.other.definition"),
        _match(rf"{_START}(def){name}", "", "keyword.declaration", "entity.name.function"),
        _match(rf"{_START}{_any(words.actions)}{name}{_GAP}{_EQUALS}", "",
               "keyword.other.action", "variable.other", "keyword.operator.assignment"),
        _match(rf"{_START}(format|kind){_GAP}{_EQUALS}{_GAP}{_any(words.formats)}", "",
               "entity.other.attribute-name", "keyword.operator.assignment", "support.constant.format"),
        # A stage goes on over lines: what it names is an attribute only at the start of a line or a body.
        *(_match(rf"{before}{_any(words.attributes)}{_GAP}{_EQUALS}", "",
                 "entity.other.attribute-name", "keyword.operator.assignment") for before in (rf"^{_GAP}", r"(?<=[{;]|[{;] )")),
        _match(rf"{_START}({_NAME}){_GAP}{_EQUALS}", "", "variable.other.member", "keyword.operator.assignment"),
        {"include": "#stages"},
        _match(rf"{_START}(?<!\.){_any(words.kinds)}{name}", "", "storage.type.block", "entity.name.type"),
        _match(rf"{_START}(?<!\.){_any(words.kinds)}{title}", "", "storage.type.block"),
    ]  # fmt: skip


def _words(words: Vocabulary) -> list[Rule]:
    soft = rf"(?<!\.){_START}{_any(words.soft)}(?!{_GAP}(?:=(?!=)|[:.(]))"
    hard = [word for word in words.operators if word not in words.soft]
    return [
        _match(_START + _any(words.declarations), "keyword.declaration"),
        _match(_START + _any(words.controls), "keyword.control.conditional"),
        _match(_START + _any(hard), "keyword.operator.word"),
        _match(_START + _any(words.constants), "constant.language"),
        _match(soft, "keyword.operator.word"),
        _match(rf"{_START}(?<!\.){_any((*words.functions, *words.verbs))}(?={_GAP}\()", "support.function"),
        _match(rf"{_START}(?<!\.){_NAME}(?={_GAP}\()", "entity.name.function"),
        _match(rf"{_START}(?<!\.){_any(words.subjects)}(?!\.)", "support.constant.subject"),
        _match(rf"{_START}(?<!\.){_any(LANGUAGE_NAMES)}(?!{_GAP}:)", "variable.language"),
        _match(rf"{_START}{_NAME}(?={_GAP}:)", "variable.other.property"),
        _match(rf"(?<!\.)(\.)({_NAME})", "", "punctuation.accessor", "variable.other.member"),
        _match(rf"{_START}{_NAME}", "variable.other"),
    ]


def _any(words: Iterable[str]) -> str:
    """A group that captures one of these words, whole."""
    return f"({'|'.join(re.escape(word) for word in words)}){_END}"


def _quiet(pattern: str, keep: int) -> str:
    """The pattern with no groups that capture but its last `keep`."""
    opened = [m.start() for m in re.finditer(r"(?<!\\)\((?!\?)", pattern)]
    for at in reversed(opened[: len(opened) - keep]):
        pattern = pattern[: at + 1] + "?:" + pattern[at + 1 :]
    return pattern


def _match(pattern: str, scope: str, *groups: str) -> Rule:
    rule: Rule = {"match": pattern}
    if scope:
        rule["name"] = f"{scope}.claw"
    if groups:
        rule["captures"] = {str(at): _scope(name) for at, name in enumerate(groups, 1)}
    return rule


def _scope(name: str) -> dict[str, str]:
    return {"name": f"{name}.claw"}


def _group(*patterns: Rule) -> Rule:
    return {"patterns": list(patterns)}


def _includes(*names: str) -> list[Rule]:
    return [{"include": f"#{name}"} for name in names]
