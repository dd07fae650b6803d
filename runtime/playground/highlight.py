"""The colours of a text, by the tokens of the project's own lexer. Never fails: what is no token is marked as such."""

from __future__ import annotations

import io
import keyword
import re
import tokenize
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from clawc.compiler.passes.lex import KEYWORDS, Comment, Token, lex
from clawc.spec.blocks import BY_KIND
from clawc.spec.functions import BY_NAME

# Characters beyond which a text is shown in one colour: a browser could not follow somebody who types.
COLOURED = 200_000
_KINDS = {
    "EDITION": "word", "TRIPLE": "text", "STRING": "text", "REGEX": "regex", "DATE": "number", "NUMBER": "number", "INT_RANGE": "number",
    "QUOTED": "name", "BAD": "bad",
} | dict.fromkeys(KEYWORDS.values(), "word")  # fmt: skip
_HOLE = re.compile(r"\{\{.*?\}\}", re.DOTALL)


class Mark(NamedTuple):
    """Characters `start` to `end` of a text are of this kind: word, block, key, call, verb, text, hole, regex, number, name,
    comment or bad."""

    start: int
    end: int
    kind: str


class Utf16:
    """Offsets of a browser, which counts in UTF-16, from those of Python, which counts code points."""

    def __init__(self, text: str) -> None:
        self._wide = [at for at, char in enumerate(text) if char > "\uffff"] if not text.isascii() else []

    def __call__(self, offset: int) -> int:
        return offset + bisect_right(self._wide, offset - 1)


def marks(text: str) -> list[Mark]:
    """The marks of a text in their order, which do not overlap; none of one that is longer than COLOURED."""
    if len(text) > COLOURED:
        return []
    tokens, comments = lex(text)
    found = [*_of_tokens(tokens), *_of_comments(comments)]
    return sorted(found)


def _of_tokens(tokens: list[Token]) -> Iterator[Mark]:
    words = [t for t in tokens if t.kind not in ("_NL", "SEMICOLON")]
    before = ""
    for token, after in zip(words, [*words[1:], words[-1]]):
        kind = _KINDS.get(token.kind) or (_of_name(token, before, after) if token.kind == "NAME" else "")
        if kind == "text":
            yield from _of_text(token)
        elif kind:
            yield Mark(token.start, token.end, kind)
        before = token.kind


def _of_name(token: Token, before: str, after: Token) -> str:
    if token.lead and token.text in BY_KIND and after.kind != "EQUAL":
        return "block"
    if after.kind == "EQUAL":
        return "key"
    if before == "_PIPE":
        return "verb"
    return "call" if after.kind == "LPAR" and token.text in BY_NAME else ""


def _of_text(token: Token) -> Iterator[Mark]:
    """A text, with its holes apart."""
    at = token.start
    for hole in _HOLE.finditer(token.text):
        start, end = token.start + hole.start(), token.start + hole.end()
        if start > at:
            yield Mark(at, start, "text")
        yield Mark(start, end, "hole")
        at = end
    if at < token.end:
        yield Mark(at, token.end, "text")


def _of_comments(comments: list[Comment]) -> Iterator[Mark]:
    for comment in comments:
        yield Mark(comment.start, comment.start + len(comment.text), "comment")


_PYTHON = {tokenize.STRING: "text", tokenize.NUMBER: "number", tokenize.COMMENT: "comment"}


def python_marks(source: str) -> list[Mark]:
    """The same of a program in Python, as far as it can be read as one."""
    if len(source) > COLOURED:
        return []
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found: list[Mark] = []
    before = ""
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            kind = _PYTHON.get(token.type, "")
            if token.type == tokenize.NAME:
                kind = "word" if keyword.iskeyword(token.string) else "block" if before in ("def", "class") else ""
            if kind:
                start, end = (starts[line - 1] + column for line, column in (token.start, token.end))
                found.append(Mark(start, end, kind))
            before = token.string
    except (tokenize.TokenError, SyntaxError):
        pass
    return found
