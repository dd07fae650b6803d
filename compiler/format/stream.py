"""The tokens of a file without its line ends; what stood between them is kept as gaps: line ends, blank lines, comments."""

from __future__ import annotations

from typing import NamedTuple

from clawc.compiler.passes.lex import Token

SKIPPED = ("_NL", "SEMICOLON", "$END")


class Comment(NamedTuple):
    """A comment; `own`: on a line of its own, else behind a token; `blank`: a blank line stands above it."""

    text: str
    own: bool
    blank: bool


class Gap(NamedTuple):
    """Comments before a token; `blank`: a blank line between the last of them and the token."""

    comments: tuple[Comment, ...]
    blank: bool


class Stream(NamedTuple):
    """Parallel lists over the tokens; `lines[k]` counts the line ends before token k, and `gaps` has those with comments.

    `lines`, `breaks` and `gaps` go one further, to the end of the file. `breaks[k]`: how many of the gaps up to the one
    before token k have a line end.
    """

    kinds: list[str]
    texts: list[str]
    starts: list[int]
    ends: list[int]
    lines: list[int]
    breaks: list[int]
    gaps: dict[int, Gap]

    def blank_before(self, k: int) -> bool:
        """Is there a blank line straight above token k, or above the comments' end?"""
        gap = self.gaps.get(k)
        return gap.blank if gap else self.lines[k] > 1


def stream(tokens: list[Token]) -> Stream:
    """The stream of the tokens of a whole file, which ends with a line end."""
    kinds: list[str] = []
    texts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    lines: list[int] = []
    breaks: list[int] = []
    gaps: dict[int, Gap] = {}
    pending = ""
    broken = 0
    for kind, text, start, end, _ in tokens:
        if kind == "_NL":
            pending += text
            continue
        if kind == "SEMICOLON":
            continue
        following = ""
        if kind == "_COMMA":
            text, following = ",", text[1:]
        elif kind == "_PIPE":
            pending += text[:-1]
            text = "|"
        if pending:
            count = pending.count("\n")
            if "#" in pending:
                gaps[len(kinds)] = _gap(pending, not kinds)
            broken += count > 0
        else:
            count = 0
        lines.append(count)
        breaks.append(broken)
        pending = following
        if kind != "$END":
            kinds.append(kind)
            texts.append(text)
            starts.append(start)
            ends.append(end)
    return Stream(kinds, texts, starts, ends, lines, breaks, gaps)


def _gap(text: str, first: bool) -> Gap:
    """What stands between two tokens, the first of which ends its line before the first line end of the text."""
    comments: list[Comment] = []
    blank = False
    pieces = text.split("\n")
    for number, piece in enumerate(pieces[:-1]):
        words = piece.strip(" \t\r")
        if words:
            comments.append(Comment(words, number > 0 or first, blank))
        blank = not words and number > 0
    return Gap(tuple(comments), blank)
