"""A mutant: the oracle's result, changed. A wrong one must lose a check that it targets, an equivalent one nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, NamedTuple

from clawc.compiler.generate import Source
from clawc.compiler.model import DeliverDecl, Task
from clawc.compiler.mutants.grid import Grid, grids_of
from clawc.compiler.mutants.pins import Pins
from clawc.compiler.mutants.tree import Tree, tree_of
from clawc.compiler.passes.trial import Trial
from clawc.compiler.witness.constraints import Demand
from clawc.spec import core
from clawc.spec.ast import Span

Kind = Literal["wrong", "equivalent"]
NO_FILES: Mapping[str, bytes | None] = {}

_LARGE = 1 << 20

# Aspects of a file beside its columns, keys and sections.
WHOLE = "the file"
FEWER = "rows left out"
MORE = "rows added"
MADE_UP = "further rows with made-up values"
FROM_INPUTS = "further rows out of the inputs"
ORDER = "the order of the rows"


class Variant(NamedTuple):
    """One change of one file, or of more (`also`).

    `data`: the new bytes; None: the file is not there. `place`: what of the file is changed, as findings name it. `checks`:
    those that demand what is changed; with none, whether the change is wrong is not known from the checks (`certain` is then
    False) and any check may find it.
    """

    data: bytes | None
    place: str
    what: str
    checks: frozenset[str] = frozenset()
    certain: bool = True
    also: Mapping[str, bytes | None] = NO_FILES


@dataclass(frozen=True, slots=True)
class Mutant:
    """`files`: path to bytes (None: not there), laid over what the oracle writes. `events`: the trajectory, where it is
    another one. `targets`: checks of which it must lose one; none: any. A mutant that is not `certain` is wrong, or
    equivalent, only as far as a check says so."""

    operator: str
    kind: Kind
    deliverable: str
    place: str
    what: str
    files: Mapping[str, bytes | None]
    targets: frozenset[str] = frozenset()
    certain: bool = True
    events: tuple[dict[str, Any], ...] | None = None
    span: Span | None = None


@dataclass(frozen=True)
class Answer:
    """One file of the oracle's result, as operators see it. `base`: the input that it edits."""

    task: Task
    deliver: DeliverDecl
    path: str
    data: bytes
    pins: Pins
    written: Mapping[str, bytes | None]
    pristine: Mapping[str, bytes]
    base: bytes | None
    readers: frozenset[str]  # checks that read the deliverable
    chance: Source = field(compare=False)

    @property
    def kind(self) -> str:
        return self.deliver.kind

    @cached_property
    def grids(self) -> list[Grid]:
        """The tables of the file; none where it holds none."""
        return grids_of(self.deliver, self.data)

    @cached_property
    def tree(self) -> Tree | None:
        """The file as a tree of values, unless it is one table."""
        return None if self.grids else tree_of(self.deliver, self.data, self.base)

    def inputs_like(self, columns: list[str]) -> list[list[dict[str, Any]]]:
        """Rows of the inputs that have all of these columns, input by input."""
        found: list[list[dict[str, Any]]] = []
        for item in self.task.inputs:
            if item.file.kind in ("csv", "tsv", "json", "jsonl") and len(item.data) < _LARGE:
                decl = replace(self.deliver, kind=item.file.kind, path=item.file.path)
                for grid in grids_of(decl, item.data):
                    if set(columns) <= set(grid.columns):
                        found.append([dict(zip(grid.columns, row)) for row in grid.rows])
        return found

    @cached_property
    def text(self) -> str | None:
        """The file as text; None for formats of bytes."""
        if self.kind in ("xlsx", "sqlite", "zip"):
            return None
        try:
            return self.data.decode("utf-8")
        except UnicodeDecodeError:
            return None

    @property
    def is_document(self) -> bool:
        """Prose, which people write freely but for what is asked of it."""
        return self.kind in ("markdown", "text") and self.text is not None and self.deliver.kind != "program"


class Change(NamedTuple):
    """One change of the workspace or the trajectory; as Variant, with the files laid over what the oracle writes."""

    files: Mapping[str, bytes | None]
    place: str
    what: str
    checks: frozenset[str] = frozenset()
    certain: bool = True
    events: tuple[dict[str, Any], ...] | None = None
    span: Span | None = None


@dataclass(frozen=True)
class Result:
    """All that the oracle leaves: `written` over `pristine`, and its trajectory."""

    task: Task
    trial: Trial
    written: Mapping[str, bytes | None]
    events: list[dict[str, Any]]
    demands: tuple[Demand, ...]

    @property
    def pristine(self) -> Mapping[str, bytes]:
        return self.trial.pristine

    def now(self, path: str) -> bytes | None:
        """What stands at a path after the oracle."""
        return self.written[path] if path in self.written else self.pristine.get(path)

    def readers(self, deliverable: str) -> frozenset[str]:
        """Checks that read a deliverable."""
        return self._readers.get(deliverable, frozenset())

    @cached_property
    def _readers(self) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for name, expects in self.trial.sealed.items():
            for _, _, node in expects:
                for n in core.walk(node):
                    if isinstance(n, core.Deliverable):
                        found.setdefault(n.name, set()).add(name)
                    elif isinstance(n, core.Run):
                        for deliver in self.task.delivers:
                            if deliver.kind == "program":
                                found.setdefault(deliver.name, set()).add(name)
        return {name: frozenset(checks) for name, checks in found.items()}


@dataclass(frozen=True, slots=True)
class Operator:
    """`make` gives the variants of one file; those that come first are tried first."""

    name: str
    kind: Kind
    make: Callable[[Answer], Iterator[Variant]]


@dataclass(frozen=True, slots=True)
class WorkspaceOperator:
    """As Operator, for what is no change of one deliverable."""

    name: str
    kind: Kind
    make: Callable[[Result], Iterator[Change]]
