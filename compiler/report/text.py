"""Findings for people: each with its source line, then a line of counts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from clawc.compiler.finding import Finding, findings

if TYPE_CHECKING:
    from clawc.compiler.source import Diagnostic

MAX_SHOWN = 200
MAX_UNDERLINED = 120
COLOURS = {"error": "\033[1;31m", "warning": "\033[1;33m", "end": "\033[0m"}


def clean(text: str) -> str:
    """Text that may go to a terminal: no control characters, no escape sequences, no direction marks."""
    return "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in text)


def as_text(found: Iterable[Diagnostic | Finding], *, colour: bool = False) -> str:
    """One block for each finding, then a line of counts."""
    all_ = findings(found)
    blocks = [_block(f, colour) for f in all_]
    errors = sum(f.severity == "error" for f in all_)
    warnings = len(all_) - errors
    if all_:
        counts = [_count(errors, "error"), _count(warnings, "warning")]
        blocks.append(", ".join(c for c in counts if c) + "\n")
    return "\n".join(blocks)


def _count(number: int, word: str) -> str:
    return "" if number == 0 else f"{number} {word}{'' if number == 1 else 's'}"


def _block(f: Finding, colour: bool) -> str:
    line, column = f.start.line, f.start.column
    width = max(1, (f.end.column if f.end.line == line else len(f.shown) + 1) - column)
    gutter = " " * len(str(line))
    pad = "".join("\t" if c == "\t" else " " for c in f.shown[: min(column - 1, MAX_SHOWN)])
    head = f"{f.severity}[{f.code}]"
    if colour:
        head = f"{COLOURS[f.severity]}{head}{COLOURS['end']}"
    lines = [
        f"{head}: {clean(f.message)}",
        f"{gutter}--> {clean(f.path)}:{line}:{column}",
        f"{gutter} |",
        f"{line} | {clean(f.shown[:MAX_SHOWN])}",
        f"{gutter} | {pad[:MAX_SHOWN]}{'^' * min(width, MAX_UNDERLINED)}",
    ]
    if f.help:
        first, *more = f.help.split("\n")
        lines.append(f"{gutter} = help: {clean(first)}")
        lines += [f"{gutter}   {clean(line)}" for line in more]
    return "\n".join(lines) + "\n"
