"""A draft of a task on its way, and the record that is left of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from clawc.compiler.finding import Finding
from clawc.runtime.engine.interface import Object
from clawc.runtime.synth.authoring.blueprint import Blueprint
from clawc.runtime.synth.authoring.calls import CallRecord
from clawc.runtime.synth.authoring.ideas import Idea
from clawc.runtime.synth.authoring.noted import Tried
from clawc.runtime.synth.authoring.reviewing import Opinion
from clawc.runtime.synth.authoring.rubric import ProposedRubric
from clawc.runtime.synth.rows import TaskRow
from clawc.spec.bundle import Strict

Stage = Literal["blueprint", "write", "test", "screen", "review", "rubric", "taken"]
STAGES: tuple[Stage, ...] = ("blueprint", "write", "test", "screen", "review", "rubric", "taken")


@dataclass(slots=True)
class Draft:
    """`stage` is where it is, `why` says why it went no further. `rounds` counts files that were asked for."""

    idea: Idea
    stage: Stage = "blueprint"
    why: str = ""
    plan: Blueprint | None = None
    opening: tuple[Object, ...] = ()
    reply: str = ""
    source: str = ""
    wrong: str = ""
    findings: Sequence[Finding] = ()
    rounds: int = 0
    tried: Tried | None = None
    screened: bool = False
    votes: list[Opinion] = field(default_factory=list[Opinion])
    rubric: ProposedRubric | None = None
    calls: list[CallRecord] = field(default_factory=list[CallRecord])
    row: TaskRow | None = None

    @property
    def alive(self) -> bool:
        return not self.why

    def drop(self, stage: Stage, why: str) -> None:
        self.stage, self.why = stage, why[:300]


class DraftRecord(Strict):
    """A line of a round that is over. `request` stands there if the plan was let through the screen; `screened` says that the task was."""

    format_version: Literal[1] = 1
    name: Annotated[str, Field(max_length=210)]
    stage: Stage
    why: Annotated[str, Field(max_length=300)] = ""
    request: Annotated[str, Field(max_length=2_400)] = ""
    instruction: Annotated[str, Field(max_length=1 << 20)] = ""
    screened: bool = False
    category: Annotated[str, Field(max_length=200)] = ""
    persona: Annotated[str, Field(max_length=10_000)] = ""
    source: Annotated[str, Field(max_length=4 << 20)] = ""
    findings: tuple[str, ...] = ()
    rounds: Annotated[int, Field(ge=0)] = 0
    calls: Annotated[int, Field(ge=0)] = 0
    votes: tuple[Opinion, ...] = ()
    picks: tuple[tuple[str, str], ...] = ()
    path: tuple[str, ...] = ()
    row: TaskRow | None = None
