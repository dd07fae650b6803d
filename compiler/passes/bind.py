"""Giving names to things, once each."""

from __future__ import annotations

from clawc.compiler.elaborate.context import BrokenBinding, Context, DefBinding, LetBinding
from clawc.spec import ast

RESERVED = ("path", "param", "workspace", "solution", "inputs", "transcript", "final_message")


def bind(cx: Context, name: ast.Ident, binding: object) -> bool:
    """Gives a name to something, once."""
    if name.text in RESERVED:
        cx.error("E0307", name.span, f"`{name.text}` is a name of the language; choose another")
        return False
    if name.text in cx.names:
        if not isinstance(cx.names[name.text], BrokenBinding):
            cx.error("E0303", name.span, f"`{name.text}` is defined twice", "choose another name")
        return False
    cx.names[name.text] = binding  # type: ignore[assignment]  # pyright: ignore[reportArgumentType]
    return True


def bind_statements(cx: Context, items: tuple[ast.Item, ...]) -> None:
    """`let` and `def` of a block, in any order of use; names of broken items are known, so uses stay silent."""
    for item in items:
        if isinstance(item, ast.Let):
            bind(cx, item.name, LetBinding(item.name.text, item.value, cx, item.span))
        elif isinstance(item, ast.Def):
            params = tuple(p.text for p in item.params)
            bind(cx, item.name, DefBinding(item.name.text, params, item.body, cx, item.span))
        elif isinstance(item, ast.BrokenItem) and not cx.source.text.startswith("expect", item.span.start):
            for name in item.names:  # an `expect` reads names and gives none
                cx.names[name] = BrokenBinding()
