"""From the text of a spec to its one layout. Never raises on what the text holds, and never loses any of it."""

from __future__ import annotations

import sys
from typing import NamedTuple

from clawc.compiler.format.items import write_file
from clawc.compiler.format.quarantine import quarantined
from clawc.compiler.format.same import same
from clawc.compiler.format.stream import stream
from clawc.compiler.format.writer import Unaccounted, Unformattable
from clawc.compiler.passes.lex import lex
from clawc.compiler.passes.parse import parse
from clawc.compiler.source import Diagnostic, Diagnostics, Source

# A level of brackets takes up to six frames to read, and half as many to write.
_RECURSION = 10_000


class Formatted(NamedTuple):
    """The new text; the mistakes in the syntax of the old one; and why it was left as it was, or "".

    `fault`: that it was left is a mistake of the formatter.
    """

    text: str
    diagnostics: list[Diagnostic]
    left: str = ""
    fault: bool = False


def formatted(path: str, text: str) -> Formatted:
    """Formats a text. Parts that cannot be read stay as they are, and all of it does where that is uncertain."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _RECURSION))
    given, text = text, text.removeprefix("\ufeff")
    source = Source.of(path, text)
    found = Diagnostics()
    file = parse(source, found).file
    errors = found.sorted()
    old = lex(text if text.endswith("\n") else text + "\n")
    tokens = stream(old.tokens)
    try:
        items = quarantined(file.items, tokens, errors) if errors else file.items
        writer = write_file(text, tokens, items)
        new = writer.finished(_line_end(text))
    except Unformattable as reason:
        return Formatted(given, errors, str(reason), fault=isinstance(reason, Unaccounted) and not errors)
    if new == text:
        return Formatted(text, errors)
    if not same(old, lex(new)):
        return Formatted(given, errors, "the result would not be the same program", fault=not errors)
    if writer.untidy and not errors and _mistakes(path, new):
        return Formatted(given, errors, "the layout would hide which braces belong together")
    if errors and _again(path, new) != new:
        return Formatted(given, errors, "it is uncertain what belongs to what")
    return Formatted(new, errors)


def _again(path: str, text: str) -> str:
    """What is made of a result in which something is broken: it has to be the same."""
    found = Diagnostics()
    file = parse(Source.of(path, text), found).file
    tokens = stream(lex(text).tokens)
    try:
        items = quarantined(file.items, tokens, found.sorted())
        return write_file(text, tokens, items).finished(_line_end(text))
    except Unformattable:
        return ""


def _mistakes(path: str, text: str) -> bool:
    found = Diagnostics()
    parse(Source.of(path, text), found)
    return found.has_errors


def _line_end(text: str) -> str:
    """The line end that most lines have."""
    carriage = text.count("\r\n")
    return "\r\n" if carriage * 2 > text.count("\n") else "\n"
