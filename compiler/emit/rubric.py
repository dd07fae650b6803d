"""Rubrics: a prompt for the judge, and the schema that its reply must fit."""

from __future__ import annotations

import json
from typing import Any

from clawc.compiler.emit.templating import render
from clawc.compiler.model import RubricDecl, Task
from clawc.stdlib.checks.kinds import plain


def prompt(task: Task, rubric: RubricDecl) -> str:
    """The prompt of one rubric; the runtime adds the files that it names."""
    paths = [d.path for name in rubric.reads if (d := task.deliver(name)) is not None]
    criteria = [{"name": c.name, "points": plain(c.points), "text": c.text} for c in rubric.criteria]
    fence = "\n".join("> " + line if line else ">" for line in task.instruction.rstrip("\n").split("\n"))
    return render("rubric.md.j2", name=rubric.name, instruction=fence, evidence=paths, criteria=criteria)


def description(task: Task) -> str:
    """`rubric.json`: weights, evidence, points, and the schema of a reply."""
    document: dict[str, Any] = {
        "format_version": 1,
        "share": plain(task.rubric_share),
        "rubrics": [
            {
                "name": r.name,
                "weight": plain(r.weight),
                "reads": [{"name": n, "path": d.path} for n in r.reads if (d := task.deliver(n)) is not None],
                "after": list(r.after),
                "criteria": [{"name": c.name, "points": plain(c.points), "text": c.text} for c in r.criteria],
                "reply": _reply([c.name for c in r.criteria]),
            }
            for r in task.rubrics
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _reply(criteria: list[str]) -> dict[str, Any]:
    quote = {
        "type": "object", "additionalProperties": False, "required": ["path", "quote"],
        "properties": {"path": {"type": "string"}, "quote": {"type": "string"}},
    }  # fmt: skip
    verdict = {
        "type": "object", "additionalProperties": False, "required": ["evidence", "reasoning", "verdict"],
        "properties": {
            "evidence": {"type": "array", "items": quote},
            "reasoning": {"type": "string"},
            "verdict": {"enum": ["met", "not_met", "cannot_tell"]},
        },
    }  # fmt: skip
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": False,
        "required": criteria, "properties": dict.fromkeys(criteria, verdict),
    }  # fmt: skip
