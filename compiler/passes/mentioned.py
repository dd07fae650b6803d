"""Names that a file reads anywhere, without regard to scopes: what a broken or mistaken part may have been meant to read."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import fields
from typing import Any

from clawc.compiler.elaborate.context import (
    BrokenBinding,
    Context,
    CoreBinding,
    DefBinding,
    DeliverableBinding,
    LetBinding,
    closest,
    is_unsound,
)
from clawc.compiler.source import Source
from clawc.spec import ast

_HOLE = re.compile(r"\{\{(.*?)(?:\}\}|\Z)", re.S)
# `path.x` names a file without reading it.
_NAME = re.compile(r"(?<![\w.])(?!path\.)[A-Za-z_]\w*", re.ASCII)


class NamesRead(Container[str]):
    """Every name in an expression, in a hole of a text, or in an item that could not be read; looked up when asked."""

    __slots__ = ("_file", "_names", "_source")

    def __init__(self, source: Source, file: ast.File) -> None:
        self._source = source
        self._file = file
        self._names: frozenset[str] | None = None

    def __contains__(self, name: object) -> bool:
        if self._names is None:
            self._names = _names_read(self._source, self._file)
        return name in self._names


def _names_read(source: Source, file: ast.File) -> frozenset[str]:
    found = names_cut(source, file)
    for node in _nodes(file):
        if isinstance(node, ast.Ident):
            found.add(node.text)
        elif isinstance(node, ast.Text):
            for hole in _HOLE.findall(node.raw):
                found.update(_NAME.findall(hole))
    return frozenset(found)


def error_spans(cx: Context) -> list[ast.Span]:
    """Where errors stand in the file of a place."""
    if not cx.diagnostics.has_errors:
        return []
    return [d.span for d in cx.diagnostics.sorted() if d.severity == "error" and d.source.path == cx.source.path]


def inside(spans: list[ast.Span], of: ast.Span) -> bool:
    """Does one of the spans lie in another?"""
    return any(of.start <= span.start and span.end <= of.end for span in spans)


_WORD = re.compile(r"[A-Za-z_]\w*")
_OF_THE_AGENT = frozenset(("workspace", "transcript", "final_message", "run", "call", "raises", "python", "only_under"))


def names_reached(cx: Context, span: ast.Span) -> set[str]:
    """All words of a stretch of source and of the `let`s and `def`s that it leads to."""
    found = set(_WORD.findall(cx.source.slice(span)))
    todo, seen = [(cx, name) for name in found], set[tuple[int, str]]()
    while todo:
        place, name = todo.pop()
        binding = place.find(name)
        if not isinstance(binding, (LetBinding, DefBinding)) or (id(binding), name) in seen:
            continue
        seen.add((id(binding), name))
        words = set(_WORD.findall(binding.home.source.slice(binding.span)))
        todo += [(binding.home, word) for word in words]
        found |= words
    return found


def may_read_agent(cx: Context, span: ast.Span) -> bool:
    """May a stretch of source, as it was meant, read what the agent leaves?"""
    words = names_reached(cx, span)
    if words & _OF_THE_AGENT or inside(error_spans(cx), span):
        return True
    for word in words:
        found = cx.find(word)
        if isinstance(found, (DeliverableBinding, BrokenBinding)):
            return True
        if isinstance(found, CoreBinding) and (found.value.dynamic or is_unsound(found.value)):
            return True
    return any(closest(word, cx.task.delivered) for word in words & cx.task.unresolved)


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
