"""A container as a Box."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from clawc.runtime.sandbox.docker.memory import ended_for_memory, memory_group
from clawc.runtime.sandbox.pipes import PipeReader

# How long the engine may take to say why a container has ended that we did not end.
_REASON_S = 3.0
_SIGN_S = 0.2
_END_S = 15.0


class _End(BaseModel):
    """How the program of a container ended, as its first process says, which nothing inside can stop or replace."""

    model_config = ConfigDict(extra="forbid", strict=True)

    exit: Annotated[int, Field(ge=0, le=255)]
    cpu_s: Annotated[float, Field(ge=0)]
    peak_bytes: Annotated[int, Field(ge=0, le=1 << 50)]


class ContainerBox:
    """`session` if it has no program of its own that ends. With `mounted` it holds a workspace that the engine has mounted for it, and
    is gone only once that is so no longer: until then nobody may touch what lies under it."""

    def __init__(
        self, id: str, word: PipeReader, *, session: bool, mounted: bool, remove: Callable[[str], Awaitable[None]]
    ) -> None:
        self.id = id
        self.exit: int | None = None
        self.peak_bytes = 0
        self.lost = False
        self.pid = -1
        self.removed = asyncio.Event()
        self.died = asyncio.Event()
        self.over = asyncio.Event()
        self._word = word
        self._session = session
        self._mounted = mounted
        self._remove = remove
        self._pidfd = -1
        self._control: socket.socket | None = None
        self._killed = False
        self._removing = False
        self._paused = False
        self._gone = asyncio.Event()
        self._starved = False
        self._group: Path | None = None
        self._loop = asyncio.get_running_loop()

    def begin(self, pid: int, pidfd: int, control: socket.socket) -> None:
        """Its first process has come."""
        self._pidfd = pidfd
        self.pid = pid
        self._group = memory_group(pid)
        self._control = control
        self._loop.add_reader(self._pidfd, self._ended)

    @property
    def starved(self) -> bool:
        """Known as soon as the process is gone, where the counters of the system can be read from here; else once the engine tells."""
        if not self._starved and self._group is not None:
            ended = ended_for_memory(self._group)
            self._starved = ended.starved
            self.lost = self.lost or ended.short
        return self._starved

    @property
    def gone(self) -> bool:
        return self._gone.is_set()

    async def exited(self) -> None:
        await self._gone.wait()

    async def kill(self) -> None:
        self.kill_now()
        try:
            async with asyncio.timeout(0 if self._paused else _END_S):
                await self._gone.wait()
        except TimeoutError:  # one that somebody has paused does not end by a signal
            self._removing = True
            await self._remove(self.id)
            await self._gone.wait()

    def kill_now(self) -> None:
        """Without waiting."""
        self._killed = self._killed or not self.over.is_set()
        if self._session and self.pid > 0:
            self.peak_bytes = max(self.peak_bytes, _high_water(self.pid))
        if not self.over.is_set() and self._pidfd >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        self._settle()

    def lose(self) -> None:
        """The engine is gone, and so is what it watched over."""
        self.lost = not self._killed
        self.died.set()
        self.forget()
        self.kill_now()

    def forget(self) -> None:
        """The engine has it no longer."""
        self.removed.set()
        self._settle()

    def happened(self, action: str) -> None:
        """What the engine has told of it."""
        if action == "oom":
            self._starved = True
        elif action == "unpause":
            self._paused = False
        elif action in ("kill", "pause"):  # we never ask the engine for it
            self.lost = self.lost or not self._removing
            self._paused = self._paused or action == "pause"
        elif action == "die":
            self.died.set()
            self._settle()
        elif action == "destroy":
            self.died.set()
            self.forget()

    def _ended(self) -> None:
        """The first process is gone, and all others were before."""
        self._loop.remove_reader(self._pidfd)
        self.over.set()
        self.pid = -1
        self._starved = self.starved  # the counters go with the container
        self._loop.call_later(_REASON_S, self.died.set)
        self._loop.call_later(_REASON_S, self._settle)
        self._settle()

    def _settle(self) -> None:
        """It is gone when its processes are, why they ended is known, and nothing of it holds the workspace."""
        known = self._killed or self.died.is_set()
        free = self.removed.is_set() or not self._mounted
        if self._gone.is_set() or not (self.over.is_set() and known and free):
            return
        self._gone.set()
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1
        if self._control is not None:
            self._control.close()

    async def reason(self) -> None:
        if await _within(self.over, _SIGN_S):
            await _within(self.died, _REASON_S)
            if not (self.lost or self.starved):
                await asyncio.sleep(_SIGN_S)  # that somebody has killed it is told before or after

    async def said(self) -> str:
        word, _, end = (await self._word.rest(1.0)).decode("utf-8", "replace").partition("\n")
        try:
            told = _End.model_validate_json(end)
            self.exit, self.peak_bytes = told.exit, told.peak_bytes
        except ValidationError:
            if word == "ready" and not (self._session or self._killed):
                await self.reason()
                # Only what is outside ends the first process before its program.
                self.lost = self.lost or not self.starved
        return word


async def _within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


def _high_water(pid: int) -> int:
    """The most bytes that a process had in memory; 0 if it is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            return next((int(line.split()[1]) << 10 for line in file if line.startswith("VmHWM:")), 0)
    except (OSError, ValueError, IndexError):
        return 0
