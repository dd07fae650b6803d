"""One running bwrap: started without inheriting anything, killed by pidfd, gone when `kill` returns."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, Field

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.command import Descriptors, View, arguments

# A host that cannot start a sandbox in this time is out of order.
START_S = 30.0
_MONITOR_S = 2.0
_CHUNK = 1 << 16


class _Status(BaseModel):
    """One line of what bwrap reports about itself."""

    child_pid: int | None = Field(None, alias="child-pid")
    exit_code: int | None = Field(None, alias="exit-code")


class PipeReader:
    """Reads a pipe to its end in the background, keeping the first `limit` bytes; `over` if there were
    more."""

    def __init__(self, fd: int, limit: int) -> None:
        self._fd = fd
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self.data = bytearray()
        self.over = False
        self.ended = False
        os.set_blocking(fd, False)
        self._loop.add_reader(fd, self._ready)

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
        self._news.set()

    async def line(self) -> bytes:
        """The first line, or all there is if the pipe ends before one does."""
        while b"\n" not in self.data and not self.ended:
            self._news.clear()
            await self._news.wait()
        return bytes(self.data).split(b"\n", 1)[0]

    async def rest(self, patience_s: float) -> bytes:
        """All that was kept, once the pipe has ended or patience has."""
        try:
            async with asyncio.timeout(patience_s):
                while not self.ended:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            self.close()
        return bytes(self.data)

    def close(self) -> None:
        if not self.ended:
            self.ended = True
            self._loop.remove_reader(self._fd)
            os.close(self._fd)


class _Exit:
    """The end of a process, seen through a pidfd."""

    def __init__(self, pid: int) -> None:
        self.fd = os.pidfd_open(pid)
        self._loop = asyncio.get_running_loop()
        self.gone = asyncio.Event()
        self._loop.add_reader(self.fd, self._ready)

    def _ready(self) -> None:
        self._loop.remove_reader(self.fd)
        self.gone.set()

    def kill(self) -> None:
        try:
            signal.pidfd_send_signal(self.fd, signal.SIGKILL)
        except ProcessLookupError:
            self.gone.set()

    def close(self) -> None:
        self._loop.remove_reader(self.fd)
        os.close(self.fd)


class Box:
    """A sandbox's processes: the monitor (ours to reap) and `pid`, the first process inside."""

    def __init__(self, monitor: subprocess.Popen[bytes], watched: _Exit, status: PipeReader, pid: int) -> None:
        self.pid = pid
        self._monitor = monitor
        self._watched = watched
        self._first = _first_process(pid, monitor.pid)
        self._status = status
        self._closed = False

    async def exited(self) -> None:
        await self._watched.gone.wait()

    async def kill(self) -> None:
        """Kill the first process inside, and with it all others; returns when they are gone. Idempotent."""
        if self._closed:
            return
        if self._first is not None:
            self._first.kill()
            await self._first.gone.wait()
        try:
            async with asyncio.timeout(_MONITOR_S):  # it reaps the first process and ends
                await self._watched.gone.wait()
        except TimeoutError:
            self._monitor.kill()
            await self._watched.gone.wait()
        await self._status.rest(5)
        if not self._closed:
            self._closed = True
            self._monitor.wait()
            with suppress(ChildProcessError):
                # A monitor whose program has ended does not wait for the first process, which is then left to
                # the first process of the machine or container: us, perhaps.
                os.waitpid(self.pid, os.WNOHANG)
            self._watched.close()
            if self._first is not None:
                self._first.close()

    def kill_now(self) -> None:
        """Without waiting, for the end of the runner."""
        if not self._closed:
            if self._first is not None:
                self._first.kill()
            self._monitor.kill()

    def exit_status(self) -> int | None:
        """After `kill`: how the program ended by itself, or None if it never started or was killed with
        the box."""
        codes = [_Status.model_validate_json(line).exit_code for line in bytes(self._status.data).splitlines()]
        return codes[-1] if codes else None


def _first_process(pid: int, monitor: int) -> _Exit | None:
    """A hold on the first process of a sandbox, or None if it has ended: then its number may be another's already."""
    try:
        held = _Exit(pid)
    except ProcessLookupError:
        return None
    try:
        parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        parent = 0
    # The monitor is not yet reaped, so its number is its own. Once it has gone, so has what it watched.
    if parent == monitor:
        return held
    held.close()
    return None


async def launch(
    bwrap: Path,
    view: View,
    command: Sequence[str],
    held: Descriptors,
    *,
    seccomp: bytes,
    user: int | None,
    stdin: int,
    stdout: int,
    stderr: int,
    keep: tuple[int, ...] = (),
) -> Box:
    """Start `command` in a new sandbox, as the host's user `user` if given; `held` closes what the child
    took over."""
    reading, writing = os.pipe()
    held.hold(writing)
    status = PipeReader(reading, 1 << 16)
    try:
        args = arguments(view, held, seccomp=seccomp, status_fd=writing)
        monitor = subprocess.Popen(
            ["bwrap", "--args", str(args), "--", *command],
            executable=bwrap,
            env={},
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            pass_fds=(*held.fds, *keep),
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        status.close()
        raise RuntimeFault("R0302", f"cannot start the sandbox: {error}") from error
    watched = _Exit(monitor.pid)
    os.close(held.fds.pop(held.fds.index(writing)))
    try:
        async with asyncio.timeout(START_S):
            line = await status.line()
        pid = _Status.model_validate_json(line or b"{}").child_pid
        if pid is None:
            raise RuntimeFault("R0302", "the sandbox did not start")
        return Box(monitor, watched, status, pid)
    except BaseException as error:
        monitor.kill()
        monitor.wait()
        watched.close()
        status.close()
        if isinstance(error, (TimeoutError, OSError, ValueError)):
            raise RuntimeFault("R0302", "the sandbox did not start in time") from error
        raise
