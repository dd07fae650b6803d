"""What a source that a model wrote may hold before it is compiled, and the name that its task gets.

The compiler reads no file outside a project and runs nothing of a source. That a task which nobody has read reaches for files, programs
or a network at all is refused here, so that it does not depend on what stands beside it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

from clawc.compiler.pipeline import read
from clawc.spec import ast

_TOP = ("task", "persona")
_BLOCKS = {
    "python": "a check in Python; state it as a query",
    "environment": "an environment of its own",
    "grader": "a program that grades; state checks as queries",
    "skill": "a skill of its own",
    "repo": "a history of a repository",
    "suite": "a suite",
}
_CALLS = {"run": "a program that is run", "runs": "a program that is run"}
_ATTRIBUTES = {"from": "content from another file", "imported": "an imported verifier"}
_MOST_NODES = 60_000


class Prepared(NamedTuple):
    """The source under its name, or what speaks against it."""

    source: str
    why: str


def prepared(source: str, name: str, skills: Sequence[str] = ()) -> Prepared:
    """A source with one task, called `name`; blocks of these skills are left out, as they are put there as they are. What is no file of
    the language at all passes: the compiler has more to say about it. Call this within bounds: it parses what a stranger wrote."""
    tree = read(f"{name}.claw", source).file
    own = [
        node
        for node in _nodes(tree)
        if isinstance(node, ast.Block) and node.kind.text == "skill" and _label(node) in skills
    ]
    if own:
        for block in sorted(own, key=lambda each: -each.span.start):
            source = source[: block.span.start] + source[block.span.end :]
        tree = read(f"{name}.claw", source).file
    why = _against(tree)
    tasks = [item for item in tree.items if isinstance(item, ast.Block) and item.kind.text == "task"]
    if not why and len(tasks) > 1:
        why = "several tasks; a file has one"
    if why or not tasks:
        return Prepared(source, why)
    label = tasks[0].labels[0] if tasks[0].labels else None
    if isinstance(label, ast.Ident) and label.text != name:
        source = source[: label.span.start] + name + source[label.span.end :]
    return Prepared(source, "")


def _label(block: ast.Block) -> str:
    label = block.labels[0] if block.labels else None
    return label.text if isinstance(label, ast.Ident) else label.raw.strip('"') if label is not None else ""


def _against(tree: ast.File) -> str:
    for item in tree.items:
        if isinstance(item, ast.Use) and not item.source.startswith("std."):
            return "refused: `use` of a file; only `std.` libraries"
        if isinstance(item, ast.Block) and item.kind.text not in _TOP:
            return f"refused: `{item.kind.text[:40]}` outside of the task"
    for count, node in enumerate(_nodes(tree)):
        if count > _MOST_NODES:
            return "refused: a file of too many parts"
        found = _refused(node)
        if found:
            return f"refused: {found}"
    return ""


def _refused(node: object) -> str:
    if isinstance(node, ast.Block):
        return _BLOCKS.get(node.kind.text, "")
    if isinstance(node, ast.Attribute):
        return _ATTRIBUTES.get(node.name.text, "")
    if isinstance(node, ast.CallOf):
        return _CALLS.get(node.function.text, "")
    if isinstance(node, ast.Stage):
        return _CALLS.get(node.verb.text, "")
    return ""


def _nodes(tree: ast.File) -> Iterator[object]:
    """Every node of a tree, whatever its depth."""
    left: list[object] = [tree]
    while left:
        node = left.pop()
        if isinstance(node, ast.Span):
            continue
        if dataclasses.is_dataclass(node):
            yield node
            left += [getattr(node, each.name) for each in dataclasses.fields(node)]
        elif isinstance(node, tuple):
            left += cast("tuple[object, ...]", node)
