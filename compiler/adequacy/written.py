"""The source behind nodes of the core: which expression or stage stands at a span, and in which `let`."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import NamedTuple, cast

from clawc.compiler.elaborate.context import Context, DefBinding, LetBinding
from clawc.compiler.model import Task
from clawc.compiler.passes.parse import parse
from clawc.compiler.source import Diagnostics, Source
from clawc.spec import ast
from clawc.spec.ast import Span

LIBRARY = "std/"


class Place(NamedTuple):
    """What stands at a span: an expression, or a stage of a pipeline; `let` is the definition around it."""

    source: Source
    node: ast.Expr | ast.Stage
    let: str


def places(task: Task) -> dict[Span, Place]:
    """All expressions of the task's file and of the files that it uses, but for the library, by their spans."""
    found: dict[Span, Place] = {}
    for source in _sources(task):
        for item in parse(source, Diagnostics()).file.items:
            _collect(source, item, "", found)
    return found


def _sources(task: Task) -> list[Source]:
    sources = {id(task.source): task.source}
    for check in task.checks:
        if check.home is not None:
            sources.setdefault(id(check.home), check.home)
    waiting: list[Context | None] = [task.context]
    seen: set[int] = set()
    while waiting:
        cx = waiting.pop()
        while cx is not None and id(cx) not in seen:
            seen.add(id(cx))
            sources.setdefault(id(cx.source), cx.source)
            waiting.extend(b.home for b in cx.names.values() if isinstance(b, (LetBinding, DefBinding)))
            cx = cx.parent
    return [s for s in sources.values() if not s.path.startswith(LIBRARY)]


def _collect(source: Source, node: object, let: str, found: dict[Span, Place]) -> None:
    stack: list[tuple[object, str]] = [(node, let)]
    while stack:
        at, name = stack.pop()
        if isinstance(at, tuple) and not isinstance(at, Span):
            stack.extend((part, name) for part in cast(tuple[object, ...], at))
            continue
        if not is_dataclass(at) or isinstance(at, type):
            continue
        if isinstance(at, (ast.Let, ast.Def)):
            name = at.name.text
        if isinstance(at, ast.Pipeline):
            for stage in at.stages:
                found.setdefault(Span(at.span.start, stage.span.end), Place(source, stage, name))
        elif isinstance(at, (ast.Binary, ast.Compare, ast.CallOf, ast.If, ast.Unary, ast.ListOf)):
            found.setdefault(at.span, Place(source, at, name))
        stack.extend((getattr(at, f.name), name) for f in fields(at))
