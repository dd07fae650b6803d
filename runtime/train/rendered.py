"""Trajectories of which no token is known, as rows: rendered once, as the engine of a local model would have been given them.

Each answer is what the model would have drawn after the very tokens that stand before it, so its loss is over what it would say: an
answer is never rendered again for the next one. What was thought (`reasoning`) is left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from clawc.runtime.engine.interface import ChatRequest, Continued, Object
from clawc.runtime.engine.local.shapes import as_object
from clawc.runtime.engine.local.template import Template
from clawc.runtime.train.rows import Row, SampledCall, rows_of
from clawc.runtime.trajectory.arguments import arguments_of
from clawc.runtime.trajectory.records import Message, TrajectoryRecord


class Unrenderable(Exception):
    """The text says why a trajectory teaches nothing."""


def rendered_rows(record: TrajectoryRecord, template: Template, tools: tuple[Object, ...] = ()) -> tuple[Row, ...]:
    """The row of a trajectory; none if nobody answers in it. `tools` are those that were offered where the trajectory does not say.
    Raises Unrenderable if tools are called, and which there were is not known: a model would learn to call what it was not told of."""
    offered = tuple(record.tools) or tools
    if not offered and any(message.tool_calls for message in record.messages):
        raise Unrenderable("tools are called, and the trajectory does not say which there were")
    return rows_of(_calls(record, template, offered), record.id, record.bundle_id or record.task)


def _calls(record: TrajectoryRecord, template: Template, tools: tuple[Object, ...]) -> Iterator[SampledCall]:
    names = {as_object(tool.get("function")).get("name") for tool in tools}
    messages: list[Object] = []
    continued: Continued | None = None
    for number, message in enumerate(record.messages):
        said = _object(message)
        if message.role == "assistant" and (message.content or message.tool_calls):
            prompt = template.prompt(ChatRequest(tuple(messages), tools, continued=continued))
            output = template.answer(said)
            yield SampledCall(f"{record.id}#{number}", tuple(prompt), tuple(output), sound=_is_sound(message, names))
            continued = Continued(len(messages) + 1, tuple(prompt), tuple(output))
        messages.append(said)


def _is_sound(message: Message, names: set[object]) -> bool:
    """Whether it should be learned: not cut off, and each call one of a tool that there is, with arguments that are an object."""
    calls_fit = all(call.name in names and arguments_of(call.arguments).sound for call in message.tool_calls)
    return message.finish != "length" and calls_fit


def _object(message: Message) -> Object:
    found: dict[str, object] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        found["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.role == "tool":
        found["tool_call_id"] = message.tool_call_id
    return found
