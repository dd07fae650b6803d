"""Processes that read sources: each question borrows one, so that questions at the same time have texts of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from clawc.lsp.workers import Overdue, Refused, Worker
from clawc.mcp.places import Refusal, Source

WAIT_S = 30.0
AT_ONCE = 2


class Readers:
    """Started when they are first asked, and anew after one was killed."""

    def __init__(self, wait_s: float = WAIT_S, at_once: int = AT_ONCE) -> None:
        self._all = [Worker(wait_s, "utf-32") for _ in range(at_once)]
        self._idle: asyncio.LifoQueue[Worker] = asyncio.LifoQueue()
        for worker in self._all:
            self._idle.put_nowait(worker)

    async def ask(self, method: str, source: Source, **params: Any) -> Any:
        """An answer about a source; see `Desk`. Raises Refusal."""
        async with self._borrowed() as worker:
            worker.put(source.path, source.text, source.root)
            try:
                return await worker.ask(method, path=source.path, **params)
            except Refused as refused:
                raise Refusal(str(refused)) from refused
            except Overdue as overdue:
                raise Refusal(
                    f"this source could not be read: {str(overdue).splitlines()[0]}; it may ask for too much"
                ) from overdue
            except asyncio.CancelledError:
                await worker.kill()  # nobody waits for the answer
                raise
            finally:
                worker.drop(source.path)

    async def close(self) -> None:
        """Ends the processes."""
        for worker in self._all:
            await worker.kill()

    @asynccontextmanager
    async def _borrowed(self) -> AsyncGenerator[Worker]:
        worker = await self._idle.get()
        try:
            yield worker
        finally:
            self._idle.put_nowait(worker)
