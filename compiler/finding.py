"""A diagnostic without its source text: plain data that can be stored, sent between processes and reported."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from clawc.spec.diagnostics import BY_CODE, Severity

if TYPE_CHECKING:  # stored findings are read without the compiler
    from clawc.compiler.source import Diagnostic

MAX_LINE = 400  # characters of a source line that are kept


class Place(NamedTuple):
    """Line and column count from 1, in code points; `offset` counts code points from 0."""

    line: int
    column: int
    offset: int


class Edit(NamedTuple):
    """The edit that mends a mistake: offsets `start` to `end` of the file become `replacement`."""

    title: str
    start: int
    end: int
    replacement: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One diagnostic of one file; `shown` is the source line where it starts, `reason` why it is suppressed."""

    code: str
    message: str
    path: str
    start: Place
    end: Place
    shown: str
    help: str = ""
    fix: Edit | None = None
    reason: str = ""

    @property
    def severity(self) -> Severity:
        return BY_CODE[self.code].severity

    @property
    def title(self) -> str:
        return BY_CODE[self.code].title

    def stored(self) -> list[Any]:
        """As JSON data; `restored` reads it."""
        fix = list(self.fix) if self.fix is not None else None
        return [self.code, self.message, self.path, list(self.start), list(self.end), self.shown, self.help, fix, self.reason]  # fmt: skip


def restored(data: Any) -> Finding:
    """A stored finding. Raises ValueError for anything else."""
    try:
        code, message, path, start, end, shown, help, fix, reason = data
        texts = (code, message, path, shown, help, reason)
        numbers = [*start, *end, *((fix[1], fix[2]) if fix is not None else ())]
        if (
            not all(isinstance(t, str) for t in texts)
            or not all(type(n) is int for n in numbers)
            or code not in BY_CODE
        ):
            raise ValueError("no stored finding")
        edit = None if fix is None else Edit(str(fix[0]), fix[1], fix[2], str(fix[3]))
        return Finding(code, message, path, Place(*start), Place(*end), shown, help, edit, reason)
    except (TypeError, IndexError) as error:
        raise ValueError("no stored finding") from error


def finding(d: Diagnostic, reason: str = "") -> Finding:
    """A diagnostic as plain data."""
    start, end = _place(d, d.span.start), _place(d, d.span.end)
    shown = d.source.line(start.line)[:MAX_LINE] if d.source.text else ""
    fix = None if d.fix is None else Edit(d.fix.title, d.fix.span.start, d.fix.span.end, d.fix.replacement)
    return Finding(d.code, d.message, d.source.path, start, end, shown, d.help, fix, reason)


def findings(diagnostics: Iterable[Diagnostic | Finding]) -> list[Finding]:
    """All of them as plain data."""
    return [d if isinstance(d, Finding) else finding(d) for d in diagnostics]


def fingerprint(f: Finding) -> str:
    """What stays the same when lines move: a digest of code, message and the text of the line."""
    text = "\0".join((f.code, f.message, f.shown.strip()))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:24]


def at_start(code: str, path: str, message: str, help: str = "") -> Finding:
    """A finding about a file as a whole."""
    return Finding(code, message, path, Place(1, 1, 0), Place(1, 1, 0), "", help)


def _place(d: Diagnostic, offset: int) -> Place:
    line, column = d.source.position(offset)
    return Place(line, column, offset)
