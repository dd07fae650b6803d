"""The server's side of `child.py`: jobs are asked for, listened to and ended, and the process is started anew if it dies."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from clawc.runtime.playground.child import WIDTH

_PROGRAM = "clawc.runtime.playground.child"
# Of the environment of the user a compiler needs this; keys of others are none of its business.
_KEPT = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TZ",
    "PYTHONPATH",
    "PYTHONHOME",
    "LD_LIBRARY_PATH",
    "SYSTEMROOT",
    "VIRTUAL_ENV",
)


class End(NamedTuple):
    """Why a job has ended: done, stopped, time, memory or death."""

    why: str


Said = asyncio.Queue["dict[str, Any] | End"]


class Children:
    """Jobs in children that can be killed. Not started before the first of them."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._listens: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._jobs: dict[int, Said] = {}
        self._number = 0

    async def ask(self, kind: str, **job: object) -> AsyncGenerator[dict[str, Any] | End]:
        """What a job says, with an End as the last thing. A job whose listener goes away is killed."""
        await self.start()
        self._number += 1
        number, said = self._number, Said()
        self._jobs[number] = said
        self._write({"op": "start", "job": number, "kind": kind, **job})
        try:
            while True:
                message = await said.get()
                yield message
                if isinstance(message, End):
                    return
        finally:
            if self._jobs.pop(number, None) is not None:
                self._write({"op": "stop", "job": number})

    async def start(self) -> None:
        """Starts the process, unless it runs; a job does so by itself. Raises OSError."""
        async with self._starting:
            if self._writer is not None:
                return
            ours, its = socket.socketpair()
            with its:
                try:
                    self._process = await asyncio.create_subprocess_exec(
                        *(sys.executable, "-P", "-m", _PROGRAM, str(its.fileno())),
                        stdin=DEVNULL, stdout=DEVNULL, pass_fds=(its.fileno(),), start_new_session=True,
                        env={name: os.environ[name] for name in _KEPT if name in os.environ},
                    )  # fmt: skip
                except BaseException:
                    ours.close()
                    raise
            reader, self._writer = await asyncio.open_connection(sock=ours)
            self._listens = asyncio.create_task(self._listen(reader))

    async def close(self) -> None:
        """Ends the process with all jobs."""
        process, self._process = self._process, None
        if self._writer is not None:
            self._writer.close()
        if process is not None:
            try:
                await asyncio.wait_for(process.wait(), 2.0)
            except TimeoutError:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if self._listens is not None:
            await self._listens

    def _write(self, message: Mapping[str, object]) -> None:
        if self._writer is None:
            return
        data = json.dumps(message).encode()
        self._writer.write(len(data).to_bytes(WIDTH, "big") + data)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        """Gives each job what is said to it. When the process is gone all jobs have ended, and the next one starts another."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length = int.from_bytes(await reader.readexactly(WIDTH), "big")
                message = json.loads(await reader.readexactly(length))
                said = self._jobs.get(message.get("job", 0))
                if said is None:
                    continue
                if "end" in message:
                    del self._jobs[message["job"]]
                    said.put_nowait(End(message["end"]))
                else:
                    said.put_nowait(message["says"])
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
        for said in self._jobs.values():
            said.put_nowait(End("death"))
        self._jobs.clear()
