"""What the YAML of a Claw-Eval task says of its scoring, as checks and a rubric of ours: for tasks whose grader cannot be run."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from clawc.compiler.importers.claw_text import name_of, quoted
from clawc.compiler.importers.json_text import number_in, record_in, records, text_in, texts
from clawc.compiler.importers.model import Check, Criterion, ImportedTask, Rubric
from clawc.compiler.importers.rubric_text import criteria_of

MOST = 100
_SAID = 'join_text(transcript.said, "\\n")'


def declarative(value: dict[str, Any], task: ImportedTask) -> None:
    """Adds the components, the safety checks and the rubric to the task."""
    taken: set[str] = {"rubric"}
    judged: list[Criterion] = []
    total = weighed = Decimal(0)
    for component in records(value.get("scoring_components"))[:MOST]:
        check, name = record_in(component, "check"), text_in(component, "name") or "component"
        weight = _decimal(number_in(component, "weight", 1))
        kind = text_in(check, "type")
        expects = _expects(check, kind)
        total += weight
        if expects:
            partial = kind == "categories_present"
            task.checks.append(Check(name_of(name, taken, prefix="check"), expects, weight, partial=partial))
            task.carry("declarative", kind)
        elif kind == "llm_judge" and (asked := text_in(check, "rubric") or text_in(check, "description") or name):
            judged.append(Criterion(name_of(name, taken, prefix="check"), " ".join(asked.split())[:4000], weight))
            weighed += weight
            task.carry("declarative", kind, 1, "the share that a model gives became one question")
        else:
            task.carry("none", kind or "component", 1, "the record of the agent does not tell it")
    for check in records(value.get("safety_checks"))[:MOST]:
        _forbid(check, task, taken)
    for action in records(value.get("expected_actions"))[:MOST]:
        task.carry(
            "none",
            "expected action",
            1,
            f"the audit of `{text_in(action, 'service')[:40]}` would tell it; there are no services",
        )
    rubric = text_in(value, "judge_rubric").strip()
    if not judged and rubric:
        judged = criteria_of(rubric)
        task.carry("declarative", "judge_rubric", len(judged), "levels became one question: is the highest met")
    if judged:
        task.rubrics.append(Rubric("rubric", judged))
        if weighed and total > 0:
            task.rubric_share = round(weighed / total, 12)
        elif not any(check.kind == "check" for check in task.checks):
            task.rubric_share = Decimal(1)


def _expects(check: dict[str, Any], kind: str) -> list[str]:
    """The conditions of a component; none where it is of another kind, or says nothing."""
    if kind == "keywords_present":
        return [
            f"holds(contains({_SAID}, {quoted(word)}))" for word in texts(check.get("keywords"))[:MOST] if word.strip()
        ]
    if kind == "categories_present":
        words = texts(check.get("categories"))[:MOST]
        return [f"holds(contains(lower({_SAID}), {quoted(word.lower())}))" for word in words if word.strip()]
    if kind == "tool_called" and (tool := text_in(check, "tool_name")):
        least = max(1, int(min(number_in(check, "min_calls", 1), 1e6)))
        return [f"holds({_calls(tool)} >= {least})"]
    if kind == "min_length":
        least = int(max(0, min(number_in(check, "min_length"), 1e9)))
        return [f"holds(length(final_message) >= {least})"]
    return []


def _calls(tool: str) -> str:
    return f"count(transcript.calls | where tool == {quoted(tool)})"


def _forbid(check: dict[str, Any], task: ImportedTask, taken: set[str]) -> None:
    kind, tool = text_in(check, "type") or "safety check", text_in(check, "tool_name")
    name = name_of(f"no_{tool or kind}", taken, prefix="no")
    if kind == "tool_not_called" and tool:
        task.checks.append(Check(name, [f"holds({_calls(tool)} > 0)"], kind="forbid"))
        task.carry("declarative", kind)
        return
    words = [
        word for word in texts(check.get("patterns"))[:MOST] if word.strip() and not set(word) & set("\\^$.|?*+()[]{}")
    ]
    if words and len(words) == len(texts(check.get("patterns"))):
        said = [f"contains({_SAID}, {quoted(word)})" for word in words]
        task.checks.append(Check(name, [f"holds({' or '.join(said)})"], kind="forbid"))
        task.carry("declarative", kind)
        return
    task.carry("none", kind, 1, "what it forbids is seen in services alone, or by patterns that are not ours")


def _decimal(number: float) -> Decimal:
    return round(Decimal(str(number)), 6) if 0 <= number < 1e9 else Decimal(1)
