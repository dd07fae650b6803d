"""Runs a function over items in children that can be killed, each item within bounds of processor time and memory.

Results come in the order of the items and must be JSON data. A child that dies takes one item with it, never the rest.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, NoReturn

from clawc.runtime.sandbox.bounds import Bounds, confine, start_clock, stop_clock

_WIDTH = 8  # bytes of a number on a pipe
_AHEAD = 2  # items that a child has before it: one at work, one that waits
_WALL = 8  # times its processor time an item may take, for what waits or is starved
_COLLECT = 50  # items after which a child collects its garbage


class Overrun(NamedTuple):
    """An item that was not finished, and why: its time or memory ran out, or its process died by a signal."""

    why: Literal["time", "memory", "death"]
    detail: str = ""


@dataclass(slots=True, eq=False)
class _Child:
    """`waiting` are the items that it has, the first of them at work since `since`."""

    pid: int
    requests: int
    replies: int
    waiting: list[int] = field(default_factory=list[int])
    buffer: bytearray = field(default_factory=bytearray)
    since: float = 0.0
    given: int = 0  # items, since it was forked


def bounded(
    function: Callable[[Any], Any],
    items: Sequence[Any],
    *,
    jobs: int = 1,
    bounds: Bounds | None = None,
    meanwhile: Callable[[], object] | None = None,
    renew: int = 0,
) -> Generator[Any]:
    """The results in order; an Overrun stands for one that was not finished. `meanwhile` is called once here, as soon as
    the children are at work. With `renew`, a child is replaced by a fresh one after so many items: its garbage goes with it,
    in no time.

    Where a process cannot fork, the function is called here, without bounds. Raises RuntimeError with the traceback when
    the function raises anything but MemoryError.
    """
    if not hasattr(os, "fork"):
        yield from (function(item) for item in items)
        return
    pool = _Pool(function, items, max(1, min(jobs, len(items))), bounds or Bounds(), renew)
    try:
        pool.begin()
        if meanwhile is not None:
            meanwhile()
        yield from pool.results()
    finally:
        pool.close()


class _Pool:
    def __init__(
        self, function: Callable[[Any], Any], items: Sequence[Any], jobs: int, bounds: Bounds, renew: int
    ) -> None:
        self.function = function
        self.items = items
        self.jobs = jobs
        self.bounds = bounds
        self.renew = renew or sys.maxsize
        self.todo = list(range(len(items) - 1, -1, -1))
        self.done: dict[int, Any] = {}
        self.children: list[_Child] = []

    def begin(self) -> None:
        """Starts the children, each with something to do."""
        self._feed()

    def results(self) -> Generator[Any]:
        following = 0
        while following < len(self.items):
            if following in self.done:
                yield self.done.pop(following)
                following += 1
            else:
                self._feed()
                self._listen()

    def close(self) -> None:
        """Ends all children, also those at work."""
        for child in list(self.children):
            self._end(child)

    def _feed(self) -> None:
        for child in [c for c in self.children if c.given >= self.renew and not c.waiting]:
            self._end(child)
        while self.todo and len(self.children) < self.jobs:
            self.children.append(self._fork())
        for child in self.children:
            while self.todo and len(child.waiting) < _AHEAD and child.given < self.renew:
                if not child.waiting:
                    child.since = time.monotonic()
                child.waiting.append(self.todo.pop())
                child.given += 1
                with suppress(BrokenPipeError):  # it has died, which shows when its reply is read
                    os.write(child.requests, child.waiting[-1].to_bytes(_WIDTH, "big"))

    def _listen(self) -> None:
        ready, _, _ = select.select([child.replies for child in self.children], [], [], 0.5)
        for child in [c for c in self.children if c.replies in ready]:
            data = os.read(child.replies, 1 << 20)
            child.buffer += data
            self._settle(child)
            if not data:
                self._lost(child, None)
        late = time.monotonic() - _WALL * self.bounds.cpu_s
        for child in [c for c in self.children if c.waiting and c.since < late]:
            self._lost(child, Overrun("time"))

    def _settle(self, child: _Child) -> None:
        """Takes the whole replies out of the buffer."""
        while len(child.buffer) >= _WIDTH and child in self.children:
            end = _WIDTH + int.from_bytes(child.buffer[:_WIDTH], "big")
            if len(child.buffer) < end:
                return
            kind, value = json.loads(child.buffer[_WIDTH:end])
            del child.buffer[:end]
            child.since = time.monotonic()
            if kind == "raised":
                raise RuntimeError(value)
            if kind == "memory":  # what the child still holds is unknown
                self._lost(child, Overrun("memory"))
            else:
                self.done[child.waiting.pop(0)] = value

    def _lost(self, child: _Child, why: Overrun | None) -> None:
        """Ends a child; its item at work is not finished, the one that waits goes to another child."""
        status = self._end(child)
        if not child.waiting:
            return
        if why is None:
            number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
            name = signal.Signals(number).name if number else f"exit {os.waitstatus_to_exitcode(status)}"
            why = Overrun("time") if number == signal.SIGPROF else Overrun("death", name)
        self.done[child.waiting[0]] = why
        self.todo.extend(reversed(child.waiting[1:]))

    def _end(self, child: _Child) -> int:
        """Its exit status, as `waitpid` gives it. One that has died already keeps its own."""
        self.children.remove(child)
        os.close(child.requests)
        os.close(child.replies)
        pid, status = os.waitpid(child.pid, os.WNOHANG)
        if pid == 0 and child.waiting:
            time.sleep(0.01)  # its pipe closes a moment before it can be waited for
            pid, status = os.waitpid(child.pid, os.WNOHANG)
        if pid == 0:
            os.kill(child.pid, signal.SIGKILL)
            _, status = os.waitpid(child.pid, 0)
        return status

    def _fork(self) -> _Child:
        from_parent, requests = os.pipe()
        replies, to_parent = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        gc.freeze()
        pid = os.fork()
        if pid == 0:
            for other in self.children:
                os.close(other.requests)
                os.close(other.replies)
            os.close(requests)
            os.close(replies)
            self._serve(from_parent, to_parent)
        os.close(from_parent)
        os.close(to_parent)
        return _Child(pid, requests, replies)

    def _serve(self, requests: int, replies: int) -> NoReturn:
        """The child: one item after the other, until the parent closes the pipe or is gone."""
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when to stop
            gc.disable()
            confine(self.bounds)
            count = 0
            while number := os.read(requests, _WIDTH):
                reply = json.dumps(self._reply(int.from_bytes(number, "big"))).encode("ascii")
                data = memoryview(len(reply).to_bytes(_WIDTH, "big") + reply)
                while data:
                    data = data[os.write(replies, data) :]
                count += 1
                if count % _COLLECT == 0:
                    gc.collect()
        finally:
            os._exit(1)

    def _reply(self, number: int) -> tuple[str, Any]:
        start_clock(self.bounds)
        try:
            return "done", self.function(self.items[number])
        except MemoryError:
            return "memory", None
        except Exception:  # noqa: BLE001 - the edge of the process: whatever was not foreseen goes to the parent
            import traceback

            return "raised", traceback.format_exc()
        finally:
            stop_clock()
