"""Findings as workflow commands, which GitHub shows beside the lines of a change."""

from __future__ import annotations

from collections.abc import Iterable

from clawc.compiler.finding import Finding
from clawc.compiler.report.text import clean


def as_github(found: Iterable[Finding]) -> str:
    """One command a finding; nothing in it can start another command or property."""
    return "".join(f"{_command(f)}\n" for f in found)


def notice(level: str, title: str, message: str) -> str:
    """A command that names no file; `level` is notice, warning or error."""
    return f"::{level} title={_property(title)}::{_data(message)}\n"


def _command(f: Finding) -> str:
    properties = {
        "file": f.path.replace("\\", "/"),
        "line": str(f.start.line),
        "endLine": str(f.end.line),
        "title": f"{f.code} {f.title}",
    }
    if f.end.line == f.start.line:
        properties |= {"col": str(f.start.column), "endColumn": str(max(f.end.column, f.start.column))}
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{f.severity} {listed}::{_data(f.message if not f.help else f'{f.message}. {f.help}')}"


def _data(text: str) -> str:
    lines = [clean(line) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return "%0A".join(line.replace("%", "%25") for line in lines)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
