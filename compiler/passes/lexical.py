"""What can be wrong below the grammar: unreadable characters, open strings, braces that do not pair."""

from __future__ import annotations

import re
from typing import NamedTuple

from clawc.compiler.passes.hints import character_hint
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
                            "dates are written `@2026-01-31` or `@2026-01-31T09:30`", _padded(token))  # fmt: skip
            kept.append(token._replace(kind="NULL", text="null"))
        elif token.text.startswith("<<"):
            first = Span(token.start, token.start + len(token.text.split("\n")[0].rstrip()))
            diagnostics.add("E0104", source, first, f"unexpected {_shown(source.slice(first))}",
                            'texts of several lines stand between `"""`')  # fmt: skip
            kept.append(token._replace(kind="STRING", text='""'))
        elif token.text[:1] in "/r" and len(token.text) > 2:
            inner = (token.text[3:-1] if token.text[0] == "r" else token.text[1 : token.text.rindex("/")]).replace(
                '"', '\\"'
            )
            diagnostics.add("E0104", source, token.span, f"{_shown(token.text)} is no regex here",
                            f'write `re"{inner}"`', Fix(token.span, f're"{inner}"', "write a regex"))  # fmt: skip
            kept.append(token._replace(kind="REGEX", text=f're"{inner}"'))
        elif token.text[:1] in "\u201c\u201d\u201e" and len(token.text) > 1:
            inner = token.text[1:-1]
            diagnostics.add("E0104", source, token.span, "texts stand in straight double quotes",
                            f'write `"{inner}"`', Fix(token.span, f'"{inner}"', "write straight quotes"))  # fmt: skip
            kept.append(token._replace(kind="STRING", text=f'"{inner}"'))
        elif token.text[:1] == "'" and len(token.text) > 1:
            inner = token.text[1:-1].replace("\\'", "'").replace('"', '\\"')
            diagnostics.add("E0104", source, token.span, "texts stand in double quotes, not in single ones",
                            f'write `"{inner}"`', Fix(token.span, f'"{inner}"', "write double quotes"))  # fmt: skip
            same = len(inner) == len(token.text) - 2  # then places inside of it stay what they are
            kept.append(token._replace(kind="STRING", text=f'"{inner}"' if same else '""'))
        else:
            help, fix = character_hint(token)
            diagnostics.add("E0104", source, token.span, f"unexpected character {_shown(token.text)}", help, fix)
            kept.append(token)
    return kept


def _padded(token: Token) -> Fix | None:
    """`@2026-1-5` with its zeros."""
    parts = re.fullmatch(r"@([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", token.text)
    if parts is None:
        return None
    return Fix(token.span, f"@{parts[1]}-{parts[2]:0>2}-{parts[3]:0>2}", "write two digits")


def _shown(text: str) -> str:
    """Characters as a person can read them: printable ones as they are, others by code point."""
    clear = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text[:20])
    return f"`{clear}`"


_ON_ONE_LINE = frozenset(
    ("NAME", "LBRACE", "RBRACE", "EQUAL", "LPAR", "RPAR", "STRING", "NUMBER", "DOT", "LSQB", "RSQB")
)


class _Repair(NamedTuple):
    """How braces pair: `missing` is (index of the opener, index before which its `}` belongs), `extra` are `}`."""

    missing: list[tuple[int, int]]
    extra: list[int]
    tidy: int  # pairs over several lines whose `}` stands under the line that opened


def pairs(tokens: list[Token]) -> bool:
    """Has every brace its other one?"""
    return _imbalance(tokens) == (0, 0)


def repair_braces(source: Source, tokens: list[Token], diagnostics: Diagnostics) -> list[Token]:
    """Pairs braces by indentation: those that are missing or too many are reported. The same list where none are."""
    indent = _indents(source, tokens)
    repair = _pair(tokens, indent, *_imbalance(tokens))
    if not repair.missing and not repair.extra:
        # One missing here and one too many there cancel out. Indentation is believed where the file keeps to it.
        strict = _pair(tokens, indent, len(tokens), len(tokens))
        if len(strict.missing) == len(strict.extra) and strict.tidy >= 3 * len(strict.extra):
            repair = strict
    if not repair.missing and not repair.extra:
        return tokens
    closed_before: dict[int, list[int]] = {}
    for opener, before in repair.missing:
        diagnostics.add("E0106", source, tokens[opener].span, "this `{` is never closed", "add the missing `}`")
        closed_before.setdefault(before, []).append(opener)
    for index in repair.extra:
        span = tokens[index].span
        diagnostics.add(
            "E0107", source, span, "this `}` closes nothing", "remove it", Fix(span, "", "remove the brace")
        )
    kept: list[Token] = []
    extra = set(repair.extra)
    for index, token in enumerate(tokens):
        at = token.start
        for _ in closed_before.get(index, ()):
            if kept and kept[-1].kind not in ("_NL", "LBRACE"):
                kept.append(Token("_NL", "\n", at, at, True))
            kept.append(Token("RBRACE", "}", at, at, True))
            kept.append(Token("_NL", "\n", at, at, True))
        if index not in extra and not (token.kind == "_NL" and kept and kept[-1].kind == "_NL"):
            kept.append(token)
    return kept


def _pair(tokens: list[Token], indent: list[int], unclosed: int, surplus: int) -> _Repair:
    """Pairs braces by indentation, finding at most `unclosed` missing ones and `surplus` that close nothing."""
    repair = _Repair([], [], 0)
    open_: list[int] = []
    tidy = 0
    line = 0  # index of the token that leads the current line
    for index, token in enumerate(tokens):
        starts_line = token.lead and token.kind not in ("_NL", "_PIPE")
        if starts_line:
            line = index
        while len(repair.missing) < unclosed and open_ and starts_line:
            level = indent[open_[-1]]
            if indent[index] < level or (indent[index] == level and token.kind != "RBRACE") or token.kind == "$END":
                repair.missing.append((open_.pop(), index))
            else:
                break
        if token.kind == "LBRACE":
            open_.append(index)
        elif token.kind == "RBRACE":
            over_lines = bool(open_) and open_[-1] < line
            fits = (
                over_lines and (token.lead or _closes_line(tokens, line, index)) and indent[index] == indent[open_[-1]]
            )
            if not open_ or (over_lines and not fits and len(repair.extra) < surplus):
                repair.extra.append(index)
                continue
            open_.pop()
            tidy += fits
    return repair._replace(tidy=tidy)


def _closes_line(tokens: list[Token], line: int, index: int) -> bool:
    """Does nothing but closing brackets stand before the token on its line, as in `)})`?"""
    return all(t.kind in ("RPAR", "RSQB", "RBRACE") for t in tokens[line:index])


def _imbalance(tokens: list[Token]) -> tuple[int, int]:
    """How many `{` have no `}`, and how many `}` have no `{`."""
    depth = surplus = 0
    for token in tokens:
        if token.kind == "LBRACE":
            depth += 1
        elif token.kind == "RBRACE" and depth:
            depth -= 1
        elif token.kind == "RBRACE":
            surplus += 1
    return depth, surplus


def _indents(source: Source, tokens: list[Token]) -> list[int]:
    """For each token the indentation of the line it stands on."""
    text = source.text
    found: list[int] = []
    here = 0
    fresh = True  # may this token stand on another line than the one before?
    for token in tokens:
        if fresh or (token.lead and token.kind != "_NL" and token.kind != "_PIPE"):
            line = at = text.rfind("\n", 0, token.start) + 1
            while at < len(text) and text[at] in " \t":
                at += 1
            here = at - line
        found.append(here)
        fresh = token.kind not in _ON_ONE_LINE
    return found
