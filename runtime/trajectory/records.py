"""The one form of a trajectory: what was said and done in an episode, whoever recorded it. Times are UTC as ISO 8601 text, scores and
costs decimals as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field, JsonValue

from clawc.spec.bundle import Strict

TRAJECTORY_FORMAT_VERSION = 1
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})")

Role = Literal["system", "user", "assistant", "tool"]
# A JSON object that is being made.
Document: TypeAlias = dict[str, JsonValue]


class ToolCall(Strict):
    """A call as the model wrote it: `arguments` is its text, which need not be JSON."""

    id: str
    name: str
    arguments: str


class MessageUsage(Strict):
    """Tokens of the call that an answer came from; `cost` is in US dollars."""

    prompt_tokens: Annotated[int, Field(ge=0)] = 0
    completion_tokens: Annotated[int, Field(ge=0)] = 0
    cached_tokens: Annotated[int, Field(ge=0)] = 0
    cost: str | None = None


class Message(Strict):
    """One message. `tool_call_id` and `failed` are of results of tools, `call_id` (the gateway's), `finish` and `usage` of answers."""

    role: Role
    content: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    name: str = ""
    failed: bool = False
    at: str = ""
    call_id: str = ""
    finish: str = ""
    model: str = ""
    usage: MessageUsage | None = None


class TrajectoryRecord(Strict):
    """One line of a file of trajectories. `source` says where it comes from: "clawc", "atif" or "openclaw". `tools` are OpenAI's function
    schemas, `extra` what the source knows beyond this form."""

    format_version: Literal[1] = 1
    id: str
    source: str = "clawc"
    task: str = ""
    bundle_id: str = ""
    agent: str = ""
    model: str = ""
    seed: int | None = None
    outcome: str = ""
    score: str | None = None
    tools: tuple[dict[str, JsonValue], ...] = ()
    messages: tuple[Message, ...]
    usage: MessageUsage | None = None
    started: str = ""
    ended: str = ""
    extra: Annotated[dict[str, JsonValue], Field(default_factory=dict)]

    model_config = ConfigDict(allow_inf_nan=False)


# Events of `trajectory.jsonl`, a line each, beside "tool" and "final" that all agents leave:
# {"event": "tools", "tools": [schemas]}                               what a model was offered
# {"event": "message", "message": Message without defaults}            in the order in which it was said


def given(model: Message | TrajectoryRecord, but: frozenset[str] = frozenset()) -> Document:
    """The fields that differ from their defaults, as JSON data, without those of `but`."""
    found: Document = model.model_dump(mode="json", exclude_defaults=True, exclude=set(but))
    if found.get("extra") == {}:
        del found["extra"]
    return found


def is_time(text: str) -> bool:
    """Whether it is a time that every reader of ISO 8601 takes, with its offset from UTC."""
    if _TIME.fullmatch(text) is None:
        return False
    try:
        datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return False
    return True
