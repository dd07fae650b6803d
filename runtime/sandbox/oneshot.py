"""Programs in a sandbox of their own, from start to end: jobs of the agent, and checkers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.box import LOST
from clawc.runtime.sandbox.command import BASE_ENV, Descriptors
from clawc.runtime.sandbox.finish import finish
from clawc.runtime.sandbox.ground import Ground, Role
from clawc.runtime.sandbox.interface import CHANNEL, Finished, Program, ScriptRun
from clawc.runtime.sandbox.limits import Meter, resource_limits
from clawc.runtime.sandbox.pipes import PipeReader
from clawc.runtime.sandbox.start import Start, Workspace
from clawc.runtime.sandbox.watchdog import watch

CHANNEL_LIMIT = 8 << 20
# After the last process is gone its pipes end at once.
_DRAIN_S = 5.0
_CHANNEL_FD = 3


class _Head(BaseModel):
    """The line before the outputs of one run of a series."""

    model_config = ConfigDict(extra="forbid", strict=True)

    exit: Annotated[int, Field(ge=0, le=255)]
    late: bool
    over: tuple[bool, bool, bool]
    sizes: tuple[NonNegativeInt, NonNegativeInt, NonNegativeInt]


async def run_program(
    ground: Ground, role: Role, program: Program, workspace: Workspace | None, folders: Mapping[str, Path]
) -> Finished:
    """Run to the end or a limit. When this returns, no process of it is left. Only checkers get a channel."""
    channelled = role == "check" and CHANNEL in program.argv
    start = Start(
        kind="script" if program.script else "program",
        argv=[str(_CHANNEL_FD) if arg == CHANNEL and channelled else arg for arg in program.argv],
        env={**BASE_ENV, **program.env},
        cwd=program.cwd,
        limits=resource_limits(program.limits, program.timeout_s),
        network=role != "check",
        workspace=workspace,
        folders=folders,
        memory_bytes=program.limits.memory_bytes,
        time_s=program.timeout_s,
    )
    meter = Meter(program.limits, program.timeout_s, ground.enforcers)
    channel = CHANNEL_LIMIT if channelled else None
    return await _run(ground, role, start, program.stdin, program.output_limit, channel, meter)


async def run_series(
    ground: Ground, program: Program, runs: Sequence[ScriptRun], folders: Mapping[str, Path]
) -> list[Finished | None]:
    """Run a script several times in one box."""
    whole_s = program.timeout_s * len(runs)
    each = [
        {"argv": [str(_CHANNEL_FD) if arg == CHANNEL else arg for arg in run.arguments], "stdin": run.stdin}
        for run in runs
    ]
    start = Start(
        kind="series",
        argv=program.argv,
        env={**BASE_ENV, **program.env},
        cwd=program.cwd,
        limits=resource_limits(program.limits, program.timeout_s),
        network=False,
        folders=folders,
        memory_bytes=program.limits.memory_bytes,
        time_s=whole_s,
        more={"runs": each, "each_s": program.timeout_s, "keep": program.output_limit},
    )
    meter = Meter(program.limits, whole_s, ground.enforcers)
    room = (3 * program.output_limit + 4096) * len(runs)
    finished = await _run(ground, "check", start, b"", 4096, room, meter)
    found: list[Finished | None] = list(_frames(finished.channel))
    return found[: len(runs)] + [None] * (len(runs) - len(found))


def _frames(data: bytes) -> Iterator[Finished]:
    """The whole frames at the start of what a series has sent."""
    at = 0
    while (end := data.find(b"\n", at)) >= 0:
        try:
            head = _Head.model_validate_json(data[at:end])
        except ValidationError:
            return
        bodies: list[bytes] = []
        at = end + 1
        for size in head.sizes:
            bodies.append(data[at : at + size])
            at += size
        if at > len(data):
            return
        out, err, channel = bodies
        over = head.over[0] or head.over[1]
        yield Finished(
            None if head.late else head.exit, out, err, "time" if head.late else "", over, channel, head.over[2]
        )


async def _run(
    ground: Ground, role: Role, start: Start, stdin: bytes, output_limit: int, channel_limit: int | None, meter: Meter
) -> Finished:
    readers: list[PipeReader] = []
    with Descriptors() as ends:
        given = ends.holding(stdin)
        outputs: list[int] = []
        for size in (output_limit, output_limit, *([] if channel_limit is None else [channel_limit])):
            reading, writing = os.pipe()
            readers.append(PipeReader(reading, size))
            outputs.append(ends.hold(writing))
        try:
            box = await ground.start(role, start, [given, *outputs])
        except BaseException:
            for reader in readers:
                reader.close()
            raise
    written = (start.workspace.upper,) if start.workspace else ()
    watching = asyncio.create_task(watch(box, meter, written, ground.looking))
    exiting = asyncio.create_task(box.exited())
    limit = ""
    try:
        await asyncio.wait({watching, exiting}, timeout=meter.time_s, return_when=asyncio.FIRST_COMPLETED)
        if not exiting.done():
            limit = watching.result() if watching.done() else "time"
    except OSError as error:
        raise RuntimeFault("R0304", f"cannot watch the sandbox: {error.strerror}") from error
    finally:
        watching.cancel()
        exiting.cancel()
        await finish(box.kill())
        kept = [await reader.rest(_DRAIN_S) for reader in readers]
        word = await box.said()
    if box.lost:
        raise RuntimeFault("R0302", LOST)
    if box.starved and not limit:
        limit = "memory"
    if word != "ready":
        raise RuntimeFault("R0302", f"the sandbox did not start: {word or 'it ended without a word'}")
    channel = readers[2] if len(readers) > 2 else None
    return Finished(
        None if limit else box.exit,
        kept[0],
        kept[1],
        limit,
        readers[0].over or readers[1].over,
        kept[2] if channel else b"",
        channel.over if channel else False,
    )
