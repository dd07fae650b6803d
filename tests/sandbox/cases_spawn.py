"""Programs that run beside other commands: their streams lose nothing, and they end with the sandbox at the latest."""

from __future__ import annotations

import asyncio
import hashlib

from clawc.runtime.sandbox.interface import FileProblem, Process, Sandbox, SandboxEnded
from tests.sandbox.bench import Bench, appears, processes, sh, vanishes, word
from tests.sandbox.case import Table

SPAWN = Table(needs="spawn")

_LONG_S = 60.0


async def _all(process: Process, stream: str = "stdout") -> bytes:
    """Everything that a stream gives until its end."""
    found = b""
    while (data := await process.read("stderr" if stream == "stderr" else "stdout", wait_s=5)) is not None:
        found += data
    return found


async def _shell(sandbox: Sandbox, command: str) -> Process:
    return await sandbox.spawn(["/bin/sh", "-c", command])


@SPAWN.case("writes to both streams, reads its input, ends with a status", "all comes out as it was written")
async def spawn_streams(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        process = await _shell(sandbox, "echo out; echo err >&2; while read line; do echo got $line; done; exit 7")
        assert await process.read(wait_s=_LONG_S) == b"out\n"
        assert await process.read("stderr", wait_s=_LONG_S) == b"err\n"
        assert await process.read() == b""
        await process.write(b"one\n")
        assert await process.read(wait_s=_LONG_S) == b"got one\n"
        assert await process.wait(0) is None
        await process.write(b"two\n")
        await process.end_input()
        assert await _all(process) == b"got two\n" and await _all(process, "stderr") == b""
        assert await process.wait(_LONG_S) == 7
        assert await process.read() is None


@SPAWN.case(
    "starts in a folder and with variables that were asked for, or cannot start",
    "so it is, or its status is 126 or 127",
)
async def spawn_cwd_env(bench: Bench) -> None:
    async with bench.sandbox(env={"X": "1"}) as sandbox:
        process = await sandbox.spawn(["/bin/sh", "-c", "pwd; echo $X $Y"], cwd="/w/in", env={"Y": "2"})
        assert await _all(process) == b"/w/in\n1 2\n" and await process.wait(_LONG_S) == 0
        for argv, cwd in ((["/no/such/program"], None), (["/etc/passwd"], None), (["/bin/true"], "/w/absent")):
            try:
                await sandbox.spawn(argv, cwd=cwd)
            except FileProblem:
                continue
            raise AssertionError(f"{argv} was started")


@SPAWN.case("dies by a signal", "128 + its number")
async def spawn_signal_status(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        process = await _shell(sandbox, "kill -SEGV $$")
        assert await process.wait(_LONG_S) == 139


@SPAWN.case("writes 20 MB while nobody reads", "it waits, as at a full pipe; then nothing is lost")
async def spawn_output_waits(bench: Bench) -> None:
    program = (
        "import hashlib, sys; data = bytes(range(256)) * 80000; sys.stdout.buffer.write(data); sys.stderr.write('done')"
    )
    expected = bytes(range(256)) * 80_000
    async with bench.sandbox() as sandbox:
        process = await sandbox.spawn(["/usr/bin/python3", "-c", program])
        assert await process.wait(1) is None
        assert await sh(sandbox, "echo beside") == "beside\n"
        found = await _all(process)
        assert (len(found), hashlib.sha256(found).digest()) == (len(expected), hashlib.sha256(expected).digest())
        assert await _all(process, "stderr") == b"done" and await process.wait(_LONG_S) == 0


@SPAWN.case("is given 4 MB of input that it reads late", "it gets all of it")
async def spawn_large_input(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        process = await _shell(sandbox, "sleep 0.5; wc -c")
        for _ in range(16):
            await process.write(b"x" * (256 << 10))
        await process.end_input()
        assert (await _all(process)).strip() == b"4194304" and await process.wait(_LONG_S) == 0


@SPAWN.case(
    "is killed, with children in sessions of their own", "all that descends from it is gone; the sandbox goes on"
)
async def spawn_kill_takes_descendants(bench: Bench) -> None:
    mark, other = word(), word()
    async with bench.sandbox() as sandbox:
        bystander = await _shell(sandbox, f"exec sleep {other}")
        process = await _shell(
            sandbox, f"trap '' TERM; sleep {mark} & setsid sh -c 'trap \"\" TERM; sleep {mark}; :' & sleep {mark}; :"
        )
        await appears(mark, 3)
        await appears(other)
        await process.kill()
        await vanishes(mark)
        assert await process.wait(_LONG_S) == 137
        assert len(processes(other)) == 1 and await bystander.wait(0) is None
        assert await sh(sandbox, "echo alive") == "alive\n"


@SPAWN.case("runs when its sandbox is stopped", "it is gone, and its calls raise SandboxEnded")
async def spawn_ends_with_sandbox(bench: Bench) -> None:
    mark = word()
    async with bench.sandbox() as sandbox:
        process = await _shell(sandbox, f"setsid sleep {mark} & exec sleep {mark}")
        await appears(mark, 2)
        waiting = asyncio.create_task(process.wait(_LONG_S))
        await asyncio.sleep(0.05)
        await sandbox.stop()
        assert processes(mark) == []
        for attempt in (waiting, process.read(), process.write(b"x"), process.wait(0)):
            try:
                await attempt
            except SandboxEnded:
                continue
            raise AssertionError("a process outlived its sandbox")


@SPAWN.case("goes on while commands come and go", "it is not touched by the end of a command, nor by its time limit")
async def spawn_outlives_commands(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        process = await _shell(sandbox, "for i in 1 2 3; do read x; echo $i; done")
        for number in (1, 2, 3):
            done = await sandbox.exec(["/bin/sh", "-c", "sleep 60"], timeout_s=0.2)
            assert done.timed_out
            await process.write(b"\n")
            assert await process.read(wait_s=_LONG_S) == f"{number}\n".encode()
        assert await process.wait(_LONG_S) == 0


@SPAWN.case("several run at once, and write a lot", "each has its own streams")
async def spawn_many(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        running = [await _shell(sandbox, f"yes {n} | head -n 50000") for n in range(6)]
        outputs = await asyncio.gather(*map(_all, running))
        assert outputs == [f"{n}\n".encode() * 50_000 for n in range(6)]
        assert [await process.wait(_LONG_S) for process in running] == [0] * 6


@SPAWN.case("closes its streams and goes on", "the end of the streams is told, and that it still runs")
async def spawn_closed_streams(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        process = await _shell(sandbox, "exec >&- 2>&-; read x; exit 5")
        assert await _all(process) == b"" and await _all(process, "stderr") == b""
        assert await process.wait(0) is None
        await process.write(b"\n")
        assert await process.wait(_LONG_S) == 5
