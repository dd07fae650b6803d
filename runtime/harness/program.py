"""Runs a program of an agent in its sandbox to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from clawc.runtime.harness.interface import AGENT_HOME, Tools
from clawc.runtime.sandbox.interface import Process

_Stream: TypeAlias = Literal["stdout", "stderr"]
_STREAMS: tuple[_Stream, ...] = ("stdout", "stderr")
_TAIL = 4_000
_OUTPUT = 1 << 20
_WAIT_S = 1.0
# When the program has ended, what it has left running may hold its output open.
_REST_S = 2.0
# Between two looks at output that nobody keeps.
_PAUSE_S = 0.02
_STDIN = f"{AGENT_HOME}/.stdin"
_FROM_FILE = 'exec "$@" < "$0"'


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
    """Run it, and end what is left of its process group when it ends; `started` gets the number of its process. Raises FileProblem where
    it cannot be started."""
    if stdin:  # from a file: it may read it when it likes, or not at all
        await tools.lay({_STDIN: stdin.encode("utf-8", "replace")}, 0o600)
        argv = ["/bin/sh", "-c", _FROM_FILE, _STDIN, *argv]
    process = await tools.spawn(argv, cwd=cwd, env=env)
    if started is not None:
        started(process.pid)
    await process.end_input()
    printed = {stream: _Printed(process, stream) for stream in _STREAMS}
    reading = asyncio.gather(*(each.read() for each in printed.values()))
    try:
        code = None
        while code is None:
            code = await process.wait(_WAIT_S)
        await process.kill()
        await asyncio.wait({reading}, timeout=_REST_S)
        if reading.done():
            await reading
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    return Ended(printed["stdout"].text, printed["stderr"].text, code)


class _Printed:
    """What a program prints to one of its outputs, up to the bound; the rest is read and dropped, so that it does not wait."""

    def __init__(self, process: Process, stream: _Stream) -> None:
        self._process = process
        self._stream: _Stream = stream
        self._kept = bytearray()

    @property
    def text(self) -> str:
        return bytes(self._kept).decode("utf-8", "replace")

    async def read(self) -> None:
        """To its end."""
        while (data := await self._process.read(self._stream, wait_s=_WAIT_S)) is not None:
            room = _OUTPUT - len(self._kept)
            self._kept += data[:room]
            if room == 0:
                await asyncio.sleep(_PAUSE_S)
