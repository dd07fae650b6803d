"""The trajectory of an agent whose tools are its own: told from the conversations that the gateway has seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

from clawc.runtime.engine.interface import Object
from clawc.runtime.engine.meaning import meaning
from clawc.runtime.engine.untyped import parsed
from clawc.runtime.trajectory.records import Message, ToolCall

Note = Callable[[str, Mapping[str, object]], None]
# How results begin that report a failure, in the harnesses that we know.
_FAILED = ("error", "Error", "ERROR", "Traceback (most recent call last)")


def note_conversations(note: Note, conversations: Iterable[tuple[Sequence[Object], Sequence[Object]]]) -> int:
    """Put tools, messages and calls of tools with their results into a trajectory; how many calls there are. Of a conversation that begins
    as the one before it did, only what is new is put there."""
    made = 0
    offered: Sequence[Object] = ()
    before: Sequence[Object] = ()
    for tools, messages in conversations:
        if tools and tools != offered:
            note("tools", {"tools": list(tools)})
        known = 0
        for one, other in zip(before, messages):
            if meaning(one) != meaning(other):
                break
            known += 1
        made += _note_messages(note, messages, known)
        offered, before = tools, messages
    return made


def _note_messages(note: Note, messages: Sequence[Object], known: int) -> int:
    """Those from number `known` on."""
    waiting: dict[str, tuple[str, str]] = {}
    made = 0
    for number, each in enumerate(messages):
        message = _message(each, waiting)
        for call in message.tool_calls:
            waiting[call.id] = (call.name, call.arguments)
        name, arguments = waiting.pop(message.tool_call_id, ("", "")) if message.role == "tool" else ("", "")
        if number < known:
            continue
        note("message", {"message": message.model_dump(mode="json", exclude_defaults=True)})
        if name:
            made += 1
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
