"""Trajectories from Harbor's ATIF, of our making or of others'. Of ours every message is as it was.

What a message has no place for is kept in `extra["atif"]` of the record: of the document by its names, of a step under `steps` by its
number. Pictures and sound are told of in the text of a message.
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from clawc.runtime.trajectory.arguments import arguments_text
from clawc.runtime.trajectory.atif import OURS, RESULTS_ONLY, UNKNOWN
from clawc.runtime.trajectory.own import validated
from clawc.runtime.trajectory.records import Document, TrajectoryRecord
from clawc.runtime.trajectory.strangers import Given, Stored, parsed, read_whole
from clawc.runtime.trajectory.values import decimal_of

_VERSION = re.compile(r"ATIF-v1\.([0-8])")
_ROLES: dict[str, str] = {"system": "system", "user": "user", "agent": "assistant"}
_DOCUMENT = frozenset({"schema_version", "trajectory_id", "agent", "steps", "final_metrics", "extra"})
_AGENT = frozenset({"name", "model_name", "tool_definitions"})
_METRICS = frozenset({"prompt_tokens", "completion_tokens", "cached_tokens", "cost_usd", "extra"})
_STEP = frozenset(
    {"step_id", "source", "message", "timestamp", "reasoning_content", "model_name", "tool_calls", "observation", "metrics", "extra"}
)  # fmt: skip
_RESULT = frozenset({"source_call_id", "content", "extra"})


def read_atif(stored: Stored) -> TrajectoryRecord:
    """The record of a `trajectory.json`; raises RuntimeFault R0902 to R0904."""
    return record_of_atif(parsed(read_whole(stored), stored.name))


def record_of_atif(document: Given) -> TrajectoryRecord:
    """Raises RuntimeFault R0904 for what is no ATIF, or of a newer version than 1.8."""
    version = document.text("schema_version")
    if _VERSION.fullmatch(version) is None:
        document.refuse(f"`schema_version` is `{version[:40]}`, and should be ATIF-v1.0 to ATIF-v1.8")
    agent = document.object("agent") or document.wrong("agent", "an object")
    ours, extra = _extra(document)
    rest: Document = document.rest(_DOCUMENT)
    name = agent.text("name")
    fields: Document = {
        "id": document.text_or("trajectory_id") or document.text_or("session_id") or document.where,
        "agent": "" if name == UNKNOWN else name,
        "model": agent.text_or("model_name"),
        "tools": [tool.fields for tool in agent.objects("tool_definitions")],
    }
    if ours and rest.get("session_id") == fields["id"]:
        del rest["session_id"]
    if (totals := document.object("final_metrics")) is not None:
        if {name for name in totals.fields if name != "total_steps"}:
            fields["usage"] = _usage(totals, "total_")
        if more := _rest_of_metrics(
            totals, frozenset({"total_steps", *(f"total_{name}" for name in _METRICS), "extra"})
        ):
            rest["final_metrics"] = more
    if more := agent.rest(_AGENT | {"version"} if ours else _AGENT):
        rest["agent"] = more
    if extra:
        rest["extra"] = extra
    messages, steps = _messages(document, not ours)
    fields["messages"] = list(messages)
    if steps:
        rest["steps"] = steps
    kept = ours.pop("extra", None)
    before: Document = kept if isinstance(kept, dict) else {}
    if rest:
        before["atif"] = rest
    if before:
        fields["extra"] = before
    return validated(document, {**ours, **fields, "source": "atif"})


def _messages(document: Given, others: bool) -> tuple[list[Document], Document]:
    """The messages, and of steps what these cannot hold, by their numbers. Files of `others` do not say the names of results."""
    messages: list[Document] = []
    kept: Document = {}
    given = document.objects("steps")
    if not given:
        document.refuse("`steps` is empty")
    for number, step in enumerate(given, 1):
        if step.count("step_id") != number:
            step.refuse(f"`steps[{number - 1}].step_id` should be {number}")
        rest = _step(step, messages, others)
        if rest:
            kept[str(number)] = rest
    return messages, kept


def _step(step: Given, messages: list[Document], others: bool) -> Document:
    """Appends the messages that a step stands for; what is left of the step."""
    role = _ROLES.get(step.text("source")) or step.wrong("source", "system, user or agent")
    ours, extra = _extra(step)
    rest = step.rest(_STEP)
    calls, names, of_calls = _calls(step)
    if ours.pop(RESULTS_ONLY, None) is not True:
        message: Document = {**ours, "role": role, "content": _content(step, "message", rest)}
        texts = {"at": "timestamp", "reasoning": "reasoning_content", "model": "model_name"}
        message |= {ours: step.text(theirs) for ours, theirs in texts.items() if step.has(theirs)}
        if calls:
            message["tool_calls"] = list(calls)
        if (metrics := step.object("metrics")) is not None:
            message["usage"] = _usage(metrics, "")
            if more := _rest_of_metrics(metrics, _METRICS):
                rest["metrics"] = more
        messages.append(message)
    if of_calls:
        rest["tool_calls"] = of_calls
    if extra:
        rest["extra"] = extra
    if (observation := step.object("observation")) is not None:
        if more := _results(observation, messages, names if others else {}):
            rest["results"] = more
    return rest


def _calls(step: Given) -> tuple[list[Document], dict[str, str], Document]:
    """The calls, the names of the functions by the ids of calls, and what is left of calls by their numbers from 0."""
    calls: list[Document] = []
    names: dict[str, str] = {}
    kept: Document = {}
    for number, call in enumerate(step.objects("tool_calls")):
        id, name = call.text("tool_call_id"), call.text("function_name")
        arguments = call.object("arguments") or call.wrong("arguments", "an object")
        ours, extra = _extra(call)
        text = ours.get("arguments")
        calls.append(
            {"id": id, "name": name, "arguments": text if isinstance(text, str) else arguments_text(arguments.fields)}
        )
        names[id] = name
        if extra:
            kept[str(number)] = extra
    return calls, names, kept


def _results(observation: Given, messages: list[Document], names: dict[str, str]) -> Document:
    """Appends the results; what is left of them by their numbers from 0."""
    kept: Document = {}
    for number, result in enumerate(observation.objects("results")):
        ours, extra = _extra(result)
        rest = result.rest(_RESULT)
        message: Document = {**ours, "role": "tool", "content": _content(result, "content", rest)}
        if result.has("source_call_id"):
            message["tool_call_id"] = id = result.text("source_call_id")
            if id in names:
                message["name"] = names[id]
        messages.append(message)
        if extra:
            rest["extra"] = extra
        if rest:
            kept[str(number)] = rest
    return kept


def _content(given: Given, name: str, rest: Document) -> str:
    """Text, or the texts of parts one below the other; parts that are no text are named, and kept whole in `rest`."""
    if not isinstance(given.fields.get(name), list):
        return given.text_or(name)
    texts: list[str] = []
    for part in given.objects(name):
        kind = part.text("type")
        if kind == "text":
            texts.append(part.text("text"))
        else:
            source = part.object("source")
            texts.append(f"[{kind}: {source.text_or('path')}]" if source else f"[{kind}]")
            rest[name] = given.fields[name]
    return "\n".join(texts)


def _usage(metrics: Given, prefix: str) -> Document:
    ours, _ = _extra(metrics)
    found: Document = {
        name: metrics.count(prefix + name) for name in ("prompt_tokens", "completion_tokens", "cached_tokens")
    }
    cost = metrics.number(f"{prefix}cost_usd")
    if isinstance(text := ours.get("cost"), str):
        found["cost"] = text
    elif cost is not None:
        found["cost"] = decimal_of(float(cost))
    return found


def _rest_of_metrics(metrics: Given, known: frozenset[str]) -> Document:
    _, extra = _extra(metrics)
    rest = metrics.rest(known)
    if extra:
        rest["extra"] = extra
    return rest


def _extra(given: Given) -> tuple[Document, Document]:
    """What we wrote into `extra`, and what others did."""
    extra = given.object("extra")
    if extra is None:
        return {}, {}
    ours = extra.object(OURS)
    others: dict[str, JsonValue] = extra.rest(frozenset({OURS}))
    return dict(ours.fields) if ours is not None else {}, others
