"""Bombs: what a sandbox may use is bounded, the bound that was met is named, and neighbours do not feel it."""

from __future__ import annotations

import asyncio

from clawc.runtime.sandbox.interface import ExecResult, Sandbox, SandboxEnded
from tests.sandbox.bench import PYTHON, SMALL, Bench, ended, processes, py, sh, text, vanishes, word
from tests.sandbox.case import Table

LIMITS = Table()

_FAT = "python3 -I -S -c 'x = b\"x\" * ({size} << 20); import time; time.sleep(60)'"


async def _bounded(sandbox: Sandbox, command: str, limit: str) -> str:
    """What a command says that fills something; or `limit`, if that ended the sandbox."""
    try:
        return await sh(sandbox, command, timeout_s=60)
    except SandboxEnded as end:
        assert end.limit == limit, (end.limit, end.message)
        return limit


@LIMITS.case("forks without end", "at most as many processes as allowed, whoever else runs; all are gone at the end")
async def fork_bomb(bench: Bench) -> None:
    mark = word()
    bomb = f"""
import os, time
"{mark}"
while True:
    try:
        os.fork()
    except OSError:
        time.sleep(0.05)
"""
    async with bench.sandbox() as neighbour, bench.sandbox() as sandbox:
        await sandbox.put("/tmp/bomb.py", bomb.encode())
        running = asyncio.create_task(sandbox.exec([*PYTHON, "/tmp/bomb.py", mark], timeout_s=2))
        most = 0
        while not running.done():
            most = max(most, len(processes(mark)))
            await asyncio.sleep(0.05)
        assert 5 < most <= SMALL.processes, most
        assert await sh(neighbour, "echo alive") == "alive\n"
        try:
            assert (await running).timed_out
        except SandboxEnded as end:
            assert end.limit in {"", "processes"}, end.limit
    await vanishes(mark)


@LIMITS.case("allocates more memory than it may", "ended, `memory`")
async def mem_single(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        end = await ended(sandbox, _FAT.format(size=300))
        assert end.limit == "memory", end.message
        assert await sandbox.stop() == "memory"


@LIMITS.case("allocates too much memory in four processes, each of which is small enough", "ended, `memory`")
async def mem_4_procs(bench: Bench) -> None:
    each = _FAT.format(size=50)
    async with bench.sandbox() as sandbox:
        end = await ended(sandbox, f"{each} & {each} & {each} & {each} & wait")
        assert end.limit == "memory", end.message


# What is in memory without being in any process.
_HIDDEN = {
    "sysv": """
import ctypes, time
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
libc.shmdt.argtypes = [ctypes.c_void_p]
for n in range(20):
    block = libc.shmget(ctypes.c_int(0), ctypes.c_size_t(32 << 20), ctypes.c_int(0o1600))
    if block < 0:
        raise SystemExit("refused %d" % n)
    at = libc.shmat(block, None, 0)
    ctypes.memset(at, 1, 32 << 20)
    libc.shmdt(at)
    time.sleep(0.05)
time.sleep(3)
print("held", 20 * 32)
""",
    "sockets": """
import os, socket, time
for n in range(8):
    if os.fork() == 0:
        held, filled = [], 0
        try:
            for _ in range(480):
                pair = socket.socketpair()
                held.append(pair)
                for end in pair:
                    end.setblocking(False)
                    try:
                        while True:
                            filled += end.send(b"x" * 65536)
                    except BlockingIOError:
                        pass
        except OSError:
            pass
        time.sleep(2)
        os._exit(0)
    time.sleep(0.1)
for n in range(8):
    os.wait()
print("held")
""",
    "memfd": """
import os, time
held = []
try:
    for n in range(40):
        held.append(os.memfd_create("x"))
        os.write(held[-1], b"x" * (8 << 20))
except OSError as error:
    raise SystemExit("refused %s" % error.strerror)
time.sleep(3)
print("held")
""",
}


async def _hidden(bench: Bench, kind: str) -> None:
    async with bench.sandbox() as sandbox:
        try:
            said = await py(sandbox, _HIDDEN[kind], timeout_s=60)
        except SandboxEnded as end:
            assert end.limit == "memory", end.limit
        else:
            assert said.startswith("refused"), said


@LIMITS.case("fills blocks of System V memory and detaches them", "refused, or ended, `memory`")
async def mem_sysv(bench: Bench) -> None:
    await _hidden(bench, "sysv")


@LIMITS.case("fills the buffers of sockets", "refused, or ended, `memory`", needs="hidden memory")
async def mem_sockets(bench: Bench) -> None:
    await _hidden(bench, "sockets")


@LIMITS.case("fills files without a name in memory", "refused, or ended, `memory`")
async def mem_memfd(bench: Bench) -> None:
    await _hidden(bench, "memfd")


@LIMITS.case("shares one block of memory among many processes", "counted once: it goes on")
async def mem_shared_counted_once(bench: Bench) -> None:
    program = """
import mmap, os, time
shared = mmap.mmap(-1, 50 << 20)
shared.write(b"x" * (50 << 20))
for _ in range(6):
    if os.fork() == 0:
        shared[:: 4096]
        time.sleep(1.5)
        os._exit(0)
for _ in range(6):
    os.wait()
print("done")
"""
    async with bench.sandbox() as sandbox:
        assert await py(sandbox, program) == "done\n"


@LIMITS.case("fills /tmp", "no space, soon, and the sandbox goes on; or ended, `memory` or `disk`")
async def fill_tmp(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        assert "No space" in await sh(
            sandbox, "for i in 1 2 3 4 5 6 7 8; do head -c 12000000 /dev/zero > /tmp/$i; done; rm /tmp/?"
        )
        assert await sh(sandbox, "echo alive") == "alive\n"


@LIMITS.case("fills /dev/shm", "no space, soon, and the sandbox goes on")
async def fill_shm(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        assert "No space" in await sh(
            sandbox, "for i in 1 2 3 4; do head -c 12000000 /dev/zero > /dev/shm/$i; done; rm /dev/shm/?"
        )
        assert await sh(sandbox, "echo alive") == "alive\n"


@LIMITS.case("fills the root folder and other folders of the system", "read-only")
async def fill_root(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        for folder in ("/", "/etc", "/run", "/dev", "/usr/lib", "/proc"):
            assert await sh(sandbox, f"head -c 9000000 /dev/zero > {folder}/filled && echo FILLED; :") not in (
                "",
                "FILLED\n",
            )


@LIMITS.case("fills the workspace", "ended, `disk`, or no space")
async def fill_ws(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        said = await _bounded(sandbox, "for i in 1 2 3 4 5; do head -c 8000000 /dev/zero > f$i; done; sleep 30", "disk")
        assert said == "disk" or "No space" in said, said
        assert said != "disk" or await sandbox.stop() == "disk"


@LIMITS.case(
    "fills the workspace with files that it deletes while they are open",
    "ended, `disk`, or no space",
    needs="deleted files",
)
async def fill_ws_unlinked(bench: Bench) -> None:
    program = """
import os, time
held = 0
try:
    for n in range(20):
        file = open("/w/gone", "wb", buffering=0)
        os.unlink("/w/gone")
        os.dup(file.fileno())
        for _ in range(8):
            held += file.write(b"x" * (1 << 20))
except OSError as error:
    print("no space", held >> 20)
else:
    time.sleep(2)
    print("held", held >> 20)
"""
    async with bench.sandbox() as sandbox:
        try:
            said = await py(sandbox, program, timeout_s=60)
        except SandboxEnded as end:
            assert end.limit == "disk", end.limit
        else:
            assert said.startswith("no space"), said
            assert int(said.split()[-1]) <= 2 * (SMALL.disk_bytes >> 20), said


_MANY = """
import os
for i in range({count}):
    try:
        os.close(os.open(f"{folder}/{{i}}", os.O_CREAT | os.O_WRONLY))
    except OSError as error:
        print("stopped", i, error.strerror)
        break
else:
    print("made")
"""


@LIMITS.case(
    "makes 50,000 empty files", "made or refused; of as many as fit, not more than the collection's cap come along"
)
async def inode_50k(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        said = await py(sandbox, _MANY.format(count=50_000, folder="/tmp"), timeout_s=60)
        assert said.startswith(("made", "stopped")), said


async def _endless_files(bench: Bench, *folders: str) -> None:
    for folder in folders:
        async with bench.sandbox() as sandbox:
            try:
                said = await py(sandbox, _MANY.format(count=10**7, folder=folder), timeout_s=90)
            except SandboxEnded as end:
                assert end.limit == "disk", end.limit
            else:
                assert said.startswith("stopped"), said


@LIMITS.case("makes empty files in /tmp and /dev/shm without end", "refused, or ended, `disk`")
async def inodes_endless(bench: Bench) -> None:
    await _endless_files(bench, "/tmp", "/dev/shm")


@LIMITS.case("makes empty files in the workspace without end", "ended, `disk`, or refused", nightly=True)
async def inodes_of_workspace(bench: Bench) -> None:
    await _endless_files(bench, "/w")


@LIMITS.case("makes a sparse file of 1 TB", "refused")
async def sparse_1T(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        done = await sandbox.exec(["/bin/sh", "-c", "truncate -s 1T sparse"], timeout_s=30)
        assert done.exit != 0
        size = await sh(sandbox, "stat -c %s sparse 2>/dev/null || echo 0")
        assert int(size) <= SMALL.disk_bytes


@LIMITS.case("writes one file beyond the limit", "the write fails or is cut at the limit")
async def fsize(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        said = await _bounded(
            sandbox, "(head -c 40000000 /dev/zero > big) 2>/dev/null; exec 2>&-; stat -c %s big", "disk"
        )
        assert said == "disk" or int(said.split()[0]) <= SMALL.disk_bytes, said


@LIMITS.case("dumps core", "no core file")
async def core_absent(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        await sh(sandbox, "ulimit -c unlimited 2>/dev/null; sh -c 'kill -SEGV $$'; kill -ABRT $$")
        assert await sh(sandbox, "ls") == "in\n"


@LIMITS.case("computes without end", "ends with its time; the sandbox goes on")
async def cpu_spin(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        done = await sandbox.exec(["/bin/sh", "-c", "while :; do :; done & while :; do :; done"], timeout_s=0.7)
        assert done.timed_out
        assert await sh(sandbox, "echo alive") == "alive\n"


@LIMITS.case("stays alive beyond the episode's time", "ended, `wall`")
async def wall(bench: Bench) -> None:
    async with bench.sandbox(SMALL.model_copy(update={"wall_s": 1.0})) as sandbox:
        end = await ended(sandbox, "trap '' TERM; sleep 60; sleep 60")
        assert end.limit == "wall" and await sandbox.stop() == "wall"


async def _endless(bench: Bench, command: str) -> ExecResult:
    async with bench.sandbox() as sandbox:
        done = await sandbox.exec(["/bin/sh", "-c", command], timeout_s=1, output_limit=5000)
        assert await sh(sandbox, "echo alive") == "alive\n"
    assert done.timed_out and done.truncated
    return done


@LIMITS.case("prints without end", "5,000 bytes are kept, the first; it ends with its time")
async def infinite_stdout(bench: Bench) -> None:
    done = await _endless(bench, "echo first; exec yes")
    assert (len(done.stdout), done.stdout[:6], done.stderr) == (5000, b"first\n", b"")


@LIMITS.case("prints to stderr without end", "5,000 bytes are kept, the first; it ends with its time")
async def infinite_stderr(bench: Bench) -> None:
    done = await _endless(bench, "echo first >&2; exec yes >&2")
    assert (len(done.stderr), done.stderr[:6], done.stdout) == (5000, b"first\n", b"")


@LIMITS.case("prints every byte, NUL and invalid UTF-8 among them", "comes out as it is")
async def binary_output(bench: Bench) -> None:
    data = bytes(range(256)) * 512
    async with bench.sandbox() as sandbox:
        done = await sandbox.exec(["/bin/sh", "-c", "tee /dev/stderr"], stdin=data, timeout_s=30)
        assert (done.exit, done.stdout, done.stderr, done.truncated) == (0, data, data, False)


async def _line(bench: Bench, mebibytes: int) -> None:
    async with bench.sandbox() as sandbox:
        command = f"head -c {mebibytes << 20} /dev/zero | tr '\\0' a"
        done = await sandbox.exec(["/bin/sh", "-c", command], timeout_s=120, output_limit=1 << 20)
        assert (done.exit, len(done.stdout), done.truncated, done.timed_out) == (0, 1 << 20, True, False)
        assert await sh(sandbox, "echo alive") == "alive\n"


@LIMITS.case("prints one line of 64 MiB", "the first MiB is kept, the command ends well")
async def long_line(bench: Bench) -> None:
    await _line(bench, 64)


@LIMITS.case("prints one line of 1 GiB", "the first MiB is kept, the command ends well", name="1GB_line", nightly=True)
async def line_1GB(bench: Bench) -> None:
    await _line(bench, 1024)


@LIMITS.case("opens files without end", "EMFILE at 1,024 or less; the sandbox goes on")
async def nofile(bench: Bench) -> None:
    program = """
import errno, os
held = []
try:
    while len(held) < 5000:
        held.append(os.open("/dev/null", os.O_RDONLY))
    print("OPENED", len(held))
except OSError as error:
    print(errno.errorcode[error.errno], len(held) <= 1024)
"""
    async with bench.sandbox() as sandbox:
        assert await py(sandbox, program) == "EMFILE True\n"


@LIMITS.case("uses up processes, memory and disk of its own", "a sandbox beside it has all of its own")
async def two_boxes_independent(bench: Bench) -> None:
    limits = SMALL.model_copy(update={"processes": 24})
    fill = """
import os, time
made = 0
try:
    for _ in range(100):
        if os.fork() == 0:
            time.sleep(2)
            os._exit(0)
        made += 1
except OSError:
    pass
print(made)
"""
    async with bench.sandbox(limits) as one, bench.sandbox(limits) as two:
        first, second = await asyncio.gather(py(one, fill), py(two, fill))
        assert 10 <= int(first) <= 24 and 10 <= int(second) <= 24, (first, second)
    async with bench.sandbox(limits) as one, bench.sandbox(limits) as two:
        end, other = await asyncio.gather(
            ended(one, _FAT.format(size=300)), py(two, "x = b'x' * (60 << 20); print(len(x))")
        )
        assert end.limit == "memory" and other == f"{60 << 20}\n"


@LIMITS.case("gives large input and never reads it", "the command ends; nothing waits")
async def unread_input(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        done = await sandbox.exec(["/bin/true"], stdin=b"x" * (8 << 20), timeout_s=30)
        assert (done.exit, done.timed_out) == (0, False)
        counted = await sandbox.exec(["/bin/sh", "-c", "wc -c"], stdin=b"x" * (8 << 20), timeout_s=30)
        assert text(counted) == f"{8 << 20}\n"
