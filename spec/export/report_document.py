"""The JSON report of `clawc check` and `clawc build` as a model: what its schema is made from, and what tests hold it to."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=0)]
From1 = Annotated[int, Field(ge=1)]


class _Open(BaseModel):
    """Fields may be added under one version, so a reader takes documents with more of them."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Position(_Open):
    """Line and column count from 1, in code points; `offset` counts code points from 0."""

    line: From1
    column: From1
    offset: Count


class Fix(_Open):
    """The edit that mends a mistake: offsets `start` to `end` of the file become `replacement`."""

    title: str
    start: Count
    end: Count
    replacement: str


class DiagnosticRecord(_Open):
    """One mistake or warning; `end` is behind its last character, `help` may be empty."""

    code: Annotated[str, Field(pattern="^[EW][0-9]{4}$")]
    severity: Literal["error", "warning"]
    title: str
    message: str
    file: str
    start: Position
    end: Position
    help: str
    fix: Fix | None = None


class Suppressed(DiagnosticRecord):
    """A diagnostic that the source allows; `reason` says why."""

    reason: str


class Report(_Open):
    """All findings of one call; `files` is how many sources were read."""

    format_version: Literal[1]
    files: Count
    errors: Count
    warnings: Count
    diagnostics: tuple[DiagnosticRecord, ...]
    suppressed: tuple[Suppressed, ...] = ()
