"""Offsets in code points, as the compiler counts, and positions of the protocol: lines from 0, characters in UTF-16, UTF-8 or code points."""

from __future__ import annotations

from bisect import bisect_right

from clawc.spec.ast import Span

UTF16 = "utf-16"
# Bytes of one unit, and the name of the encoding.
_UNITS = {"utf-8": (1, "utf-8"), UTF16: (2, "utf-16-le"), "utf-32": (4, "utf-32-le")}

Position = tuple[int, int]
Range = tuple[int, int, int, int]


class Positions:
    """Of one text, characters counted in "utf-8", "utf-16" or "utf-32". Lines end as the protocol says: at `\\n`, `\\r\\n` or a
    lone `\\r`."""

    def __init__(self, text: str, encoding: str = UTF16) -> None:
        self._text = text
        self._width, self._codec = _UNITS[encoding]
        starts = [0]
        at = 0
        while True:
            newline, carriage = text.find("\n", at), text.find("\r", at) if "\r" in text else -1
            if newline < 0 and carriage < 0:
                break
            at = (newline if carriage < 0 or 0 <= newline < carriage else carriage) + 1
            if at <= len(text) and text[at - 1] == "\r" and text[at : at + 1] == "\n":
                at += 1
            starts.append(at)
        self._starts = starts
        self._narrow = text.isascii()

    def position(self, offset: int) -> Position:
        """Where an offset is; one behind the end is the end."""
        offset = max(0, min(offset, len(self._text)))
        line = bisect_right(self._starts, offset) - 1
        start = self._starts[line]
        if self._narrow:
            return line, offset - start
        return line, self._units(self._text[start:offset])

    def range(self, span: Span) -> Range:
        """Start and end of a span."""
        return (*self.position(span.start), *self.position(max(span.start, span.end)))

    def offset(self, line: int, character: int) -> int:
        """The offset of a position; one that does not exist is the nearest that does."""
        if line < 0:
            return 0
        if line >= len(self._starts):
            return len(self._text)
        start = self._starts[line]
        end = self._starts[line + 1] if line + 1 < len(self._starts) else len(self._text)
        text = self._text[start:end].rstrip("\r\n")
        if self._narrow:
            return start + max(0, min(character, len(text)))
        wide = 0
        for number, char in enumerate(text):
            if wide >= character:
                return start + number
            wide += self._units(char)
        return start + len(text)

    def _units(self, text: str) -> int:
        return len(text.encode(self._codec, "surrogatepass")) // self._width
