"""The outline of a file, and what of it can be folded."""

from __future__ import annotations

from typing import Literal, NamedTuple

from clawc.compiler.service.document import Document, Item
from clawc.compiler.service.shown import cut
from clawc.spec import ast
from clawc.spec.ast import Span

SymbolKind = Literal["task", "block", "input", "deliverable", "check", "value", "function", "param", "data", "module"]

_KINDS: dict[str, SymbolKind] = {
    "task": "task", "file": "input", "tree": "input", "repo": "input", "link": "input", "deliver": "deliverable", "check": "check",
    "require": "check", "forbid": "check", "rubric": "check", "grader": "check", "param": "param", "data": "data",
}  # fmt: skip


class Symbol(NamedTuple):
    """Something with a name: `whole` is the item, `name_span` lies in it."""

    name: str
    detail: str
    kind: SymbolKind
    whole: Span
    name_span: Span
    children: tuple[Symbol, ...] = ()


def symbols(document: Document) -> list[Symbol]:
    """The outline, in the order of the file."""
    return [s for item in document.items() if (s := _symbol(item)) is not None]


def _symbol(item: Item) -> Symbol | None:
    node = item.node
    if isinstance(node, (ast.Let, ast.Def)):
        kind: SymbolKind = "value" if isinstance(node, ast.Let) else "function"
        detail = "" if isinstance(node, ast.Let) else f"({', '.join(p.text for p in node.params)})"
        return Symbol(node.name.text, detail, kind, item.whole, item.span(node.name.span))
    if isinstance(node, ast.Use):
        return Symbol(node.source, "use", "module", item.whole, item.span(node.source_span))
    if isinstance(node, ast.Block):
        label = node.labels[0] if node.labels else None
        name = (
            label.text if isinstance(label, ast.Ident) else cut(label.raw, 60) if label is not None else node.kind.text
        )
        children = tuple(s for inner in item.items() if (s := _symbol(inner)) is not None)
        kind = _KINDS.get(node.kind.text, "block")
        detail = node.kind.text if label is not None else ""
        return Symbol(
            name, detail, kind, item.whole, item.span(label.span if label is not None else node.kind.span), children
        )
    return None


def folds(document: Document) -> list[Span]:
    """Blocks, and texts of several lines, that can be folded."""
    found: list[Span] = []
    for item in document.items():
        _fold(item, found, document.text)
    return found


def _fold(item: Item, found: list[Span], text: str) -> None:
    if not isinstance(item.node, (ast.Use, ast.BrokenItem)) and "\n" in text[item.whole.start : item.whole.end]:
        found.append(item.whole)
    for inner in item.items():
        _fold(inner, found, text)
