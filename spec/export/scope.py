"""The names that a file gives to things, whatever block they stand in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from clawc.spec import ast
from clawc.spec.blocks import BY_KIND

# Names that the language itself binds; `path` and `param` stand only in `path.NAME` and `param.NAME`.
BUILT_IN = ("final_message", "inputs", "solution", "transcript", "workspace")


class Scope(NamedTuple):
    """Names usable as values, names that are called, and what `path.` and `param.` lead to; each sorted."""

    values: tuple[str, ...]
    functions: tuple[str, ...]
    files: tuple[str, ...]
    params: tuple[str, ...] = ()


def scope_of(file: ast.File) -> Scope:
    """Everything that is declared anywhere in the file. An item that could not be read gives the names it may have had."""
    found = list(_declared(file.items))
    values = {name for name, kind in found if kind in ("value", "either", "file")}
    functions = {name for name, kind in found if kind in ("function", "either")}
    files = {name for name, kind in found if kind == "file"}
    params = tuple(sorted({name for name, kind in found if kind == "param"}))
    return Scope(tuple(sorted(values | set(BUILT_IN))), tuple(sorted(functions)), tuple(sorted(files)), params)


def _declared(items: tuple[ast.Item, ...]) -> Iterator[tuple[str, str]]:
    for item in items:
        if isinstance(item, ast.Let):
            yield item.name.text, "file"  # it may hold one
        elif isinstance(item, ast.Def):
            yield item.name.text, "function"
            yield from ((parameter.text, "file") for parameter in item.params)
        elif isinstance(item, ast.Use):
            yield from ((name.text, "either") for name in item.names)
        elif isinstance(item, ast.BrokenItem):
            yield from ((name, "either") for name in item.names)
        elif isinstance(item, ast.Attribute) and item.name.text == "params":
            yield from ((name, "file") for name in _idents(item.value))
        elif isinstance(item, ast.Block):
            kind = _kind(item)
            yield from ((label.text, kind) for label in item.labels if isinstance(label, ast.Ident))
            yield from _declared(item.items)


def _kind(block: ast.Block) -> str:
    """What the name of a block stands for."""
    row = BY_KIND.get(block.kind.text)
    if row is not None and "path" in row.labels:
        return "file"
    if block.kind.text == "param":
        return "param"
    return "either" if block.kind.text == "verifier" else "value"


def _idents(node: ast.Expr) -> list[str]:
    nodes = node.items if isinstance(node, ast.ListOf) else (node,)
    return [item.text for item in nodes if isinstance(item, ast.Ident)]
