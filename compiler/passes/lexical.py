"""What can be wrong below the grammar: unreadable characters, open strings, braces that do not pair."""

from __future__ import annotations

from clawc.compiler.passes.lex import Token
from clawc.compiler.source import Diagnostics, Fix, Source
from clawc.spec.ast import Span


def report_bad(source: Source, tokens: list[Token], diagnostics: Diagnostics) -> list[Token]:
    """Reports every BAD token. An open string becomes a string, so that the item around it is still read."""
    kept: list[Token] = []
    for token in tokens:
        if token.kind != "BAD":
            kept.append(token)
        elif token.text.startswith('"""'):
            diagnostics.add("E0103", source, Span(token.start, token.start + 3), 'this `"""` is never closed',
                            'close the text with `"""`')  # fmt: skip
            kept.append(token._replace(kind="STRING", text='""'))
        elif token.text.startswith(('"', 're"')):
            diagnostics.add("E0103", source, token.span, "this text is not closed before the end of its line",
                            'close it with `"`', Fix(Span(token.end, token.end), '"', "close the text"))  # fmt: skip
            kept.append(token._replace(kind="REGEX" if token.text.startswith("r") else "STRING", text='""'))
        elif token.text.startswith("@"):
            diagnostics.add("E0105", source, token.span, f"`{token.text}` is not a date",
                            "dates are written `@2026-01-31` or `@2026-01-31T09:30`")  # fmt: skip
            kept.append(token._replace(kind="NULL", text="null"))
        else:
            diagnostics.add("E0104", source, token.span, f"unexpected character {_shown(token.text)}")
            kept.append(token)
    return kept


def _shown(text: str) -> str:
    """Characters as a person can read them: printable ones as they are, others by code point."""
    clear = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text[:20])
    return f"`{clear}`"


def repair_braces(source: Source, tokens: list[Token], diagnostics: Diagnostics) -> list[Token]:
    """Pairs braces; where some are missing, indentation tells which, and they are reported and made up."""
    unclosed = _unclosed(tokens)
    indent = _indents(source, tokens)
    kept: list[Token] = []
    open_: list[int] = []

    def close(before: Token) -> None:
        opener = open_.pop()
        diagnostics.add("E0106", source, tokens[opener].span, "this `{` is never closed", "add the missing `}`")
        if kept and kept[-1].kind not in ("_NL", "LBRACE"):
            kept.append(Token("_NL", "\n", before.start, before.start, True))
        kept.append(Token("RBRACE", "}", before.start, before.start, True))
        kept.append(Token("_NL", "\n", before.start, before.start, True))

    for index, token in enumerate(tokens):
        starts_line = token.lead and token.kind not in ("_NL", "_PIPE")
        while unclosed and open_ and starts_line and index != open_[-1]:
            level = indent[open_[-1]]
            if indent[index] < level or (indent[index] == level and token.kind != "RBRACE") or token.kind == "$END":
                close(token)
                unclosed -= 1
            else:
                break
        if token.kind == "LBRACE":
            open_.append(index)
        elif token.kind == "RBRACE" and not open_:
            diagnostics.add("E0107", source, token.span, "this `}` closes nothing", "remove it",
                            Fix(token.span, "", "remove the brace"))  # fmt: skip
            continue
        elif token.kind == "RBRACE":
            open_.pop()
        kept.append(token)
    return kept


def _unclosed(tokens: list[Token]) -> int:
    """How many `{` have no `}`."""
    depth = 0
    for token in tokens:
        if token.kind == "LBRACE":
            depth += 1
        elif token.kind == "RBRACE" and depth:
            depth -= 1
    return depth


def _indents(source: Source, tokens: list[Token]) -> list[int]:
    """For each token the indentation of the line it stands on."""
    found: list[int] = []
    for token in tokens:
        line = source.text.rfind("\n", 0, token.start) + 1
        text = source.text[line : token.start + 1]
        found.append(len(text) - len(text.lstrip(" \t")))
    return found
