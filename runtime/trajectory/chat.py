"""Trajectories as OpenAI's chat format for fine-tuning: a JSON object a line, with `messages`, `tools` and, if wanted, `metadata`.

Every message and every call is there in its order. What the format has no place for stands in `metadata`, or is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from pydantic import JsonValue

from clawc.runtime.trajectory.records import Document, Message, Role, TrajectoryRecord, given
from clawc.runtime.trajectory.values import as_json

_RECORD = frozenset({"messages", "tools"})
_MESSAGE: dict[Role, frozenset[str]] = {
    "system": frozenset({"role", "content", "name"}),
    "user": frozenset({"role", "content", "name"}),
    "assistant": frozenset({"role", "content", "name", "reasoning", "tool_calls"}),
    "tool": frozenset({"role", "content", "tool_call_id"}),
}


def chat_of(record: TrajectoryRecord, metadata: bool = False) -> Document:
    """One line. `reasoning_content` is what templates of open models call the reasoning of an answer."""
    document: Document = {"messages": [_message(message) for message in record.messages]}
    if record.tools:
        document["tools"] = list(record.tools)
    if metadata:
        document["metadata"] = _metadata(record)
    return document


def write_chat(records: Iterable[TrajectoryRecord], file: BinaryIO, metadata: bool = False) -> None:
    """A line for each record."""
    for record in records:
        file.write(as_json(chat_of(record, metadata)).encode() + b"\n")


def _message(message: Message) -> Document:
    found: Document = {"role": message.role, "content": message.content}
    if message.role == "tool":
        return found | {"tool_call_id": message.tool_call_id}
    if message.name:
        found["name"] = message.name
    if message.role == "assistant":
        if message.reasoning:
            found["reasoning_content"] = message.reasoning
        if message.tool_calls:
            found["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                for call in message.tool_calls
            ]
    return found


def _metadata(record: TrajectoryRecord) -> Document:
    """What has no place. `messages` holds it of those of the messages that have such, by their number from 0."""
    found = given(record, _RECORD)
    rest: dict[str, JsonValue] = {}
    for number, message in enumerate(record.messages):
        if more := given(message, _MESSAGE[message.role]):
            rest[str(number)] = more
    if rest:
        found["messages"] = rest
    return found
