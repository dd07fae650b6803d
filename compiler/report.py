"""Diagnostics as people and programs read them: text with the source line, and versioned JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from clawc.compiler.source import Diagnostic
from clawc.spec.diagnostics import BY_CODE

REPORT_FORMAT_VERSION = 1


def clean(text: str) -> str:
    """Text that may go to a terminal: no control characters, no escape sequences, no direction marks."""
    return "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in text)


def as_text(diagnostics: Iterable[Diagnostic]) -> str:
    """One block for each diagnostic, then a line of counts."""
    found = list(diagnostics)
    blocks = [_block(d) for d in found]
    errors = sum(d.severity == "error" for d in found)
    warnings = len(found) - errors
    if found:
        counts = [_count(errors, "error"), _count(warnings, "warning")]
        blocks.append(", ".join(c for c in counts if c) + "\n")
    return "\n".join(blocks)


def _count(number: int, word: str) -> str:
    return "" if number == 0 else f"{number} {word}{'' if number == 1 else 's'}"


def _block(d: Diagnostic) -> str:
    line, column = d.source.position(d.span.start)
    end_line, end_column = d.source.position(d.span.end)
    shown = d.source.line(line) if d.source.text else ""
    width = max(1, (end_column if end_line == line else len(shown) + 1) - column)
    gutter = " " * len(str(line))
    pad = "".join("\t" if c == "\t" else " " for c in shown[: min(column - 1, 200)])
    lines = [
        f"{d.severity}[{d.code}]: {clean(d.message)}",
        f"{gutter}--> {clean(d.source.path)}:{line}:{column}",
        f"{gutter} |",
        f"{line} | {clean(shown[:200])}",
        f"{gutter} | {pad[:200]}{'^' * min(width, 120)}",
    ]
    if d.help:
        lines.append(f"{gutter} = help: {clean(d.help)}")
    return "\n".join(lines) + "\n"


def as_json(diagnostics: Iterable[Diagnostic], *, files: int) -> str:
    """A document with `format_version`; positions are 1-based lines and columns in code points, and offsets."""
    found = [_record(d) for d in diagnostics]
    errors = sum(r["severity"] == "error" for r in found)
    document = {
        "format_version": REPORT_FORMAT_VERSION,
        "files": files,
        "errors": errors,
        "warnings": len(found) - errors,
        "diagnostics": found,
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _record(d: Diagnostic) -> dict[str, Any]:
    line, column = d.source.position(d.span.start)
    end_line, end_column = d.source.position(d.span.end)
    record: dict[str, Any] = {
        "code": d.code,
        "severity": d.severity,
        "title": BY_CODE[d.code].title,
        "message": d.message,
        "file": d.source.path,
        "start": {"line": line, "column": column, "offset": d.span.start},
        "end": {"line": end_line, "column": end_column, "offset": d.span.end},
        "help": d.help,
    }
    if d.fix is not None:
        record["fix"] = {
            "title": d.fix.title,
            "start": d.fix.span.start,
            "end": d.fix.span.end,
            "replacement": d.fix.replacement,
        }
    return record
