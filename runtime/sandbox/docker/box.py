"""A container as a Box."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from contextlib import suppress

from pydantic import BaseModel, ConfigDict, ValidationError

from clawc.runtime.sandbox.pipes import PipeReader

# How long the engine may take to say why a container has ended that we did not end.
_REASON_S = 3.0


class _End(BaseModel):
    """How the program of a container ended, as its first process says, which nothing inside can stop or replace."""

    model_config = ConfigDict(extra="forbid", strict=True)

    exit: int
    cpu_s: float
    peak_bytes: int


class ContainerBox:
    """`control` is the line on which its first process notices that the runner is gone; `session` if it has no program of its own
    that ends."""

    def __init__(self, id: str, word: PipeReader, session: bool) -> None:
        self.id = id
        self.exit: int | None = None
        self.peak_bytes = 0
        self.lost = False
        self.starved = False
        self.pid = -1
        self.removed = asyncio.Event()
        self.died = asyncio.Event()
        self._word = word
        self._session = session
        self._pidfd = -1
        self._control: socket.socket | None = None
        self._killed = False
        self._over = False
        self._gone = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def begin(self, pid: int, control: socket.socket) -> None:
        """Its first process has come. Raises OSError if it is gone already."""
        self._pidfd = os.pidfd_open(pid)
        self.pid = pid
        self._control = control
        self._loop.add_reader(self._pidfd, self._ended)

    @property
    def gone(self) -> bool:
        return self._gone.is_set()

    async def exited(self) -> None:
        await self._gone.wait()

    async def kill(self) -> None:
        self.kill_now()
        await self._gone.wait()

    def kill_now(self) -> None:
        """Without waiting."""
        self._killed = True
        if not self._over and self._pidfd >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        elif self._over:
            self._finish()

    def lose(self) -> None:
        """The engine is gone, and so is what it watched over."""
        self.lost = not self._killed
        self.died.set()
        self.removed.set()
        self.kill_now()

    def happened(self, action: str) -> None:
        """What the engine has told of it."""
        if action == "oom":
            self.starved = True
        elif action == "kill" and not self._killed and not self._over:
            self.lost = True
        elif action == "die":
            self.died.set()
            if self._over or self._pidfd < 0:
                self._finish()
        elif action == "destroy":
            self.died.set()
            self.removed.set()

    def _ended(self) -> None:
        """The first process is gone, and all others were before."""
        self._loop.remove_reader(self._pidfd)
        self._over = True
        self.pid = -1
        if self._killed or self.died.is_set():
            self._finish()
        else:
            self._loop.call_later(_REASON_S, self._finish)

    def _finish(self) -> None:
        if self._gone.is_set():
            return
        self._gone.set()
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1
        if self._control is not None:
            self._control.close()

    async def said(self) -> str:
        word, _, end = (await self._word.rest(1.0)).decode("utf-8", "replace").partition("\n")
        try:
            told = _End.model_validate_json(end)
            self.exit, self.peak_bytes = told.exit, told.peak_bytes
        except ValidationError:
            # Only what is outside ends the first process before its program.
            self.lost = self.lost or (word == "ready" and not (self._session or self._killed or self.starved))
        return word
