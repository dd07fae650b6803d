"""Ends of pipes that never block: outputs of commands and inputs for them. Standard library of CPython 3.9 only."""

from __future__ import annotations

import os
import selectors
from collections.abc import Callable
from typing import Any

CHUNK = 1 << 16


def taken_over(pipe: Any) -> int:
    """A descriptor of our own for an end of a pipe, not blocking; the object would close its own when
    collected."""
    fd = os.dup(pipe.fileno())
    pipe.close()
    os.set_blocking(fd, False)
    return fd


class Stream:
    """One output of a command. It is read until its end, also by what the command left running, so that
    nothing blocks or dies of a full or broken pipe; only the first `limit` bytes are kept."""

    def __init__(self, pipe: Any, limit: int) -> None:
        self.fd = taken_over(pipe)
        self.limit = limit
        self.kept = bytearray()
        self.over = False

    def read(self) -> bool | None:
        """Read once; None if nothing is there now, False at the end."""
        try:
            chunk = os.read(self.fd, CHUNK)
        except BlockingIOError:
            return None
        room = max(0, self.limit - len(self.kept))
        self.kept += chunk[:room]
        self.over = self.over or len(chunk) > room
        return bool(chunk)

    def settle(self) -> None:
        """Take what is there now; bounded, since something may still be writing."""
        for _ in range(64):
            if not self.read():
                return


class Feed:
    """The input of a process, written as it takes it."""

    def __init__(self, selector: selectors.BaseSelector, fd: int) -> None:
        self.selector = selector
        self.fd = fd
        self.left = bytearray()
        self.ending = False
        self.broken = False
        self.written: list[Callable[[str], None]] = []

    def add(self, data: bytes, end: bool = False, done: Callable[[str], None] | None = None) -> None:
        """Write `data`, then close the input if `end`; `done` gets an empty text, or why it could not be."""
        if self.fd < 0:
            if done:
                done("its input is closed")
            return
        idle = not self.left
        self.left += data
        self.ending = self.ending or end
        if done:
            self.written.append(done)
        if idle:
            self.selector.register(self.fd, selectors.EVENT_WRITE, self.go_on)
            self.go_on()

    def go_on(self) -> None:
        error = ""
        try:
            del self.left[: os.write(self.fd, memoryview(self.left)[:CHUNK].tobytes())]
        except BlockingIOError:
            return
        except OSError:
            error = "it does not read any more"
            self.left.clear()
            self.ending = True
        if self.left:
            return
        self.selector.unregister(self.fd)
        if self.ending:
            os.close(self.fd)
            self.fd = -1
        for done in self.written:
            done(error)
        self.written = []
