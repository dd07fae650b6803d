"""Names that a file reads anywhere, without regard to scopes: what a broken or mistaken part may have been meant to read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from clawc.compiler.source import Source
from clawc.spec import ast

_HOLE = re.compile(r"\{\{(.*?)(?:\}\}|\Z)", re.S)
# `path.x` names a file without reading it.
_NAME = re.compile(r"(?<![\w.])(?!path\.)[A-Za-z_]\w*", re.ASCII)


def names_read(source: Source, file: ast.File) -> frozenset[str]:
    """Every name in an expression, in a hole of a text, or in an item that could not be read."""
    found = names_cut(source, file)
    for node in _nodes(file):
        if isinstance(node, ast.Ident):
            found.add(node.text)
        elif isinstance(node, ast.Text):
            for hole in _HOLE.findall(node.raw):
                found.update(_NAME.findall(hole))
    return frozenset(found)


def names_cut(source: Source, file: ast.File) -> set[str]:
    """The words of items that could not be read."""
    found: set[str] = set()
    for node in _nodes(file):
        if isinstance(node, (ast.BrokenItem, ast.Broken)):
            found.update(_NAME.findall(source.slice(node.span)))
    return found


def _nodes(file: ast.File) -> Iterator[Any]:
    stack: list[Any] = list(file.items)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, (ast.Ident, ast.Text, ast.BrokenItem, ast.Broken)):
            stack.extend(_inside(node))


def _inside(node: Any) -> Iterator[Any]:
    """The parts of a node that are read; names that it declares or labels are none."""
    if isinstance(node, (ast.Let, ast.Attribute, ast.Labelled, ast.Arg)):
        yield node.value
    elif isinstance(node, ast.Def):
        yield node.body
    elif isinstance(node, ast.Block):
        yield from node.items
    elif isinstance(node, ast.Attr):
        if not (isinstance(node.object, ast.Ident) and node.object.text == "path"):
            yield node.object
    elif isinstance(node, ast.Entry):
        yield node.value
        if node.computed:
            yield node.key
    elif isinstance(node, (ast.Use, ast.Key, ast.Literal)):
        return
    else:
        for field in fields(node):
            value = getattr(node, field.name)
            if isinstance(value, tuple) and not isinstance(value, ast.Span):
                yield from value
            elif hasattr(value, "span"):
                yield value
