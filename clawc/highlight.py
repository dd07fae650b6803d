"""The language for Pygments, under the name `claw`: tokens as the compiler reads them, what they are by the tables.

No character is lost, and what the compiler calls BAD is an Error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar

from pygments import token as kinds
from pygments.lexer import Lexer
from pygments.token import _TokenType as TokenType  # pyright: ignore[reportPrivateUsage]

from clawc.compiler.passes.lex import Token, lex
from clawc.spec.export.vocabulary import LANGUAGE_NAMES, vocabulary

_Found = tuple[int, TokenType, str]

_WORDS = vocabulary()
_KEYWORDS: dict[str, TokenType] = {
    **dict.fromkeys(_WORDS.declarations, kinds.Keyword.Declaration),
    **dict.fromkeys(_WORDS.controls, kinds.Keyword),
    **dict.fromkeys(_WORDS.operators, kinds.Operator.Word),
    **dict.fromkeys(_WORDS.constants, kinds.Keyword.Constant),
}
_FIXED: dict[str, TokenType] = {
    "DATE": kinds.Literal.Date,
    "NUMBER": kinds.Number,
    "QUOTED": kinds.Name.Variable,
    "REGEX": kinds.String.Regex,
    "BAD": kinds.Error,
    "_PIPE": kinds.Operator,
    "_COMMA": kinds.Punctuation,
    "_NL": kinds.Whitespace,
}
_SIGNS_OF_OPERATORS = frozenset("=+-*/<>!?")
_FUNCTIONS = frozenset((*_WORDS.functions, *_WORDS.verbs))
_SUBJECTS = frozenset(_WORDS.subjects)
_BEHIND_KINDS = frozenset(("NAME", "STRING", "TRIPLE", "QUOTED", "LBRACE"))
# A text in its parts: escapes, two braces, holes, and what is between. A hole that does not end here is text.
_IN_TEXT = re.compile(r"(\\.|\{\{\{\{)|(\{\{(?:[^{}]|\{(?!\{)|\}(?!\}))*\}\})|[^\\{]+|.", re.S)
_BLANKS = re.compile(r"[\s\ufeff]+")
_COMMENT_LINE = re.compile(r"#[^\n]*")


class ClawLexer(Lexer):
    """Tasks in `.claw` files."""

    name = "claw"
    aliases: ClassVar[Sequence[str]] = ("claw",)
    filenames: ClassVar[Sequence[str]] = ("*.claw",)
    url = ""

    def get_tokens_unprocessed(self, text: str) -> Iterator[_Found]:
        """Every character of the text once, in order."""
        lexed = lex(text)
        at = 0
        for index, token in enumerate(lexed.tokens):
            yield from _between(text, at, token.start)
            yield from _token(lexed.tokens, index)
            at = token.end

    @staticmethod
    def analyse_text(text: str) -> float:
        """Certain of a text that begins with its edition."""
        return 1.0 if re.match(r"\ufeff?(?:\s|#[^\n]*\n)*claw [0-9]+\s*$", text[:2000], re.M) else 0.0


def _between(text: str, start: int, end: int) -> Iterator[_Found]:
    """Blanks and comments."""
    while start < end:
        comment = _COMMENT_LINE.match(text, start, end)
        if comment:
            documents = text.startswith("##", start)
            yield start, kinds.Comment.Special if documents else kinds.Comment.Single, comment.group()
            start = comment.end()
            continue
        blanks = _BLANKS.match(text, start, end)
        stop = blanks.end() if blanks else start + 1
        yield start, kinds.Whitespace, text[start:stop]
        start = stop


def _token(tokens: list[Token], index: int) -> Iterator[_Found]:
    token = tokens[index]
    if token.kind in ("_NL", "_PIPE", "_COMMA"):
        sign = {"_PIPE": "|", "_COMMA": ","}.get(token.kind, "")
        cut = token.text.rindex("|") if token.kind == "_PIPE" else 0
        for at, kind, part in _between(token.text, 0, cut):
            yield token.start + at, kind, part
        if sign:
            yield token.start + cut, _FIXED[token.kind], sign
        for at, kind, part in _between(token.text, cut + len(sign), len(token.text)):
            yield token.start + at, kind, part
    elif token.kind in ("STRING", "TRIPLE"):
        yield from _text(tokens, index)
    elif token.kind == "EDITION":
        yield token.start, kinds.Keyword.Namespace, token.text[:5]
        yield token.start + 5, kinds.Number, token.text[5:]
    elif token.kind != "$END":
        yield token.start, _kind(tokens, index), token.text


def _text(tokens: list[Token], index: int) -> Iterator[_Found]:
    token = tokens[index]
    before = tokens[index - 1].text if index else ""
    raw = before == "=" and index > 1 and tokens[index - 2].text in _WORDS.raw
    plain = kinds.String if token.kind == "STRING" else kinds.String.Heredoc
    holes = not raw and before != "python"
    for part in _IN_TEXT.finditer(token.text):
        kind = plain
        if part.group(1) and (holes or part.group(1)[0] == "\\"):
            kind = kinds.String.Escape
        elif part.group(2) and holes:
            kind = kinds.String.Interpol
        yield token.start + part.start(), kind, part.group()


def _kind(tokens: list[Token], index: int) -> TokenType:
    token = tokens[index]
    if token.kind in _FIXED:
        return _FIXED[token.kind]
    if token.kind != "NAME":
        if token.text in _KEYWORDS:
            return _KEYWORDS[token.text]
        return kinds.Operator if token.text[0] in _SIGNS_OF_OPERATORS else kinds.Punctuation
    return _name(tokens, index)


def _name(tokens: list[Token], index: int) -> TokenType:
    """What a name is, by its neighbours. `$END` stands behind every name."""
    word, following = tokens[index].text, tokens[index + 1]
    before = tokens[index - 1].kind if index else "_NL"
    begins = _begins(tokens, index)
    if before == "DOT" or following.kind == "DOT":
        first = index - 2 if before == "DOT" else index
        if first >= 0 and "".join(t.text for t in tokens[first : first + 3]) in _SUBJECTS:
            return kinds.Name.Constant
    if before == "DOT":
        return kinds.Name.Property
    if before == "_PIPE" or following.kind == "LPAR":
        return kinds.Name.Builtin if word in _FUNCTIONS else kinds.Name.Function
    if before == "DEF":
        return kinds.Name.Function
    if before == "LET":
        return kinds.Name.Variable
    if following.kind == "EQUAL":
        return kinds.Name.Attribute if begins and word in _WORDS.attributes else kinds.Name.Property
    if following.kind == "COLON":
        return kinds.Name.Property
    if word in _WORDS.soft:
        return kinds.Operator.Word
    if begins and following.kind in _BEHIND_KINDS and word in (*_WORDS.kinds, *_WORDS.actions):
        return kinds.Keyword.Type
    if index and _begins(tokens, index - 1) and tokens[index - 1].text in _WORDS.kinds:
        return kinds.Name.Class
    return kinds.Name.Builtin.Pseudo if word in LANGUAGE_NAMES else kinds.Name


def _begins(tokens: list[Token], index: int) -> bool:
    """Does an item begin here, or else a line?"""
    return index == 0 or tokens[index].lead or tokens[index - 1].kind in ("LBRACE", "SEMICOLON")
