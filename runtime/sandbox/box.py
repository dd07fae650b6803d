"""The processes of one sandbox, whatever keeps them apart from others."""

from __future__ import annotations

from typing import Protocol

LOST = "the sandbox was ended from outside, or with what it runs on"


class Box(Protocol):
    """After the end `exit` is the status of its program and `peak_bytes` the largest that one process was. `lost` if something
    ended it that nothing inside can bring about, `starved` if the system ended a process of it for want of memory."""

    exit: int | None
    peak_bytes: int
    lost: bool

    @property
    def starved(self) -> bool: ...

    @property
    def pid(self) -> int:
        """The number of the first process on this machine, -1 once it is gone."""
        ...

    @property
    def gone(self) -> bool: ...

    async def exited(self) -> None:
        """Return when all its processes are gone."""
        ...

    async def kill(self) -> None:
        """Kill the first process inside, and with it all others; returns when they are gone. Idempotent."""
        ...

    async def reason(self) -> None:
        """Where it seems to have ended by itself: return when `lost` and `starved` tell why, or it goes on."""
        ...

    async def said(self) -> str:
        """Its only word, after its end: "ready" if it was shut in."""
        ...
