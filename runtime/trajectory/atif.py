"""Trajectories as Harbor's ATIF: a step for each message of the system, the user and the agent, with the results of tools as the
observation of the step that called them.

What ATIF has no place for stands under `clawc` in the `extra` of the thing that it is about, so that nothing is lost. A step of the
system whose `extra` has `results_only` stands for no message: it carries results that follow no answer.
"""

from __future__ import annotations

from pydantic import JsonValue

from clawc.runtime.trajectory.arguments import arguments_of
from clawc.runtime.trajectory.records import Document, Message, MessageUsage, ToolCall, TrajectoryRecord, given, is_time
from clawc.runtime.trajectory.values import LARGEST, documents, number_of

# The oldest version that has a place for all that is written here.
VERSION = "ATIF-v1.7"
OURS = "clawc"
RESULTS_ONLY = "results_only"
UNKNOWN = "unknown"

_SOURCES = {"system": "system", "user": "user", "assistant": "agent"}
_RECORD = frozenset({"id", "agent", "model", "tools", "messages", "usage"})


def atif_of(record: TrajectoryRecord) -> Document:
    """The document of a `trajectory.json`."""
    version = record.extra.get("clawc")
    agent: Document = {"name": record.agent or UNKNOWN, "version": version if isinstance(version, str) else UNKNOWN}
    if record.model:
        agent["model_name"] = record.model
    if record.tools:
        agent["tool_definitions"] = list(record.tools)
    steps = _steps(record.messages)
    document: Document = {
        "schema_version": VERSION,
        "session_id": record.id,
        "trajectory_id": record.id,
        "agent": agent,
        "steps": documents(steps),
    }
    document["final_metrics"] = {"total_steps": len(steps)}
    if record.usage is not None:
        totals = {name: f"total_{name}" for name in ("prompt_tokens", "completion_tokens", "cached_tokens", "cost_usd")}
        document["final_metrics"] = {**_metrics(record.usage, totals), "total_steps": len(steps)}
    document["extra"] = {OURS: {"source": record.source, **given(record, _RECORD)}}
    return document


def _steps(messages: tuple[Message, ...]) -> list[Document]:
    steps: list[Document] = []
    # Results and calls of the step that may still get results.
    results: list[Document] | None = None
    called: frozenset[str] = frozenset()
    for message in messages:
        if message.role == "tool":
            if results is None:
                results, called = [], frozenset()
                steps.append(_results_only(len(steps) + 1, results))
            elif "observation" not in steps[-1]:
                steps[-1]["observation"] = {"results": documents(results)}
            results.append(_result(message, called))
            continue
        step = _step(message)
        steps.append({"step_id": len(steps) + 1, **step})
        results = [] if message.role == "assistant" else None
        called = frozenset(call.id for call in message.tool_calls)
    return steps or [_results_only(1, [])]


def _results_only(number: int, results: list[Document]) -> Document:
    return {
        "step_id": number,
        "source": "system",
        "message": "",
        "observation": {"results": documents(results)},
        "extra": {OURS: {RESULTS_ONLY: True}},
    }


def _step(message: Message) -> Document:
    step: Document = {"source": _SOURCES[message.role], "message": message.content}
    placed = {"role", "content"}
    if is_time(message.at):
        step["timestamp"] = message.at
        placed.add("at")
    if message.role == "assistant":
        placed |= {"reasoning", "model", "tool_calls", "usage"}
        if message.reasoning:
            step["reasoning_content"] = message.reasoning
        if message.model:
            step["model_name"] = message.model
        if message.tool_calls:
            step["tool_calls"] = documents([_call(call) for call in message.tool_calls])
        if message.usage is not None:
            names = {name: name for name in ("prompt_tokens", "completion_tokens", "cached_tokens", "cost_usd")}
            step["metrics"] = _metrics(message.usage, names)
    return _with_rest(step, given(message, frozenset(placed)))


def _call(call: ToolCall) -> Document:
    arguments = arguments_of(call.arguments)
    found: Document = {"tool_call_id": call.id, "function_name": call.name, "arguments": arguments.values}
    return found if arguments.exact else _with_rest(found, {"arguments": call.arguments})


def _result(message: Message, called: frozenset[str]) -> Document:
    placed = {"role", "content"}
    found: Document = {"content": message.content}
    if message.tool_call_id in called:
        found = {"source_call_id": message.tool_call_id, **found}
        placed.add("tool_call_id")
    return _with_rest(found, given(message, frozenset(placed)))


def _metrics(usage: MessageUsage, names: dict[str, str]) -> Document:
    found: Document = {
        names["prompt_tokens"]: usage.prompt_tokens,
        names["completion_tokens"]: usage.completion_tokens,
        names["cached_tokens"]: usage.cached_tokens,
    }
    if usage.cost is None:
        return found
    cost, exact = number_of(usage.cost)
    if cost is None or abs(cost) > LARGEST:  # read back, it would be no number
        return _with_rest(found, {"cost": usage.cost})
    found[names["cost_usd"]] = cost
    return found if exact else _with_rest(found, {"cost": usage.cost})


def _with_rest(document: Document, rest: dict[str, JsonValue]) -> Document:
    if rest:
        document["extra"] = {OURS: rest}
    return document
