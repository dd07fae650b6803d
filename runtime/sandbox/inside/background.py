"""A spawned process inside a sandbox: its output waits until it is asked for, and makes the process wait when there is
much of it. Standard library of CPython 3.9 only."""

from __future__ import annotations

import os
import selectors
import subprocess
from collections.abc import Callable

from clawc.runtime.sandbox.inside.streams import CHUNK, Feed, taken_over

_ROOM = 1 << 20


class _Output:
    """One output; `asked` is who waits for more of it, until when."""

    def __init__(self, selector: selectors.BaseSelector, fd: int) -> None:
        self.selector = selector
        self.fd = fd
        self.kept = bytearray()
        self.listening = False
        self.asked: tuple[float, Callable[[bytes | None], None]] | None = None
        self.listen()

    def listen(self) -> None:
        if not self.listening and self.fd >= 0 and len(self.kept) < _ROOM:
            self.listening = True
            self.selector.register(self.fd, selectors.EVENT_READ, self.ready)

    def pause(self) -> None:
        if self.listening:
            self.listening = False
            self.selector.unregister(self.fd)

    def ready(self) -> None:
        try:
            chunk = os.read(self.fd, CHUNK)
        except BlockingIOError:
            return
        self.kept += chunk
        if not chunk:
            self.pause()
            os.close(self.fd)
            self.fd = -1
        elif len(self.kept) >= _ROOM:
            self.pause()
        self.serve()

    def serve(self) -> None:
        """Answer who waits, if there is something to say."""
        if self.asked is None or not (self.kept or self.fd < 0):
            return
        _, answer = self.asked
        self.asked = None
        data = bytes(self.kept) if self.kept else None
        self.kept.clear()
        self.listen()
        answer(data)


class Background:
    """A process that runs beside others. Times are on the monotonic clock."""

    def __init__(self, selector: selectors.BaseSelector, process: subprocess.Popen[bytes]) -> None:
        self.pid = process.pid
        self.process = process
        self.outputs = {
            "stdout": _Output(selector, taken_over(process.stdout)),
            "stderr": _Output(selector, taken_over(process.stderr)),
        }
        self.input = Feed(selector, taken_over(process.stdin))
        self.exit: int | None = None
        self.waiting: list[tuple[float, Callable[[int | None], None]]] = []
        self.exit_fd = os.pidfd_open(process.pid)
        self.selector = selector
        selector.register(self.exit_fd, selectors.EVENT_READ, self.ended)

    def read(self, stream: str, until: float, answer: Callable[[bytes | None], None]) -> None:
        """Answer with what is there, or with the first that comes; None at the end, empty when the time is up."""
        output = self.outputs[stream]
        if output.asked is not None:
            raise ValueError("somebody else is reading this stream")
        output.asked = (until, answer)
        output.serve()

    def write(self, data: bytes, done: Callable[[str], None]) -> None:
        self.input.add(data, done=done)

    def end_input(self) -> None:
        self.input.add(b"", end=True)

    def wait(self, until: float, answer: Callable[[int | None], None]) -> None:
        """Answer with the exit status once there is one, with None when the time is up."""
        if self.exit is not None:
            answer(self.exit)
        else:
            self.waiting.append((until, answer))

    def ended(self) -> None:
        self.selector.unregister(self.exit_fd)
        os.close(self.exit_fd)
        code = self.process.wait()
        self.exit = 128 - code if code < 0 else code
        waiting, self.waiting = self.waiting, []
        for _, answer in waiting:
            answer(self.exit)

    def deadlines(self) -> list[float]:
        found = [until for until, _ in self.waiting]
        return found + [output.asked[0] for output in self.outputs.values() if output.asked]

    def expire(self, now: float) -> None:
        for output in self.outputs.values():
            if output.asked and output.asked[0] <= now:
                answer = output.asked[1]
                output.asked = None
                answer(b"")
        late = [entry for entry in self.waiting if entry[0] <= now]
        self.waiting = [entry for entry in self.waiting if entry[0] > now]
        for _, tell in late:
            tell(None)
