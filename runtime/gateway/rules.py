"""What goes into a line and comes out of it: the rules of an attempt, replies to its calls, and the report of what became of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Literal

from clawc.runtime.engine.interface import EngineFailure, Sampling
from clawc.runtime.records import LimitUse

# Who calls: the harness, proven; somebody in its sandbox; a program there that is not the harness, proven.
Caller = Literal["harness", "inside", "other"]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a call may decide. `model` is what clients are told that they talk to. What `pinned` gives holds whatever a call says;
    `max_tokens` is the most that one answer may have."""

    model: str = "policy"
    pinned: Sampling = field(default_factory=Sampling)
    max_tokens: int = 8_192


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to the call `number`: a whole `body`, or `events` of a stream as they come."""

    status: int
    body: bytes = b""
    number: int = 0
    events: AsyncGenerator[bytes] | None = None
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class LineReport:
    """What became of the line. `calls` are those that were admitted. `fault` is why the attempt counts for nothing, if it does;
    `refusal` is what every attempt would meet; `hit` the cap that ended it."""

    calls: int
    prompt_tokens: int | None
    completion_tokens: int | None
    cost: str | None
    limits: tuple[LimitUse, ...]
    hit: str
    fault: str
    refusal: EngineFailure | None
    side_calls: int
