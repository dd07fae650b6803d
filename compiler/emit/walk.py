"""All nodes of a tree in one list: what `ast.walk` gives, without the marks of loads and stores, in less than half the time."""

from __future__ import annotations

import ast


def walk(tree: ast.AST) -> list[ast.AST]:
    """The nodes by depth, the outermost first."""
    found = [tree]
    for node in found:
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                found += [item for item in value if isinstance(item, ast.AST)]  # pyright: ignore[reportUnknownVariableType]
            elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
                found.append(value)
    return found
