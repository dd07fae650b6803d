"""What elaboration knows while it walks an expression: names, rows in scope, files, and where to complain."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Container, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple, Protocol, Union

from clawc.compiler.elaborate.elsewhere import argument_called, field_called, write_instead
from clawc.compiler.source import Diagnostics, Fix, Source
from clawc.spec import ast, core
from clawc.spec.ast import Span
from clawc.spec.core import Const, Core, Fresh, Shape
from clawc.spec.functions import Function
from clawc.spec.types import ANY, ERROR, FileType, ListType, RecordType, TableType, Type
from clawc.stdlib.checks.sets import Files
from clawc.stdlib.checks.values import File, Table

MAX_DEPTH = 100
MAX_CHAIN = 400
MAX_NAME = 100  # longer ones are no slips of another name
SURE_RATIO = 0.75  # of a name that is read as another one
MAX_MEANT = 3  # candidates that a message names


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
    keys: tuple[str, ...] | None = None  # that its object must have, where they are declared
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
class ProviderBinding:
    """A function that a module of `std` gives and the compiler carries out."""

    row: Function
    used: bool = False


@dataclass(slots=True, eq=False)
class ParamBinding:
    """`param NAME { … }`, drawn or worked out at its first use; `busy` finds parameters that need themselves."""

    name: str
    block: ast.Block
    home: Context
    span: Span
    value: Const | None = None
    busy: bool = False
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
    ProviderBinding,
    BrokenBinding,
]


@dataclass(frozen=True, slots=True)
class RowScope:
    """Columns of the row `id`; `open`: it may have others; `guess`: any name may be one; `of`: how messages call its table.

    `verb` is the one whose row expression this is.
    """

    id: int
    columns: dict[str, Type]
    open: bool
    guess: bool = False
    of: str = ""
    verb: str = ""

    @property
    def table(self) -> str:
        """The expression for all its rows, where it is short; else ""."""
        return self.of.removeprefix(" in `").removesuffix("`")


@dataclass(frozen=True, slots=True)
class GroupScope:
    """Inside an aggregate of `group`: the rows of the group, and the scope of one of them."""

    rows: Core
    table: TableType
    window: bool = False  # of `window`: results for each row of the group


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One distinct `run`: everything static. `without`: paths that it must not find, although they were delivered.
    `alone`: of what was delivered it finds what its command names."""

    argv: tuple[str, ...]
    files: tuple[tuple[str, bytes], ...]
    env: tuple[tuple[str, str], ...]
    stdin: str
    timeout_s: float
    cwd: str
    without: tuple[str, ...] = ()
    alone: bool = False
    whole: bool = False
    transcript: bool = False


@dataclass(slots=True, eq=False)
class Dirtied:
    """A generated table with dirt: clean, as it is written, and the paths of the files that show it."""

    name: str
    clean: Table
    written: Const
    span: Span
    paths: list[str] = field(default_factory=list[str])


class Hidden(NamedTuple):
    """Where a column is read, and the other thing of its name that it hides."""

    source: Source
    span: Span
    table: str
    other: str


class Observer(Protocol):
    """Somebody who looks on while a task is elaborated, such as an editor."""

    def typed(self, cx: Context, node: ast.Expr, value: Core) -> None:
        """An expression has become a core, in this place."""

    def staged(self, cx: Context, verb: ast.Ident, rows: Core) -> None:
        """A verb is about to be applied to these rows."""


@dataclass(slots=True)
class TaskState:
    """What all expressions of one task share."""

    fresh: Fresh = field(default_factory=Fresh)
    jobs: list[JobSpec] = field(default_factory=list[JobSpec])
    inputs: dict[str, File] = field(default_factory=dict[str, File])  # what the agent finds, by name
    delivered: dict[str, DeliverableBinding] = field(default_factory=dict[str, "DeliverableBinding"])
    name: str = ""  # of the task, as its random values are drawn
    seed: int = 0
    draw: int = 0  # how many instances of this seed were not admitted
    params: dict[str, ParamBinding] = field(default_factory=dict[str, "ParamBinding"])
    dirt: list[Dirtied] = field(default_factory=list["Dirtied"])
    edited: set[str] = field(default_factory=set[str])  # paths of inputs that a deliverable changes
    values: dict[int, Any] = field(default_factory=dict[int, Any])  # evaluated static nodes, by identity
    keep: list[Core] = field(default_factory=list[Core])  # the nodes behind `values`, so identities stay theirs
    steps: int = 0
    expansions: int = 0  # of calls of `def`
    busy: list[LetBinding] = field(default_factory=list[LetBinding])  # the `let`s that are worked out, outermost first
    depth: int = 0  # of the expression that is elaborated, through all `let`s that it leads to
    mentioned: Container[str] = ()  # names that the file reads anywhere
    unresolved: set[str] = field(default_factory=set[str])  # names that nothing in scope has
    hidden: dict[str, Hidden] = field(default_factory=dict[str, "Hidden"])  # names that a column hides
    unreadable: set[str] = field(default_factory=set[str])  # what was said about inputs that cannot be read
    unjudged: bool = False  # the checks are missing or were not read
    imported: bool = False  # the verifier is kept as its authors score
    assets: Any = None
    observer: Observer | None = None


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

    def called(self, name: str) -> str:
        """A name with the kind of file that it stands for."""
        found = self.find(name)
        for kind, word in ((DeliverableBinding, "deliverable"), (InputBinding, "input"), (TreeBinding, "tree")):
            if isinstance(found, kind):
                return f"the {word} `{name}`"
        return f"`{name}`"

    def error(self, code: str, span: Span, message: str, help: str = "", fix: Fix | None = None) -> Const:
        """Reports, and gives the value that silences whatever is built on the mistake."""
        self.diagnostics.add(code, self.source, span, message, help, fix)
        return Const(None, ERROR, span)

    def unsound(self, node: Core) -> bool:
        """Is the node built on a mistake? Nothing is where none was reported."""
        return self.diagnostics.has_errors and is_unsound(node)

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
    def row(self, table: Type, of: str = "", verb: str = "") -> Generator[RowScope]:
        """A row of `table` is in scope."""
        scope = replace(row_scope(self.task.fresh.take(), table, of), verb=verb)
        self.rows.append(scope)
        try:
            yield scope
        finally:
            self.rows.pop()


def row_scope(id: int, table: Type, of: str = "") -> RowScope:
    """What a row of a table or an element of a list offers by name."""
    if isinstance(table, TableType):
        return RowScope(id, dict(table.columns), table.open, table.guess, of)
    if isinstance(table, ListType):
        element = table.element
        if isinstance(element, RecordType):
            return RowScope(id, dict(element.fields), element.open, of=of)
        return RowScope(id, {"value": element}, element in (ANY, ERROR), of=of)
    return RowScope(id, {}, True)


def broken(span: Span) -> Const:
    """The value of what could not be read."""
    return Const(None, ERROR, span)


def is_error(node: Core) -> bool:
    return node.type is ERROR


def is_unsound(node: Core) -> bool:
    """Is the node built on a mistake that was reported? It cannot be evaluated then."""
    return any(n.type is ERROR or (isinstance(n, Const) and n.value is core.MISTAKEN) for n in core.walk(node))


def column(scope: RowScope, name: str, type: Type, span: Span, *, sure: bool) -> core.Col:
    return core.Col(scope.id, name, sure, type, span, frozenset({scope.id}))


@lru_cache(maxsize=1024)
def _close(name: str, candidates: tuple[str, ...]) -> tuple[tuple[float, str], ...]:
    """The candidates that the name may be a slip of, best first, each with its likeness."""
    if len(name) > MAX_NAME:
        return ()
    found = difflib.get_close_matches(name, candidates, n=MAX_MEANT, cutoff=0.7)
    if found:
        likeness = {c: difflib.SequenceMatcher(None, c, name).ratio() for c in found}
    else:  # upper and lower case, and `_` between words, are slips too
        likeness = {c: 0.7 for c in candidates if _plain(c) == _plain(name)}
    best = max(likeness.values(), default=0.0)
    ranked = sorted(likeness.items(), key=lambda entry: (-entry[1], entry[0]))
    return tuple((ratio, c) for c, ratio in ranked if ratio > best - 0.1)[:MAX_MEANT]


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


def closest(name: str, candidates: Iterable[str]) -> tuple[str, ...]:
    """At most three candidates that a misspelt name may be meant for, sorted."""
    return tuple(sorted(c for _, c in _close(name, tuple(sorted(set(candidates))))))


def nearest(name: str, candidates: Iterable[str], called: Callable[[str], str] = "`{}`".format) -> str:
    """`; did you mean …?` for a misspelt name, or nothing; `called` is how a single candidate is called."""
    meant = closest(name, candidates)
    if not meant:
        return ""
    if len(meant) == 1:
        return f"; did you mean {called(meant[0])}?"
    return f"; did you mean {', '.join(f'`{m}`' for m in meant[:-1])} or `{meant[-1]}`?"


def nearest_fix(name: str, candidates: Iterable[str], span: Span, shape: str = "{}") -> Fix | None:
    """The edit that writes the one candidate that is closest, in `shape`; None where two are as close."""
    close = _close(name, tuple(sorted(set(candidates))))
    if len(close) == 0 or (len(close) > 1 and close[0][0] - close[1][0] < 0.01):
        return None
    return Fix(span, shape.format(close[0][1]), f"write `{close[0][1]}`")


def likeness(name: str, other: str) -> float:
    """How much two names are alike, from 0 to 1."""
    return difflib.SequenceMatcher(None, other, name).ratio()


def meant_by(name: str, candidates: Iterable[str]) -> str:
    """The one candidate that is so close that the name is read as it; else ""."""
    close = _close(name, tuple(sorted(set(candidates))))
    best = [c for ratio, c in close if ratio >= max(SURE_RATIO, close[0][0] - 0.01)]
    return best[0] if len(best) == 1 else ""


def argument_meant(name: ast.Ident, known: Iterable[str]) -> tuple[str, Fix | None, str]:
    """For an argument that does not exist: `; did you mean …?`, the edit, and the one that is meant, else ""."""
    known = tuple(known)
    meant = argument_called(name.text, known)
    if meant:
        return f"; did you mean `{meant}`?", write_instead(meant, name.span), meant
    fix = nearest_fix(name.text, known, name.span)
    return nearest(name.text, known), fix, fix.replacement if fix is not None else ""


def field_meant(name: ast.Ident, known: list[str]) -> tuple[str, Fix | None]:
    """For a key or column that does not exist: `; did you mean …?` and the edit."""
    meant = field_called(name.text, known)
    if meant:
        return f"; did you mean `{meant}`?", write_instead(meant, name.span)
    return nearest(name.text, known), nearest_fix(name.text, known, name.span)


def plain_name(node: ast.Expr) -> str:
    """What a text says that is no more than a name; else ""."""
    said = node.raw[1:-1] if isinstance(node, ast.Text) and not node.triple else ""
    return said if said.isidentifier() else ""


READERS = {"csv_table": "csv", "tsv_table": "tsv", "jsonl_table": "jsonl", "json_value": "json", "yaml_value": "yaml",
           "rows": "rows", "html_table": "html_table", "md_table": "md_table", "log_table": "log", "lines_of": "lines",
           "file_table": "files", "commits_of": "commits", "xlsx_table": "xlsx", "typed_table": ""}  # fmt: skip


def written_as(node: Core) -> str:
    """How a table is called where it is short: ` in `csv(orders)``, ` in `wanted``; else nothing."""
    while isinstance(node, core.Call) and node.function == "typed_table":
        node = node.args[0]
    if isinstance(node, core.LetRef):
        return f" in `{node.name}`"
    if isinstance(node, core.Call) and node.args and READERS.get(node.function):
        of = node.args[0]
        name = of.name if isinstance(of, (core.LetRef, core.Deliverable)) else ""
        if isinstance(of, Const) and isinstance(of.type, FileType):
            name = of.type.name
        return f" in `{READERS[node.function]}({name})`" if name else ""
    return ""
