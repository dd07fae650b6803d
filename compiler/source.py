"""A source file and the way from offsets to lines; and diagnostics, as they are collected by every pass."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field, replace

from clawc.spec.ast import Span
from clawc.spec.diagnostics import BY_CODE, Severity

# What is behind so many mistakes says nothing to an author.
MAX_DIAGNOSTICS = 1000


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one `.claw` file under the path that messages show."""

    path: str
    text: str
    line_starts: tuple[int, ...] = field(default=())

    @staticmethod
    def of(path: str, text: str) -> Source:
        starts = [0]
        at = text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = text.find("\n", at + 1)
        return Source(path, text, tuple(starts))

    def position(self, offset: int) -> tuple[int, int]:
        """1-based line and column (in code points) of an offset."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a 1-based line, without its line end."""
        start = self.line_starts[number - 1]
        end = self.line_starts[number] if number < len(self.line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")

    def slice(self, span: Span) -> str:
        return self.text[span.start : span.end]


@dataclass(frozen=True, slots=True)
class Fix:
    """An edit that mends the mistake: replace the span by the text."""

    span: Span
    replacement: str
    title: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake: what, where, and one line of help."""

    code: str
    message: str
    source: Source
    span: Span
    help: str = ""
    fix: Fix | None = None

    @property
    def severity(self) -> Severity:
        return BY_CODE[self.code].severity

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        return (self.source.path, self.span.start, self.span.end, self.code, self.message)


class Diagnostics:
    """Collects diagnostics; the same mistake at the same place is kept once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int, int, str, str], Diagnostic] = {}

    def add(self, code: str, source: Source, span: Span, message: str, help: str = "", fix: Fix | None = None) -> None:
        if len(self._found) >= MAX_DIAGNOSTICS and (BY_CODE[code].severity == "warning" or self.has_errors):
            return
        diagnostic = Diagnostic(code, message, source, span, help, fix)
        self._found.setdefault(diagnostic.sort_key, diagnostic)

    def include(self, other: Diagnostics) -> None:
        """Adds what another pass has collected on its own."""
        for key, diagnostic in other._found.items():
            self._found.setdefault(key, diagnostic)

    def of(self, source: Source) -> Diagnostics:
        """The same, said of a source that is equal to theirs: who asks where something is said asks for this very one."""
        found = Diagnostics()
        found._found = {key: replace(diagnostic, source=source) for key, diagnostic in self._found.items()}
        return found

    @property
    def full(self) -> bool:
        """Is more said already than anybody reads?"""
        return len(self._found) >= MAX_DIAGNOSTICS

    def has(self, code: str, source: Source, span: Span) -> bool:
        """Is this said of the place already?"""
        return any(d.code == code and d.span == span and d.source is source for d in self._found.values())

    def sorted(self) -> list[Diagnostic]:
        return sorted(self._found.values(), key=lambda d: d.sort_key)

    @property
    def has_errors(self) -> bool:
        return any(d.severity == "error" for d in self._found.values())
