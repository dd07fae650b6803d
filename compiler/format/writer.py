"""The lines that come about: text is added at their end, and comments close them."""

from __future__ import annotations

from clawc.compiler.format.spacing import NEVER, Spacing
from clawc.compiler.format.stream import Gap, Stream
from clawc.compiler.format.texts import moved
from clawc.compiler.format.width import LEVEL, WIDTH, columns

BEFORE_COMMENT = "  "
_NONE = Gap((), False)


class Unformattable(Exception):
    """A place that this layout cannot keep as it is written; the file is left alone."""


class Unaccounted(Unformattable):
    """The tree and the tokens disagree, which only mistakes in a file can explain."""


class Writer:
    """`column` is where the next text goes; `rows` counts the lines begun so far.

    `indent` is where the present line began, `inner` where one would that goes on with it. `untidy`: some braces over
    several lines do not begin and end on lines of one indentation, which the parser takes as a sign of mistakes. `odd`: the
    present line is the last of a block text, and begins elsewhere.
    """

    __slots__ = ("_fresh", "_parts", "_raw", "column", "indent", "inner", "odd", "rows", "spacing", "stream", "untidy")

    def __init__(self, spacing: Spacing) -> None:
        self.spacing = spacing
        self.stream: Stream = spacing.stream
        self.column = self.rows = self.indent = 0
        self.inner = LEVEL
        self._fresh = True
        self.odd = self.untidy = False
        self._parts: list[str] = []
        self._raw: set[int] = set()

    def newline(self, indent: int, inner: int = 0) -> None:
        """Begins a line; what goes on with it begins at `inner`, one level further unless given."""
        self._parts.append("\n" + " " * indent if self._parts else " " * indent)
        self.column = self.indent = indent
        self.inner = inner or indent + LEVEL
        self._fresh = True
        self.odd = False
        self.rows += 1

    def blank(self) -> None:
        """An empty line before the line that is begun next."""
        self._parts.append("\n")

    def text(self, text: str) -> None:
        """Text without a line end."""
        self._parts.append(text)
        self.column += columns(text)
        self._fresh = False

    def raw(self, text: str) -> None:
        """Whole lines of the source, byte by byte; a line is begun for them without indentation."""
        self.newline(0)
        self._raw.add(len(self._parts))
        self._parts.append(text)
        self._fresh = False

    def fits(self, start: int, end: int, tail: int) -> bool:
        """Can the tokens stand on this line, with as many columns behind them?"""
        width = self.spacing.width(start, end)
        if self._fresh and self.spacing.pieces[start][0] == " ":
            width -= 1
        return self.column + width + tail <= WIDTH

    def tokens(self, start: int, end: int) -> None:
        """These tokens on one line, behind the blank that belongs before the first; block texts take more lines."""
        width = self.spacing.width(start, end)
        pieces = self.spacing.pieces
        if width < NEVER:
            fresh = self._fresh and pieces[start][0] == " "
            self._parts.append("".join(pieces[start:end])[fresh:])
            self.column += width - fresh
            self._fresh = False
            return
        for k in range(start, end):
            if k > start and k in self.stream.gaps:
                raise Unformattable("comments stand in brackets that are nested too deeply")
            piece = pieces[k]
            if "\n" in piece:
                self._block_text(k)
            else:
                self.text(piece[1:] if self._fresh and piece[:1] == " " else piece)

    def _block_text(self, k: int) -> None:
        if not self._fresh and self.spacing.pieces[k][0] == " ":
            self._parts.append(" ")
        text = moved(self.stream.texts[k], self.indent + LEVEL)
        self._parts.append(text)
        last = text[text.rfind("\n") + 1 :]
        self.column = columns(last)
        self.odd = len(last) - len(last.lstrip(" \t")) != self.indent
        self._fresh = False

    def braced(self) -> None:
        """Says that a `{` comes next whose `}` will be on a later line, at the indentation of this one."""
        self.untidy |= self.odd

    def comments(self, k: int, indent: int) -> bool:
        """The comments before token k, if any; whoever wrote them begins a new line."""
        gap = self.stream.gaps.get(k, _NONE)
        for comment in gap.comments:
            if comment.own:
                self.newline(indent)
                self._parts.append(comment.text)
            else:
                self._parts.append(BEFORE_COMMENT + comment.text)
        return bool(gap.comments)

    def finished(self, line_end: str) -> str:
        """The whole text, with one line end at its end; raw lines keep theirs."""
        parts = self._parts
        if not self._raw:
            return _ended("".join(parts) + "\n" if parts else "", line_end)
        ends = [*parts, "\n"]
        for number, part in enumerate(ends):
            if number not in self._raw:
                ends[number] = _ended(part, line_end)
            elif line_end == "\r\n":
                ends[number] = part.removesuffix("\r")  # the line end that follows brings its own
        return "".join(ends)


def _ended(text: str, line_end: str) -> str:
    """Line ends in one style. A carriage return that belongs to a block text stands before a whole line end."""
    if line_end == "\r\n":
        return text.replace("\n", "\r\n")
    return text.replace("\r\n", "\r\r\n") if "\r" in text else text
