"""A persistent bubblewrap sandbox: the runner's end of the resident's channel.

The resident is within reach of the agent, so its messages are bounded and checked, and every request has a
deadline on this side; a sandbox that misses one is ended, and that counts as the agent's doing.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.collect import collect
from clawc.runtime.sandbox.command import PYTHON, Descriptors, View, limited
from clawc.runtime.sandbox.finish import finish, in_thread
from clawc.runtime.sandbox.ground import Ground, Place
from clawc.runtime.sandbox.interface import (
    OUTPUT_LIMIT,
    WORKSPACE,
    Collected,
    ExecResult,
    FileProblem,
    SandboxEnded,
)
from clawc.runtime.sandbox.process import START_S, Box, PipeReader
from clawc.runtime.sandbox.watchdog import watch
from clawc.spec.bundle import Limits

FILE_LIMIT = 64 << 20
_HEAD_LIMIT = 1 << 20
_PATIENCE_S = 30.0
_RESIDENT = "/run/resident.py"
_SOURCE = Path(__file__).with_name("resident.py")


class _Head(BaseModel):
    """The line of an answer, as far as anybody may rely on it."""

    model_config = ConfigDict(extra="ignore", strict=True)

    id: int = 0
    sizes: Annotated[list[Annotated[int, Field(ge=0)]], Field(max_length=2)] = []
    exit: Annotated[int, Field(ge=0, le=255)] | None = None
    timed_out: bool = False
    truncated: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class _Reply:
    head: _Head
    bodies: list[bytes]


@dataclass(slots=True)
class _Pending:
    """A request without an answer yet; `limit` bounds each part of the answer."""

    limit: int
    reply: asyncio.Future[_Reply] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Session:
    """One running sandbox. Made by `open_session`."""

    def __init__(
        self,
        ground: Ground,
        place: Place,
        box: Box,
        limits: Limits,
        errors: PipeReader,
        channel: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self._ground = ground
        self._place: Place | None = place
        self._upper = place.writable
        self._box = box
        self._limits = limits
        self._errors = errors
        self._reader, self._writer = channel
        self._numbers = itertools.count(1)
        self._pending: dict[int, _Pending] = {}
        self._ended: SandboxEnded | RuntimeFault | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def enforcers(self) -> tuple[str, ...]:
        return enforcers(self._ground)

    async def begin(self) -> None:
        """Wait for the resident; raises RuntimeFault with what bwrap said if there is none."""
        try:
            async with asyncio.timeout(START_S):
                line = await self._reader.readline()
        except TimeoutError:
            line = b""
        if not line:
            await self._ground.end(self._box)
            said = (await self._errors.rest(1)).decode("utf-8", "replace").strip()[-500:]
            raise RuntimeFault("R0302", f"the sandbox did not start: {said or 'it gave no sign'}")
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._guard())]

    async def exec(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        timeout_s: float,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        output_limit: int = OUTPUT_LIMIT,
    ) -> ExecResult:
        head: dict[str, object] = {"op": "exec", "argv": list(argv), "cwd": cwd or WORKSPACE}
        head |= {"env": dict(env or {}), "timeout": timeout_s, "limit": output_limit}
        reply = await self._ask(head, stdin, output_limit, timeout_s + _PATIENCE_S)
        if len(reply.bodies) != 2 or reply.head.exit is None:
            raise await self._lost("the sandbox gave an answer that makes no sense")
        out, err = reply.bodies
        return ExecResult(reply.head.exit, out, err, reply.head.timed_out, reply.head.truncated)

    async def put(self, path: str, data: bytes, mode: int = 0o644) -> None:
        await self._ask({"op": "put", "path": _absolute(path), "mode": mode}, data, 0, _PATIENCE_S)

    async def get(self, path: str) -> bytes:
        reply = await self._ask(
            {"op": "get", "path": _absolute(path), "limit": FILE_LIMIT}, b"", FILE_LIMIT, _PATIENCE_S
        )
        return reply.bodies[0] if reply.bodies else b""

    async def stop(self) -> str:
        self._end(SandboxEnded("", "the sandbox was stopped"))
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        await self._ground.end(self._box)
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()
        self._errors.close()
        return self._ended.limit if isinstance(self._ended, SandboxEnded) else ""

    async def collect(self, dest: Path) -> Collected:
        await self.stop()
        async with self._ground.collecting:
            return await in_thread(collect, self._upper.upper, self._upper.lower, dest)

    async def close(self) -> None:
        await self.stop()
        place, self._place = self._place, None
        if place is not None:
            await self._ground.vacate(place)

    async def _ask(self, head: dict[str, object], body: bytes, limit: int, patience_s: float) -> _Reply:
        """Send a request and wait for its answer."""
        if self._ended is not None:
            raise self._ended
        number = next(self._numbers)
        pending = self._pending[number] = _Pending(limit)
        self._writer.write(json.dumps({"id": number, "size": len(body), **head}).encode() + b"\n" + body)
        try:
            async with asyncio.timeout(patience_s):
                await self._writer.drain()
                reply = await pending.reply
        except TimeoutError:
            raise await self._lost("the sandbox stopped answering") from None
        except ConnectionError:
            raise await self._lost("the sandbox ended") from None
        finally:
            self._pending.pop(number, None)
        if reply.head.error:
            raise FileProblem(reply.head.error[:500])
        return reply

    async def _listen(self) -> None:
        """Hand answers to their requests until the channel ends or breaks its rules."""
        try:
            while line := await self._reader.readline():
                head = _Head.model_validate_json(line)
                pending = self._pending.get(head.id)
                if any(size > (pending.limit if pending else FILE_LIMIT) for size in head.sizes):
                    break
                bodies = [await self._reader.readexactly(size) for size in head.sizes]
                if pending is not None and not pending.reply.done():
                    pending.reply.set_result(_Reply(head, bodies))
        except (ValueError, ValidationError, asyncio.IncompleteReadError, ConnectionError):
            pass  # as an end of the channel
        await self._lost("the sandbox ended")

    async def _guard(self) -> None:
        """End the sandbox when a limit is exceeded."""
        try:
            async with asyncio.timeout(self._limits.wall_s):
                limit = await watch(self._box, self._limits, self._upper.upper)
        except TimeoutError:
            limit = "wall"
        except OSError as error:
            self._end(RuntimeFault("R0304", f"cannot watch the sandbox: {error.strerror}"))
            await self._ground.end(self._box)
            return
        self._end(SandboxEnded(limit, f"the sandbox exceeded its {limit} limit"))
        await self._ground.end(self._box)

    async def _lost(self, message: str) -> SandboxEnded | RuntimeFault:
        self._end(SandboxEnded("", message))
        await self._ground.end(self._box)
        return self._ended or SandboxEnded("", message)

    def _end(self, error: SandboxEnded | RuntimeFault) -> None:
        """The first reason counts. Whoever waits for an answer gets it."""
        self._ended = self._ended or error
        for pending in self._pending.values():
            if not pending.reply.done():
                pending.reply.set_exception(self._ended)


async def open_session(ground: Ground, place: Place, limits: Limits, env: Mapping[str, str]) -> Session:
    """Start a sandbox with the resident in it; `place` stays the caller's if this raises. Not to be
    cancelled."""
    ours, theirs = socket.socketpair()
    reading, writing = os.pipe()
    errors = PipeReader(reading, 1 << 16)
    view = View(workspace=place.writable, files={_RESIDENT: _SOURCE.read_bytes()}, env=env)
    command = limited([PYTHON, "-I", "-S", _RESIDENT], limits)
    try:
        with Descriptors() as ends, Descriptors() as held:
            stdin, stderr = ends.hold(theirs.detach()), ends.hold(writing)
            stdout = ends.hold(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC))
            box = await ground.start(view, command, held, place.slot, stdin=stdin, stdout=stdout, stderr=stderr)
    except BaseException:
        ours.close()
        errors.close()
        raise
    channel = await asyncio.open_connection(sock=ours, limit=_HEAD_LIMIT)
    session = Session(ground, place, box, limits, errors, channel)
    try:
        await session.begin()
    except BaseException:
        await finish(session.stop())
        raise
    return session


def enforcers(ground: Ground) -> tuple[str, ...]:
    """What bounds a sandbox, as records name it."""
    found = [
        "memory:watchdog",
        "disk:watchdog",
        "files:rlimit",
        "processes:rlimit",
        "wall:runner",
        "calls:seccomp",
    ]
    found.append("workspace:overlay" if ground.overlay else "workspace:copy")
    return (*found, "user:own" if ground.slots.drops_user else "user:shared")


def _absolute(path: str) -> str:
    return path if path.startswith("/") else f"{WORKSPACE}/{path}"
