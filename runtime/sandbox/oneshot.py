"""One program in a sandbox of its own, from start to end: jobs of the agent, and checkers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.command import BASE_ENV, Descriptors
from clawc.runtime.sandbox.finish import finish
from clawc.runtime.sandbox.ground import Ground, Role
from clawc.runtime.sandbox.interface import CHANNEL, Finished, Program
from clawc.runtime.sandbox.limits import Meter, resource_limits
from clawc.runtime.sandbox.pipes import PipeReader
from clawc.runtime.sandbox.pod import Start, Workspace
from clawc.runtime.sandbox.watchdog import watch

CHANNEL_LIMIT = 8 << 20
# After the last process is gone its pipes end at once.
_DRAIN_S = 5.0
_CHANNEL_FD = 3


async def run_program(
    ground: Ground, role: Role, program: Program, workspace: Workspace | None, folders: Mapping[str, Path]
) -> Finished:
    """Run to the end or a limit. When this returns, no process of it is left."""
    readers: list[PipeReader] = []
    start = Start(
        kind="script" if program.script else "program",
        argv=[str(_CHANNEL_FD) if arg == CHANNEL else arg for arg in program.argv],
        env={**BASE_ENV, **program.env},
        cwd=program.cwd,
        limits=resource_limits(program.limits, program.timeout_s),
        network=role != "check",
        workspace=workspace,
        folders=folders,
    )
    with Descriptors() as ends:
        stdin = ends.holding(program.stdin)
        outputs: list[int] = []
        for size in (program.output_limit, program.output_limit, CHANNEL_LIMIT)[: 3 if CHANNEL in program.argv else 2]:
            reading, writing = os.pipe()
            readers.append(PipeReader(reading, size))
            outputs.append(ends.hold(writing))
        try:
            box = await ground.start(role, start, [stdin, *outputs])
        except BaseException:
            for reader in readers:
                reader.close()
            raise
    meter = Meter(program.limits, program.timeout_s, ground.enforcers)
    watching = asyncio.create_task(watch(box, meter, workspace.upper if workspace else None))
    exiting = asyncio.create_task(box.exited())
    limit = ""
    try:
        await asyncio.wait({watching, exiting}, timeout=program.timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if not exiting.done():
            limit = watching.result() if watching.done() else "time"
    finally:
        watching.cancel()
        exiting.cancel()
        await finish(box.kill())
        kept = [await reader.rest(_DRAIN_S) for reader in readers]
        word = await box.said()
    if word != "ready":
        raise RuntimeFault("R0302", f"the sandbox did not start: {word or 'it ended without a word'}")
    over = readers[0].over or readers[1].over
    channel = readers[2] if len(readers) > 2 else None
    return Finished(
        None if limit else box.exit,
        kept[0],
        kept[1],
        limit,
        over,
        kept[2] if channel else b"",
        channel.over if channel else False,
    )
