"""What an agent is to the runtime: something that works through the tools of a sandbox and ends with a message."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, cast

from clawc.runtime.bundle import Bundle
from clawc.runtime.sandbox.interface import Process
from clawc.spec.bundle import Limits

if TYPE_CHECKING:
    from clawc.runtime.gateway.choice import ModelChoice
    from clawc.runtime.gateway.line import Line

EXEC_S = 60.0
# Where an agent that runs inside has its files, beside the workspace.
AGENT_HOME = "/agent"


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool tells the agent. `exit` is set by `exec` only."""

    ok: bool
    text: str
    exit: int | None = None


def _nowhere(event: str, data: Mapping[str, object]) -> None:
    """Nobody keeps what happened."""


@dataclass(frozen=True, slots=True)
class Task:
    """What the agent is told, and its bounds. `seed` is the episode's own, `turns` is what it is told after its answers, one after
    the other. `line` leads to its model, if it has one; at the address `url` inside the sandbox, if that is where it needs it.
    `note` adds an event to the trajectory."""

    instruction: str
    limits: Limits
    seed: int
    turns: tuple[str, ...] = ()
    line: Line | None = None
    url: str = ""
    note: Callable[[str, Mapping[str, object]], None] = _nowhere


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

    async def exec(
        self,
        command: str | Sequence[str],
        timeout_s: float = EXEC_S,
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> ToolResult:
        """Run a shell command, or a program with arguments."""
        ...

    async def spawn(
        self, command: str | Sequence[str], *, cwd: str | None = None, env: Mapping[str, str] | None = None
    ) -> Process:
        """Start a shell command, or a program, that goes on beside others, outside of the trajectory. Raises FileProblem."""
        ...

    async def lay(self, files: Mapping[str, bytes], mode: int = 0o755) -> None:
        """Put files where the runner wants them, outside of the trajectory. Raises FileProblem."""
        ...

    async def exist(self, paths: Sequence[str]) -> bool:
        """Whether there are files at all of these paths, outside of the trajectory."""
        ...

    def note(self, tool: str, arguments: Mapping[str, object], result: ToolResult) -> ToolResult:
        """Put a call and its result into the trajectory; gives the result back."""
        ...


class Agent(Protocol):
    async def run(self, task: Task, tools: Tools) -> Final: ...


Endpoint = Literal["none", "runner", "sandbox"]


class Harness(Protocol):
    """Makes an agent for each episode. `name` stands in the records. `endpoint` says where its agents reach a model: not at all, beside
    the runner, or in the sandbox; such a harness is a ModelHarness."""

    @property
    def name(self) -> str: ...

    @property
    def endpoint(self) -> Endpoint: ...

    def agent(self, bundle: Bundle) -> Agent: ...


class ModelHarness(Harness, Protocol):
    """A harness whose agents speak to a model."""

    @property
    def model(self) -> ModelChoice: ...


@dataclass(frozen=True, slots=True)
class Needs:
    """What an agent's own program needs in the sandbox beside what the task allows: folders of this machine to read, by their paths
    inside, and on top of the task's limits so many bytes of memory, processes, and bytes of disk. In the folder `transcripts` it keeps
    its own record of the conversation, as OpenClaw and pi do."""

    mounts: Mapping[str, Path] = field(default_factory=dict[str, Path])
    memory_bytes: int = 0
    processes: int = 0
    disk_bytes: int = 0
    transcripts: str = ""

    def over(self, limits: Limits) -> Limits:
        """The limits of a sandbox that holds the task and the program."""
        more = {
            "memory_bytes": limits.memory_bytes + self.memory_bytes, "processes": limits.processes + self.processes,
            "disk_bytes": limits.disk_bytes + self.disk_bytes,
        }  # fmt: skip
        return limits.model_copy(update=more)


class SandboxHarness(ModelHarness, Protocol):
    """A harness whose agents are programs in the sandbox (`endpoint` is "sandbox")."""

    @property
    def needs(self) -> Needs: ...


def needs_of(harness: Harness) -> Needs:
    """What the programs of a harness need; nothing for one without."""
    return cast("SandboxHarness", harness).needs if harness.endpoint == "sandbox" else Needs()
