"""The outline of a file, and what of it can be folded."""

from __future__ import annotations

from typing import Literal, NamedTuple

from clawc.compiler.service.document import Document
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
    return [s for item in document.items() if (s := _symbol(item.node, item.shift)) is not None]


def _symbol(node: ast.Item, shift: int) -> Symbol | None:
    def at(span: Span) -> Span:
        return Span(span.start + shift, span.end + shift)

    if isinstance(node, (ast.Let, ast.Def)):
        kind: SymbolKind = "value" if isinstance(node, ast.Let) else "function"
        detail = "" if isinstance(node, ast.Let) else f"({', '.join(p.text for p in node.params)})"
        return Symbol(node.name.text, detail, kind, at(node.span), at(node.name.span))
    if isinstance(node, ast.Use):
        return Symbol(node.source, "use", "module", at(node.span), at(node.source_span))
    if isinstance(node, ast.Block):
        label = node.labels[0] if node.labels else None
        name = (
            label.text if isinstance(label, ast.Ident) else cut(label.raw, 60) if label is not None else node.kind.text
        )
        children = tuple(s for item in node.items if (s := _symbol(item, shift)) is not None)
        kind = _KINDS.get(node.kind.text, "block")
        detail = node.kind.text if label is not None else ""
        span = label.span if label is not None else node.kind.span
        return Symbol(name, detail, kind, at(node.span), at(span), children)
    return None


def folds(document: Document) -> list[Span]:
    """Blocks, and texts of several lines, that can be folded."""
    found: list[Span] = []
    for item in document.items():
        _fold(item.node, item.shift, found, document.text)
    return found


def _fold(node: ast.Item, shift: int, found: list[Span], text: str) -> None:
    if isinstance(node, ast.Block):
        _add(node.span, shift, found, text)
        for inner in node.items:
            _fold(inner, shift, found, text)
    elif isinstance(node, (ast.Let, ast.Def, ast.Attribute, ast.Expect, ast.Labelled)):
        _add(node.span, shift, found, text)


def _add(span: Span, shift: int, found: list[Span], text: str) -> None:
    here = Span(span.start + shift, span.end + shift)
    if "\n" in text[here.start : here.end]:
        found.append(here)
