"""The one form of a trajectory: what was said and done in an episode, whoever recorded it. Times are UTC as ISO 8601 text, scores and
costs decimals as text."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, JsonValue

from clawc.spec.bundle import Strict

TRAJECTORY_FORMAT_VERSION = 1

Role = Literal["system", "user", "assistant", "tool"]


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
