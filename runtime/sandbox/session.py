"""A persistent sandbox: the runner's end of the resident's channel.

The resident is within reach of the agent, so its messages are bounded and checked, and every request has a
deadline on this side; a sandbox that misses one is ended, and that counts as the agent's doing.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.records import LimitUse
from clawc.runtime.sandbox.box import LOST, Box
from clawc.runtime.sandbox.collect import collect, usage
from clawc.runtime.sandbox.command import BASE_ENV, Descriptors
from clawc.runtime.sandbox.copy_folder import copy_folder, is_folder
from clawc.runtime.sandbox.door import Door
from clawc.runtime.sandbox.finish import acquire, finish, in_thread
from clawc.runtime.sandbox.ground import Ground, Place
from clawc.runtime.sandbox.interface import (
    OUTPUT_LIMIT,
    WORKSPACE,
    Collected,
    ExecResult,
    FileProblem,
    Peer,
    SandboxEnded,
    Template,
)
from clawc.runtime.sandbox.layers import Layer
from clawc.runtime.sandbox.limits import Meter, resource_limits
from clawc.runtime.sandbox.peer import peer_at
from clawc.runtime.sandbox.start import START_S, Start
from clawc.runtime.sandbox.watchdog import MAX_ENTRIES, watch
from clawc.spec.bundle import Limits

FILE_LIMIT = 64 << 20
_HEAD_LIMIT = 1 << 20
_PART = 8 << 20
_PATIENCE_S = 30.0
_KILLED = 128 + signal.SIGKILL
# A sandbox that moves while its workspace is copied, as something in it wakes what was stopped, is tried again.
_SNAPSHOT_TRIES = 5
_NO_MOUNTS: Mapping[str, Path] = MappingProxyType({})


class _Head(BaseModel):
    """The line of an answer, as far as anybody may rely on it."""

    model_config = ConfigDict(extra="ignore", strict=True)

    id: int = 0
    sizes: Annotated[list[Annotated[int, Field(ge=0)]], Field(max_length=2)] = []
    exit: Annotated[int, Field(ge=0, le=255)] | None = None
    timed_out: bool = False
    truncated: bool = False
    ended: bool = False
    error: str = ""
    pid: Annotated[int, Field(ge=0)] = 0


@dataclass(frozen=True, slots=True)
class Reply:
    head: _Head
    bodies: list[bytes]


@dataclass(slots=True)
class _Pending:
    """A request without an answer yet; `limit` bounds each part of the answer."""

    limit: int
    reply: asyncio.Future[Reply] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Session:
    """One running sandbox. Made by `open_session`."""

    def __init__(
        self,
        ground: Ground,
        place: Place,
        box: Box,
        meter: Meter,
        env: Mapping[str, str],
        channel: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        door: Door | None = None,
        mounts: Mapping[str, Path] = _NO_MOUNTS,
    ) -> None:
        self._ground = ground
        self._place: Place | None = place
        self._workspace = place.workspace
        self._written = place.written()
        self.folders: Mapping[str, Path] = dict(place.further)
        self._box = box
        self._meter = meter
        self._env = env
        self._reader, self._writer = channel
        self._door = door
        self._mounts = mounts
        self._numbers = itertools.count(1)
        self._pending: dict[int, _Pending] = {}
        self._ended: SandboxEnded | RuntimeFault | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def enforcers(self) -> tuple[str, ...]:
        return self._ground.named_enforcers()

    @property
    def door(self) -> socket.socket | None:
        return None if self._door is None else self._door.listening

    async def peer(self, port: int) -> Peer | None:
        return await in_thread(peer_at, self._box.pid, port)

    def limits(self) -> tuple[LimitUse, ...]:
        return self._meter.uses()

    async def begin(self) -> None:
        """Wait for the resident; raises RuntimeFault with what the box said if there is none."""
        try:
            async with asyncio.timeout(START_S):
                line = await self._reader.readline()
        except TimeoutError:
            line = b""
        if not line:
            await self._box.kill()
            said = await self._box.said()
            raise RuntimeFault("R0302", f"the sandbox did not start: {said or 'it gave no sign'}")
        if self._door is not None:
            self._door.receive()
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
        if reply.head.exit == _KILLED and (self._box.starved or self._box.lost):
            raise await self._lost("the sandbox exceeded its memory limit")
        out, err = reply.bodies
        return ExecResult(reply.head.exit, out, err, reply.head.timed_out, reply.head.truncated)

    async def spawn(
        self, argv: Sequence[str], *, cwd: str | None = None, env: Mapping[str, str] | None = None
    ) -> Spawned:
        head: dict[str, object] = {"op": "spawn", "argv": list(argv), "cwd": cwd or WORKSPACE, "env": dict(env or {})}
        number = next(self._numbers)
        reply = await self._ask(head, b"", _HEAD_LIMIT, _PATIENCE_S, number)
        if reply.head.exit is not None:
            said = reply.bodies[-1].decode("utf-8", "replace") if reply.bodies else ""
            raise FileProblem(f"cannot start `{argv[0]}`: {said[:500]}")
        return Spawned(self, number, reply.head.pid)

    async def put(self, path: str, data: bytes, mode: int = 0o644) -> None:
        # In parts: what is on its way counts as memory of the sandbox.
        for at in range(0, max(len(data), 1), _PART):
            head: dict[str, object] = {"op": "put", "path": _absolute(path), "mode": mode, "at": at}
            await self._ask(head, data[at : at + _PART], 0, _PATIENCE_S)

    async def get(self, path: str) -> bytes:
        reply = await self._ask(
            {"op": "get", "path": _absolute(path), "limit": FILE_LIMIT}, b"", FILE_LIMIT, _PATIENCE_S
        )
        return reply.bodies[0] if reply.bodies else b""

    async def ask_process(
        self, number: int, op: str, body: bytes = b"", wait_s: float = 0.0, stream: str = ""
    ) -> Reply:
        """A request about a spawned process."""
        head: dict[str, object] = {"op": op, "process": number, "wait": wait_s, "stream": stream}
        return await self._ask(head, body, OUTPUT_LIMIT * 2, wait_s + _PATIENCE_S)

    async def snapshot(self) -> LayerSnapshot:
        for _ in range(_SNAPSHOT_TRIES):
            layer, still = await self._keep_still()
            if still:
                return LayerSnapshot(self._ground, layer)
            await finish(self._ground.area("agent").layers.release(layer))
        raise await self._lost("the sandbox does not stand still")

    async def _keep_still(self) -> tuple[Layer, bool]:
        """A layer of the workspace, and whether all stood still while it was made."""
        place = self._place
        if self._ended is not None or place is None:
            raise self._ended or SandboxEnded("", "the sandbox was closed")
        try:
            await self._ask({"op": "freeze"}, b"", 0, _PATIENCE_S)
        except FileProblem:
            raise await self._lost("the sandbox does not stand still") from None
        try:
            layer = await finish(self._ground.keep("agent", place, self._meter.limits.disk_bytes))
        except SandboxEnded as end:
            if end.limit:
                self._meter.hit.add(end.limit)
            self._end(end)
            await self._box.kill()
            raise
        except BaseException:
            with suppress(SandboxEnded, FileProblem):
                await self._ask({"op": "thaw"}, b"", 0, _PATIENCE_S)
            raise
        try:
            reply = await self._ask({"op": "thaw"}, b"", 0, _PATIENCE_S)
        except BaseException:
            await finish(self._ground.area("agent").layers.release(layer))
            raise
        return layer, reply.head.exit == 0

    async def fork(self) -> Session:
        snapshot = await self.snapshot()
        try:
            return await acquire(
                open_in_place(
                    self._ground,
                    snapshot.layer,
                    self._meter.limits,
                    self._env,
                    tuple(self.folders),
                    None if self._door is None else self._door.port,
                    self._mounts,
                ),
                Session.close,
            )
        finally:
            await finish(snapshot.release())

    async def stop(self) -> str:
        self._meter.stop()
        self._end(SandboxEnded("", "the sandbox was stopped"))
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        if self._door is not None:
            self._door.close()
        await self._box.kill()
        self._meter.saw(memory=self._box.peak_bytes or None)
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()
        await self._box.said()
        return self._ended.limit if isinstance(self._ended, SandboxEnded) else ""

    async def collect(self, dest: Path) -> Collected:
        await self.stop()
        layers = (self._workspace.upper, *self._workspace.lower)
        async with self._ground.collecting:
            used, found = await in_thread(_measured_and_collected, layers, dest, bool(self._workspace.lower))
        self._meter.saw(disk=used)
        return found

    async def copy(self, path: str, dest: Path) -> Collected:
        layers, inside = self._layers_at(path)
        async with self._ground.collecting:
            return await in_thread(copy_folder, layers, inside, dest)

    def holds_folder(self, path: str) -> bool:
        """Whether there is a folder that can be written to at this path now. Raises FileProblem for one outside of them."""
        return is_folder(*self._layers_at(path))

    def _layers_at(self, path: str) -> tuple[tuple[Path, ...], tuple[str, ...]]:
        """The layers of the writable folder that a path is in, and the parts of the path below it."""
        parts = PurePosixPath(_absolute(path)).parts[1:]
        for at, folders in (
            *((at, (folder,)) for at, folder in self.folders.items()),
            (WORKSPACE, (self._workspace.upper, *self._workspace.lower)),
        ):
            above = PurePosixPath(at).parts[1:]
            if parts[: len(above)] == above and ".." not in parts:
                return folders, parts[len(above) :]
        raise FileProblem(f"`{path}` is in no folder that can be written to")

    async def close(self) -> None:
        await self.stop()
        place, self._place = self._place, None
        if place is not None:
            await self._ground.vacate("agent", place)

    async def _ask(
        self, head: dict[str, object], body: bytes, limit: int, patience_s: float, number: int | None = None
    ) -> Reply:
        """Send a request and wait for its answer."""
        if self._ended is not None:
            raise self._ended
        number = next(self._numbers) if number is None else number
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
            pending.reply.cancel()  # an answer that comes too late is nobody's, nor is an error, which would be logged as lost
            if not pending.reply.cancelled():
                pending.reply.exception()
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
                    pending.reply.set_result(Reply(head, bodies))
        except (ValueError, ValidationError, asyncio.IncompleteReadError, ConnectionError):
            pass  # as an end of the channel
        await self._lost("the sandbox ended")

    async def _guard(self) -> None:
        """End the sandbox when a limit is exceeded."""
        try:
            async with asyncio.timeout(self._meter.limits.wall_s):
                limit = await watch(self._box, self._meter, self._written, self._ground.looking)
        except TimeoutError:
            limit = "wall"
        except OSError as error:
            self._end(RuntimeFault("R0304", f"cannot watch the sandbox: {error.strerror}"))
            await self._box.kill()
            return
        if self._ended is not None:
            return
        self._meter.hit.add(limit)
        self._end(SandboxEnded(limit, f"the sandbox exceeded its {limit} limit"))
        await self._box.kill()

    async def _lost(self, message: str) -> SandboxEnded | RuntimeFault:
        """End it. Who breaks the channel from inside is the agent; what ended it from outside is not its doing."""
        if self._ended is None:
            await self._box.reason()
        await self._box.kill()
        lost = self._box.lost and self._ended is None
        starved = SandboxEnded("memory", "the sandbox exceeded its memory limit")
        error = RuntimeFault("R0302", LOST) if lost else starved if self._box.starved else SandboxEnded("", message)
        if error is starved and self._ended is None:
            self._meter.hit.add("memory")
        self._end(error)
        return self._ended or error

    def _end(self, error: SandboxEnded | RuntimeFault) -> None:
        """The first reason counts. Whoever waits for an answer gets it."""
        self._ended = self._ended or error
        for pending in self._pending.values():
            if not pending.reply.done():
                pending.reply.set_exception(self._ended)


class Spawned:
    """A Process of a Session."""

    def __init__(self, session: Session, number: int, pid: int) -> None:
        self.pid = pid
        self._session = session
        self._number = number

    async def read(self, stream: Literal["stdout", "stderr"] = "stdout", *, wait_s: float = 0.0) -> bytes | None:
        reply = await self._session.ask_process(self._number, "read", wait_s=wait_s, stream=stream)
        return None if reply.head.ended else b"".join(reply.bodies)

    async def write(self, data: bytes) -> None:
        await self._session.ask_process(self._number, "write", data)

    async def end_input(self) -> None:
        await self._session.ask_process(self._number, "end")

    async def wait(self, timeout_s: float) -> int | None:
        return (await self._session.ask_process(self._number, "wait", wait_s=timeout_s)).head.exit

    async def kill(self) -> None:
        await self._session.ask_process(self._number, "kill")


class LayerSnapshot:
    """A Snapshot of a Session."""

    def __init__(self, ground: Ground, layer: Layer) -> None:
        self.layer = layer
        self._ground = ground
        self._released = False

    @property
    def key(self) -> str:
        return self.layer.path.name

    async def release(self) -> None:
        if not self._released:
            self._released = True
            await self._ground.area("agent").layers.release(self.layer)


async def open_in_place(
    ground: Ground,
    template: Template | Layer,
    limits: Limits,
    env: Mapping[str, str],
    folders: Sequence[str] = (),
    port: int | None = None,
    mounts: Mapping[str, Path] = _NO_MOUNTS,
) -> Session:
    """A session in a place of its own, with further writable folders, a port that leads here, and folders of the host to read. Not to be
    cancelled."""
    place = await ground.place("agent", template, {})
    try:
        for at in folders:
            ground.add_folder("agent", place, at)
        return await open_session(ground, place, limits, env, port, mounts)
    except BaseException:
        await finish(ground.vacate("agent", place))
        raise


async def open_session(
    ground: Ground,
    place: Place,
    limits: Limits,
    env: Mapping[str, str],
    port: int | None = None,
    mounts: Mapping[str, Path] = _NO_MOUNTS,
) -> Session:
    """Start a sandbox with the resident in it; `place` stays the caller's if this raises. Not to be
    cancelled."""
    ours, theirs = socket.socketpair()
    start = Start(
        kind="session",
        limits=resource_limits(limits, limits.wall_s),
        env={**BASE_ENV, **env},
        cwd=WORKSPACE,
        workspace=place.workspace,
        writable=place.further,
        mounts=mounts,
        memory_bytes=limits.memory_bytes,
        time_s=limits.wall_s,
        more={} if port is None else {"port": port},
    )
    door = None if port is None else Door(port)
    try:
        with theirs, Descriptors() as ends:
            nowhere = ends.hold(os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC))
            given = [] if door is None else [ends.hold(door.line())]
            box = await ground.start("agent", start, [theirs.fileno(), nowhere, nowhere, *given])
    except BaseException:
        ours.close()
        if door is not None:
            door.close()
        raise
    channel = await asyncio.open_connection(sock=ours, limit=_HEAD_LIMIT)
    session = Session(ground, place, box, Meter(limits, limits.wall_s, ground.enforcers), env, channel, door, mounts)
    try:
        await session.begin()
    except BaseException:
        await finish(session.stop())
        raise
    return session


def _measured_and_collected(layers: Sequence[Path], dest: Path, base: bool) -> tuple[int, Collected]:
    """Bytes that the topmost layer takes, and what came out of all of them."""
    return usage(layers[0], sys.maxsize, MAX_ENTRIES).size, collect(layers, dest, base=base)


def _absolute(path: str) -> str:
    return path if path.startswith("/") else f"{WORKSPACE}/{path}"
