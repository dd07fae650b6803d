"""Items on their lines: blank lines and comments between them, blocks, and where expressions begin.

The items of the tree must account for every token of the file; where they do not, the file is left alone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from clawc.compiler.format.layout import behind, put, put_parameters
from clawc.compiler.format.rows import Row, lined_up
from clawc.compiler.format.spacing import NEVER, Spacing
from clawc.compiler.format.stream import Stream
from clawc.compiler.format.tree import Leaf, Node, Reader
from clawc.compiler.format.width import LEVEL, WIDTH, columns
from clawc.compiler.format.writer import Unaccounted, Writer
from clawc.spec import ast

_ATTRIBUTES = ("=", 0)


def write_file(text: str, stream: Stream, items: Sequence[ast.Item]) -> Writer:
    """The whole file, which the items cover but for the line of the edition."""
    page = _Page(text, stream)
    first = int(stream.kinds[:1] == ["EDITION"])
    if first:
        if page.gap(0, 0, above=False) and stream.blank_before(0):
            page.writer.blank()
        page.writer.newline(0)
        page.writer.text(stream.texts[0])
    page.body(items, first, len(stream.kinds), 0, above=bool(first), set_off=bool(first))
    return page.writer


class _Page:
    """A file that is being written."""

    def __init__(self, text: str, stream: Stream) -> None:
        self.source = text
        self.stream = stream
        self.spacing = Spacing(stream)
        self.writer = Writer(self.spacing)

    def gap(self, k: int, indent: int, *, above: bool) -> bool:
        """Comments before token k; `above`: a blank line may stand first. Is there anything to set token k off from?"""
        gap = self.stream.gaps.get(k)
        for comment in gap.comments if gap else ():
            if comment.own:
                if comment.blank and above:
                    self.writer.blank()
                self.writer.newline(indent)
                self.writer.text(comment.text)
            else:
                self.writer.text("  " + comment.text)
            above = True
        return above

    def body(
        self, items: Sequence[ast.Item], first: int, end: int, indent: int, *, above: bool, set_off: bool = False
    ) -> None:
        """Items over the tokens first to end, each on lines of its own, and the comments behind the last.

        `set_off`: a blank line goes before the first of them, if only a line without a comment stands before it.
        """
        stream, w = self.stream, self.writer
        rows = self._rows(items, first, end, indent)
        apart = [self._set_apart(row.first) for row in rows]
        lines = lined_up(rows, apart, indent)
        kept = False  # the last item was written with its whole last line
        for row, item, line in zip(rows, items, lines):
            if kept:
                self._drop_trailing(row.first)
                kept = False
            if set_off:
                set_off = self._set_off(row.first)
            above = self.gap(row.first, indent, above=above)
            if above and stream.blank_before(row.first) and not (set_off and row.first not in stream.gaps):
                w.blank()
            set_off, above = False, True
            if line is not None:
                w.newline(indent)
                w.text(line)
            elif isinstance(item, ast.BrokenItem):
                w.raw(self._whole_lines(row))
                kept = True
            else:
                w.newline(indent)
                self._item(item, row, indent)
        if kept:
            self._drop_trailing(end)
        if set_off:
            self._set_off(end)
        self.gap(end, indent, above=above)

    def _set_off(self, k: int) -> bool:
        """A blank line behind the edition, unless a comment stands on its line or there is nothing more."""
        gap = self.stream.gaps.get(k)
        if gap is None and k == len(self.stream.kinds):
            return False
        if gap and (not gap.comments[0].own or gap.comments[0].blank):
            return False
        self.writer.blank()
        return True

    def _set_apart(self, k: int) -> bool:
        """Does a blank line or a comment on a line of its own stand before this token?"""
        gap = self.stream.gaps.get(k)
        return self.stream.blank_before(k) or (gap is not None and any(c.own for c in gap.comments))

    def _drop_trailing(self, k: int) -> None:
        """Forgets the comment that was written as part of whole lines."""
        gap = self.stream.gaps.get(k)
        if gap and not gap.comments[0].own:
            if len(gap.comments) > 1 or gap.blank:
                self.stream.gaps[k] = gap._replace(comments=gap.comments[1:])
            else:
                del self.stream.gaps[k]

    def _whole_lines(self, row: Row) -> str:
        start = self.source.rfind("\n", 0, self.stream.starts[row.first]) + 1
        end = self.source.find("\n", self.stream.ends[row.end - 1])
        return self.source[start : end if end >= 0 else len(self.source)]

    def _rows(self, items: Sequence[ast.Item], first: int, end: int, indent: int) -> list[Row]:
        rows: list[Row] = []
        at = first
        for item in items:
            row = self._row(item, at, indent)
            if row.end > end or self.stream.starts[at] != item.span.start:
                raise Unaccounted(f"the items do not account for what stands at offset {self.stream.starts[at]}")
            rows.append(row)
            at = row.end
        if at != end:
            raise Unaccounted(f"no item accounts for what stands at offset {self.stream.starts[at]}")
        return rows

    def _row(self, item: ast.Item, first: int, indent: int) -> Row:
        end = bisect_left(self.stream.starts, item.span.end, first)
        if end <= first:
            raise Unaccounted(f"an item without a token stands at offset {item.span.start}")
        if isinstance(item, ast.BrokenItem):
            return Row(first, end, None)
        if isinstance(item, ast.Block):
            cells = self._block_cells(item, first, end)
            if cells is None or indent + sum(map(columns, cells)) > WIDTH:
                return Row(first, end, None)
            return Row(first, end, cells, (item.kind.text, len(item.labels)))
        self.spacing.space(first, end)
        if indent + self.spacing.width(first, end) > WIDTH:
            return Row(first, end, None)
        if isinstance(item, ast.Attribute):
            rest = " " + self.spacing.flat(first + 1, end)
            return Row(first, end, (self.stream.texts[first], rest), _ATTRIBUTES)
        return Row(first, end, (self.spacing.flat(first, end),))

    def _block_cells(self, block: ast.Block, first: int, end: int) -> tuple[str, ...] | None:
        """The block on one line, when that is how its author wrote it, cut where neighbours are lined up."""
        stream = self.stream
        words = 1 + len(block.labels)
        body = ""
        if block.has_body:
            if not block.items:
                if end - 1 in stream.gaps:
                    return None
                body = " {}"
            elif end - first > WIDTH or stream.breaks[end - 1] > stream.breaks[first]:
                return None
            else:
                inside = self._inside(block, first + words + 1, end - 1)
                if inside is None:
                    return None
                body = " { " + inside + " }"
        texts = stream.texts[first : first + words]
        if any("\n" in text for text in texts):
            return None
        head = (" ".join(texts[:2]), *(" " + text for text in texts[2:]))
        return (*head, body)

    def _inside(self, block: ast.Block, first: int, end: int) -> str | None:
        """The items of a block on one line, or None."""
        texts: list[str] = []
        for row in self._rows(block.items, first, end, 0):
            if row.cells is None:
                return None
            texts.append("".join(row.cells))
        return "; ".join(texts)

    def _item(self, item: ast.Item, row: Row, indent: int) -> None:
        """An item that takes several lines, behind the indentation of the first."""
        w = self.writer
        first, end = row.first, row.end
        if isinstance(item, ast.Block):
            self._block(item, first, end, indent)
            return
        reader = Reader(self.stream.kinds, self.stream.texts, first, end)
        if isinstance(item, ast.Use):
            reader.at = self.stream.kinds.index("LPAR", first, end)
            w.tokens(first, reader.at)
            put(w, reader.names(), 0)
        elif isinstance(item, ast.Expect):
            w.tokens(first, first + 1)
            reader.at = first + 1
            put(w, reader.pipe(), 0)
        else:
            if isinstance(item, ast.Def):
                mark = self._parameters(first, end)
            else:
                mark = first + (1 if isinstance(item, ast.Attribute) else 2)
                w.tokens(first, mark)
            w.tokens(mark, mark + 1)
            reader.at = mark + 1
            behind(w, reader.pipe(), 0)

    def _parameters(self, first: int, end: int) -> int:
        """Writes a `def` up to its `=`, and returns where that stands."""
        w = self.writer
        closer = self.stream.kinds.index("RPAR", first, end)
        if self.spacing.width(first, closer + 2) < NEVER and w.fits(first, closer + 2, 0):
            w.tokens(first, closer + 1)
        else:
            w.tokens(first, first + 3)
            names: list[Node] = [Leaf(k, k + 1) for k in range(first + 3, closer, 2)]
            put_parameters(w, tuple(names))
            w.tokens(closer, closer + 1)
        return closer + 1

    def _block(self, block: ast.Block, first: int, end: int, indent: int) -> None:
        w = self.writer
        brace = first + 1 + len(block.labels)
        self.spacing.space(first, brace)
        w.tokens(first, brace)
        if not block.has_body:
            if brace != end:
                raise Unaccounted(f"a block goes on at offset {self.stream.starts[brace]}")
            return
        if self.stream.kinds[brace] != "LBRACE" or self.stream.kinds[end - 1] != "RBRACE":
            raise Unaccounted(f"the braces of a block are not where they should be, offset {self.stream.starts[brace]}")
        w.braced()
        w.text(" {")
        inside = self.stream.gaps.get(brace + 1)
        remarked = inside is not None and not inside.comments[0].own
        self.body(block.items, brace + 1, end - 1, indent + LEVEL, above=remarked)
        w.newline(indent)
        w.text("}")
