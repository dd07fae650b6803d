"""Blocks and attributes with a slip in their name: reported, then read as what was meant, so that the rest is checked."""

from __future__ import annotations

from dataclasses import replace

from clawc.compiler.elaborate.context import nearest_fix
from clawc.compiler.passes.shape import (
    CONDITIONS,
    TOP,
    attribute_for_expect,
    foreign_attribute,
    inside,
    renamed_attribute,
    swapped_labels,
    unknown_attribute,
    unknown_block,
)
from clawc.compiler.source import Diagnostics, Source
from clawc.spec import ast
from clawc.spec.blocks import BY_KIND, BlockKind


def corrected(source: Source, file: ast.File, diagnostics: Diagnostics) -> ast.File:
    """The file with every name that is close to one of the table replaced by that one."""
    return replace(file, items=_items(source, TOP, file.items, diagnostics, "a file"))


def _items(
    source: Source, parent: BlockKind, items: tuple[ast.Item, ...], diagnostics: Diagnostics, where: str
) -> tuple[ast.Item, ...]:
    given = {i.name.text for i in items if isinstance(i, ast.Attribute)}
    attributes = tuple(parent.attributes or {})
    result: list[ast.Item] = []
    for item in items:
        if isinstance(item, ast.Block):
            if item.kind.text not in BY_KIND:
                meant = nearest_fix(item.kind.text, [*parent.children, *attributes], item.kind.span)
                if meant is not None and meant.replacement in parent.children:
                    unknown_block(source, parent, item, diagnostics)
                    item = replace(item, kind=replace(item.kind, text=meant.replacement))
            row = BY_KIND.get(item.kind.text)
            if row is not None and len(item.labels) == 2 and parent is not TOP:
                first, second = item.labels
                if row.labels == ("name", "path") and isinstance(first, ast.Text) and isinstance(second, ast.Ident):
                    swapped_labels(source, row, item, diagnostics)
                    item = replace(item, labels=(second, first))
            if row is not None and not row.later and row.kind in parent.children:
                item = replace(item, items=_items(source, row, item.items, diagnostics, inside(item)))
        elif isinstance(item, ast.Attribute) and parent.attribute(item.name.text) is None:
            near = nearest_fix(item.name.text, [*attributes, *parent.children], item.name.span)
            wanted = foreign_attribute(parent, item.name.text) or (near.replacement if near is not None else "")
            if wanted in attributes and wanted not in given and not _is_column(parent, wanted, item):
                unknown_attribute(source, parent, item, diagnostics, where)
                item = replace(item, name=replace(item.name, text=wanted))
            elif item.name.text in CONDITIONS and "expect" in parent.statements:
                attribute_for_expect(source, item, diagnostics, where)
                item = ast.Expect(item.value, item.span)
        result.append(item)
    return _meant_for_missing(source, parent, tuple(result), diagnostics, where)


def _is_column(parent: BlockKind, wanted: str, item: ast.Attribute) -> bool:
    """In a block whose other attributes are columns, what is close to an attribute that takes a list is that only if it is one."""
    row = (parent.attributes or {})[wanted]
    return parent.open and not row.required and not isinstance(item.value, ast.ListOf)


def _meant_for_missing(
    source: Source, parent: BlockKind, items: tuple[ast.Item, ...], diagnostics: Diagnostics, where: str
) -> tuple[ast.Item, ...]:
    """The items, where the only unknown attribute is read as the only one that lacks."""
    rows = parent.attributes or {}
    given = [i for i in items if isinstance(i, ast.Attribute)]
    unknown = [i for i in given if i.name.text not in rows]
    lacking = [n for n, a in rows.items() if a.required and n not in {i.name.text for i in given}]
    if len(unknown) != 1 or len(lacking) != 1 or parent.open or any(isinstance(i, ast.BrokenItem) for i in items):
        return items
    odd, meant = unknown[0], lacking[0]
    if any(r.attribute(odd.name.text) is not None for r in BY_KIND.values()):
        return items  # it belongs somewhere else
    renamed_attribute(source, odd, meant, len(rows) == 1, diagnostics, where)
    read = replace(odd, name=replace(odd.name, text=meant))
    return tuple(read if i is odd else i for i in items)
