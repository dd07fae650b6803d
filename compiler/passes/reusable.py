"""Blocks with a name outside of tasks, to be included by many: `workspace`, `verifier`, `rubric`, `persona`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from clawc.compiler.elaborate.context import (
    BlockBinding,
    BrokenBinding,
    Context,
    CoreBinding,
    meant_by,
    nearest,
    nearest_fix,
)
from clawc.compiler.elaborate.expressions import expression
from clawc.compiler.passes import attributes as attr
from clawc.compiler.passes.bind import bind, bind_statements
from clawc.spec import ast

REUSABLE = ("workspace", "verifier", "rubric", "persona")
MAX_INCLUDED = 50


class Included(NamedTuple):
    """A block that stands in for itself where it is included, with the place in which its names are looked up."""

    cx: Context
    block: ast.Block


def bind_blocks(cx: Context, items: tuple[ast.Item, ...]) -> None:
    """Gives the reusable blocks of a file their names."""
    for item in items:
        if isinstance(item, ast.Block) and item.kind.text in REUSABLE and item.labels:
            label = item.labels[0]
            if isinstance(label, ast.Ident):
                bind(cx, label, BlockBinding(item, cx))


def included(cx: Context, block: ast.Block, kind: str) -> Iterator[Included]:
    """The blocks that `include = [name, other(argument)]` names, of one kind or a list of kinds."""
    given = attr.attribute(block, "include")
    if given is None:
        return
    kinds = tuple(kind.split("|"))
    nodes = given.value.items if isinstance(given.value, ast.ListOf) else (given.value,)
    for node in nodes[:MAX_INCLUDED]:
        name = node.function if isinstance(node, ast.CallOf) else node
        if not isinstance(name, ast.Ident):
            if not isinstance(name, ast.Broken):
                cx.error("E0203", node.span, "`include` takes names of blocks, or `name(argument)`")
            continue
        found = cx.find(name.text)
        if isinstance(found, BlockBinding) and found.block.kind.text in kinds:
            found.used = True
            inner = _with_arguments(cx, found, node)
            if inner is not None:
                yield Included(inner, found.block)
        elif not isinstance(found, BrokenBinding):
            known = [
                n for n in cx.all_names() if isinstance(b := cx.find(n), BlockBinding) and b.block.kind.text in kinds
            ]
            what = " or ".join(f"`{k}`" for k in kinds)
            cx.error("E0301", name.span, f"`{name.text}` is no {what} block{nearest(name.text, known)}",
                     f"declare `{kinds[0]} {name.text} {{ … }}` outside of the task, or `use` it",
                     nearest_fix(name.text, known, name.span))  # fmt: skip
            meant = cx.find(meant_by(name.text, known) or name.text)
            if isinstance(meant, BlockBinding) and not meant.used:  # read as what is meant, so that its names are known
                meant.used = True
                inner = _with_arguments(cx, meant, node)
                if inner is not None:
                    yield Included(inner, meant.block)


def _with_arguments(cx: Context, found: BlockBinding, node: ast.Expr) -> Context | None:
    """The place of the included block, its parameters bound; None after a diagnostic."""
    inner = Context(found.home.source, cx.diagnostics, cx.task, found.home)
    params = attr.attribute(found.block, "params")
    names = [i.text for i in attr.idents(inner, params.value, "params")] if params is not None else []
    args = node.args if isinstance(node, ast.CallOf) else ()
    label = found.block.labels[0] if found.block.labels else None
    called = label.text if isinstance(label, ast.Ident) else ""
    values: dict[str, CoreBinding] = {}
    for place, arg in enumerate(args):
        key = arg.name.text if arg.name is not None else names[place] if place < len(names) else ""
        if key not in names or key in values:
            cx.error("E0401", arg.span, f"`{called}` has no argument `{key}`" if key else f"`{called}` takes {len(names)} arguments",
                     f"{called}({', '.join(names)})")  # fmt: skip
            return None
        values[key] = CoreBinding(expression(cx, arg.value))
    missing = [n for n in names if n not in values]
    if missing:
        cx.error("E0401", node.span, f"`{called}` lacks its argument `{missing[0]}`", f"{called}({', '.join(names)})")
        return None
    inner.names.update(values)
    bind_statements(inner, found.block.items)
    return inner


def persona_text(cx: Context, block: ast.Block) -> str:
    """`persona = "…"`, or the name of a `persona` block."""
    given = attr.attribute(block, "persona")
    if given is None or not isinstance(given.value, ast.Ident):
        return attr.text(cx, block, "persona")
    found = cx.find(given.value.text)
    if isinstance(found, BlockBinding) and found.block.kind.text == "persona":
        found.used = True
        return attr.text(found.home, found.block, "text")
    known = [n for n in cx.all_names() if isinstance(b := cx.find(n), BlockBinding) and b.block.kind.text == "persona"]
    cx.error("E0301", given.value.span, f"`{given.value.text}` is no `persona` block{nearest(given.value.text, known)}",
             "write a text, or declare it outside of the task",
             nearest_fix(given.value.text, known, given.value.span))  # fmt: skip
    return ""
