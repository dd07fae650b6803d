"""One row of a set of tasks: what the loop that makes tasks keeps of one, and what every export, figure and report is made from.

A row is whole in itself: from its source, seed and files the bundle can be built again. Fields may be added under one
`format_version`, never changed or removed.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from clawc.spec.bundle import RelPath, Sha256
from clawc.spec.card import VerifierCard

ROW_FORMAT_VERSION = 1

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]*$", max_length=210)]
Label = Annotated[str, Field(max_length=200)]
Count = Annotated[int, Field(ge=0, lt=1 << 62)]


class Row(BaseModel):
    # Bytes are base64 where a row is written as JSON.
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_bytes="base64", val_json_bytes="base64")


class TaskFile(Row):
    """A file of the workspace as the agent finds it."""

    path: RelPath
    bytes: bytes


class CardSummary(Row):
    """What the verifier card of the bundle says in short: counts of mutants, `independent` seeds on which a reference solution agrees,
    and `bound`, the share of wrong answers that could
    be accepted (95 %), as a decimal."""

    level: Literal["admit", "release"]
    clean: bool
    wrong: Count
    killed: Count
    survived: Count
    equivalent: Count
    rejected: Count
    open: Count
    probes: Count
    independent: Count = 0
    bound: Annotated[str, Field(pattern=r"^(0|1|[01]\.[0-9]{1,40})$")]


class VoteCount(Row):
    """How many of the votes on a question found a fault."""

    question: Label
    found: Count
    votes: Count


class Provenance(Row):
    """Where a task that a model wrote comes from: seed and number of its idea, the models, digests of the prompts, skills in their order,
    files that were asked for, calls with their tokens, a digest over the keys of all answers in the log, and the votes."""

    provider: Label
    seed: Count
    number: Count
    model: Annotated[str, Field(max_length=400)]
    reviewer: Annotated[str, Field(max_length=400)]
    prompts: tuple[Label, ...]
    skills: tuple[Label, ...] = ()
    rounds: Count
    calls: Count
    answers: Sha256
    prompt_tokens: Count
    completion_tokens: Count
    votes: tuple[VoteCount, ...] = ()


class TaskRow(Row):
    """One task. `family` is what must not be parted among splits, `archetype` what it was drawn from; `shape` says in a word how
    its data are made up (as `one table`, `two tables joined`); `operations` and `formats` are names of the taxonomy and of formats,
    sorted. `structure` is the digest of `structure.structure`, `data` that of `structure.data_hash`. Tasks that a model wrote have a
    `provenance` and an estimate of their `difficulty`."""

    format_version: Literal[1] = 1
    id: Id
    split: Split | Literal[""] = ""
    family: Label
    archetype: Label
    category: Label
    operations: tuple[Label, ...]
    formats: tuple[Label, ...]
    shape: Label
    instruction: Annotated[str, Field(max_length=1 << 20)]
    source: Annotated[str, Field(max_length=4 << 20)]
    persona: Annotated[str, Field(max_length=10_000)] = ""
    seed: Count
    bundle: Sha256
    structure: Sha256
    data: Sha256
    card: CardSummary
    files: tuple[TaskFile, ...] = ()
    provenance: Provenance | None = None
    difficulty: Annotated[float, Field(ge=1, le=5)] | None = None


def card_summary(card: VerifierCard) -> CardSummary:
    """The card in short."""
    n = card.counts
    return CardSummary(
        level=card.key.level, clean=card.clean, wrong=n.wrong, killed=n.killed, survived=n.survived, equivalent=n.equivalent,
        rejected=n.rejected, open=n.open, probes=len(card.probes), independent=card.independent, bound=card.bound,
    )  # fmt: skip
