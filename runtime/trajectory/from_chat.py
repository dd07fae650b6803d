"""Trajectories from OpenAI's chat format for fine-tuning: a JSON object a line, with `messages` and `tools`.

What a message has no place for is left out, and so is `metadata`, except for the task, the outcome and the score of what clawc wrote.
"""

from __future__ import annotations

from collections.abc import Iterator

from clawc.runtime.trajectory.arguments import arguments_text
from clawc.runtime.trajectory.own import validated
from clawc.runtime.trajectory.records import Document, TrajectoryRecord
from clawc.runtime.trajectory.strangers import Given, Stored, each_record

_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant", "tool": "tool"}
_KNOWN = ("task", "bundle_id", "agent", "model", "outcome", "score")


def read_chat(stored: Stored) -> Iterator[TrajectoryRecord]:
    """The records of a file, one at a time; raises RuntimeFault R0902 to R0904."""
    for line in each_record(stored):
        yield record_of_chat(line)


def record_of_chat(line: Given) -> TrajectoryRecord:
    """Raises RuntimeFault R0904 for what is no line of the format."""
    if not line.has("messages"):
        line.wrong("messages", "a list")
    metadata = line.object("metadata")
    known: Document = {}
    for name in _KNOWN if metadata is not None else ():
        if metadata is not None and isinstance(metadata.fields.get(name), str):
            known[name] = metadata.text(name)
    fields: Document = {
        "id": metadata.text_or("id", line.where) if metadata is not None else line.where,
        "source": "chat",
        "tools": [tool.fields for tool in line.objects("tools")],
        "messages": [_message(message) for message in line.objects("messages")],
        **known,
    }
    return validated(line, fields)


def _message(message: Given) -> Document:
    role = _ROLES.get(message.text("role"))
    if role is None:
        message.wrong("role", f"one of {', '.join(_ROLES)}")
    found: Document = {"role": role, "content": _content(message)}
    if role == "tool":
        found["tool_call_id"] = message.text_or("tool_call_id")
    if role == "assistant":
        found["reasoning"] = message.text_or("reasoning_content")
        found["tool_calls"] = [_call(call) for call in message.objects("tool_calls")]
    return found


def _content(message: Given) -> str:
    """A text, or the texts of its parts; pictures and sound are told of."""
    if not isinstance(message.fields.get("content"), list):
        return message.text_or("content")
    return "".join(
        part.text("text") if part.text("type") == "text" else f"[{part.text('type')[:40]}]"
        for part in message.objects("content")
    )


def _call(call: Given) -> Document:
    function = call.object("function") or call.wrong("function", "an object")
    arguments = function.fields.get("arguments")
    return {
        "id": call.text_or("id"),
        "name": function.text("name"),
        "arguments": arguments if isinstance(arguments, str) else arguments_text(arguments),
    }
