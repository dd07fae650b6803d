"""The last safety net: a formatted text has the tokens and the comments of the one it was made from."""

from __future__ import annotations

from clawc.compiler.format.texts import value
from clawc.compiler.passes.lex import Lexed


def same(old: Lexed, new: Lexed) -> bool:
    """Equal but for line ends, `;`, a comma before a closing bracket, and the indentation of block texts."""
    return _words(old) == _words(new) and _remarks(old) == _remarks(new)


def _words(lexed: Lexed) -> list[str]:
    words: list[str] = []
    comma = False
    for kind, text, _, _, _ in lexed.tokens:
        if kind == "_NL" or kind == "SEMICOLON":
            continue
        if comma and kind in ("RPAR", "RSQB", "RBRACE"):
            words.pop()
        comma = kind == "_COMMA"
        if comma:
            text = ","
        elif kind == "_PIPE":
            text = "|"
        elif kind == "TRIPLE" and "\n" in text:
            text = '"""' + value(text)
        words.append(text)
    return words


def _remarks(lexed: Lexed) -> list[str]:
    return [comment.text.rstrip(" \t\r") for comment in lexed.comments]
