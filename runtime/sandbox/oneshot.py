"""One program in a sandbox of its own, from start to end: jobs of the agent, and checkers."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.command import Descriptors, View, limited
from clawc.runtime.sandbox.finish import finish
from clawc.runtime.sandbox.ground import Ground
from clawc.runtime.sandbox.interface import CHANNEL, Finished, Program
from clawc.runtime.sandbox.process import PipeReader
from clawc.runtime.sandbox.state import Slot
from clawc.runtime.sandbox.watchdog import watch

CHANNEL_LIMIT = 8 << 20
# After the last process is gone its pipes end at once.
_DRAIN_S = 5.0


async def run_program(ground: Ground, slot: Slot, program: Program, view: View, upper: Path | None) -> Finished:
    """Run to the end or a limit. When this returns, no process of it is left."""
    argv = list(program.argv)
    if program.cwd != view.cwd:
        # Not bwrap's --chdir: that the agent made no such folder is a result, not a failure to start.
        argv = ["/bin/sh", "-c", 'cd -- "$0" && exec "$@"', program.cwd, *argv]
    readers: list[PipeReader] = []
    with Descriptors() as ends, Descriptors() as held:
        for size in (program.output_limit, program.output_limit, CHANNEL_LIMIT):
            reading, writing = os.pipe()
            readers.append(PipeReader(reading, size))
            ends.hold(writing)
        out, err, channel = ends.fds
        keep = (channel,) if CHANNEL in argv else ()
        argv = [str(channel) if arg == CHANNEL else arg for arg in argv]
        try:
            box = await ground.start(
                view,
                limited(argv, program.limits),
                held,
                slot,
                stdin=ends.holding(program.stdin),
                stdout=out,
                stderr=err,
                keep=keep,
            )
        except BaseException:
            for reader in readers:
                reader.close()
            raise
    watching = asyncio.create_task(watch(box, program.limits, upper))
    exiting = asyncio.create_task(box.exited())
    limit = ""
    try:
        await asyncio.wait({watching, exiting}, timeout=program.timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if not exiting.done():
            limit = watching.result() if watching.done() else "time"
    finally:
        watching.cancel()
        exiting.cancel()
        await finish(ground.end(box))
        outputs = [await reader.rest(_DRAIN_S) for reader in readers]
    status = box.exit_status() if not limit else None
    if status is None and not limit:
        said = outputs[1].decode("utf-8", "replace").strip()[-500:]
        raise RuntimeFault("R0302", f"the sandbox did not start: {said or 'it ended without a word'}")
    over = readers[0].over or readers[1].over
    return Finished(status, outputs[0], outputs[1], limit, over, outputs[2], readers[2].over)
