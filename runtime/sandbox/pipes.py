"""Reads pipes in the background of the event loop."""

from __future__ import annotations

import asyncio
import os

_CHUNK = 1 << 16


class PipeReader:
    """Reads a pipe to its end in the background, keeping the first `limit` bytes; `over` if there were
    more."""

    def __init__(self, fd: int, limit: int) -> None:
        self._fd = fd
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        self.data = bytearray()
        self.over = False
        os.set_blocking(fd, False)
        self._loop.add_reader(fd, self._ready)

    @property
    def ended(self) -> bool:
        return self._end.is_set()

    def _ready(self) -> None:
        try:
            chunk = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return
        room = self._limit - len(self.data)
        self.data += chunk[:room]
        self.over = self.over or len(chunk) > room
        if not chunk:
            self.close()

    async def rest(self, patience_s: float) -> bytes:
        """All that was kept, once the pipe has ended or patience has."""
        if not self.ended:
            self._ready()  # most often it ends now
        if not self.ended:
            try:
                async with asyncio.timeout(patience_s):
                    await self._end.wait()
            except TimeoutError:
                self.close()
        return bytes(self.data)

    def close(self) -> None:
        if not self.ended:
            self._end.set()
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
