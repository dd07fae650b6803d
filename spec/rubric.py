"""`private/rubric/rubric.json`: what a judge is asked of the deliverables, what each answer is worth, and the schema that a
reply must fit. Beside it stands the prompt of each rubric, `NAME.md`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from clawc.spec.bundle import Name, RelPath, Strict

RUBRIC_FORMAT_VERSION = 1
DESCRIPTION = "rubric.json"

Decision = Literal["met", "not_met", "cannot_tell"]
DECISIONS: tuple[Decision, ...] = ("met", "not_met", "cannot_tell")

# Decimals as text; bounded, since they are computed with.
Points = Annotated[str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,40})?$")]


class CriterionSpec(Strict):
    """One question to the judge, and the points that it is worth where it is met."""

    name: Name
    points: Points
    text: Annotated[str, Field(max_length=20_000)]


class EvidenceRef(Strict):
    """A deliverable that the judge reads: its name, and its path or pattern in the workspace."""

    name: Name
    path: RelPath


class RubricSpec(Strict):
    """One rubric. `reply` is the JSON Schema of a reply."""

    name: Name
    weight: Points
    reads: Annotated[tuple[EvidenceRef, ...], Field(max_length=64)]
    after: Annotated[tuple[Name, ...], Field(max_length=1_000)] = ()
    criteria: Annotated[tuple[CriterionSpec, ...], Field(min_length=1, max_length=64)]
    reply: dict[str, JsonValue]


class RubricFile(Strict):
    """The whole file; `share` is `s` of spec/scoring.md."""

    format_version: Literal[1] = 1
    share: Points
    rubrics: Annotated[tuple[RubricSpec, ...], Field(min_length=1, max_length=64)]


def reply_schema(criteria: Sequence[str]) -> dict[str, JsonValue]:
    """The JSON Schema of a reply about these criteria."""
    quote: JsonValue = {
        "type": "object", "additionalProperties": False, "required": ["path", "quote"],
        "properties": {"path": {"type": "string"}, "quote": {"type": "string"}},
    }  # fmt: skip
    verdict: JsonValue = {
        "type": "object", "additionalProperties": False, "required": ["evidence", "reasoning", "verdict"],
        "properties": {
            "evidence": {"type": "array", "items": quote},
            "reasoning": {"type": "string"},
            "verdict": {"enum": list(DECISIONS)},
        },
    }  # fmt: skip
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": False,
        "required": list(criteria), "properties": dict.fromkeys(criteria, verdict),
    }  # fmt: skip
