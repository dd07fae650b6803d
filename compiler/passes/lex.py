"""Text to tokens. Never fails: what is no token becomes BAD, up to the end of its line where a string is open."""

from __future__ import annotations

import re
from typing import NamedTuple

from clawc.spec.ast import Span


class Token(NamedTuple):
    """`kind` is a terminal of the grammar, BAD, or $END; `lead`: the first token of its line."""

    kind: str
    text: str
    start: int
    end: int
    lead: bool

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


class Comment(NamedTuple):
    """A comment with its `#`, wherever it stands."""

    text: str
    start: int


KEYWORDS = {
    word: word.upper()
    for word in (
        ["let", "def", "use", "expect", "if", "then", "else", "and", "or", "not", "in", "true", "false", "null"]
    )
}
# Names in general, but a keyword where the grammar can use one; the parser decides.
SOFT = {"on": "ON", "within": "WITHIN"}

PUNCTUATION = {
    "{": "LBRACE", "}": "RBRACE", "(": "LPAR", ")": "RPAR", "[": "LSQB", "]": "RSQB", ":": "COLON", ";": "SEMICOLON",
    ".": "DOT", "=": "EQUAL", "+": "PLUS", "-": "MINUS", "*": "STAR", "/": "SLASH", "<": "LESSTHAN", ">": "MORETHAN",
    "??": "COALESCE", "==": "EQ", "!=": "NE", "<=": "LE", ">=": "GE", "..": "DOTDOT",
}  # fmt: skip

_TOKEN = re.compile(
    r"""(?P<WS>[ \t\ufeff]+)
    |(?P<_PIPE>(?:(?:\#[^\n]*)?\r?\n[ \t]*)*\|)
    |(?P<_NL>(?:(?:\#[^\n]*)?\r?\n[ \t]*)+)
    |(?P<COMMENT>\#[^\n]*)
    |(?P<_COMMA>,(?:(?:\#[^\n]*)?\r?\n[ \t]*|[ \t]+)*)
    |(?P<TRIPLE>\"\"\"(?:(?:""?)?(?:[^"\\]|\\.))*\"\"\")
    |(?P<STRING>"(?!"")(?:[^"\\\n]|\\[^\n])*")
    |(?P<REGEX>re"(?:[^"\\\n]|\\[^\n])*")
    |(?P<DATE>@\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?)?(?![\dT:])|@[0-9][0-9TZ:+-]*(?:[./][0-9]+)*)
    |(?P<NUMBER>[0-9]+(?:\.[0-9]+)?(?:(?:ms|s|min|h|d|w|KiB|MiB|GiB)\b|%)?)
    |(?P<QUOTED>`[^`\n]+`)
    |(?P<NAME>[A-Za-z_]\w*)
    |(?P<OP>\?\?|==|!=|<=|>=|\.\.|[{}()\[\]:;.=+\-*/<>])
    """,
    re.X | re.S | re.ASCII,
)
_DATE = re.compile(r"@\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?\Z", re.ASCII)
_EDITION = re.compile(r"claw [0-9]+", re.ASCII)
_OPEN_STRING = re.compile(r'(?:re)?"[^\n]*')
_QUOTED_OTHERWISE = re.compile(r"""'(?:[^'\\\n]|\\.)*'|[\u201c\u201d\u201e][^\u201c\u201d\u201e"\\\n]*[\u201c\u201d]""")
# Where a value is expected, this is the regex of another language: `re'…'`, or `/…/` with something that only regexes have.
_OTHER_REGEX = re.compile(r"re'(?:[^'\\\n]|\\.)*'|/(?=[^/\n]*[\\^$\[+?])(?:[^/\\\n]|\\.)+/[gimsuxy]*")
_REGEX_SIGN = re.compile(r"/(?=[^/\n]*[\\^$\[+?])")
_HEREDOC_HEAD = re.compile(r"<<[-~]?['\"]?([A-Za-z_]\w*)")
_LINE = re.compile(r"[^\n]+")
_DEDENT = re.compile(r"\n([ \t]*)(?=[^\s])")
_HEREDOC = re.compile(r"<<[-~]?['\"]?([A-Za-z_]\w*)['\"]?[ \t]*\r?\n(?:[^\n]*\n)*?[ \t]*\1(?=[ \t]*\r?(?:\n|\Z))")
_ENDS_VALUE = frozenset(
    ("NAME", "NUMBER", "STRING", "TRIPLE", "REGEX", "DATE", "QUOTED", "RPAR", "RSQB", "RBRACE", "TRUE", "FALSE", "NULL")
)
_STRAY = re.compile(r'[^\s\w"`@#{}()\[\]:;.=+\-*/<>,|]+|[^\s"]', re.ASCII)


class Lexed(NamedTuple):
    tokens: list[Token]
    comments: list[Comment]


def lex(text: str, start: int = 0, end: int | None = None) -> Lexed:
    """Tokens of text[start:end], closed by $END; offsets are those of the whole text."""
    stop = len(text) if end is None else end
    tokens: list[Token] = []
    comments: list[Comment] = []
    unclosed = _Unclosed(text, stop)
    pos, lead = start, True
    while pos < stop:
        edition = _EDITION.match(text, pos, stop) if lead and start == 0 and not _has_words(tokens) else None
        match = edition or unclosed.token(pos)
        if text.startswith("<<", pos) and (heredoc := unclosed.heredoc(pos)) is not None:
            tokens.append(Token("BAD", heredoc.group(), pos, heredoc.end(), lead))
            lead, pos = False, heredoc.end()
            continue
        if match is not None and text[pos] in "/r" and (other := unclosed.other_regex(pos)) is not None:
            if text[pos] == "r" or not tokens or tokens[-1].kind not in _ENDS_VALUE:
                tokens.append(Token("BAD", other.group(), pos, other.end(), lead))
                lead, pos = False, other.end()
                continue
        if match is None:
            kind, close = "BAD", _bad_end(text, pos, stop)
        else:
            kind = "EDITION" if edition else str(match.lastgroup)
            close = match.end()
        word = text[pos:close]
        if kind == "OP":
            kind = PUNCTUATION[word]
        elif kind == "NAME":
            kind = KEYWORDS.get(word, "NAME")
        elif kind == "DATE" and not _DATE.match(word):
            kind = "BAD"
        if "#" in word and kind in ("_NL", "_PIPE", "_COMMA", "COMMENT"):
            comments.extend(_comments(word, pos))
        if kind not in ("WS", "COMMENT"):
            tokens.append(Token(kind, word, pos, close, lead or kind in ("_NL", "_PIPE")))
            lead = kind == "_NL" or (kind == "_COMMA" and "\n" in word)
        pos = close
    tokens.append(Token("$END", "", stop, stop, True))
    return Lexed(tokens, comments)


class _Unclosed:
    """Matches of what may have no end. An end that is not there is looked for once, so that lexing takes linear time: where an escape
    hides it from one opener, it hides it from all openers behind."""

    def __init__(self, text: str, stop: int) -> None:
        self._text = text
        self._stop = stop
        self._triple = True  # may a block string close?
        self._slashes = 0  # up to where no `/…/` closes
        self._lines: dict[str, int] | None = (
            None  # by its text without blanks around it, where the last such line begins
        )

    def token(self, pos: int) -> re.Match[str] | None:
        if not self._text.startswith('"""', pos):
            return _TOKEN.match(self._text, pos, self._stop)
        match = _TOKEN.match(self._text, pos, self._stop) if self._triple else None
        self._triple = match is not None
        return match

    def other_regex(self, pos: int) -> re.Match[str] | None:
        if self._text[pos] == "r":
            return _OTHER_REGEX.match(self._text, pos, self._stop)
        if pos < self._slashes:
            return None
        match = _OTHER_REGEX.match(self._text, pos, self._stop)
        if match is None and _REGEX_SIGN.match(self._text, pos, self._stop):
            line_end = self._text.find("\n", pos, self._stop)
            self._slashes = self._stop if line_end < 0 else line_end
        return match

    def heredoc(self, pos: int) -> re.Match[str] | None:
        head = _HEREDOC_HEAD.match(self._text, pos, self._stop)
        if head is None:
            return None
        if self._lines is None:
            found = _LINE.finditer(self._text, pos, self._stop)
            self._lines = {line.group().strip(" \t\r"): line.start() for line in found}
        return _HEREDOC.match(self._text, pos, self._stop) if self._lines.get(head.group(1), -1) > pos else None


def _has_words(tokens: list[Token]) -> bool:
    return any(token.kind != "_NL" for token in tokens)


def _comments(word: str, at: int) -> list[Comment]:
    return [Comment(m.group().rstrip("\r"), at + m.start()) for m in re.finditer(r"#[^\n]*", word)]


def _bad_end(text: str, pos: int, stop: int) -> int:
    """Where something unreadable ends: an open string at its line's end, an open block string where it dedents."""
    if text.startswith('"""', pos):
        line = text.rfind("\n", 0, pos) + 1
        indent = len(text[line:pos]) - len(text[line:pos].lstrip())
        for match in _DEDENT.finditer(text, pos, stop):
            if len(match.group(1)) <= indent:
                return match.start()
        return stop
    opened = _OPEN_STRING.match(text, pos, stop)
    if opened:  # closing brackets at the line's end are more likely meant for what is around the string
        return pos + max(len(opened.group().rstrip(" \t\r})],")), 2 if text.startswith("re", pos) else 1)
    quoted = _QUOTED_OTHERWISE.match(text, pos, stop)
    if quoted:
        return quoted.end()
    stray = _STRAY.match(text, pos, stop)
    return stray.end() if stray else pos + 1
