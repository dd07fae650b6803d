"""A source that is being edited: cut into its outermost items, so that a keystroke costs one of them and not the file."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from clawc.compiler.passes.lex import Token, lex
from clawc.compiler.pipeline import Parsed, read
from clawc.compiler.source import Diagnostic
from clawc.spec import ast
from clawc.spec.ast import Span

# A line may end after these, and with it an item; after anything else the value goes on.
_ENDS_ITEM = frozenset(
    ("RBRACE", "RPAR", "RSQB", "NAME", "STRING", "TRIPLE", "REGEX", "DATE", "NUMBER", "QUOTED", "TRUE", "FALSE", "NULL", "EDITION")
)  # fmt: skip
_OPENS = frozenset(("LBRACE", "LPAR", "LSQB"))
_CLOSES = frozenset(("RBRACE", "RPAR", "RSQB"))


class Item(NamedTuple):
    """An outermost item: where its piece begins in the file, and what must be added to the offsets of its tree."""

    node: ast.Item
    shift: int

    def span(self, span: Span) -> Span:
        """A span of the tree, in the file."""
        return Span(span.start + self.shift, span.end + self.shift)


class Said(NamedTuple):
    """What is wrong, by offsets into the file."""

    diagnostic: Diagnostic
    shift: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Some lines of a file, with the tree of what stands in them; `shift` leads from offsets of the tree to those of the file."""

    start: int
    text: str
    parsed: Parsed
    shift: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


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
        parts = _cut_again([piece.text for piece in before.pieces], text) if before is not None else _cut(text)
        pieces: list[Piece] = []
        start, edition = 0, 1
        for number, part in enumerate(parts):
            head = "" if number == 0 else f"claw {edition}\n"
            parsed = _read(path, head + part)
            if number == 0:
                edition = parsed.file.edition or 1
            pieces.append(Piece(start, part, parsed, start - len(head)))
            start += len(part)
        return Document(path, text, tuple(pieces), edition)

    def items(self) -> Iterator[Item]:
        """The outermost items in their order."""
        for piece in self.pieces:
            for node in piece.parsed.file.items:
                yield Item(node, piece.shift)

    def piece_at(self, offset: int) -> Piece:
        """The piece in which an offset lies; at a seam the later one, at the end of the file the last."""
        return self.pieces[max(0, bisect_right([piece.start for piece in self.pieces], offset) - 1)]

    def diagnostics(self) -> list[Said]:
        """Mistakes that one piece alone shows: of syntax, and of what may stand where."""
        return [Said(d, piece.shift) for piece in self.pieces for d in piece.parsed.diagnostics.sorted()]

    def alone(self, piece: Piece) -> tuple[str, list[tuple[int, int, int]]]:
        """The file without other tasks than that of the piece; and which of its stretches are which of the file, as (start
        there, start here, length)."""
        parts: list[str] = []
        seams: list[tuple[int, int, int]] = []
        at = 0
        for number, other in enumerate(self.pieces):
            tasks = any(isinstance(i, ast.Block) and i.kind.text in ("task", "suite") for i in other.parsed.file.items)
            if number and tasks and other is not piece:
                continue
            parts.append(other.text)
            seams.append((at, other.start, len(other.text)))
            at += len(other.text)
        return "".join(parts), seams


@lru_cache(maxsize=512)
def _read(path: str, text: str) -> Parsed:
    return read(path, text)


def _cut(text: str) -> list[str]:
    """The text in pieces. Where brackets do not pair it is one piece from the first that stays open."""
    tokens = lex(text).tokens
    cuts = [0]
    depth = 0
    for number, token in enumerate(tokens):
        if token.kind in _OPENS:
            depth += 1
        elif token.kind in _CLOSES:
            depth -= 1
            if depth < 0:
                break
        elif token.kind == "_NL" and depth == 0 and _may_cut(text, tokens, number):
            cuts.append(token.start + token.text.index("\n") + 1)
    cuts.append(len(text))
    return [text[start:end] for start, end in pairwise(cuts) if end > start] or [""]


def _may_cut(text: str, tokens: list[Token], number: int) -> bool:
    """Does an item end before this line end, and another begin behind it, at the very beginning of a line?"""
    following = tokens[number + 1]
    return (
        number > 0
        and tokens[number - 1].kind in _ENDS_ITEM
        and following.kind in ("NAME", "LET", "DEF", "USE")
        and text[following.start - 1] == "\n"
    )


def _cut_again(before: list[str], text: str) -> list[str]:
    """The same as `_cut`, where the middle alone has changed: pieces at both ends stay as they were."""
    head = tail = at = 0
    while head < len(before) and text.startswith(before[head], at):
        at += len(before[head])
        head += 1
    # What is written behind the last line of a piece may belong to it, and the first piece holds the edition.
    head = max(0, head - 1)
    at = sum(len(part) for part in before[:head])
    end = len(text)
    while tail < len(before) - head and text.endswith(before[-1 - tail], 0, end) and end - len(before[-1 - tail]) >= at:
        end -= len(before[-1 - tail])
        tail += 1
    middle = text[at:end]
    if head == 0 or not _is_whole(middle):
        return _cut(text)
    kept = before[len(before) - tail :] if tail else []
    return [*before[:head], *(part for part in _cut(middle) if part), *kept]


def _is_whole(text: str) -> bool:
    """Do all brackets and texts that begin here end here, with the line?"""
    depth = 0
    tokens = lex(text).tokens
    for token in tokens:
        depth += (token.kind in _OPENS) - (token.kind in _CLOSES)
        if depth < 0 or (token.kind == "BAD" and '"' in token.text):
            return False
    return depth == 0 and (not text or text.endswith("\n"))
