"""Rubrics: a prompt for the judge, and the schema that its reply must fit."""

from __future__ import annotations

import json
import re
from typing import Any

from clawc.compiler.emit.templating import render
from clawc.compiler.model import RubricDecl, Task
from clawc.spec.rubric import reply_schema
from clawc.stdlib.checks.kinds import plain


def prompt(task: Task, rubric: RubricDecl) -> str:
    """The prompt of one rubric; the runtime adds the files that it names."""
    paths = [code_span(d.path) for name in rubric.reads if (d := task.deliver(name)) is not None]
    criteria = [{"name": c.name, "points": plain(c.points), "text": one_paragraph(c.text)} for c in rubric.criteria]
    return render(
        "rubric.md.j2", name=rubric.name, instruction=block_quote(task.instruction), evidence=paths, criteria=criteria
    )


# What ends a line for some reader of Markdown.
_LINE_END = re.compile("\r\n|[\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")


def block_quote(text: str) -> str:
    """A text as a quotation in Markdown, which no line of it leaves."""
    return "\n".join(f"> {line}" if line else ">" for line in _LINE_END.split(text.rstrip("\n")))


def one_paragraph(text: str) -> str:
    """A text within a paragraph of Markdown: no line end of it begins another block."""
    return " ".join(text.split())


def code_span(text: str) -> str:
    """A text between more back quotes than it holds in a row."""
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{one_paragraph(text)}{pad}{ticks}"


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
                "reply": reply_schema([c.name for c in r.criteria]),
            }
            for r in task.rubrics
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
