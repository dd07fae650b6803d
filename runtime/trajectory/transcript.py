"""A harness's own transcript held against the gateway's capture: OpenClaw and pi write down, with each answer, the id of the call that it
came from.

The transcript lies where the agent can write, so nothing follows from it; that it tells something else than the capture is what is noted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from clawc.runtime.engine.interface import Object
from clawc.runtime.gateway.differences import Answer, Difference, told_otherwise
from clawc.runtime.trajectory.records import Message, TrajectoryRecord

_SHOWN = 2_000
_SAID = 50


@dataclass(frozen=True, slots=True)
class Joined:
    """`answers` are those that the transcript holds, `joined` of them are known to the gateway. `untold` are the numbers of calls
    whose answers the transcript lacks, `unheard` what it has the model say that no call has brought. `errors` is what it says of
    failures."""

    answers: int
    joined: int
    untold: tuple[int, ...]
    unheard: tuple[str, ...]
    errors: tuple[str, ...]
    differences: tuple[Difference, ...]


def joined(transcripts: Iterable[TrajectoryRecord], answers: Sequence[Answer]) -> Joined:
    """The transcripts of one attempt against the answers that its harness got."""
    by_id = {answer.id: answer for answer in answers}
    told, unheard, errors = 0, list[str](), list[str]()  # texts up to the bounds, of however many files
    found: dict[int, tuple[Answer, Message]] = {}
    for record in transcripts:
        errors += _errors(record)
        for message in record.messages:
            if message.role != "assistant":
                continue
            answer = by_id.get(message.call_id)
            if answer is not None:
                told += 1
                found[answer.number] = answer, message
            elif message.content or message.tool_calls:
                told += 1
                if len(unheard) < _SAID:
                    unheard.append(message.content[:_SHOWN])
    untold = tuple(answer.number for answer in answers if answer.number not in found)
    differences = tuple(
        each for answer, message in found.values() for each in told_otherwise(answer, _as_wire(message))
    )
    return Joined(told, len(found), untold, tuple(unheard), tuple(errors[:_SAID]), differences)


def _as_wire(message: Message) -> Object:
    calls: list[Mapping[str, object]] = [
        {"id": call.id, "function": {"name": call.name, "arguments": call.arguments}} for call in message.tool_calls
    ]
    return {"content": message.content, "reasoning_content": message.reasoning, "tool_calls": calls}


def _errors(record: TrajectoryRecord) -> list[str]:
    more = record.extra.get("openclaw")
    errors = more.get("errors") if isinstance(more, dict) else None
    return (
        [str(each.get("text"))[:_SHOWN] for each in errors or () if isinstance(each, dict)]
        if isinstance(errors, list)
        else []
    )
