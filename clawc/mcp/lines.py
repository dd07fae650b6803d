"""Standard input as the client's messages, one a line, within a bound: a client that sends without end fills no memory."""

from __future__ import annotations

import io
import os
import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_LINE = 16 << 20  # bytes
_PART = 1 << 16


class BoundedLines(io.RawIOBase):
    """What comes on a descriptor, but of each line only the first `limit` bytes: what is left of a message that is too long is none,
    and the client is told so. `end` can be called by a handler of signals: it ends the input."""

    def __init__(self, descriptor: int, limit: int = MAX_LINE) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._limit = limit
        self._length = 0  # of the line so far
        self._ended, self._ends = os.pipe()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        while True:
            ready, _, _ = select.select([self._descriptor, self._ended], [], [])
            data = b"" if self._ended in ready else os.read(self._descriptor, min(len(view), _PART))
            if not data:
                return 0
            kept = self._kept(data)
            if kept:
                view[: len(kept)] = kept
                return len(kept)

    def end(self) -> None:
        """Nothing more is read."""
        os.write(self._ends, b".")

    def _kept(self, data: bytes) -> bytes:
        parts: list[bytes] = []
        for line in _lines(data):
            ends = line.endswith(b"\n")
            room = max(0, self._limit - self._length)
            parts.append(line if len(line) <= room else line[:room] + b"\n" * ends)
            self._length = 0 if ends else self._length + len(line)
        return b"".join(parts)


def _lines(data: bytes) -> list[bytes]:
    """Only `\\n` ends a line."""
    parts = data.split(b"\n")
    return [*(p + b"\n" for p in parts[:-1]), *([parts[-1]] if parts[-1] else [])]
