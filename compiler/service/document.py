"""A source that is being edited: cut into its items, so that a keystroke costs one of them and not the file.

The file is cut into its outermost items, and a long block again into those that it holds. Each piece is read alone, with the heads of
the blocks around it before it, and keeps its own offsets; `shift` leads from these to offsets of the file.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from clawc.compiler.passes.lex import Token, lex
from clawc.compiler.pipeline import Parsed, read
from clawc.compiler.source import Diagnostic, Source
from clawc.spec import ast
from clawc.spec.ast import Span

# A line may end after these, and with it an item; after anything else the value goes on.
_ENDS_ITEM = frozenset(
    ("RBRACE", "RPAR", "RSQB", "NAME", "STRING", "TRIPLE", "REGEX", "DATE", "NUMBER", "QUOTED", "TRUE", "FALSE", "NULL", "EDITION")
)  # fmt: skip
_STARTS_ITEM = frozenset(("NAME", "LET", "DEF", "USE", "EXPECT"))
_OPENS = frozenset(("LBRACE", "LPAR", "LSQB"))
_CLOSES = frozenset(("RBRACE", "RPAR", "RSQB"))
LONG = 120  # lines of a block from which it is cut
# Blocks that may be cut: what others hold says something only together.
_CUT = frozenset(("task", "workspace", "verify", "verifier"))


class Item(NamedTuple):
    """An item, with what must be added to the offsets of its tree; `inner` are the items of a block that was cut."""

    node: ast.Item
    shift: int
    source: Source
    inner: tuple[Item, ...] | None = None

    def span(self, span: Span) -> Span:
        """A span of the tree, in the file."""
        return Span(span.start + self.shift, span.end + self.shift)

    @property
    def whole(self) -> Span:
        """The span of the item, in the file."""
        if self.inner:
            start = self.node.span.start + self.shift
            return Span(start, max(self.node.span.end + self.shift, self.inner[-1].whole.end))
        return self.span(self.node.span)

    def items(self) -> tuple[Item, ...]:
        """The items of a block; none of anything else."""
        if self.inner is not None:
            return self.inner
        if not isinstance(self.node, ast.Block):
            return ()
        return tuple(Item(node, self.shift, self.source) for node in self.node.items)


class Said(NamedTuple):
    """What is wrong, by offsets into the file."""

    diagnostic: Diagnostic
    shift: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Some lines of a file. `parsed` has what stands in them, of a block that was cut only its head; `inner` are its pieces, of which the
    first is the head and the last the closing brace. `outer` are the kinds of the blocks around."""

    start: int
    text: str
    parsed: Parsed
    shift: int
    outer: tuple[str, ...] = ()
    inner: tuple[Piece, ...] = ()

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def items(self) -> Iterator[Item]:
        """The items that begin here."""
        nodes = self.parsed.file.items
        for _ in self.outer:
            nodes = next((n.items for n in nodes if isinstance(n, ast.Block)), ())
        if not self.inner:
            yield from (Item(node, self.shift, self.parsed.source) for node in nodes)
            return
        held = tuple(item for piece in self.inner[1:-1] for item in piece.items())
        closed = self.inner[-1].start + self.inner[-1].text.index("}") + 1
        for node in nodes:
            if isinstance(node, ast.Block):
                whole = ast.Block(
                    node.kind, node.labels, (), node.has_body, node.doc, Span(node.span.start, closed - self.shift)
                )
                yield Item(whole, self.shift, self.parsed.source, held)

    def leaf_at(self, offset: int) -> Piece:
        """The smallest piece in which an offset lies."""
        if not self.inner:
            return self
        return self.inner[max(0, bisect_right([p.start for p in self.inner], offset) - 1)].leaf_at(offset)

    def said(self) -> Iterator[Said]:
        """What is wrong in these lines, as far as they alone show it."""
        first, last = self.start - self.shift, self.end - self.shift
        for d in self.parsed.diagnostics.sorted():
            inside = first <= d.span.start <= last and (not self.outer or d.span.end <= last)
            if inside and (not self.inner or d.code < "E02"):
                yield Said(d, self.shift)
        for piece in self.inner[1:-1]:
            yield from piece.said()


@dataclass(frozen=True, slots=True)
class Document:
    """A source under its path, in pieces that follow each other without a gap. `edition` is 1 where none is written."""

    path: str
    text: str
    pieces: tuple[Piece, ...]
    edition: int

    @staticmethod
    def of(path: str, text: str, before: Document | None = None) -> Document:
        """Never raises on what the text holds. Pieces that `before` has, too, are not read again."""
        old = before.pieces if before is not None else ()
        parts = _parts_again(old, text, top=True) or _cut(text, top=True)
        kept = {p.text: p for p in old}
        pieces: list[Piece] = []
        start, edition = 0, 1
        for number, part in enumerate(parts):
            if number == 0:
                parsed = _read(path, part)
                edition = parsed.file.edition or 1
                pieces.append(Piece(0, part, parsed, 0))
            else:
                pieces.append(_piece(path, part, start, (), edition, kept.get(part) or _like(old, part)))
            start += len(part)
        return Document(path, text, tuple(pieces), edition)

    def items(self) -> Iterator[Item]:
        """The outermost items in their order."""
        for piece in self.pieces:
            yield from piece.items()

    def piece_at(self, offset: int) -> Piece:
        """The outermost piece in which an offset lies; at a seam the later one, at the end of the file the last."""
        return self.pieces[max(0, bisect_right([piece.start for piece in self.pieces], offset) - 1)]

    def diagnostics(self) -> list[Said]:
        """Mistakes that one piece alone shows: of syntax, and of what may stand where."""
        return [said for piece in self.pieces for said in piece.said()]


def _piece(path: str, text: str, start: int, outer: tuple[str, ...], edition: int, before: Piece | None) -> Piece:
    """A piece of its text, cut where it is a long block."""
    head = f"claw {edition}\n" + "".join(f"{kind} x {{\n" for kind in outer)
    tail = "\n}" * len(outer)
    shift = start - len(head)
    if before is not None and before.text == text and before.outer == outer and not before.inner:
        return Piece(start, text, before.parsed, shift, outer)
    parts = _inner_parts(text, before) if text.count("\n") >= LONG else None
    if parts is None:
        return Piece(start, text, _read(path, head + text + tail), shift, outer)
    kind, texts = parts
    parsed = _read(path, head + texts[0] + "\n}" + tail)
    kept = {p.text: p for p in before.inner} if before is not None else {}
    inner: list[Piece] = []
    at = start
    for number, part in enumerate(texts):
        if number in (0, len(texts) - 1):
            inner.append(Piece(at, part, _read(path, ""), at, (*outer, kind)))
        else:
            like = kept.get(part) or (_like(before.inner, part) if before is not None else None)
            inner.append(_piece(path, part, at, (*outer, kind), edition, like))
        at += len(part)
    return Piece(start, text, parsed, shift, outer, tuple(inner))


def _like(pieces: tuple[Piece, ...], text: str) -> Piece | None:
    """A piece that was cut and begins as this text does: most of what it holds may still be there."""
    first = text[: text.find("{") + 1].strip()
    return next((p for p in pieces if p.inner and first and p.text.strip().startswith(first)), None)


@lru_cache(maxsize=4096)
def _read(path: str, text: str) -> Parsed:
    return read(path, text)


def _inner_parts(text: str, before: Piece | None) -> tuple[str, list[str]] | None:
    """The kind of a block, its head, the items in it and its closing brace; None where the text is not just one sound block."""
    if before is not None and before.inner:
        head, tail = before.inner[0].text, before.inner[-1].text
        if text.startswith(head) and text.endswith(tail) and len(text) >= len(head) + len(tail):
            middle = text[len(head) : len(text) - len(tail)]
            parts = _parts_again(before.inner[1:-1], middle, top=False)
            if parts is not None:
                return before.inner[0].outer[-1], [head, *parts, tail]
    tokens = [t for t in lex(text).tokens if t.kind != "$END"]
    words = [t for t in tokens if t.kind != "_NL"]
    brace = next((i for i, t in enumerate(tokens) if t.kind == "LBRACE"), -1)
    if brace < 0 or brace + 1 >= len(tokens) or words[0].text not in _CUT or words[-1].kind != "RBRACE":
        return None
    if (
        any(t.kind not in ("NAME", "STRING", "TRIPLE", "_NL") for t in tokens[:brace])
        or tokens[brace + 1].kind != "_NL"
    ):
        return None
    if any(t.kind == "BAD" and '"' in t.text for t in tokens) or not _pairs_at_end(words):
        return None
    opened = tokens[brace].end
    newline = text.index("\n", opened) + 1
    closed = text.rfind("\n", 0, words[-1].start) + 1
    if closed <= newline or text[closed : words[-1].start].strip():
        return None
    return words[0].text, [text[:newline], *_cut(text[newline:closed], top=False), text[closed:]]


def _pairs_at_end(words: list[Token]) -> bool:
    """Do the brackets pair, the first brace with the last?"""
    depth = 0
    for number, token in enumerate(words):
        depth += (token.kind in _OPENS) - (token.kind in _CLOSES)
        if depth == 0 and token.kind in _CLOSES and number < len(words) - 1:
            return False
    return depth == 0


def _cut(text: str, *, top: bool) -> list[str]:
    """The text in pieces, an item each. Where brackets do not pair it is one piece from the first that stays open."""
    tokens = lex(text).tokens if top else lex("\n" + text).tokens
    moved = 0 if top else 1
    cuts = [0]
    depth = 0
    for number, token in enumerate(tokens):
        if token.kind in _OPENS:
            depth += 1
        elif token.kind in _CLOSES:
            depth -= 1
            if depth < 0:
                break
        elif token.kind == "_NL" and depth == 0 and _may_cut(text, tokens, number, moved, top=top):
            cuts.append(token.start - moved + token.text.index("\n") + 1)
    cuts.append(len(text))
    return [text[start:end] for start, end in pairwise(cuts) if end > start] or [""]


def _may_cut(text: str, tokens: list[Token], number: int, moved: int, *, top: bool) -> bool:
    """Does an item end before this line end, and another begin behind it? Outermost ones at the very beginning of a line."""
    following = tokens[number + 1]
    return (
        number > 0
        and tokens[number - 1].kind in _ENDS_ITEM
        and following.kind in _STARTS_ITEM
        and (not top or text[following.start - moved - 1] == "\n")
    )


def _parts_again(before: tuple[Piece, ...], text: str, *, top: bool) -> list[str] | None:
    """The same as `_cut`, where the middle alone has changed: pieces at both ends stay as they were. None where that is not sure."""
    head = tail = at = 0
    while head < len(before) and text.startswith(before[head].text, at):
        at += len(before[head].text)
        head += 1
    end = len(text)
    while tail < len(before) - head and text.endswith(before[-1 - tail].text, at, end):
        end -= len(before[-1 - tail].text)
        tail += 1
    kept = [piece.text for piece in before]
    changed = before[head : len(before) - tail]
    if len(changed) == 1 and changed[0].inner and _changes_inside(changed[0], text[at:end]):
        return [*kept[:head], text[at:end], *kept[head + 1 :]]
    if head:  # what is written behind the last line of a piece may belong to it
        head -= 1
        at -= len(kept[head])
    middle = text[at:end]
    if (head == 0 and top) or not _is_whole(middle):  # the first piece of a file holds the edition
        return None
    return [*kept[:head], *(part for part in _cut(middle, top=top) if part), *kept[len(kept) - tail :]]


def _changes_inside(piece: Piece, text: str) -> bool:
    """Has a block that was cut changed in one of its items alone, so that its braces are where they were?"""
    head, tail = piece.inner[0].text, piece.inner[-1].text
    if not (text.startswith(head) and text.endswith(tail) and len(text) >= len(head) + len(tail)):
        return False
    return _parts_again(piece.inner[1:-1], text[len(head) : len(text) - len(tail)], top=False) is not None


def _is_whole(text: str) -> bool:
    """Do all brackets and texts that begin here end here, with the line?"""
    depth = 0
    for token in lex("\n" + text).tokens:
        depth += (token.kind in _OPENS) - (token.kind in _CLOSES)
        if depth < 0 or (token.kind == "BAD" and '"' in token.text):
            return False
    return depth == 0 and (not text or text.endswith("\n"))
