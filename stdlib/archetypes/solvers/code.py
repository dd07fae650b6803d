"""Python files read as trees: functions without a docstring or with too many arguments, imports and calls that are banned."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from decimal import Decimal

from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.values import Row, Unsolvable
from clawc.stdlib.archetypes.solvers.work import Work

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def code_review(work: Work, asked: Asked) -> None:
    into, functions = asked.text("into"), 0
    made: list[Row] = []
    for file, data in work.folder(work.source(0)).items():
        if not file.endswith(".py"):
            continue
        tree = ast.parse(data.decode("utf-8"))
        functions += sum(isinstance(node, _Function) for node in ast.walk(tree))
        for rule in asked.parts("rules"):
            names = list(_names(tree, rule))
            if len(names) != len(set(names)):
                raise Unsolvable(f"code review: is {file} one row or several for {rule.text('name')}?")
            made.extend({"file": file, "name": name, into: rule.text("name")} for name in names)
    work.rows = made
    work.counts["count functions"] = Decimal(functions)


def _names(tree: ast.Module, rule: Asked) -> Iterator[str]:
    how = rule.text("how")
    if how == "calls":
        name = rule.text("value")
        if any(isinstance(node, ast.Call) and _is(node.func, name) for node in ast.walk(tree)):
            yield name
        return
    for node in ast.walk(tree):
        if how == "imports":
            yield from (name for name in _imported(node) if name in rule.texts("value"))
        elif how == "no docstring":
            if isinstance(node, _Function) and ast.get_docstring(node) is None:
                yield node.name
        elif how == "arguments above":
            if isinstance(node, _Function) and _arguments(node.args) > rule.whole("value"):
                yield node.name
        else:
            raise Unsolvable(f"code review: unknown rule {how!r}")


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module is not None:
        yield node.module


def _arguments(given: ast.arguments) -> int:
    return len(given.posonlyargs) + len(given.args) + len(given.kwonlyargs)
