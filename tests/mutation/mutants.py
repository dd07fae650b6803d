"""The mutants of the primitives, by the operators of mutmut; they exist in memory only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

from tests.mutation.rules import is_pinned, left_out, mutable_children

CHECKS = Path(__file__).resolve().parents[2] / "stdlib" / "checks"


class Lines(NamedTuple):
    """From the first to the last, both included, counted from 1."""

    first: int
    last: int


class Diff(NamedTuple):
    """The lines that a mutant takes out and puts in, without the blanks around them."""

    old: tuple[str, ...]
    new: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([*(f"- {line}" for line in self.old), *(f"+ {line}" for line in self.new)])


@dataclass(frozen=True)
class Mutant:
    """One change of one node. `scope` is the function, class or constant at the top of the module; `statement` are the
    lines that a test must have run to see it (of a compound statement, its head); `before` are all lines of the module."""

    module: str
    scope: str
    line: int
    statement: Lines
    operator: str
    before: tuple[str, ...]
    tree: cst.Module
    node: cst.CSTNode
    changed: cst.CSTNode

    @property
    def text(self) -> str:
        """The line on which the changed node begins."""
        return self.before[self.line - 1]

    @cached_property
    def source(self) -> str:
        """The text of the module with the change."""
        found = self.tree.deep_replace(self.node, self.changed)
        assert isinstance(found, cst.Module)
        return found.code

    @cached_property
    def diff(self) -> Diff:
        old, new = self.before, tuple(self.source.splitlines())
        begin = sum(1 for _ in takewhile(_same, zip(old, new, strict=False)))
        most = min(len(old), len(new)) - begin
        end = min(most, sum(1 for _ in takewhile(_same, zip(reversed(old), reversed(new), strict=False))))
        changed = (old[begin : len(old) - end], new[begin : len(new) - end])
        return Diff(*(tuple(line.strip() for line in lines) for lines in changed))

    def compiles(self) -> bool:
        try:
            compile(self.source, self.module, "exec", dont_inherit=True)
        except SyntaxError:
            return False
        return True


class Place(NamedTuple):
    scope: str
    statement: Lines
    inside_function: bool


def modules() -> list[str]:
    """The modules of primitives; the package itself only finds them."""
    return sorted(path.stem for path in CHECKS.glob("*.py") if path.stem != "__init__")


def mutants_of(module: str) -> list[Mutant]:
    """All mutants of a module, in the order of its text."""
    return mutants_in(module, (CHECKS / f"{module}.py").read_text(encoding="utf-8"))


def mutants_in(module: str, text: str) -> list[Mutant]:
    wrapper = MetadataWrapper(cst.parse_module(text))
    before = tuple(text.splitlines())
    tree, positions = wrapper.module, wrapper.resolve(PositionProvider)

    def lines(node: cst.CSTNode) -> Lines:
        return Lines(positions[node].start.line, positions[node].end.line)

    def place(node: cst.CSTNode, above: Place) -> Place:
        if isinstance(node, (cst.SimpleStatementLine, cst.BaseCompoundStatement)):
            scope = above.scope or _names(node)
            own = lines(node)
            if isinstance(node, cst.BaseCompoundStatement):
                own = Lines(own.first, max(own.first, lines(node.body).first - 1) if _indented(node) else own.last)
            return Place(scope, own, above.inside_function or isinstance(node, cst.FunctionDef))
        return above

    def walk(node: cst.CSTNode, above: Place) -> Iterator[Mutant]:
        if left_out(node, above.inside_function):
            return
        here = place(node, above)
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                for changed in operator(node):
                    if not is_pinned(node, changed):
                        name = operator.__name__.removeprefix("operator_")
                        line = lines(node).first if node in positions else here.statement.first
                        yield Mutant(module, here.scope, line, here.statement, name, before, tree, node, changed)
        for child in mutable_children(node):
            yield from walk(child, here)

    return [m for part in tree.body for m in walk(part, Place("", Lines(1, 1), False))]


def _same(lines: tuple[str, str]) -> bool:
    return lines[0] == lines[1]


def _indented(node: cst.BaseCompoundStatement) -> bool:
    return isinstance(node.body, cst.IndentedBlock)


def _names(node: cst.CSTNode) -> str:
    """The name that a statement at the top of a module defines."""
    if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
        return node.name.value
    part = node.body[0] if isinstance(node, cst.SimpleStatementLine) else node
    if isinstance(part, cst.AnnAssign) and isinstance(part.target, cst.Name):
        return part.target.value
    if isinstance(part, cst.Assign) and isinstance(part.targets[0].target, cst.Name):
        return part.targets[0].target.value
    return ""
