"""As much of a file as a place in it needs: what is around it, and what that names. It costs what it holds, however long the file is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from clawc.compiler.service.document import Document, Item, Piece
from clawc.spec import ast
from clawc.spec.ast import Span

_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
# What a task is not itself without; texts that name much are kept, but what they name is not.
_ALWAYS = frozenset(("instruction", "title", "category", "operations"))


@dataclass(frozen=True, slots=True)
class Slice:
    """`seams` say which stretches of the text are which of the file, as (start there, start here, length). `inside` is the item of the
    place, in the file; `complete`: its task is there with all that it holds."""

    text: str
    seams: tuple[tuple[int, int, int], ...]
    inside: Span
    complete: bool

    def here(self, span: Span) -> Span | None:
        """A span of the text, in the file."""
        for there, here, length in self.seams:
            if there <= span.start and span.end <= there + length:
                return Span(span.start - there + here, span.end - there + here)
        return None


class _Unit(NamedTuple):
    """A piece of a task that is kept or left out, the names that it declares, and the words that it uses."""

    piece: Piece
    declares: frozenset[str]
    uses: frozenset[str]
    block: Piece | None  # the cut block that holds it, inside of the task


def slice_at(document: Document, offset: int, *, whole: bool = False) -> Slice:
    """The slice around an offset; with `whole` it has all of the task."""
    target = document.piece_at(offset)
    leaf = target if whole else target.leaf_at(offset)
    kept = _kept(target, leaf) if target.inner and not whole else [target]
    parts: list[tuple[int, str]] = []
    for number, piece in enumerate(document.pieces):
        if piece is target:
            parts += [(p.start, p.text) for p in kept]
        elif number == 0 or not _has_task(piece):
            parts.append((piece.start, piece.text))
    seams: list[tuple[int, int, int]] = []
    at = 0
    for start, text in parts:
        seams.append((at, start, len(text)))
        at += len(text)
    complete = kept == [target]
    inside = Span(target.start, target.end) if complete else Span(leaf.start, leaf.end)
    return Slice("".join(text for _, text in parts), tuple(seams), inside, complete)


def _has_task(piece: Piece) -> bool:
    return any(isinstance(i.node, ast.Block) and i.node.kind.text in ("task", "suite") for i in piece.items())


def _kept(task: Piece, leaf: Piece) -> list[Piece]:
    """The pieces of a task that was cut which the leaf needs, in their order."""
    units = list(_units(task))
    kept = [
        u for u in units if u.piece is leaf or (u.block is not None and leaf in (u.block.inner[0], u.block.inner[-1]))
    ]
    wanted: set[str] = set()
    for unit in kept:
        wanted |= unit.uses
    left = [u for u in units if u not in kept]
    found = True
    while found:
        found = False
        for unit in list(left):
            if unit.declares & wanted:
                kept.append(unit)
                left.remove(unit)
                wanted |= unit.uses
                found = True
    held = {u.piece.start for u in kept} | {u.piece.start for u in left if u.declares & _ALWAYS}
    return list(_put_together(task, held))


def _put_together(block: Piece, held: set[int]) -> Iterator[Piece]:
    """The head, what is held, and the closing brace; of blocks of which nothing is held, nothing."""
    yield block.inner[0]
    for piece in block.inner[1:-1]:
        if not piece.inner:
            if piece.start in held:
                yield piece
        elif any(start in held for start in (p.start for p in _leaves(piece))):
            yield from _put_together(piece, held)
    yield block.inner[-1]


def _leaves(piece: Piece) -> Iterator[Piece]:
    if not piece.inner:
        yield piece
    for inner in piece.inner[1:-1]:
        yield from _leaves(inner)


def _units(task: Piece) -> Iterator[_Unit]:
    for piece in task.inner[1:-1]:
        block = piece if piece.inner else None
        for leaf in _leaves(piece):
            declares = frozenset(name for item in leaf.items() for name in _declared(item))
            yield _Unit(leaf, declares, frozenset(_WORD.findall(leaf.text)), block)


def _declared(item: Item) -> Iterator[str]:
    """The names that an item gives, and those inside of it."""
    node = item.node
    if isinstance(node, (ast.Let, ast.Def, ast.Attribute)):
        yield node.name.text
    elif isinstance(node, ast.Block):
        label = node.labels[0] if node.labels else None
        if isinstance(label, ast.Ident):
            yield label.text
        if node.kind.text in ("workspace", "verify"):
            for inner in item.items():
                yield from _declared(inner)
