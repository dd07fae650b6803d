"""Changes to a piece of source at the places of its syntax tree, so that what stays keeps its layout and comments."""

from __future__ import annotations

import ast


class Edits:
    """The source of one definition, and what is to be replaced in it. Places are offsets in its UTF-8 bytes."""

    def __init__(self, source: str) -> None:
        self.data = source.encode()
        self.lines = self.data.split(b"\n")
        self._starts = [0]
        for line in self.lines:
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._changes: list[tuple[int, int, bytes]] = []

    def at(self, line: int, column: int = 0) -> int:
        """The offset of a place; lines count from 1."""
        return self._starts[line - 1] + column

    def start(self, node: ast.expr | ast.stmt) -> int:
        """Where a node begins."""
        return self.at(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt) -> int:
        """Where a node ends."""
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self.at(node.end_lineno, node.end_col_offset)

    def text(self, node: ast.expr) -> str:
        """The source of an expression as it was."""
        return self.data[self.start(node) : self.end(node)].decode()

    def replace(self, start: int, end: int, by: str = "") -> None:
        """Puts other text in a place; a change inside a wider one has no effect."""
        self._changes.append((start, end, by.encode()))

    def drop_lines(self, first: int, last: int) -> None:
        """Takes lines out, both ends included."""
        self.replace(self.at(first), min(self.at(last + 1), len(self.data)))

    def dedent(self, first: int, last: int) -> None:
        """Moves lines one level to the left."""
        for line in range(first, last + 1):
            if self.lines[line - 1].startswith(b"    "):
                self.replace(self.at(line), self.at(line, 4))

    def comment_above(self, line: int) -> int:
        """The first line of the comment that stands right above a line; the line itself without one."""
        while line > 1 and self.lines[line - 2].strip().startswith(b"#"):
            line -= 1
        return line

    def result(self) -> str:
        """The source with all changes."""
        parts: list[bytes] = []
        position = 0
        for start, end, by in sorted(self._changes, key=lambda change: (change[0], -change[1])):
            if start >= position:
                parts += [self.data[position:start], by]
                position = end
            else:
                assert end <= position, "two changes overlap"
        return b"".join([*parts, self.data[position:]]).decode()
