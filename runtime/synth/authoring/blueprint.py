"""The plan of a task, as a model gives it before it writes the task, and what speaks against a plan without asking anybody."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from clawc.runtime.judge.injection import speaking
from clawc.runtime.synth.authoring.ideas import FORMATS, Idea
from clawc.spec.bundle import Strict

Line = Annotated[str, Field(min_length=3, max_length=400)]
Path = Annotated[str, Field(min_length=3, max_length=120)]
_PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*(?:/[A-Za-z0-9][A-Za-z0-9_.-]*){0,4}")
_SHORTEST = 60
_GRADED = re.compile(
    r"\b(?:graders?|grading|rubrics?|checkers?|verifiers?|hidden tests?|test cases?|reward|benchmark|as an ai)\b",
    re.IGNORECASE,
)
_OUTSIDE = re.compile(
    r"\bhttps?://(?!(?:[\w-]+\.)*example\.(?:com|org|net)\b)|\b(?:log ?in to|sign in to|api key|password for)\b",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"\b(?:lorem ipsum|TODO|TBD|foo ?bar|placeholder|insert .{1,20} here)\b|\[[A-Z][a-z]* name\]|<[a-z_ ]+>"
)


class PlannedFile(Strict):
    """A file that is there, or that is to be made; `holds` says what stands in it, with columns, keys or sections."""

    path: Path
    format: Annotated[str, Field(max_length=20)]
    holds: Line


class Blueprint(Strict):
    """`request` is what the person sends; `rules` are those that decide values; `traps` trip who works carelessly."""

    title: Annotated[str, Field(min_length=5, max_length=120)]
    request: Annotated[str, Field(min_length=_SHORTEST, max_length=2_400)]
    inputs: Annotated[tuple[PlannedFile, ...], Field(min_length=1, max_length=8)]
    deliverables: Annotated[tuple[PlannedFile, ...], Field(min_length=1, max_length=6)]
    operations: Annotated[tuple[Line, ...], Field(min_length=1, max_length=6)]
    rules: Annotated[tuple[Line, ...], Field(min_length=1, max_length=14)]
    checks: Annotated[tuple[Line, ...], Field(min_length=1, max_length=12)]
    traps: Annotated[tuple[Line, ...], Field(max_length=6)] = ()


def against(plan: Blueprint, idea: Idea) -> str:
    """Why a plan is not worth writing out, or nothing. What is said is for the record, and for the model where it may try again."""
    paths = [each.path for each in (*plan.inputs, *plan.deliverables)]
    unsafe = next((path for path in paths if not _PATH.fullmatch(path)), None)
    if unsafe is not None:
        return "a path that leads out of the workspace or has odd characters"
    for group in (plan.inputs, plan.deliverables):
        if len({each.path for each in group}) < len(group):
            return "two files at one path"
    unknown = next((each.format for each in (*plan.inputs, *plan.deliverables) if each.format not in FORMATS), None)
    if unknown is not None:
        return f"a format that is none of {', '.join(FORMATS)}"
    allowed = {name for name, _ in idea.operations}
    if not allowed & set(plan.operations):
        return "none of the operations that were asked for"
    return against_text("\n".join(_texts(plan)), plan.request)


def against_text(everything: str, request: str) -> str:
    """Why words of a stranger are not taken, or nothing."""
    if speaking(everything):
        return "text that speaks to its judge"
    if _GRADED.search(request):
        return "a request that speaks of grading"
    if _OUTSIDE.search(request):
        return "a request that needs the network or an account"
    if _PLACEHOLDER.search(request):
        return "a request with placeholders"
    return ""


def _texts(plan: Blueprint) -> Iterable[str]:
    yield plan.title
    yield plan.request
    for each in (*plan.inputs, *plan.deliverables):
        yield each.holds
    yield from (*plan.rules, *plan.checks, *plan.traps)
