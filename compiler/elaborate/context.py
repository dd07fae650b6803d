"""What elaboration knows while it walks an expression: names, rows in scope, files, and where to complain."""

from __future__ import annotations

import difflib
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Union

from clawc.compiler.source import Diagnostics, Fix, Source
from clawc.spec import ast, core
from clawc.spec.ast import Span
from clawc.spec.core import Const, Core, Fresh, Shape
from clawc.spec.types import ANY, ERROR, ListType, RecordType, TableType, Type
from clawc.stdlib.checks.sets import Files
from clawc.stdlib.checks.values import File

MAX_DEPTH = 100
MAX_CHAIN = 400
MAX_NAME = 100  # longer ones are no slips of another name


@dataclass(slots=True, eq=False)
class LetBinding:
    """`let NAME = …`, elaborated at its first use; `busy` finds definitions that use themselves."""

    name: str
    expr: ast.Expr
    home: Context
    span: Span
    value: Core | None = None
    busy: bool = False
    used: bool = False


@dataclass(slots=True, eq=False)
class DefBinding:
    """`def NAME(params) = …`: expanded at every call."""

    name: str
    params: tuple[str, ...]
    body: ast.Expr
    home: Context
    span: Span
    busy: bool = False
    used: bool = False


@dataclass(slots=True, eq=False)
class InputBinding:
    """An input file, with its pristine bytes."""

    file: File
    span: Span
    used: bool = False


@dataclass(slots=True, eq=False)
class TreeBinding:
    """A folder of inputs; `files` by their path in it."""

    name: str
    folder: str
    files: Files
    span: Span
    used: bool = False


@dataclass(slots=True, eq=False)
class DeliverableBinding:
    """A file that the agent must leave; `columns` are None when not declared.

    `edits` names the input that it changes, `job` is the run that has to write it (-1: the agent itself does).
    """

    name: str
    path: str
    kind: str
    columns: tuple[str, ...] | None
    sections: tuple[str, ...] | None
    span: Span
    used: bool = False
    shape: Shape = "file"
    edits: str = ""
    job: int = -1
    key: tuple[str, ...] = ()  # of a family: the columns that name one of its files


@dataclass(slots=True, eq=False)
class CoreBinding:
    """A name that already has its core: the parameter of a `def`, or a `let` inside a check."""

    value: Core
    used: bool = False


@dataclass(slots=True, eq=False)
class CheckBinding:
    """A check, as the tests of a task see it."""

    name: str
    used: bool = True


@dataclass(slots=True, eq=False)
class BlockBinding:
    """A reusable block: `workspace`, `verifier`, `rubric` or `persona` with a name."""

    block: ast.Block
    home: Context
    used: bool = False


@dataclass(slots=True, eq=False)
class BrokenBinding:
    """Declared by something that could not be read: uses are silent."""

    used: bool = True


Binding = Union[
    LetBinding,
    DefBinding,
    InputBinding,
    TreeBinding,
    DeliverableBinding,
    CoreBinding,
    CheckBinding,
    BlockBinding,
    BrokenBinding,
]


@dataclass(frozen=True, slots=True)
class RowScope:
    """Columns of the row `id`; `open`: it may have others; `guess`: any name may be one."""

    id: int
    columns: dict[str, Type]
    open: bool
    guess: bool = False


@dataclass(frozen=True, slots=True)
class GroupScope:
    """Inside an aggregate of `group`: the rows of the group, and the scope of one of them."""

    rows: Core
    table: TableType
    window: bool = False  # of `window`: results for each row of the group


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One distinct `run`: everything static. `without`: paths that it must not find, although they were delivered."""

    argv: tuple[str, ...]
    files: tuple[tuple[str, bytes], ...]
    env: tuple[tuple[str, str], ...]
    stdin: str
    timeout_s: float
    cwd: str
    without: tuple[str, ...] = ()


@dataclass(slots=True)
class TaskState:
    """What all expressions of one task share."""

    fresh: Fresh = field(default_factory=Fresh)
    jobs: list[JobSpec] = field(default_factory=list[JobSpec])
    inputs: dict[str, File] = field(default_factory=dict[str, File])  # what the agent finds, by name
    delivered: dict[str, DeliverableBinding] = field(default_factory=dict[str, "DeliverableBinding"])
    seed: int = 0
    edited: set[str] = field(default_factory=set[str])  # paths of inputs that a deliverable changes
    values: dict[int, Any] = field(default_factory=dict[int, Any])  # evaluated static nodes, by identity
    keep: list[Core] = field(default_factory=list[Core])  # the nodes behind `values`, so identities stay theirs
    steps: int = 0
    expansions: int = 0  # of calls of `def`
    depth: int = 0  # of the expression that is elaborated, through all `let`s that it leads to
    mentioned: frozenset[str] = frozenset()  # names that the file reads anywhere
    unresolved: set[str] = field(default_factory=set[str])  # names that nothing in scope has
    unreadable: set[str] = field(default_factory=set[str])  # what was said about inputs that cannot be read
    unjudged: bool = False  # the checks are missing or were not read
    assets: Any = None


class Context:
    """One lexical place: a source file, its names, and the rows around the expression."""

    def __init__(
        self, source: Source, diagnostics: Diagnostics, task: TaskState, parent: Context | None = None
    ) -> None:
        self.source = source
        self.diagnostics = diagnostics
        self.task = task
        self.parent = parent
        self.names: dict[str, Binding] = {}
        self.rows: list[RowScope] = list(parent.rows) if parent else []
        self.group: GroupScope | None = parent.group if parent else None
        self.generator: RowScope | None = None  # the row of `data` that is generated
        self.depth: int = parent.depth if parent else 0

    def child(self) -> Context:
        """A place inside this one: a check, or the body of a `def`."""
        return Context(self.source, self.diagnostics, self.task, self)

    def find(self, name: str) -> Binding | None:
        at: Context | None = self
        while at is not None:
            if name in at.names:
                return at.names[name]
            at = at.parent
        return None

    def all_names(self) -> list[str]:
        found: set[str] = set()
        at: Context | None = self
        while at is not None:
            found |= set(at.names)
            at = at.parent
        for row in self.rows:
            found |= set(row.columns)
        return sorted(found)

    def error(self, code: str, span: Span, message: str, help: str = "", fix: Fix | None = None) -> Const:
        """Reports, and gives the value that silences whatever is built on the mistake."""
        self.diagnostics.add(code, self.source, span, message, help, fix)
        return Const(None, ERROR, span)

    @contextmanager
    def outside_rows(self) -> Generator[None]:
        """No row and no group is in scope: for what is written outside of them, wherever it is used."""
        rows, group = self.rows, self.group
        self.rows, self.group = [], None
        try:
            yield
        finally:
            self.rows, self.group = rows, group

    @contextmanager
    def row(self, table: Type) -> Generator[RowScope]:
        """A row of `table` is in scope."""
        scope = row_scope(self.task.fresh.take(), table)
        self.rows.append(scope)
        try:
            yield scope
        finally:
            self.rows.pop()


def row_scope(id: int, table: Type) -> RowScope:
    """What a row of a table or an element of a list offers by name."""
    if isinstance(table, TableType):
        return RowScope(id, dict(table.columns), table.open, table.guess)
    if isinstance(table, ListType):
        element = table.element
        if isinstance(element, RecordType):
            return RowScope(id, dict(element.fields), element.open)
        return RowScope(id, {"value": element}, element in (ANY, ERROR))
    return RowScope(id, {}, True)


def broken(span: Span) -> Const:
    """The value of what could not be read."""
    return Const(None, ERROR, span)


def is_error(node: Core) -> bool:
    return node.type is ERROR


def column(scope: RowScope, name: str, type: Type, span: Span, *, sure: bool) -> core.Col:
    return core.Col(scope.id, name, sure, type, span, frozenset({scope.id}))


@lru_cache(maxsize=1024)
def _close(name: str, candidates: tuple[str, ...]) -> list[str]:
    return difflib.get_close_matches(name, candidates, n=1, cutoff=0.7) if len(name) <= MAX_NAME else []


def nearest(name: str, candidates: Iterable[str]) -> str:
    """`; did you mean …?` for a misspelt name, or nothing."""
    close = _close(name, tuple(sorted(set(candidates))))
    return f"; did you mean `{close[0]}`?" if close else ""


def nearest_fix(name: str, candidates: Iterable[str], span: Span) -> Fix | None:
    close = _close(name, tuple(sorted(set(candidates))))
    return Fix(span, close[0], f"write `{close[0]}`") if close else None
