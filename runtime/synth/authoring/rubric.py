"""What no check can see, as criteria that a model proposes, and the block that they become in the source of a task."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from clawc.compiler.pipeline import read
from clawc.runtime.judge.injection import speaking
from clawc.runtime.judge.visible import visible
from clawc.runtime.synth.authoring.prompts import mark_for, rendered
from clawc.runtime.synth.authoring.replies import schema_of
from clawc.spec import ast
from clawc.spec.bundle import Strict

NAME = "beyond_checks"
_SHOWN_SOURCE = 24_000
_FEWEST = 2


class Proposed(Strict):
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,38}$")]
    text: Annotated[str, Field(min_length=12, max_length=300)]
    points: Annotated[int, Field(ge=1, le=3)] = 1


class ProposedRubric(Strict):
    """`skip`: the checks see all that was asked for."""

    skip: bool = False
    reads: Annotated[tuple[str, ...], Field(max_length=6)] = ()
    criteria: Annotated[tuple[Proposed, ...], Field(max_length=5)] = ()


def rubric_prompt(instruction: str, source: str, deliverables: Sequence[str]) -> str:
    """The question for criteria."""
    told, checks = visible(instruction), visible(source[:_SHOWN_SOURCE])
    return rendered(
        "rubric", instruction=told, source=checks, mark=mark_for(told, checks), deliverables=deliverables, schema=schema_of(ProposedRubric)
    )  # fmt: skip


def against(proposed: ProposedRubric, deliverables: Sequence[str]) -> str:
    """Why criteria are not taken, or nothing."""
    if proposed.skip:
        return "" if not proposed.criteria else "`skip` with criteria"
    if len(proposed.criteria) < _FEWEST:
        return f"fewer than {_FEWEST} criteria"
    if not proposed.reads or not set(proposed.reads) <= set(deliverables):
        return "criteria that read no deliverable of the task"
    if len({each.name for each in proposed.criteria}) < len(proposed.criteria):
        return "two criteria of one name"
    if speaking("\n".join(each.text for each in proposed.criteria)):
        return "a criterion that speaks to its judge"
    if any("{{" in each.text or "\n" in each.text for each in proposed.criteria):
        return "a criterion with holes or lines"
    return ""


def with_rubric(source: str, proposed: ProposedRubric) -> str:
    """The source with the block at the end of `verify`, unless it has a rubric of its own or nothing is proposed."""
    if proposed.skip:
        return source
    task = next(
        (
            item
            for item in read("task.claw", source).file.items
            if isinstance(item, ast.Block) and item.kind.text == "task"
        ),
        None,
    )
    verify = (
        None
        if task is None
        else next((i for i in task.items if isinstance(i, ast.Block) and i.kind.text == "verify"), None)
    )
    if verify is None or any(isinstance(item, ast.Block) and item.kind.text == "rubric" for item in verify.items):
        return source
    at = source.rindex("}", verify.span.start, verify.span.end)
    start = source.rfind("\n", 0, at) + 1
    place = start if not source[start:at].strip() else at
    return source[:place] + ("" if place == start else "\n") + _block(proposed) + source[place:]


def _block(proposed: ProposedRubric) -> str:
    lines = [f"    rubric {NAME} {{", f"      reads = [{', '.join(proposed.reads)}]"]
    for each in proposed.criteria:
        text = json.dumps(visible(each.text), ensure_ascii=False)
        lines += [
            f"      criterion {each.name} {{",
            f"        text = {text}",
            f"        points = {each.points}",
            "      }",
        ]
    return "\n".join([*lines, "    }", ""])
