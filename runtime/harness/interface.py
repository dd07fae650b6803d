"""What an agent is to the runtime: something that works through four tools and ends with a message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from clawc.runtime.bundle import Bundle
from clawc.spec.bundle import Limits

EXEC_S = 60.0


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool tells the agent. `exit` is set by `exec` only."""

    ok: bool
    text: str
    exit: int | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """What the agent is told, and its bounds. `seed` is the episode's own."""

    instruction: str
    limits: Limits
    seed: int


@dataclass(frozen=True, slots=True)
class Final:
    """How an agent ended: its last message; `stop` is "error" if it could not go on, `reason` says why."""

    text: str
    stop: Literal["done", "truncated", "error"] = "done"
    reason: str = ""


class Tools(Protocol):
    """All that an agent can do. A tool that fails says so in its result; SandboxEnded ends the agent."""

    async def read(self, path: str) -> ToolResult: ...

    async def write(self, path: str, content: str | bytes) -> ToolResult: ...

    async def edit(self, path: str, old: str, new: str) -> ToolResult:
        """Replace the only occurrence of `old`."""
        ...

    async def exec(self, command: str | Sequence[str], timeout_s: float = EXEC_S) -> ToolResult:
        """Run a shell command, or a program with arguments."""
        ...


class Agent(Protocol):
    async def run(self, task: Task, tools: Tools) -> Final: ...


class Harness(Protocol):
    """Makes an agent for each episode. `name` stands in the records."""

    @property
    def name(self) -> str: ...

    def agent(self, bundle: Bundle) -> Agent: ...
