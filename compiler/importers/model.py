"""A task of another benchmark, read: what a source of ours is written from, and what became of each of its parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, NamedTuple

Fate = Literal["declarative", "opaque", "none"]


class Refused(Exception):
    """A task that cannot be imported: why, where in the source, and what to do."""

    def __init__(self, message: str, path: str = "", help: str = "") -> None:
        super().__init__(message)
        self.message, self.path, self.help = message, path, help


class Carried(NamedTuple):
    """One part of the original verifier, or several alike, and its fate: a construct of the language, a program that is kept,
    or nothing. `kind` is the original's word for it."""

    fate: Fate
    kind: str
    many: int = 1
    why: str = ""


class Fault(NamedTuple):
    """Something wrong with the original, found without running it; `line` counts from 1, 0 for none."""

    kind: str
    message: str
    path: str = ""
    line: int = 0


@dataclass(slots=True)
class Grader:
    """A program of the original that is kept: its files by path, and how it is run (spec/graders.py)."""

    files: dict[str, bytes]
    protocol: str
    entry: str = ""
    score: str = ""
    timeout_s: int = 0
    weight: Decimal = Decimal(1)
    name: str = "original"
    places: dict[str, str] = field(
        default_factory=dict[str, str]
    )  # absolute paths to folders of the workspace, "." for all


@dataclass(slots=True)
class Deliverable:
    """A file that checks or rubrics read; `attributes` are lines of its block. At the path of an input it edits that."""

    name: str
    path: str
    attributes: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class Check:
    """A check in our language: `lets` and `expects` are expressions as they stand in the source."""

    name: str
    expects: list[str]
    weight: Decimal = Decimal(1)
    kind: Literal["check", "require", "forbid"] = "check"
    partial: bool = False
    lets: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    doc: str = ""


class Criterion(NamedTuple):
    name: str
    text: str
    points: Decimal = Decimal(1)


@dataclass(slots=True)
class Rubric:
    """What a model judges. `reads` are names of deliverables."""

    name: str
    criteria: list[Criterion]
    reads: list[str] = field(default_factory=list[str])
    weight: Decimal = Decimal(1)


class InputFile(NamedTuple):
    data: bytes
    executable: bool = False


@dataclass(slots=True)
class Setup:
    """A script of the original that makes the inputs: it has to be run, in a sandbox. `files` are what it may read, in a folder
    of its own that is the current one; `{workspace}` in `argv` stands for the empty workspace."""

    argv: tuple[str, ...]
    files: dict[str, InputFile]
    timeout_s: int = 60


@dataclass(slots=True)
class ImportedTask:
    """All that is known of one task. `origin` is the benchmark, `id` the original's name, `name` the one in our language.

    `checks`, `graders` and `rubrics` are its verifier; `rubric_share` what of the score the rubrics decide, as the original
    weighs them. `told` are the messages of the user, the first of them the instruction. `meta` is kept in the report.
    """

    origin: str
    id: str
    title: str
    told: list[str]
    name: str = ""
    files: dict[str, InputFile] = field(default_factory=dict[str, InputFile])
    setup: Setup | None = None
    delivers: list[Deliverable] = field(default_factory=list[Deliverable])
    defs: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])  # `name(a, b)` and what it is
    lets: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    checks: list[Check] = field(default_factory=list[Check])
    graders: list[Grader] = field(default_factory=list[Grader])
    rubrics: list[Rubric] = field(default_factory=list[Rubric])
    rubric_share: Decimal | None = None
    solution: tuple[tuple[str, ...], dict[str, bytes]] | None = None  # a command, and files that it names by `from`
    timeout_s: int = 0
    memory_mib: int = 0
    tools: list[str] = field(default_factory=list[str])
    category: str = ""
    carried: list[Carried] = field(default_factory=list[Carried])
    faults: list[Fault] = field(default_factory=list[Fault])
    as_is: dict[str, InputFile] | None = None  # its source, where that is ours already
    suggested: str = ""  # the text of a file of proposals
    meta: dict[str, object] = field(default_factory=dict[str, object])

    def carry(self, fate: Fate, kind: str, many: int = 1, why: str = "") -> None:
        """Notes the fate of a part of the verifier."""
        self.carried.append(Carried(fate, kind, many, why))

    def fault(self, kind: str, message: str, path: str = "", line: int = 0) -> None:
        """Notes something wrong with the original."""
        self.faults.append(Fault(kind, message, path, line))


class Found(NamedTuple):
    """A task that was found in a benchmark and not yet read. `place` is its file, for messages; `read` raises Refused."""

    place: str
    read: Callable[[], ImportedTask]
