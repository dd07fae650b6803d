"""What single operations on sandboxes cost: a command, a reset of a large workspace, a fork, a program from start to end."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.sandbox.interface import Program
from clawc.runtime.sandbox.session import Session
from clawc.spec.bundle import Limits

AIM_COMMAND_MS, AIM_RESET_MS = 3.0, 30.0
FILES, FILE_BYTES = 5_000, 40_000
_LIMITS = Limits(wall_s=600)


class Large:
    """A template of 5,000 files and 200 MB."""

    key = "large"

    def write(self, dest: Path) -> None:
        for number in range(FILES):
            folder = dest / f"{number // 100:02}"
            folder.mkdir(exist_ok=True)
            (folder / f"{number % 100:02}.bin").write_bytes(os.urandom(FILE_BYTES))


class Small:
    """A template of one file."""

    key = "small"

    def write(self, dest: Path) -> None:
        (dest / "data.txt").write_text("data\n")


async def measured(times: int = 50) -> dict[str, Any]:
    """Medians in milliseconds, one operation at a time."""
    backend = Bubblewrap()
    try:
        found = await backend.probe()
        if not found.ok:
            raise SystemExit(f"sandboxes do not work here: {found.reason}")
        command = await _command(backend, times)
        reset = await _reset(backend, times)
        fork = await _fork(backend, times)
        oneshot = await _timed(times, lambda: _oneshot(backend))
    finally:
        await backend.close()
    return {
        "command_p50_ms": command, "reset_p50_ms": reset, "reset_files": FILES, "reset_bytes": FILES * FILE_BYTES,
        "fork_p50_ms": fork, "oneshot_p50_ms": oneshot,
    }  # fmt: skip


async def _timed(times: int, act: Callable[[], Awaitable[object]]) -> float:
    spent: list[float] = []
    for _ in range(times + 3):
        began = time.perf_counter()
        await act()
        spent.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(spent[3:]), 2)


async def _command(backend: Bubblewrap, times: int) -> float:
    sandbox = await backend.create(Small(), _LIMITS, {})
    try:
        return await _timed(times, lambda: sandbox.exec(["/bin/true"], timeout_s=10))
    finally:
        await sandbox.close()


async def _reset(backend: Bubblewrap, times: int) -> float:
    """Throw a used workspace away and have the next one ready for its first command."""
    at = [await backend.create(Large(), _LIMITS, {})]

    async def use(sandbox: Session) -> None:
        await sandbox.exec(["/bin/sh", "-c", "echo x > 00/00.bin; rm -r 01; echo y > new"], timeout_s=10)

    async def reset() -> None:
        await at[0].close()
        at[0] = await backend.create(Large(), _LIMITS, {})

    spent: list[float] = []
    for _ in range(times):
        await use(at[0])
        began = time.perf_counter()
        await reset()
        spent.append((time.perf_counter() - began) * 1000)
    await at[0].close()
    return round(statistics.median(spent), 2)


async def _fork(backend: Bubblewrap, times: int) -> float:
    sandbox = await backend.create(Large(), _LIMITS, {})
    spent: list[float] = []
    try:
        await sandbox.exec(["/bin/sh", "-c", "echo x > 00/00.bin; rm -r 01; echo y > new"], timeout_s=10)
        for _ in range(times):
            began = time.perf_counter()
            other = await sandbox.fork()
            spent.append((time.perf_counter() - began) * 1000)
            await other.close()
    finally:
        await sandbox.close()
    return round(statistics.median(spent), 2)


async def _oneshot(backend: Bubblewrap) -> None:
    folder = backend.scratch()
    done = await backend.run_over(Program(("/bin/true",), _LIMITS, 30), Small(), {}, folder / "tree")
    if done.exit != 0:
        raise SystemExit(f"a program in a sandbox ended with {done.exit}")
    await backend.discard(folder)


if __name__ == "__main__":
    print(asyncio.run(measured()))
