"""The port that leads from a sandbox to the runner: who comes through it is inside this one sandbox, and known by its beginning."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TypeAlias

from clawc.runtime.sandbox.finish import finish
from clawc.runtime.sandbox.interface import Sandbox
from tests.sandbox.bench import SMALL, Bench, Files, sh
from tests.sandbox.case import Table

DOOR = Table(needs="door")
# When a process began, and the numbers above it.
Told: TypeAlias = "tuple[int, tuple[int, ...]]"
_PORT = 8000
_ASK = f"""exec 3<>/dev/tcp/127.0.0.1/{_PORT}; echo "$0" >&3; cat <&3"""


def _bash(word: str, before: str = "") -> list[str]:
    return ["/bin/bash", "-c", before + _ASK, word]


@asynccontextmanager
async def _with_door(bench: Bench) -> AsyncGenerator[Sandbox]:
    made = await bench.backend.create(Files(), SMALL, {}, (), _PORT)
    try:
        yield made
    finally:
        await finish(made.close())


@asynccontextmanager
async def _answering(sandbox: Sandbox, name: str, began: list[Told | None]) -> AsyncGenerator[list[bytes]]:
    """Answers with a name, and notes what is said."""
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readline())
        peer = await sandbox.peer(writer.get_extra_info("peername")[1])
        began.append(None if peer is None else (peer.began, peer.above))
        writer.write(name.encode())
        writer.close()

    door = sandbox.door
    assert door is not None
    server = await asyncio.start_server(answer, sock=door.dup())
    try:
        yield heard
    finally:
        server.close()


@DOOR.case(
    "connects to the port", "it reaches the runner of this sandbox, and no other does; a fork has a port of its own"
)
async def door_is_its_own(bench: Bench) -> None:
    async with _with_door(bench) as one, bench.sandbox() as without:
        fork = await one.fork()
        try:
            async with _answering(one, "one", []) as heard, _answering(fork, "fork", []):
                done = await one.exec(_bash("hello"), timeout_s=20)
                assert (done.stdout, heard) == (b"one", [b"hello\n"])
                assert (await fork.exec(_bash("hello"), timeout_s=20)).stdout == b"fork"
                assert (await without.exec(_bash("hello"), timeout_s=20)).exit != 0
                assert len(heard) == 1 and without.door is None
        finally:
            await finish(fork.close())


@DOOR.case(
    "listens at the port itself, ends whatever it can, and looks for the socket",
    "the port is the runner's as before, and nothing inside holds its socket",
)
async def door_stays(bench: Bench) -> None:
    async with _with_door(bench) as sandbox:
        steal = f"import socket; s = socket.socket(); s.setsockopt(1, 2, 1); s.bind(('127.0.0.1', {_PORT}))"
        assert (await sandbox.exec(["/usr/bin/python3", "-c", steal], timeout_s=20)).exit != 0
        await sh(sandbox, "kill -9 -1")
        look = "for p in /proc/[0-9]*; do ls -l $p/fd 2>/dev/null; done | grep -c socket"
        assert (await sh(sandbox, look)).strip() == "0"
        async with _answering(sandbox, "still", []):
            assert (await sandbox.exec(_bash("x"), timeout_s=20)).stdout == b"still"
        door = sandbox.door
        assert door is not None
    assert sandbox.door is None and door.fileno() == -1


@DOOR.case(
    "connects from a process that began early, and from one that began late",
    "the runner can tell which began first",
)
async def door_tells_who(bench: Bench) -> None:
    async with _with_door(bench) as sandbox:
        began: list[Told | None] = []
        async with _answering(sandbox, "x", began):
            early = await sandbox.spawn(_bash("early", "read line; "))
            await asyncio.sleep(0.1)  # ticks are hundredths of a second
            await sandbox.exec(_bash("late"), timeout_s=20)
            await early.write(b"go\n")
            while await early.read(wait_s=5) is not None:
                pass
        late_one, early_one = began
        assert late_one is not None and early_one is not None, began
        assert early_one[0] < late_one[0], began
        assert early.pid in early_one[1] and early.pid not in late_one[1], (began, early.pid)
