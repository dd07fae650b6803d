"""Runs a program of an agent in its sandbox to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from clawc.runtime.harness.interface import Tools
from clawc.runtime.sandbox.interface import Process

_TAIL = 4_000
_OUTPUT = 1 << 20
_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Ended:
    """What a program printed, at most 1 MiB of each stream, and its exit status."""

    out: str
    err: str
    code: int

    @property
    def tail(self) -> str:
        """The end of what it says of a failure."""
        return (self.err or self.out)[-_TAIL:].strip()


async def run_program(
    tools: Tools,
    argv: Sequence[str],
    *,
    cwd: str,
    env: Mapping[str, str],
    stdin: str = "",
    started: Callable[[int], None] | None = None,
) -> Ended:
    """Run it, with all that descends from it ended when it does; `started` gets the number of its process. Raises FileProblem where it
    cannot be started."""
    process = await tools.spawn(argv, cwd=cwd, env=env)
    if started is not None:
        started(process.pid)
    if stdin:
        await process.write(stdin.encode("utf-8", "replace"))
    await process.end_input()
    out, err = await asyncio.gather(_all(process, "stdout"), _all(process, "stderr"))
    code = None
    while code is None:
        code = await process.wait(_WAIT_S)
    await process.kill()
    return Ended(out, err, code)


async def _all(process: Process, stream: Literal["stdout", "stderr"]) -> str:
    """All that it prints there, but for what is beyond the bound."""
    kept = bytearray()
    while True:
        data = await process.read(stream, wait_s=_WAIT_S)
        if data is None:
            return bytes(kept).decode("utf-8", "replace")
        kept += data[: max(0, _OUTPUT - len(kept))]
