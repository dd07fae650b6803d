"""The trajectory of an agent whose tools are its own: told from the conversation that the gateway has seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from clawc.runtime.engine.interface import Object
from clawc.runtime.engine.untyped import parsed
from clawc.runtime.trajectory.records import Message, ToolCall

Note = Callable[[str, Mapping[str, object]], None]
# How results begin that report a failure, in the harnesses that we know.
_FAILED = ("error", "Error", "ERROR", "Traceback (most recent call last)")


def note_conversation(note: Note, tools: Sequence[Object], messages: Sequence[Object]) -> int:
    """Put tools, messages and calls of tools with their results into a trajectory; how many calls there are."""
    if tools:
        note("tools", {"tools": list(tools)})
    waiting: dict[str, tuple[str, str]] = {}
    made = 0
    for each in messages:
        message = _message(each, waiting)
        note("message", {"message": message.model_dump(mode="json", exclude_defaults=True)})
        for call in message.tool_calls:
            waiting[call.id] = (call.name, call.arguments)
        if message.role == "tool" and message.tool_call_id in waiting:
            made += 1
            name, arguments = waiting.pop(message.tool_call_id)
            note("tool", {
                "tool": name, "arguments": _arguments(arguments), "result": {"ok": not message.failed, "text": message.content},
            })  # fmt: skip
    return made


def _message(message: Object, waiting: Mapping[str, tuple[str, str]]) -> Message:
    role, content = str(message.get("role")), str(message.get("content") or "")
    calls: list[ToolCall] = []
    for call in cast("Sequence[Mapping[str, object]]", message.get("tool_calls") or ()):
        function = cast("Mapping[str, object]", call.get("function") or {})
        calls.append(
            ToolCall(
                id=str(call.get("id", "")),
                name=str(function.get("name", "")),
                arguments=str(function.get("arguments", "")),
            )
        )
    id = str(message.get("tool_call_id") or "")
    return Message(
        role="user" if role not in ("system", "assistant", "tool") else role,  # type: ignore[arg-type]
        content=content, reasoning=str(message.get("reasoning_content") or ""), tool_calls=tuple(calls), tool_call_id=id,
        name=waiting[id][0] if id in waiting else "", failed=role == "tool" and content.startswith(_FAILED),
    )  # fmt: skip


def _arguments(text: str) -> Mapping[str, object]:
    try:
        found = parsed(text)  # what is nested deeper could not be written again
    except ValueError:
        return {"text": text}
    return cast("dict[str, object]", found) if isinstance(found, dict) else {"text": text}
