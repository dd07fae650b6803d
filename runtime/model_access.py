"""An agent's way to its model during one attempt: a line of the gateway, where the agent can reach it, and what came of it.

Nothing of the gateway is loaded for agents without a model.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.harness.interface import Agent, Final, Harness, Task, Tools, needs_of
from clawc.runtime.harness.tools import SandboxTools, Trajectory
from clawc.runtime.records import LimitUse, Usage
from clawc.runtime.sandbox.finish import finish
from clawc.runtime.sandbox.interface import Sandbox
from clawc.runtime.store.journal import fault_of

if TYPE_CHECKING:
    from clawc.runtime.gateway.gateway import Gateway
    from clawc.runtime.gateway.line import Line, LineReport

# Where an agent inside reaches its model.
PORT = 8000
URL = f"http://127.0.0.1:{PORT}/v1"
# When the line is over, the agent has so long to end by itself.
_LAST_WORDS_S = 5.0


class Models(NamedTuple):
    """The way to the model for the attempt `key`."""

    gateway: Gateway
    key: str


@dataclass(slots=True)
class Access:
    """`line` is None for an agent without a model; `report` is there when the line was closed, and `harness_account` notes what the
    harness's programs inside say of it."""

    line: Line | None = None
    report: LineReport | None = None
    harness_account: Callable[[], Awaitable[None]] | None = None

    @property
    def hit(self) -> str:
        """The cap that ended it, if one did."""
        return "" if self.report is None else self.report.hit

    @property
    def fault(self) -> str:
        """Why the attempt counts for nothing, if it does."""
        return "" if self.report is None else self.report.fault

    @property
    def limits(self) -> tuple[LimitUse, ...]:
        return () if self.report is None else self.report.limits

    def require_usable(self) -> None:
        """Raises RuntimeFault R0967 where the model refuses every call, or the money is spent."""
        refusal = None if self.report is None else self.report.refusal
        if refusal is not None:
            spent = refusal.kind == "budget"
            help = "Run the same again with a greater budget." if spent else "See the model's settings in claw.toml."
            raise RuntimeFault("R0967", f"the model cannot be used: {refusal.message}", help)

    async def note_account(self) -> None:
        """Put what the harness's programs say into the trajectory; the sandbox was stopped. Raises RuntimeFault R0203 and R0207."""
        if self.harness_account is not None:
            await self.harness_account()

    def usage(self, tool_calls: int) -> Usage:
        report = self.report
        if report is None:
            return Usage(tool_calls=tool_calls)
        return Usage(
            tool_calls=tool_calls, model_calls=report.calls, prompt_tokens=report.prompt_tokens,
            completion_tokens=report.completion_tokens, cost=report.cost,
        )  # fmt: skip


@asynccontextmanager
async def model_access(
    models: Models | None, harness: Harness, folder: Path, sandbox: Sandbox, tools: SandboxTools, trajectory: Trajectory
) -> AsyncGenerator[Access]:
    """The line for an attempt that leaves its capture in `folder`, served in the sandbox if that is where the agent is. At the end, what
    an agent inside did is put into the trajectory."""
    if models is None or harness.endpoint == "none":
        yield Access()
        return
    async with models.gateway.line(models.key, folder) as line:
        access = Access(line)
        try:
            async with _served(line, sandbox):
                try:
                    yield access
                finally:
                    access.report = await finish(line.close())
        finally:
            if harness.endpoint == "sandbox":
                from clawc.runtime.harness.observed import note_conversations

                tools.calls = note_conversations(trajectory.add, line.conversations)
                at = needs_of(harness).transcripts
                access.harness_account = partial(_note_account, line, trajectory, folder, sandbox, at)


async def _note_account(line: Line, trajectory: Trajectory, folder: Path, sandbox: Sandbox, at: str) -> None:
    from clawc.runtime.harness.account import note_account

    try:
        await note_account(trajectory.add, line.account, folder, sandbox, at)
    except OSError as error:
        raise fault_of(error, folder) from error


@asynccontextmanager
async def _served(line: Line, sandbox: Sandbox) -> AsyncGenerator[None]:
    """The line at the port of the sandbox, if it has one."""
    if sandbox.door is None:
        yield
        return
    from clawc.runtime.gateway.server import serve_door

    served = await serve_door(sandbox.door, line, sandbox.peer)
    try:
        yield
    finally:
        await finish(served.close())


async def work(agent: Agent, task: Task, tools: Tools) -> Final:
    """Have the agent work until it ends, or its line does; then it has a moment to end by itself."""
    if task.line is None:
        return await agent.run(task, tools)
    working = asyncio.ensure_future(agent.run(task, tools))
    over = asyncio.ensure_future(task.line.over.wait())
    try:
        await asyncio.wait({working, over}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            await asyncio.wait({working}, timeout=_LAST_WORDS_S)
        return await working if working.done() else Final(task.line.last_text, "truncated", task.line.why)
    finally:
        for each in (working, over):
            each.cancel()
        await asyncio.gather(working, over, return_exceptions=True)
