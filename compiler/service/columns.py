"""Where a column comes from, as far as the syntax shows it: a stage that names it, generated data, or the file that a table is read from."""

from __future__ import annotations

from collections.abc import Iterator

from clawc.compiler.service.document import Document, Item
from clawc.compiler.service.names import Names, children, holes
from clawc.spec import ast
from clawc.spec.ast import Span


def column_made(document: Document, offset: int, name: str, names: Names) -> Span | None:
    """The nearest place before an offset that gives a column its name, in the file; None where none is seen."""
    made = [s for item in document.items() for s in _named(item, name)]
    before = [s for s in made if s.start < offset]
    if before:
        return max(before, key=lambda s: s.start)
    data = [d.span for d in names.declarations if d.kind == "column" and d.name == name]
    return data[0] if data else _in_header(document, name, names)


def _named(item: Item, name: str) -> Iterator[Span]:
    """Arguments of this name in stages: `group client, owed = sum(amount)`."""
    node = item.node
    for inner in item.items():
        yield from _named(inner, name)
    held = [node.body] if isinstance(node, ast.Def) else []
    if isinstance(node, (ast.Let, ast.Expect, ast.Attribute, ast.Labelled)):
        held = [node.value]
    for expr in held:
        yield from (item.span(s) for s in _stages(item, expr, name))


def _stages(item: Item, node: ast.Expr, name: str) -> Iterator[Span]:
    if isinstance(node, ast.Pipeline):
        for stage in node.stages:
            yield from (arg.name.span for arg in stage.args if arg.name is not None and arg.name.text == name)
    for inner in holes(item.source, node) if isinstance(node, ast.Text) else children(node):
        yield from _stages(item, inner, name)


def _in_header(document: Document, name: str, names: Names) -> Span | None:
    """The name in the first line of an input that is written in the file."""
    for declared in names.declarations:
        if declared.kind != "input" or declared.item is None:
            continue
        whole = declared.item.whole
        text = document.text[whole.start : whole.end]
        begin = text.find('"""')
        header = text[begin + 3 :].lstrip().split("\n", 1)[0] if begin >= 0 else ""
        if name in [cell.strip() for cell in header.split(",")]:
            at = whole.start + text.index(header, begin) + header.index(name)
            return Span(at, at + len(name))
    return None
