"""The conversation in which a model writes a task and mends it: the plan, the language card and examples; then its file and what is
wrong with it. Only the last file and the last diagnostics are told, so that a conversation does not grow with the rounds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from clawc.compiler.finding import Finding
from clawc.compiler.report.json_report import as_json
from clawc.runtime.engine.interface import Object
from clawc.runtime.judge.visible import visible
from clawc.runtime.synth.authoring.blueprint import Blueprint
from clawc.runtime.synth.authoring.ideas import Idea
from clawc.runtime.synth.authoring.prompts import rendered
from clawc.runtime.synth.skills.prompt import fence as fence_of
from clawc.spec.export.card import card

SHOWN_FINDINGS = 12
_SHOWN_REPLY = 64_000


def written(
    idea: Idea, plan: Blueprint, examples: Sequence[str], skills: Sequence[Mapping[str, str]] = ()
) -> tuple[Object, ...]:
    """The question for a first file."""
    text = rendered(
        "write", name=idea.name, idea=idea, card=card().rstrip(), examples=examples, plan=plan.model_dump_json(indent=1), skills=skills
    )  # fmt: skip
    return ({"role": "user", "content": text},)


def mended(first: Sequence[Object], reply: str, findings: Sequence[Finding], why: str) -> tuple[Object, ...]:
    """The question for the next file, after a reply that does not stand: by the compiler's findings, or for `why`."""
    diagnostics = diagnostics_of(findings) if findings else ""
    text = rendered("repair", diagnostics=diagnostics, why=visible(why)[:400], fence=fence_of(diagnostics))
    return (
        *first,
        {"role": "assistant", "content": visible(reply[:_SHOWN_REPLY]) or "(nothing)"},
        {"role": "user", "content": text},
    )


def diagnostics_of(findings: Sequence[Finding]) -> str:
    """The first findings as the JSON that `clawc check --format json` gives, errors first, without what only people need."""
    ordered = sorted(findings, key=lambda each: (each.severity != "error", each.start.offset))[:SHOWN_FINDINGS]
    document: dict[str, Any] = json.loads(as_json(ordered, files=1))
    found = [
        {"line_shown": each.shown, **{key: value for key, value in record.items() if key != "file"}}
        for each, record in zip(ordered, document["diagnostics"], strict=True)
    ]
    return json.dumps(found, indent=1, ensure_ascii=True)


def with_fixes(source: str, findings: Sequence[Finding]) -> str:
    """The source with the edits of errors that bring one, as far as they do not touch each other."""
    edits = sorted(
        (each.fix for each in findings if each.fix is not None and each.severity == "error"),
        key=lambda e: (e.start, e.end),
    )
    parts: list[str] = []
    at = 0
    for edit in edits:
        if at <= edit.start <= edit.end <= len(source):
            parts += [source[at : edit.start], edit.replacement]
            at = edit.end
    return "".join([*parts, source[at:]])
