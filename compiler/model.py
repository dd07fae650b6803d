"""A task after all its names, types and files are known, before anything is sealed or emitted."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from clawc.compiler.elaborate.context import Context, DeliverableBinding
from clawc.compiler.source import Fix, Source
from clawc.spec.ast import Span
from clawc.spec.core import Core, Shape
from clawc.stdlib.checks.values import File

CheckKind = Literal["check", "require", "forbid"]


@dataclass(frozen=True, slots=True)
class InputFile:
    """An input of the workspace with its pristine bytes and its permission bits."""

    file: File
    mode: int
    span: Span

    @property
    def data(self) -> bytes:
        return self.file.data or b""


@dataclass(frozen=True, slots=True)
class DeliverDecl:
    """A deliverable with its declared structure; None where nothing is declared.

    `path` is a pattern for sets and families. `edits` is the path of the input that it changes, `members` are the keys
    and paths of a family, `made_by` is the command that has to write it, as job number `binding.job`.
    """

    name: str
    path: str
    kind: str
    columns: tuple[str, ...] | None
    keys: tuple[str, ...] | None
    sections: tuple[str, ...] | None
    extra_columns: bool
    column_order: bool
    binding: DeliverableBinding
    span: Span
    edits: str = ""
    made_by: tuple[str, ...] = ()
    least: int = 0
    most: int | None = None
    members: tuple[tuple[tuple[str, ...], str], ...] = ()
    only: bool = False

    @property
    def shape(self) -> Shape:
        return self.binding.shape

    @property
    def paths(self) -> tuple[str, ...]:
        """Where its files lie; those of a set are not known."""
        return tuple(path for _, path in self.members) if self.shape == "family" else (self.path,)


@dataclass(frozen=True, slots=True)
class ExpectDecl:
    """One `expect`, with its text as in the source."""

    core: Core
    source: str
    line: int
    span: Span

    @property
    def shown(self) -> str:
        """The text as verdicts show it."""
        return self.source if len(self.source) <= 160 else self.source[:159] + "…"


@dataclass(frozen=True, slots=True)
class CheckDecl:
    """A `check`, `require` or `forbid`. `lets` are its own dynamic names, in order."""

    kind: CheckKind
    name: str
    weight: Decimal
    partial: bool
    after: tuple[str, ...]
    because: str
    lets: tuple[tuple[str, Core], ...]
    expects: tuple[ExpectDecl, ...]
    span: Span
    because_span: Span
    after_span: Span
    doc: str = ""
    block: Span = field(default=Span(0, 0))  # all of it, where `span` is its head
    whole: bool = True  # nothing in it was mistaken and left out
    home: Source | None = None  # the file in which it stands


@dataclass(frozen=True, slots=True)
class Criterion:
    name: str
    text: str
    points: Decimal


@dataclass(frozen=True, slots=True)
class RubricDecl:
    name: str
    weight: Decimal
    reads: tuple[str, ...]
    after: tuple[str, ...]
    criteria: tuple[Criterion, ...]
    span: Span
    after_span: Span


@dataclass(frozen=True, slots=True)
class WriteDecl:
    """`write NAME = value` of a `solution`."""

    name: str
    core: Core
    span: Span


@dataclass(frozen=True, slots=True)
class MutantDecl:
    """A wrong answer: the solution with some deliverables written otherwise."""

    name: str
    edits: tuple[WriteDecl, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class TestDecl:
    """Expected verdicts on `solution` or `inputs` with some deliverables written otherwise."""

    title: str
    start: str
    edits: tuple[WriteDecl, ...]
    expects: tuple[Core, ...]
    span: Span


@dataclass(slots=True)
class Limits:
    """Bounds of an episode: seconds and bytes."""

    wall_s: float = 600.0
    memory_bytes: int = 512 << 20
    disk_bytes: int = 256 << 20
    processes: int = 128
    tools: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Task:
    """One task; passes fill it from top to bottom."""

    name: str
    source: Source
    context: Context
    span: Span
    edition: int = 1
    doc: str = ""
    title: str = ""
    category: str = ""
    operations: tuple[str, ...] = ()
    persona: str = ""
    instruction: str = ""
    stated: str = ""  # the instruction as written, where its holes could not be filled
    instruction_span: Span = field(default=Span(0, 0))
    named_in_instruction: frozenset[str] = frozenset()
    inputs: list[InputFile] = field(default_factory=list[InputFile])
    links: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])  # path, and the path it leads to
    repos: list[str] = field(default_factory=list[str])  # folders with a git history
    placed: list[InputFile] = field(default_factory=list[InputFile])  # the files of histories: there, but no inputs
    hidden: list[InputFile] = field(default_factory=list[InputFile])  # only the checker has them
    delivers: list[DeliverDecl] = field(default_factory=list[DeliverDecl])
    limits: Limits = field(default_factory=Limits)
    checks: list[CheckDecl] = field(default_factory=list[CheckDecl])
    rubrics: list[RubricDecl] = field(default_factory=list[RubricDecl])
    floors: dict[str, Decimal] = field(default_factory=dict[str, Decimal])  # of partial checks
    rubric_share: Decimal = Decimal(0)
    imported: str = ""  # where the verifier comes from, if it is kept as its authors score
    solved_by: tuple[str, ...] = ()  # the command that solves the task
    calls: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])  # tool and path or command
    said: str = ""  # the last message of the solution
    writes: list[WriteDecl] = field(default_factory=list[WriteDecl])

    mutants: list[MutantDecl] = field(default_factory=list[MutantDecl])
    tests: list[TestDecl] = field(default_factory=list[TestDecl])
    turns: list[str] = field(default_factory=list[str])
    params: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])  # drawn, as text
    seed: int = 0
    draws: int = 1  # of which the last was admitted
    drawn: bool = False  # has it parameters or generated data?
    template: str = ""  # the name in the source, where that of an instance differs
    turn_spans: list[Span] = field(default_factory=list[Span])

    @property
    def told(self) -> str:
        """All that the agent is told, turn after turn."""
        return "\n\n".join([self.instruction, *self.turns]) if self.turns else self.instruction

    def blame(
        self,
        check: CheckDecl,
        code: str,
        message: str,
        help: str = "",
        fix: Fix | None = None,
        span: Span | None = None,
    ) -> None:
        """Reports something about a check in the file in which it stands."""
        source = check.home or self.source
        self.context.diagnostics.add(code, source, span or check.span, message, help, fix)

    def deliver(self, name: str) -> DeliverDecl | None:
        return next((d for d in self.delivers if d.name == name), None)
